"""What exists at a name, what a stack wants to change there, and what the change makes of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from mailstack.dns.records import Mx

Value = str | Mx


@dataclass(frozen=True, slots=True)
class ExistingRecord:
    """One value at a name, as the host lists it.

    content: unquoted text, an MX as "10 mail.example.com", names in lower case without final dot.
    ttl: seconds, 0 where the host does not tell it. mark: the host's comment. id: the host's id. Both may be "".
    locked: why the host would not let it be changed ("" = it would).
    locks_set: True where for that reason no value can be added to its record set either.
    is_alias: False for a CNAME that the host never answers as one, since it flattens or proxies it.
    """

    name: str
    type: str
    content: str
    ttl: int = 0
    mark: str = ""
    id: str = ""
    locked: str = ""
    locks_set: bool = False
    is_alias: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """The values of one slot at a name and type: `before` is what this stack wrote there, `after` what it wants.

    ttl_before, ttl: seconds, 1 for the host's own choice; ttl_before is None where nothing was written yet.
    beside: values of this stack's other slots in the same record set: they are not foreign.
    """

    name: str
    type: str
    before: tuple[Value, ...]
    after: tuple[Value, ...]
    ttl_before: int | None
    ttl: int
    beside: tuple[Value, ...] = ()

    def ours(self) -> frozenset[str]:
        """Return the contents that this stack wrote at the name and type, in this slot and in others."""
        return contents(self.type, (*self.before, *self.beside))


@dataclass(frozen=True, slots=True)
class Edit:
    """What a change makes of a record set.

    removed: contents that go; added: values that come, in their order; ttl: of the whole set afterwards, in seconds,
    1 for the host's own choice. has_new_ttl: whether that is another one than the set has now.
    """

    removed: frozenset[str]
    added: tuple[Value, ...]
    ttl: int
    has_new_ttl: bool

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.has_new_ttl)


def content(record_type: str, value: Value) -> str:
    """Return a value as a host's list has it: one text for whatever spelling means the same."""
    text = str(value)
    if record_type == "AAAA":
        return str(ipaddress.IPv6Address(text))  # RFC 5952
    return text.lower().removesuffix(".") if record_type == "CNAME" else text


def contents(record_type: str, values: Sequence[Value]) -> frozenset[str]:
    """Return values as a host's list has them."""
    return frozenset(content(record_type, value) for value in values)


def edit(existing: Sequence[ExistingRecord], change: Change) -> Edit:
    """Work out what a change makes of what exists: its own values change, all others stay.

    The set's TTL becomes the one that is wanted where the set holds this stack's values alone, or where it is the one
    that this stack wrote before; a set that others' values share keeps its TTL.
    """
    there = [record for record in existing if (record.name, record.type) == (change.name, change.type)]
    exists = frozenset(record.content for record in there)
    before, after = contents(change.type, change.before), contents(change.type, change.after)
    beside = contents(change.type, change.beside)
    removed = exists & before - after - beside
    added = tuple(value for value in change.after if content(change.type, value) not in exists)
    ttl = there[0].ttl if there else 0
    is_ours = exists <= before | after | beside or (ttl != 0 and ttl == change.ttl_before)
    if not after or not is_ours:
        return Edit(removed, added, ttl or change.ttl, has_new_ttl=False)
    return Edit(removed, added, change.ttl, has_new_ttl=bool(there) and change.ttl != 1 and ttl not in (0, change.ttl))
