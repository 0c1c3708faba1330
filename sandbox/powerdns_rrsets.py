"""What PowerDNS takes as record sets: names and contents in canonical form, as in a zone file."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.txt import text

RRsets = dict[tuple[str, str], dict[str, Any]]

STRING = r'"(?:[^"\\]|\\.)*"'
HOST_NAME = re.compile(r"(?:\*\.)?[A-Za-z0-9_/.-]+\.|\.")
PARSING = "Parsing record content (try 'pdnsutil check-zone'): "


class Refused(Exception):
    """What PowerDNS answers instead: an HTTP status and the text under "error"."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


def changed(rrsets: Mapping[tuple[str, str], dict[str, Any]], zone: str, changes: Sequence[Any]) -> RRsets:
    """Give the record sets of a zone after changes, all of them or none; Refused with PowerDNS's words."""
    after, seen = dict(rrsets), set[tuple[str, str, str]]()
    for change in changes:
        name, kind, how = (_text(change, key) for key in ("name", "type", "changetype"))
        how = how.upper()
        _check_name(name, kind, zone)
        name = name.lower()
        if (name, kind, how) in seen:
            raise Refused(f"Duplicate RRset {name} IN {kind} with changetype: {how}")
        seen.add((name, kind, how))
        if how == "DELETE":
            after.pop((name, kind), None)
        elif how == "REPLACE":
            _replace(after, name, kind, change)
        else:
            raise Refused("Changetype not understood")
    return after


def plain(name: str) -> str:
    """Give a name as DNS's answers are compared here: lower case, without trailing dot."""
    return name.lower().removesuffix(".") or "."


def value(kind: str, content: str) -> str:
    """Give what DNS answers for a content: a text joined and unquoted, names without trailing dot."""
    if kind == "TXT":
        return text(content)
    if kind == "MX":
        preference, host = content.split()
        return f"{preference} {plain(host)}"
    return plain(content) if kind in ("CNAME", "NS", "PTR") else content


def _replace(after: RRsets, name: str, kind: str, change: Mapping[str, Any]) -> None:
    try:
        ttl = int(change["ttl"])
    except (KeyError, TypeError, ValueError):
        raise Refused("Key 'ttl' not an Integer or not present") from None
    records = [_record(name, kind, one) for one in change.get("records") or []]
    contents = [one["content"] for one in records]
    if twice := next((one for one in contents if contents.count(one) > 1), None):
        raise Refused(f'Duplicate record in RRset {name} IN {kind} with content "{twice}"')
    if kind == "CNAME" and len(records) > 1:
        raise Refused(f"RRset {name} IN CNAME has more than one record")
    if not records:
        after.pop((name, kind), None)
        return
    if any(other == name and (type_ == "CNAME") != (kind == "CNAME") for other, type_ in after):
        raise Refused(f"RRset {name} IN {kind}: Conflicts with pre-existing RRset")
    comments = change.get("comments") or []
    after[name, kind] = {"comments": comments, "name": name, "records": records, "ttl": ttl, "type": kind}


def _check_name(name: str, kind: str, zone: str) -> None:
    if not name.endswith("."):
        raise Refused(f"DNS Name '{name}' is not canonical")
    if not HOST_NAME.fullmatch(name):
        shown = re.sub(r"[^A-Za-z0-9_/.*-]", lambda found: f"\\{ord(found[0]):03}", name)
        raise Refused(f"Name '{shown}' contains unsupported characters")
    if not f".{name.lower()}".endswith(f".{zone}"):
        raise Refused(f"RRset {name} IN {kind}: Name is out of zone")
    if kind not in _PARSERS:
        raise Refused(f"RRset {name} IN {kind}: unknown type given")


def _record(name: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    content = _text(given, "content")
    try:
        parsed = _PARSERS[kind](content)
    except ValueError as error:
        raise Refused(f"Record {name}/{kind} '{content}': {PARSING}{error}") from None
    if kind in ("A", "AAAA"):
        content = parsed  # addresses are kept in their canonical form
    if parsed != content:
        raise Refused(f"Record {name}/{kind} '{content}': Not in expected format (parsed as '{parsed}')")
    return {"content": content, "disabled": bool(given.get("disabled", False))}


def _strings(content: str) -> str:
    if re.fullmatch(rf"{STRING}(?:\s+{STRING})*", content):
        return content
    if not re.search(r'[\s"]', content):
        return f'"{content}"'
    position = re.match(rf"(?:{STRING}\s*)*", content)
    start = position.end() if position else 0
    raise ValueError(f"Data field in DNS should start with quote (\") at position {start} of '{content}'")


def _name(content: str) -> str:
    return content if content.endswith(".") else f"{content}."


def _mx(content: str) -> str:
    found = re.fullmatch(r"(\d+)\s+(\S+)", content)
    if not found:
        raise ValueError(f"expected digits at position 0 in '{content}'")
    return f"{int(found[1])} {_name(found[2])}"


def _address(version: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> Callable[[str], str]:
    def parse(content: str) -> str:
        try:
            return str(version(content))
        except ValueError:
            raise ValueError("unable to parse IP address") from None

    return parse


# The types that the sandbox's DNS serves; a real server knows more.
_PARSERS: Mapping[str, Callable[[str], str]] = {
    "A": _address(ipaddress.IPv4Address),
    "AAAA": _address(ipaddress.IPv6Address),
    "CNAME": _name,
    "MX": _mx,
    "NS": _name,
    "PTR": _name,
    "TXT": _strings,
}


def _text(given: Any, key: str) -> str:
    found = given.get(key) if isinstance(given, Mapping) else None
    if not isinstance(found, str):
        raise Refused(f"Key '{key}' not present or not a String")
    return found
