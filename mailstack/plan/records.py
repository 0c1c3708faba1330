"""Records as a plan holds them: one slot for each purpose, with what only a provider knows left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import RecordError

Value = str | Mx
# The slots of what a name may hold beside an alias (mailstack.plan.names).
_OTHER_DATA = ("txt", "txt-spf", "mx", "txt-also", "mx-also", "a-also", "aaaa-also")


@dataclass(frozen=True, slots=True)
class Pending:
    """A text that only a provider knows, such as a DKIM token, with what is known around it.

    route: key of the route ("notify.example.com/main") whose provider knows it, "" for a key that the kit makes.
    slot: the slot that it belongs to, as the provider's `records` map has it.
    field: which part of that slot it is.
    prefix, suffix: the known text around it; the suffix of a name lets its zone be found ("._domainkey.example.com").
    label: what a person reads in its place ("DKIM token 1").
    """

    route: str
    slot: str
    field: Literal["name", "value"]
    prefix: str = ""
    suffix: str = ""
    label: str = "known after the first up"

    def __str__(self) -> str:
        return f"{self.prefix}<{self.label}>{self.suffix}"


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """What the stack wants to publish for one purpose: one slot, one resource at each host.

    slot: names it in the stack's state; it holds name and type, so that another name is another resource.
    ttl: seconds, 1 for the host's own choice; all slots of one name and type agree on it.
    values: whole and unquoted, in the order of the settings.
    zone: the zone that it goes to, by name; hosts: who serves that zone.
    domain, route: whose settings ask for it; route is "<domain>/<route>" or None.
    extra: it is somebody else's, named by `records.also`.
    kept: the settings keep it as adoption found it.
    """

    slot: str
    name: str | Pending
    type: str
    ttl: int
    values: tuple[Value | Pending, ...]
    purpose: str
    zone: str
    hosts: tuple[str, ...]
    domain: str
    route: str | None = None
    extra: bool = False
    kept: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return name and type as text: slots with the same key share one record set."""
        return str(self.name), self.type

    @property
    def is_known(self) -> bool:
        """Tell whether name and values are known before anything exists."""
        return isinstance(self.name, str) and not any(isinstance(value, Pending) for value in self.values)

    def record_set(self) -> RecordSet:
        """Return a known record as a checked value; raises RecordError where the model refuses it."""
        values = tuple(value for value in self.values if not isinstance(value, Pending))
        if not isinstance(self.name, str) or len(values) != len(self.values):
            raise RecordError(f"{self.type} {self.name}: its name or value is not known before the first `pulumi up`")
        return RecordSet(self.name, self.type, self.ttl, values, self.purpose)

    def resolved(self, known: Mapping[tuple[str, str, str], str]) -> PlannedRecord:
        """Return the record with the pending texts that are known, by (route, slot, field)."""

        def text(value: Any) -> Any:
            found = known.get((value.route, value.slot, value.field)) if isinstance(value, Pending) else None
            return value if found is None else f"{value.prefix}{found}{value.suffix}"

        return replace(self, name=text(self.name), values=tuple(map(text, self.values)))


def siblings(record: PlannedRecord, records: Sequence[PlannedRecord]) -> tuple[Value | Pending, ...]:
    """Return the values that other slots publish at the same name and type; `records` are at least those there."""
    return tuple(
        value for other in records if other.key == record.key and other.slot != record.slot for value in other.values
    )


def replaced_slots(record: PlannedRecord, records: Sequence[PlannedRecord]) -> list[str]:
    """Return the slots that a record may take the place of, because an alias and other data exclude each other.

    `records` are at least those of the plan at the name, in its order.

    A CNAME allows nothing else at its name (RFC 1034 section 3.6.2): where a setting turns other data into an alias, or
    back, the old record has to go before the new one can come. So both are one resource, which is replaced.
    """
    at_name = [other for other in records if other.name == record.name]
    if not record.is_known or at_name[0].slot != record.slot:
        return []
    wanted = {other.slot for other in at_name}
    suffixes = ("cname", "cname-also") if record.type != "CNAME" else _OTHER_DATA
    return [slot for suffix in suffixes if (slot := f"{record.name}-{suffix}") not in wanted]
