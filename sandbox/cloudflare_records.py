"""One Cloudflare record: what a request may say of it and how the API shows it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloudflare_store import ApiError, Fields, Record
from sandbox.txt import text

# The types that the sandbox's DNS serves; Cloudflare has more, all of them built from `data`.
TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT")
PROXIABLE = frozenset(("A", "AAAA", "CNAME"))
COMMENT_LIMIT = 100  # record attributes reference, "Record comments", free plan
WIRE_LIMIT = 4096  # octets of one record's data (record types reference, Note)
LABEL = re.compile(r"[!-\-/-~]{1,63}")  # printable and not a dot: DNS itself forbids no octet
HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
EMAIL_RECORDS = (
    "Change the content of your MX record to be a hostname (and not an IP address). For more details, refer to "
    "<https://developers.cloudflare.com/dns/manage-dns-records/how-to/email-records/#add-mx-records>."
)


def fields(body: Mapping[str, Any], zone: str) -> Fields:
    """Read a whole record from a request; what is left out gets Cloudflare's default. ApiError says what is wrong."""
    kind = str(body.get("type") or "").upper()
    if kind not in TYPES:
        raise ApiError(400, 9004, f"The sandbox serves records of type {', '.join(TYPES)}, not {kind or 'none'}.")
    name = full_name(body.get("name"), zone)
    proxied = body.get("proxied") or False
    if proxied and kind not in PROXIABLE:
        raise ApiError(400, 9004, "This record type cannot be proxied.")
    tags, settings = body.get("tags") or [], body.get("settings") or {}
    if not isinstance(tags, list) or not isinstance(settings, dict):
        raise ApiError(400, 9207, "Failed to parse request body: tags are a list, settings an object.")
    if tags:
        raise ApiError(400, 9300, f"DNS record has {len(tags)} tags, exceeding the quota of 0.")
    return Fields(
        name=name,
        type=kind,
        content=_content(kind, name, body.get("content")),
        ttl=1 if proxied else _ttl(body.get("ttl", 1)),
        proxied=bool(proxied),
        priority=_priority(body.get("priority")) if kind == "MX" else None,
        comment=_comment(body.get("comment")),
        settings=settings,
    )


def changed(body: Mapping[str, Any], old: Record, zone: str) -> Fields:
    """Read a partial change of a record."""
    return fields({**as_sent(old.fields), **body}, zone)


def as_sent(known: Fields) -> dict[str, Any]:
    """Write a record's fields as a request has them."""
    sent = {key: getattr(known, key) for key in ("name", "type", "content", "ttl", "proxied", "comment", "settings")}
    return sent if known.priority is None else {**sent, "priority": known.priority}


def as_answered(record: Record) -> dict[str, Any]:
    """Write a record as the API shows it."""
    return {
        "id": record.id,
        **as_sent(record.fields),
        "settings": dict(record.fields.settings),
        "proxiable": record.fields.type in PROXIABLE,
        "meta": dict(record.meta),
        "tags": [],
        "created_on": record.created,
        "modified_on": record.modified,
    }


def full_name(given: Any, zone: str) -> str:
    """Complete a name with the zone's: `@` is the zone, and a name outside the zone is taken for a relative one."""
    if not isinstance(given, str) or not given.strip("."):
        raise ApiError(400, 9000, "DNS name is invalid.")
    name = given.rstrip(".").lower()
    if name == "@":
        name = zone
    elif not f".{name}".endswith(f".{zone}"):
        name = f"{name}.{zone}"
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in name.split(".")):
        raise ApiError(400, 9000, "DNS name is invalid.")
    return name


def _content(kind: str, name: str, given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ApiError(400, 9100, "content is a required field.")
    return _CONTENT[kind](given, name)


def _address(version: int) -> Callable[[str, str], str]:
    kind = "A" if version == 4 else "AAAA"

    def read(given: str, name: str) -> str:
        try:
            address = ipaddress.ip_address(given)
        except ValueError:
            address = None
        if address is None or address.version != version:
            raise ApiError(400, 9005, f"Content for {kind} record must be a valid IPv{version} address.")
        return str(address)

    return read


def _alias(given: str, name: str) -> str:
    target = _host(given, "CNAME")
    if target == name:
        raise ApiError(400, 9039, "CNAME content cannot reference itself.")
    return target


def _exchange(given: str, name: str) -> str:
    if _is_address(given):
        raise ApiError(400, 9009, EMAIL_RECORDS)
    if given == ".":  # a null MX, RFC 7505; the API keeps this dot (DNSControl pull request 703)
        return given
    return _host(given, "MX")


def _text(given: str, name: str) -> str:
    octets = len(text(given).encode())
    if octets + -(-octets // 255) > WIRE_LIMIT:  # each string of 255 has its length before it
        raise ApiError(400, 1004, f"DNS record exceeds the maximum wire format size of {WIRE_LIMIT} bytes.")
    return given


_CONTENT: Mapping[str, Callable[[str, str], str]] = {
    "A": _address(4),
    "AAAA": _address(6),
    "CNAME": _alias,
    "MX": _exchange,
    "NS": lambda given, name: _host(given, "NS"),
    "PTR": lambda given, name: _host(given, "PTR"),
    "TXT": _text,
}


def _host(given: str, kind: str) -> str:
    host = given.rstrip(".").lower()
    if _is_address(host) or len(host) > 253 or not all(HOST_LABEL.fullmatch(label) for label in host.split(".")):
        raise ApiError(400, 9007, f"Content for {kind} record is invalid.")
    return host


def _is_address(given: str) -> bool:
    try:
        ipaddress.ip_address(given)
    except ValueError:
        return False
    return True


def _ttl(given: Any) -> int:
    # JSON knows no integers, so 300.0 is 300. 30 seconds are for Enterprise zones, which these are not.
    if isinstance(given, bool) or not isinstance(given, int | float) or not (given == 1 or 60 <= given <= 86400):
        raise ApiError(400, 9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic.")
    return int(given)


def _priority(given: Any) -> int:
    if given is None:
        raise ApiError(400, 9100, "priority is a required field.")
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 65535:
        raise ApiError(400, 9008, "Invalid priority, priority must be set and be between 0 and 65535")
    return int(given)


def _comment(given: Any) -> str | None:
    comment = str(given or "")
    if len(comment) > COMMENT_LIMIT:
        message = f"DNS record comment exceeds the maximum length of {COMMENT_LIMIT} characters."
        raise ApiError(400, 9313, message)
    return comment or None
