"""What the kit asks of a DNS host: what stands in a zone, and how a record set is written there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstack.dns.records import RecordSet


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

    A CNAME stands alone at its name (RFC 1034 section 3.6.2), a name has one SPF record (RFC 7208 section 3.2), one
    DMARC record (RFC 9989 section 4.7) and, where a return path is published, one MX (SES asks for exactly one).
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
    return other.content == content or version_tag(other.content) == version_tag(content) != ""


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


def version_tag(text: str) -> str:
    """Return the lower-case version tag of a policy record ("v=spf1", "v=dmarc1"), "" for any other text."""
    head = text.replace(";", " ").split(maxsplit=1)[:1]
    return head[0].lower() if head and head[0].lower().startswith("v=") else ""
