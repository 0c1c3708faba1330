"""What the model needs to know of each vendor: declared in providers/ and handed in, so that it imports no vendor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast

from pydantic import BaseModel

from mailstack.dns.records import Mx, RecordSet

Declaration = TypeVar("Declaration")
Security = Literal["starttls", "tls", "none"]

if TYPE_CHECKING:
    from mailstack.plan import Pending
    from mailstack.settings.model import Domain, Route, Sender


class DnsHost(Protocol):
    """A DNS host, as far as it is known without asking it.

    name: its word under `mailstack:dns.<zone>.host`; title: its name in sentences.
    keys: what else may be written under `mailstack:dns.<zone>` for it; secrets: what it takes under
    `mailstack:secrets.dns.<zone>`, None where it takes nothing.
    keeps_marks: whether a record can carry the mark that says whose it is.
    publishes: False where people publish the records.
    name_servers: a regular expression of the names of its name servers, "" where they tell nothing.
    """

    name: str
    title: str
    keys: type[BaseModel]
    secrets: type[BaseModel] | None
    keeps_marks: bool
    publishes: bool
    name_servers: str

    def problems(self, zone: str, keys: BaseModel, secrets: BaseModel | None) -> Iterable[Problem]:
        """List where the keys and the secrets of a zone do not fit together."""

    def check(self, record: RecordSet) -> None:
        """Refuse a record set that the host would refuse (TTL, lengths); raises RecordError."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A record that a provider asks for on a route.

    key: names it within the route ("dkim-1", "return-path-mx").
    name, values: known before anything exists, or Pending, into which the plan writes the route's key.
    """

    key: str
    name: str | Pending
    type: str
    values: tuple[str | Mx | Pending, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a route accepts mail."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that a vendor does not allow: the key below its route, sender or zone, and a sentence."""

    at: tuple[str | int, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Traces:
    """Regular expressions of record values by which a zone shows that a provider is used there.

    return_path: the MX host of a return path; inbound: that of a domain; dkim: the target of a DKIM CNAME. A group
    named `region` is the provider's region.
    """

    return_path: str
    inbound: str
    dkim: str


class SmtpProvider(Protocol):
    """An SMTP provider, as far as it is known without asking it.

    name: its word under `routes.<route>.provider`; options: what may be written under `routes.<route>.<name>`.
    secrets: what its API takes under `mailstack:secrets.providers.<name>`, None where it takes nothing.
    has_regions: whether a route of it names a region. ports: those that it listens on, the default first, with how TLS
    begins there.
    dkim_algorithms: the keys of a domain's own that it signs with, () where it makes its own keys only.
    spf: the SPF record that it asks for at a return path or, where the settings want one, at the From domain.
    traces: by which records it is known, None where it leaves none that only it has.
    """

    name: str
    title: str
    options: type[BaseModel]
    secrets: type[BaseModel] | None
    has_regions: bool
    ports: Mapping[int, Security]
    dkim_algorithms: tuple[str, ...]
    spf: str
    traces: Traces | None

    def problems(self, domain: Domain, route: Route) -> Iterable[Problem]:
        """List what the provider does not allow of a route's settings: region, options, the length of the domain."""

    def sender_problems(self, sender: Sender, domain: Domain, route: Route) -> Iterable[Problem]:
        """List what the provider does not allow of a sender on a route."""

    def slots(self, domain: Domain, route: Route) -> Sequence[Slot]:
        """List the records that the provider asks for; type and count are final before anything exists."""

    def endpoint(self, route: Route) -> Endpoint:
        """Return where the route accepts mail."""

    def inbound(self, route: Route) -> Mx:
        """Return where the provider receives mail for a domain; raises InvalidValue where it does not."""


class Table(Mapping[str, Declaration]):
    """Declarations by name, each imported when it is first asked for, so that a command loads only what it uses."""

    def __init__(self, places: Mapping[str, str]) -> None:
        """Take where each declaration is: "providers.dns.cloudflare:HOST"."""
        self._places = dict(places)

    def __getitem__(self, name: str) -> Declaration:
        module, _, attribute = self._places[name].partition(":")
        return cast(Declaration, getattr(import_module(module), attribute))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The vendors that the settings may name."""

    providers: Mapping[str, SmtpProvider]
    hosts: Mapping[str, DnsHost]
