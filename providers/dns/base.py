"""What the kit asks of a DNS host: what stands in a zone, and how a record set is written there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mailstack.dns.records import Mx, RecordSet
from mailstack.mail.policy_records import same_kind

if TYPE_CHECKING:
    from providers.aws import AwsAccount


@dataclass(frozen=True, slots=True)
class HostedZone:
    """A zone as its host knows it; `name_servers` are those that serve it, without trailing dot."""

    id: str
    name: str
    name_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """One value as a DNS host lists it: `content` is unquoted, an MX "10 mail.example.com", names without final dot.

    `mark` is the host's comment or tag ("" = none), `id` the host's id of the record ("" = none; values of one record
    set share it where the host keeps record sets), `locked` why the host would not let it be changed ("" = it would).
    """

    name: str
    type: str
    content: str
    mark: str = ""
    id: str = ""
    ttl: int = 0
    locked: str = ""


class DnsHost(Protocol):
    """The quirks of one DNS host: what it takes, and what stands there."""

    def check(self, record: RecordSet) -> None:
        """Refuse a record set that the host would refuse (TTL, lengths, types); raises RecordError."""

    def zone(self, name: str) -> HostedZone:
        """Find a zone by its name; raises VendorError where the host has no such zone or does not show it."""

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List what stands in a zone; raises VendorError."""

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return the id by which the engine imports the resource that a standing record belongs to."""


class RecordStore(DnsHost, Protocol):
    """A host that no published Pulumi provider serves: the plugin writes its record sets itself."""

    def standing_at(self, zone: HostedZone, name: str) -> list[StandingRecord]:
        """List what stands at one name; raises VendorError."""

    def look_up(self, zone: HostedZone, name: str, record_type: str) -> RecordSet | None:
        """Return the record set that stands at a name, None where there is none; raises VendorError."""

    def put(self, zone: HostedZone, record: RecordSet, before: RecordSet | None) -> None:
        """Write a record set where `before` stands (None: nothing); the same one already there is no mistake.

        Raises Conflict where something else stands, so that no update of somebody else is lost; raises VendorError.
        """

    def delete(self, zone: HostedZone, record: RecordSet) -> None:
        """Delete a record set; one that is gone already is no mistake. Raises Conflict where another stands."""


def not_ours(record: RecordSet, shown: str) -> str:
    """Say that what stands at a record set's name is left as it is, and the ways on."""
    return (
        f"{record.type} {record.name}: {shown} stands there, which is not what this stack wrote; it is left as it is. "
        "Name its values under records.also of the domain to keep them beside the stack's own, or delete them there"
    )


def in_the_way(standing: Sequence[StandingRecord], name: str, record_type: str, content: str) -> list[StandingRecord]:
    """List the standing records that a new one would contradict or double.

    A CNAME stands alone at its name (RFC 1034 section 3.6.2). A name has one policy record of a kind, such as SPF
    (RFC 7208 section 3.2) or DMARC (RFC 9989 section 4.10), and one MX where a return path is published (SES).
    Other TXT values at the same name, such as a site verification, are no conflict.
    """
    return [other for other in standing if other.name == name and _contradicts(other, record_type, content)]


def _contradicts(other: StandingRecord, record_type: str, content: str) -> bool:
    if "CNAME" in (record_type, other.type):
        return True
    if other.type != record_type:
        return False
    if record_type != "TXT":
        return True
    return other.content == content or same_kind(other.name, other.content, content)


def in_the_way_of_set(
    standing: Sequence[StandingRecord], name: str, record_type: str, contents: Sequence[str]
) -> list[StandingRecord]:
    """List the standing records that a record set would contradict or overwrite at a host that keeps record sets.

    There all values of one name and type are one thing, so that any other value is in the way of a new set.
    """
    there = [other for other in standing if other.name == name]
    aliases = [other for other in there if (other.type == "CNAME") != (record_type == "CNAME")]
    same_type = [other for other in there if other.type == record_type]
    equal = {other.content for other in same_type} == set(contents)
    return aliases + ([] if equal else same_type)


# The seam: what the plugin and the commands ask of every DNS host. What is above it goes with its last caller.


@dataclass(frozen=True, slots=True)
class ExistingRecord:
    """One value at a name, as the host lists it.

    content: unquoted text, an MX as "10 mail.example.com", names in lower case without final dot.
    ttl: seconds, 0 where the host does not tell it. mark: the host's comment. id: the host's id. Both may be "".
    locked: why the host would not let it be changed ("" = it would).
    is_alias: False for a CNAME that the host never answers as one, since it flattens or proxies it.
    """

    name: str
    type: str
    content: str
    ttl: int = 0
    mark: str = ""
    id: str = ""
    locked: str = ""
    is_alias: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """The values of one slot at a name and type: `before` is what this stack wrote there, `after` what it wants.

    ttl_before, ttl: seconds, 1 for the host's own choice; ttl_before is None where nothing was written yet.
    beside: values of this stack's other slots in the same record set: they are not foreign.
    """

    name: str
    type: str
    before: tuple[str | Mx, ...]
    after: tuple[str | Mx, ...]
    ttl_before: int | None
    ttl: int
    beside: tuple[str | Mx, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """How one zone is reached at one host.

    keys: the host's keys under `mailstack:dns.<zone>` (camelCase); secrets: those under `mailstack:secrets.dns.<zone>`.
    package: options of the Pulumi provider of the host's name, such as `cloudflare:apiToken`. aws: the AWS account.
    """

    keys: Mapping[str, Any]
    secrets: Mapping[str, Any]
    package: Mapping[str, Any]
    aws: AwsAccount


class HostClient(Protocol):
    """A DNS host that is asked and written to, with the credentials of one zone. Each method raises VendorError."""

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        """Find the zones of these names (A-labels): every one that the host shows, none or several of one name too."""

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        """List at least what exists at these names; a host that lists whole zones gives all of the zone."""

    def write(self, zone: HostedZone, change: Change) -> None:
        """Change the values of one slot and nothing else: other values of the set, and a foreign set's TTL, stay.

        Before a value is added, what exists is compared: an equal value that is not in `before`, a CNAME beside other
        data, a second policy record of one kind or a second MX raises Conflict. A value of `before` that is gone is no
        error. A change whose answer was lost is looked for before it is tried again; Unanswered where that is not
        possible either. The strongest condition that the host has guards each write; raises Changed where it fails
        three times.
        """
