"""Changes of one hosted zone that are in flight together, sent as one batch.

A hosted zone takes one ChangeResourceRecordSets at a time and five requests a second (Route 53 quotas), and every batch
has to be waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailstack.errors import MailstackError

Changes = Sequence[Mapping[str, Any]]
WINDOW = 0.05  # seconds in which further calls join a batch
# A request holds at most 1,000 changes with 32,000 characters of values together (ChangeResourceRecordSets, Limits).
_MOST_CHANGES, _MOST_CHARACTERS = 1000, 32_000


class RefusedBatch(MailstackError):
    """Route 53 refused a batch, the whole of it (InvalidChangeBatch), in these words."""


@dataclass(eq=False)
class _Call:
    """The changes of one caller, which belong together, and how they ended."""

    changes: Changes
    done: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    @property
    def characters(self) -> int:
        sets = [change["ResourceRecordSet"] for change in self.changes]
        return sum(len(record["Value"]) for one in sets for record in one.get("ResourceRecords", ()))


class Batches:
    """The changes of one zone."""

    def __init__(self, send: Callable[[Changes], None]) -> None:
        """Take what sends one batch and waits for it; it raises RefusedBatch or another MailstackError."""
        self._send = send
        self._waiting: list[_Call] = []
        self._lock = threading.Lock()

    def run(self, changes: Changes) -> None:
        """Make the changes of one call, all or none of them; raises what the sender raised for them."""
        call = _Call(changes)
        with self._lock:
            self._waiting.append(call)
            leads = len(self._waiting) == 1
        if leads:
            time.sleep(WINDOW)
            with self._lock:
                calls, self._waiting = self._waiting, []
            for batch in _fitting(calls):
                self._run(batch)
        call.done.wait()
        if call.error is not None:
            raise call.error

    def _run(self, calls: Sequence[_Call]) -> None:
        """Send the calls together; where the batch is refused, one by one, so that none fails for another's sake."""
        try:
            self._send([change for call in calls for change in call.changes])
        except RefusedBatch as error:
            if len(calls) > 1:
                for call in calls:
                    self._run([call])
                return
            calls[0].error = error
        except Exception as error:  # whatever it is, each caller has to hear of it
            for call in calls:
                call.error = error
        for call in calls:
            call.done.set()


def _fitting(calls: Sequence[_Call]) -> Iterator[Sequence[_Call]]:
    """Part the calls into batches that Route 53 takes."""
    batch: list[_Call] = []
    for call in calls:
        together = [*batch, call]
        too_many = sum(len(one.changes) for one in together) > _MOST_CHANGES
        if batch and (too_many or sum(one.characters for one in together) > _MOST_CHARACTERS):
            yield batch
            batch = []
        batch.append(call)
    yield batch
