"""Records that a stack's domains ask for, before they have a host: one set for each name and type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from mailstack.dns.records import Mx, RecordSet, check_alone
from mailstack.errors import RecordError
from mailstack.mail import spf
from mailstack.mail.policy_records import kind
from mailstack.settings import Domain, WrittenRecord

Value = str | Mx


@dataclass(frozen=True)
class PlannedRecord:
    """A record set that a domain asks for; name and values of a DKIM record are outputs until its key is made.

    `slot` names it in the stack's state: another name or type is another resource, so that a change of name meets the
    check for what stands there. `also` are values of somebody else's that stand beside ours and that the settings name.
    """

    slot: str
    name: pulumi.Input[str]
    type: str
    ttl: Any
    values: tuple[Any, ...]
    purpose: str
    domain: Domain
    also: tuple[Value, ...] = ()

    @classmethod
    def fixed(
        cls, name: str, record_type: str, domain: Domain, values: Value | Sequence[Value], purpose: str
    ) -> PlannedRecord:
        """Plan a record set whose name and values are known now; raises RecordError where the model refuses it."""
        listed = (values,) if isinstance(values, str | Mx) else tuple(values)
        RecordSet(name, record_type, domain.ttl, listed, purpose)
        return cls(f"{name}-{record_type.lower()}", name, record_type, domain.ttl, listed, purpose, domain)

    @classmethod
    def beside(
        cls, name: str, record_type: str, domain: Domain, values: Sequence[Value], ttl: int, purpose: str
    ) -> PlannedRecord:
        """Plan values that stand beside whatever the kit itself publishes at a name; raises RecordError."""
        RecordSet(name, record_type, ttl, tuple(values), purpose)
        return cls(f"{name}-{record_type.lower()}", name, record_type, ttl, (), purpose, domain, tuple(values))

    @property
    def all_values(self) -> tuple[Any, ...]:
        """Return every value, our own first."""
        return (*self.values, *self.also)

    @property
    def is_dmarc(self) -> bool:
        """Tell whether this is a DMARC policy."""
        return self.slot.startswith("_dmarc.") and bool(self.values)

    @property
    def is_known(self) -> bool:
        """Tell whether name and values are known before anything is made."""
        return isinstance(self.name, str) and all(isinstance(value, str | Mx) for value in self.values)

    def record_set(self) -> RecordSet:
        """Return the record set of a record that is known; raises RecordError where the model refuses it."""
        return RecordSet(str(self.name), self.type, self.ttl, self.all_values, self.purpose)

    def texts(self) -> list[Any]:
        """Return every value as text or as an output of text."""
        return [str(value) if isinstance(value, Mx) else value for value in self.all_values]


def merge(records: Iterable[PlannedRecord]) -> list[PlannedRecord]:
    """Leave one record set per slot: SPF records of one name become one, what the settings keep as found is kept.

    Raises RecordError for others that differ.
    """
    merged: dict[str, PlannedRecord] = {}
    for record in records:
        other = merged.get(record.slot)
        merged[record.slot] = record if other is None else _merge_two(other, record)
    kept: dict[tuple[Any, str], WrittenRecord] = {}
    for record in merged.values():
        kept |= {(one.name, one.type): one for one in record.domain.records.as_found}
    settled = [_as_found(record, kept) for record in merged.values()] if kept else list(merged.values())
    known = [record for record in settled if record.is_known]
    for record in known:
        record.record_set()
    check_alone((str(record.name), record.type) for record in known)
    return settled


def _as_found(record: PlannedRecord, kept: Mapping[tuple[Any, str], WrittenRecord]) -> PlannedRecord:
    """Keep a record as it was found; of a DKIM record, whose name is an output, only the TTL can differ."""
    if isinstance(record.name, pulumi.Output):
        ttl = record.name.apply(lambda name: found.ttl if (found := kept.get((name, record.type))) else None)
        return replace(record, ttl=ttl.apply(lambda seconds: seconds or record.ttl))
    if (found := kept.get((record.name, record.type))) is None:
        return record
    return replace(record, values=found.record_set(record.ttl).values, also=(), ttl=found.ttl or record.ttl)


def _merge_two(one: PlannedRecord, other: PlannedRecord) -> PlannedRecord:
    if not one.values and other.values:
        one, other = other, one  # what is ours names the set, and its TTL counts
    values = _own_values(one, other)
    also = [value for value in dict.fromkeys((*one.also, *other.also)) if value not in values]
    return replace(one, values=values, also=tuple(also))


def _own_values(one: PlannedRecord, other: PlannedRecord) -> tuple[Any, ...]:
    if not other.values or one.values == other.values:
        return one.values
    if one.type == "TXT" and all(_is_spf(record) for record in (one, other)):
        return (str(spf.merge(*(spf.parse(str(value)) for value in (*one.values, *other.values)))),)
    raise RecordError(
        f"{one.type} record {one.name}: {one.domain.name} wants {_listed(one)}, {other.domain.name} wants "
        f"{_listed(other)}; give one of them another returnPath"
    )


def _is_spf(record: PlannedRecord) -> bool:
    return record.is_known and all(kind(str(record.name), str(value)) == "spf" for value in record.values)


def _listed(record: PlannedRecord) -> str:
    return " and ".join(map(str, record.values))
