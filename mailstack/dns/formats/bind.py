"""Records as part of a zone file, for BIND and all that read its files."""

from __future__ import annotations

from collections.abc import Sequence

from mailstack.dns.formats.base import ZoneRecord, absolute
from mailstack.dns.records import Mx
from mailstack.dns.txt import quoted


def render(records: Sequence[ZoneRecord], zone: str) -> str:
    """Write records in the master file format (RFC 1035 section 5), for $INCLUDE by the zone's own file.

    It holds neither SOA nor NS, which are the zone's own, and no $TTL (RFC 2308 section 4): BIND would apply it to the
    lines behind the $INCLUDE too. A record without a TTL gets the zone's.
    """
    lines = [
        f"; Mail records of {zone}: add them to its zone file, as they are or by $INCLUDE, and raise the serial.",
        f"$ORIGIN {absolute(zone)}",
    ]
    for record in records:
        lines += ["", *([f"; {record.purpose}"] if record.purpose else [])]
        lines += [_line(record, value) for value in record.values]
    return "\n".join(lines) + "\n"


def _line(record: ZoneRecord, value: str | Mx) -> str:
    ttl = [] if record.ttl is None else [str(record.ttl)]
    return " ".join([record.relative, *ttl, "IN", record.type, _rdata(record.type, value)])


def _rdata(record_type: str, value: str | Mx) -> str:
    if isinstance(value, Mx):
        return f"{value.preference} {absolute(value.host)}"
    if record_type == "TXT":
        return quoted(value)
    return absolute(value) if record_type == "CNAME" else value
