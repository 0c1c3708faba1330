"""What the kit asks of a DNS host: what exists in a zone, and how the values of one slot are written there."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from pydantic import AfterValidator, BaseModel

from mailstack.catalog import Problem
from mailstack.dns.changes import Change as Change
from mailstack.dns.changes import ExistingRecord as ExistingRecord
from mailstack.dns.records import RecordSet
from mailstack.errors import Unanswered, VendorError

if TYPE_CHECKING:
    from providers.aws import AwsAccount

Found = TypeVar("Found")
TRIES = 3  # of a look or a write whose answer is lost or whose condition fails


@dataclass(frozen=True, slots=True)
class HostedZone:
    """A zone as its host knows it.

    name: A-labels, no final dot. name_servers: those that serve it, without final dot; () where the host does not tell.
    status: in the host's own word ("active", "moved"), "" where it has none.
    """

    id: str
    name: str
    name_servers: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """How one zone is reached at one host.

    keys: the host's keys under `mailstack:dns.<zone>` (camelCase); secrets: those under `mailstack:secrets.dns.<zone>`.
    package: options of the Pulumi provider of the host's name, such as `cloudflare:apiToken`. aws: the AWS account.
    cancelled: set when the caller ends the run; a client then waits for nothing that it has done already.
    """

    keys: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    package: Mapping[str, Any] = field(default_factory=dict)
    aws: AwsAccount | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class WholeZone(list[ExistingRecord]):
    """All records of a zone: they answer for every name of it, asked for or not."""


class HostClient(Protocol):
    """A DNS host that is asked with the credentials of one zone. Each method raises VendorError."""

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        """Find the zones of these names (A-labels): every one that the host shows, none or several of one name too.

        Where the settings name the zone's id, it is that zone. A host that says itself why it does not serve a zone
        raises Missing with its words.
        """

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        """List at least what exists at these names; without any, all of the zone.

        A WholeZone where it is all of the zone anyway: an empty zone cannot be told by what it lists.
        """


@runtime_checkable
class RecordWriter(HostClient, Protocol):
    """A DNS host whose record sets the plugin writes: every one but those that a published Pulumi provider writes."""

    def write(self, zone: HostedZone, change: Change) -> None:
        """Change the values of one slot and nothing else: other values of the set, and a foreign set's TTL, stay.

        What mailstack.dns.conflicts refuses raises Conflict before anything is written. A value of `before` that is
        gone is no error. A change whose answer was lost is looked for before it is tried again; Unanswered where that
        is not possible either. The strongest condition that the host has guards each write; raises Changed where it
        fails three times.
        """


def zone_id(title: str, pattern: str, hint: str) -> AfterValidator:
    """Return the check of a zone's id as a host writes it; `hint` says where a person finds it."""

    def check(text: str) -> str:
        from mailstack.settings.fields import shown  # not for the plugin, which needs none of the settings

        if not re.fullmatch(pattern, text):
            raise ValueError(f"{shown(text)} is not a zone id of {title}: {hint}")
        return text

    return AfterValidator(check)


def looked(look: Callable[[], Found], lost: Unanswered | None) -> Found:
    """Look at what exists before a write; raises VendorError, Unanswered where a write before it was not answered."""
    try:
        return look()
    except VendorError as error:
        if lost:
            raise Unanswered(f"{lost}; it is not known whether the change was made, since now {error}") from None
        raise


def no_problems(zone: str, keys: BaseModel, secrets: BaseModel | None) -> Iterable[Problem]:
    """Find that keys and secrets always fit together."""
    return ()


@dataclass(slots=True)
class DnsHost:
    """A DNS host: what mailstack.catalog.DnsHost says of it, and the client that asks it and writes to it.

    client: logs in with the credentials of one zone where the host needs that; raises VendorError.
    """

    name: str
    title: str
    keys: type[BaseModel]
    secrets: type[BaseModel] | None
    keeps_marks: bool
    publishes: bool
    check: Callable[[RecordSet], None]
    client: Callable[[Access], HostClient]
    problems: Callable[[str, BaseModel, BaseModel | None], Iterable[Problem]] = no_problems
    name_servers: str = ""
