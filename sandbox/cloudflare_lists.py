"""Cloudflare's lists of zones and records: filters, order and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.cloudflare_store import ApiError

Item = Mapping[str, Any]
Filter = Callable[[Item], bool]

HOWS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": lambda value, wanted: value == wanted,
    "contains": lambda value, wanted: wanted in value,
    "startswith": lambda value, wanted: value.startswith(wanted),
    "endswith": lambda value, wanted: value.endswith(wanted),
}
# "name=contains:example" in the list of zones
ZONE_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "equal": HOWS["exact"],
    "not_equal": lambda value, wanted: value != wanted,
    "starts_with": HOWS["startswith"],
    "ends_with": HOWS["endswith"],
    "contains": HOWS["contains"],
}
PAGING = frozenset(("page", "per_page", "order", "direction", "match"))


def records(items: Sequence[Item], query: Mapping[str, str]) -> dict[str, Any]:
    """Filter, sort and page a zone's records ("List DNS Records" in the API reference); ApiError for a bad query."""
    filters = [_record_filter(key, value) for key, value in query.items() if key not in PAGING]
    found = _sorted(_matching(items, filters, query), query, ("type", "name", "content", "ttl", "proxied"))
    return _page(found, query, default=100, largest=5_000_000)


def zones(items: Sequence[Item], query: Mapping[str, str]) -> dict[str, Any]:
    """Filter, sort and page the zones ("List Zones" in the API reference); ApiError for a bad query."""
    filters = [_zone_filter(key, value) for key, value in query.items() if key not in PAGING]
    orders = ("name", "status", "account.id", "account.name")
    return _page(_sorted(_matching(items, filters, query), query, orders), query, default=20, largest=50)


def _record_filter(key: str, wanted: str) -> Filter:
    field, _, how = key.partition(".")
    if field == "type" and not how:
        return lambda item: item["type"] == wanted.upper()
    if field == "proxied" and not how:
        return lambda item: item["proxied"] == (wanted == "true")
    if field == "search" and not how:
        return lambda item: any(
            wanted.lower() in str(item[key] or "").lower() for key in ("name", "content", "comment")
        )
    if field == "comment" and how in ("present", "absent"):
        return lambda item: bool(item["comment"]) == (how == "present")
    if field in ("name", "content", "comment") and (how or "exact") in HOWS:
        compare = HOWS[how or "exact"]
        return lambda item: compare(str(item[field] or "").lower(), wanted.lower())
    raise _unknown(key)


def _zone_filter(key: str, wanted: str) -> Filter:
    if key == "name":
        operator, colon, rest = wanted.partition(":")
        compare = ZONE_OPERATORS.get(operator if colon else "equal")
        if compare is None:
            raise _unknown(f"name={operator}:")
        return lambda item: compare(item["name"], (rest if colon else wanted).lower())
    if key in ("status", "account.id", "account.name"):
        return lambda item: _value(item, key) == wanted
    raise _unknown(key)


def _unknown(what: str) -> ApiError:
    return ApiError(501, 7501, f"The sandbox does not know the filter {what}.")


def _matching(items: Sequence[Item], filters: Sequence[Filter], query: Mapping[str, str]) -> list[Item]:
    combine = any if query.get("match") == "any" and filters else all
    return [item for item in items if combine(keep(item) for keep in filters)]


def _sorted(items: list[Item], query: Mapping[str, str], orders: Sequence[str]) -> list[Item]:
    order = query.get("order", "")
    if order in orders:
        items.sort(key=lambda item: _value(item, order))
    if query.get("direction") == "desc":
        items.reverse()
    return items


def _value(item: Item, path: str) -> Any:
    value: Any = item
    for key in path.split("."):
        value = value[key]
    return value


def _page(items: list[Item], query: Mapping[str, str], default: int, largest: int) -> dict[str, Any]:
    page, size = _number(query, "page", 1), min(_number(query, "per_page", default), largest)
    part = items[(page - 1) * size : page * size]
    info = {
        "page": page,
        "per_page": size,
        "total_pages": -(-len(items) // size),
        "count": len(part),
        "total_count": len(items),
    }
    return {"result": part, "result_info": info}


def _number(query: Mapping[str, str], key: str, default: int) -> int:
    given = query.get(key) or str(default)
    if not given.isdecimal() or int(given) < 1:
        raise ApiError(400, 6003, "Invalid request parameters", (6103, f"Invalid value for {key}"))
    return int(given)
