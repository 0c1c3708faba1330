"""What a resource type of the plugin is: six verbs over plain values, told by a context what else it may use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mailstack.errors import MailstackError

from .engine import Engine
from .redact import Redactor
from .wire import Values
from .writes import Cancelled as Cancelled
from .writes import Writes

if TYPE_CHECKING:
    from providers.aws import AwsAccount

    from .clients import Clients

Result = TypeVar("Result")
_LOOK_EVERY = 0.1  # seconds between looks whether the run was cancelled


class NotFound(MailstackError):
    """An import asked for an object that does not exist."""


class InitFailed(Exception):
    """The object exists, but is not as it should be: its state is kept and the next `up` goes on from there."""

    def __init__(self, outputs: Values, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.outputs, self.reasons = outputs, reasons


@dataclass(frozen=True)
class Difference:
    """What an update would change: keys of inputs, those of them that replace, and outputs that are out of date."""

    inputs: Sequence[str] = ()
    replaces: Sequence[str] = ()
    outputs: Sequence[str] = ()
    deletes_first: bool = False  # the old object goes before the new one is made


@dataclass(frozen=True)
class Found:
    """An object as it is now; `inputs` and another `id` only where an import knows nothing but an id."""

    outputs: Values
    inputs: Values | None = None
    id: str | None = None


def _fulfil(future: Future[Result], call: Callable[[], Result]) -> None:
    try:
        future.set_result(call())
    except Exception as error:  # it is raised again where the result is asked for
        future.set_exception(error)


class Clock:
    """Time as waits see it."""

    def now(self) -> float:
        """Return seconds on a clock that only goes forward."""
        return time.monotonic()

    def sleep(self, seconds: float, cancelled: threading.Event) -> None:
        """Sleep, at most until cancelled."""
        cancelled.wait(seconds)


@dataclass(frozen=True)
class Context:
    """One request: what it can ask and write to, when it must end, and where progress is shown."""

    urn: str
    clients: Clients
    engine: Engine
    redact: Redactor
    cancelled: threading.Event
    writes: Writes
    clock: Clock = field(default_factory=Clock)
    deadline: float | None = None  # on the clock

    @property
    def account(self) -> AwsAccount:
        """The AWS account."""
        return self.clients.aws

    def status(self, message: str) -> None:
        """Show what is going on in the status line."""
        self.engine.log("info", self.redact(message), self.urn, ephemeral=True)

    def info(self, message: str) -> None:
        """Show a line in Diagnostics."""
        self.engine.log("info", self.redact(message), self.urn)

    def warn(self, message: str) -> None:
        """Show a warning in Diagnostics."""
        self.engine.log("warning", self.redact(message), self.urn)

    def run(self, call: Callable[[], Result]) -> Result:
        """Make a call that may hang on a network, and leave it behind when the run is cancelled; raises Cancelled."""
        future: Future[Result] = Future()
        threading.Thread(target=_fulfil, args=(future, call), daemon=True).start()
        while not self.cancelled.is_set():
            wait([future], _LOOK_EVERY)
            if future.done():
                return future.result()
        raise Cancelled

    def write(self, slot: Hashable, call: Callable[[], Result]) -> Result:
        """Make a write, after any other one of the same slot; raises Cancelled before it began, Unfinished after."""
        return self.writes.run(slot, call, self.cancelled)

    def sleep(self, seconds: float) -> bool:
        """Sleep at most until the deadline; tells whether there is a reason to go on."""
        left = seconds if self.deadline is None else min(seconds, self.deadline - self.clock.now())
        if left > 0 and not self.cancelled.is_set():
            self.clock.sleep(left, self.cancelled)
        return not self.cancelled.is_set() and (self.deadline is None or self.clock.now() < self.deadline)


class ResourceType(Protocol):
    """A type: its schema, and its verbs."""

    @property
    def type(self) -> str:
        """The type token, as it is in URNs."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The type's part of the package schema."""

    def check(self, olds: Values | None, news: Values, context: Context) -> tuple[Values, Mapping[str, str]]:
        """Return the defaults of inputs that were not given, and what is wrong with those that were, by key.

        `olds` are the stored inputs, None for a new object. Raises MailstackError for what is wrong with all together.
        """

    def diff(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Difference:
        """Compare stored inputs and outputs with new inputs, of which some may be unknown."""

    def expected(self, outputs: Values | None, news: Values, context: Context) -> Values:
        """Return the derived outputs as a preview knows them; `outputs` are the stored ones, None before a create.

        Raises MailstackError where the create would be refused.
        """

    def create(self, inputs: Values, context: Context) -> tuple[str, Values]:
        """Make the object and return its id and derived outputs; raises InitFailed, MailstackError."""

    def update(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Values:
        """Change the object and return its derived outputs; raises InitFailed, MailstackError."""

    def read(self, id_: str, inputs: Values | None, outputs: Values, context: Context) -> Found | None:
        """Look at the object; None where it is gone. `inputs` is None in an import."""

    def delete(self, id_: str, outputs: Values, context: Context) -> None:
        """Remove the object; it may be gone already."""

    def id_of(self, inputs: Values) -> str:
        """Return the id that an object with these inputs has, where its create did not return one."""


Types = Mapping[str, ResourceType]
