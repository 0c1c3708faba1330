"""What every file of records is made from: the record sets of one zone, named as the zone's own files name them."""

from __future__ import annotations

from dataclasses import dataclass

from mailstack.dns.records import AUTOMATIC_TTL, Mx, RecordSet, check_in_zone

APEX = "@"


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """A record set of a zone, as files and panels name it.

    `name` is absolute without trailing dot, `relative` what is in front of the zone, "@" at the zone itself.
    `ttl` is in seconds, None where the host chooses. TXT values are whole and unquoted. `purpose` is one line.
    """

    name: str
    relative: str
    type: str
    ttl: int | None
    values: tuple[str | Mx, ...]
    purpose: str = ""

    @classmethod
    def of(cls, record: RecordSet, zone: str) -> ZoneRecord:
        """Name a record set as its zone does; raises RecordError where it lies outside the zone."""
        check_in_zone(record.name, zone)
        ttl = None if record.ttl == AUTOMATIC_TTL else record.ttl
        # Files hold it in a comment, which ends with the line.
        purpose = "".join(letter for letter in " ".join(record.purpose.split()) if letter.isprintable())
        return cls(record.name, relative_name(record.name, zone), record.type, ttl, record.values, purpose)


def relative_name(name: str, zone: str) -> str:
    """Return the part of a name in front of its zone, "@" for the zone itself (RFC 1035 section 5.1)."""
    return name.removesuffix(zone).removesuffix(".") or APEX


def absolute(name: str) -> str:
    """Write a name with its trailing dot, so that no zone is put behind it; the root is "." alone."""
    return name.rstrip(".") + "."


def split_mx(value: str | Mx) -> tuple[int | None, str]:
    """Return priority and value as the two fields of a panel: an MX has both, anything else only a value."""
    return (value.preference, value.host) if isinstance(value, Mx) else (None, value)
