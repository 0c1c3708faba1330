"""What a DNS host must be able to say about a record set before it is published there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstack.records import RecordSet


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """One record as a DNS host lists it: `content` is unquoted, `mark` is the host's comment or tag ("" = none)."""

    name: str
    type: str
    content: str
    mark: str
    id: str


class DnsHost(Protocol):
    """The quirks of one DNS host: how record sets are written there and what of what stands there is in their way."""

    def check(self, record: RecordSet) -> None:
        """Refuse a record set that the host would refuse; raises RecordError."""

    def properties(self, record: RecordSet) -> Sequence[Mapping[str, object]]:
        """Return the host's own objects for a record set, one for each that it would keep apart."""


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


def version_tag(text: str) -> str:
    """Return the lower-case version tag of a policy record ("v=spf1", "v=dmarc1"), "" for any other text."""
    head = text.replace(";", " ").split(maxsplit=1)[:1]
    return head[0].lower() if head and head[0].lower().startswith("v=") else ""
