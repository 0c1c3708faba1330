"""How dns-lexicon's hosts write and list values: they agree on little, so that each reading is checked by a second."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailstack.dns.changes import ExistingRecord, content
from mailstack.dns.records import TYPES, Mx
from mailstack.dns.txt import quoted, unquoted


@dataclass(frozen=True, slots=True)
class Listed:
    """A record as a host lists it: read, its content as it was given, and its id where no other record has the same.

    Some hosts give all records of a name one id: whoever deletes by it deletes somebody else's.
    """

    record: ExistingRecord
    content: str
    id: Any = None


def read(records: Iterable[Mapping[str, Any]], zone: str) -> list[Listed]:
    """Read a host's list; types that the kit does not write are left out."""
    records = list(records)
    ids = Counter(str(one.get("id")) for one in records)
    return [
        Listed(
            ExistingRecord(
                _name(str(one.get("name") or ""), zone),
                kind,
                _content(kind, one),
                id=str(one.get("id") or ""),
                ttl=_seconds(one.get("ttl")),
            ),
            str(one.get("content") or ""),
            one.get("id") if ids[str(one.get("id"))] == 1 else None,
        )
        for one in records
        if (kind := str(one.get("type")).upper()) in TYPES
    ]


def forms(record_type: str, value: str | Mx, *, preference_apart: bool = False) -> list[str]:
    """Give the ways to write a value, the likeliest first.

    Text is bare while nothing in it needs quotes: most hosts quote it themselves, and some would publish quotes that
    they are given. What is longer than 255 octets is written in strings (RFC 1035 section 3.3.14) where a host refuses
    it bare. Names end in a dot, so that no host appends its zone, unless the host refuses that.
    """
    text = value.host if isinstance(value, Mx) and preference_apart else str(value)
    if record_type == "TXT":
        if set('"\\') & set(text) or text != text.strip():
            return [quoted(text)]
        return [text] if len(text) <= 255 else [text, quoted(text)]
    if record_type in ("CNAME", "MX") and not text.endswith("."):
        return [f"{text}.", text]
    return [text]


def _name(text: str, zone: str) -> str:
    """Read a name, which is absolute or relative to the zone; "@" is the zone's own."""
    name = text.lower().removesuffix(".")
    if name in ("", "@", f"@.{zone}"):
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


def _seconds(ttl: Any) -> int:
    """Read a TTL; 0 where the host does not tell it, or keeps a TTL of its own choice."""
    text = str(ttl)
    return int(text) if text.isdigit() and int(text) > 1 else 0


def _content(kind: str, one: Mapping[str, Any]) -> str:
    text = str(one.get("content") or "")
    if kind == "TXT":
        return _unquoted(text)
    if kind != "MX":
        return content(kind, text.strip().lower().removesuffix("."))
    given = re.fullmatch(r"\s*(\d+)\s+(\S+)\s*", text)
    preference, host = (given[1], given[2]) if given else (_preference(one), text.strip())
    return f"{int(preference)} {host.lower().removesuffix('.') or '.'}"


def _preference(one: Mapping[str, Any]) -> str:
    """Read the preference of an MX that is listed apart from its target, 0 where it is not listed at all."""
    apart = (one.get("options") or {}).get("mx", {}).get("priority") or one.get("priority")
    return str(apart) if str(apart).isdigit() else "0"


def _unquoted(text: str) -> str:
    """Return the text of a TXT content that a host gives bare, quoted, or with its outermost quotes taken away."""
    if re.fullmatch(r'(?:"(?:[^"\\]|\\.)*"\s*)+', text):
        whole = text
    elif re.search(r'(?<!\\)" "', text) or re.search(r'\\[\\"]', text):
        whole = f'"{text}"'
    else:
        return text
    return unquoted(whole) or ""
