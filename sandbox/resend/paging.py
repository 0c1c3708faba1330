"""Lists in pages, the newest first (resend.com/docs/api-reference/pagination)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sandbox.resend.errors import invalid

DEFAULT, LARGEST = 20, 100


class Listed(Protocol):
    """A thing with an id."""

    id: str


One = TypeVar("One", bound=Listed)


def page(
    oldest_first: Sequence[One], query: Mapping[str, str], shown: Callable[[One], dict[str, Any]]
) -> dict[str, Any]:
    """Give the page that `limit` and `after` or `before`, ids that are not part of it, ask for."""
    if unknown := sorted(query.keys() - {"limit", "after", "before"}):
        raise invalid(f"Unknown parameter: {', '.join(unknown)}.")
    if "after" in query and "before" in query:
        raise invalid("Only one of `after` and `before` can be given.")
    items, limit = list(reversed(oldest_first)), _limit(query.get("limit", str(DEFAULT)))
    if "before" in query:
        items = items[: _position(items, "before", query)]
        chosen, has_more = items[-limit:], len(items) > limit
    else:
        items = items[_position(items, "after", query) + 1 :] if "after" in query else items
        chosen, has_more = items[:limit], len(items) > limit
    return {"object": "list", "has_more": has_more, "data": [shown(one) for one in chosen]}


def _limit(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= LARGEST:
        raise invalid(f"The `limit` must be a number from 1 to {LARGEST}.")
    return int(given)


def _position(items: Sequence[Listed], name: str, query: Mapping[str, str]) -> int:
    found = [place for place, one in enumerate(items) if one.id == query[name]]
    if not found:
        raise invalid(f"The `{name}` cursor is not in the list.")
    return found[0]
