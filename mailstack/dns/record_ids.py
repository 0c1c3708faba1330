"""The id of a record set that the kit's plugin writes: <host>/<zone>/<name>/<type>.

An import adds which of the set's values are the stack's: ?value=<percent-encoded>&value=<percent-encoded>.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from mailstack.errors import InvalidValue

FORM = "<host>/<zone>/<name>/<type>, such as rfc2136/example.com/_dmarc.example.com/TXT"


@dataclass(frozen=True, slots=True)
class RecordId:
    """A record set and, for an import, the values that are the stack's, as text."""

    host: str
    zone: str
    name: str
    type: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        query = "&".join(f"value={quote(value, safe='')}" for value in self.values)
        return "/".join((self.host, self.zone, self.name, self.type)) + (f"?{query}" if query else "")


def write(host: str, zone: str, name: str, record_type: str, values: Sequence[str] = ()) -> str:
    """Return an id; with values it is one to import by."""
    return str(RecordId(host, zone, name, record_type, tuple(values)))


def read(text: str) -> RecordId:
    """Read an id; raises InvalidValue."""
    place, _, query = text.partition("?")
    parts, pairs = place.split("/"), query.split("&") if query else []
    if len(parts) != 4 or not all(parts):
        raise InvalidValue(f'"{text}" is not the id of a RecordSet; its form is {FORM}')
    if not all(pair.startswith("value=") for pair in pairs):
        raise InvalidValue(f'"{text}" is not the id of a RecordSet: after "?" it has value=<percent-encoded> only')
    host, zone, name, record_type = parts
    return RecordId(host, zone, name, record_type, tuple(unquote(pair.removeprefix("value=")) for pair in pairs))
