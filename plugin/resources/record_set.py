"""`mailstack:index:RecordSet`: the values of one slot at a DNS host, whatever else its record set holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import Any, Final

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from mailstack import marks
from mailstack.dns import record_ids, records
from mailstack.dns.changes import Change, ExistingRecord, Value, contents
from mailstack.dns.records import RecordSet as Records
from mailstack.errors import RecordError, Unanswered, VendorError
from plugin.inputs import Inputs, defaults, problems, resource
from plugin.lifecycle import Cancelled, Context, Difference, Found, InitFailed, NotFound
from plugin.wire import Values, is_unknown
from plugin.writes import Unfinished
from providers.dns.base import HostedZone

_PLACE: Final = ("host", "zone", "zoneId", "name", "type")
_SET: Final = ("ttl", "values")


class RecordSetInputs(Inputs):
    """What is published at a name."""

    host: str
    """The DNS host: route53, rfc2136 or lexicon."""
    zone: str
    """The zone that holds the record set."""
    zone_id: str
    """The host's id of the zone."""
    name: str
    """The full name, without trailing dot."""
    type: str
    """A, AAAA, CNAME, MX or TXT."""
    ttl: int
    """Time to live in seconds; 1 is the host's own choice."""
    values: list[str]
    """Unquoted text; an MX as "10 mail.example.com"."""
    beside: list[str] = Field(default=[])
    """Values of the stack's other slots in the same record set."""

    @model_validator(mode="after")
    def _can_be_published(self) -> RecordSetInputs:
        try:
            self.record_set()
            records.check_in_zone(self.name, self.zone)
        except RecordError as error:
            raise PydanticCustomError("record", "{words}", {"words": str(error)}) from None
        return self

    def record_set(self) -> Records:
        """Return the values as a record set; raises RecordError."""
        return Records(self.name, self.type, self.ttl, _values(self.type, self.values))

    def change(self, before: Sequence[str], ttl_before: int | None) -> Change:
        """Return what changes where the stack wrote `before`."""
        return Change(
            self.name,
            self.type,
            before=_values(self.type, before),
            after=_values(self.type, self.values),
            ttl_before=ttl_before,
            ttl=self.ttl,
            beside=_values(self.type, self.beside),
        )

    @property
    def hosted_zone(self) -> HostedZone:
        """The zone as its host knows it."""
        return HostedZone(self.zone_id, self.zone)

    @property
    def id(self) -> str:
        """The resource's id."""
        return record_ids.write(self.host, self.zone, self.name, self.type)


class RecordSet:
    """One slot. The state holds the values that this stack wrote, and only those are changed or deleted."""

    type: Final = "mailstack:index:RecordSet"

    def __init__(self) -> None:
        # What the state holds by URN: the create half of a replacement is checked while the old values still exist. The
        # engine tells it to Check before a replacement that Diff asks for; before a forced one only a refresh tells it.
        self._ours: dict[str, Values] = {}

    @property
    def schema(self) -> dict[str, Any]:
        """The type's part of the package schema."""
        return resource(RecordSetInputs, "The values of one slot at a DNS host that the plugin writes to.", {})

    def check(self, olds: Values | None, news: Values, context: Context) -> tuple[Values, dict[str, str]]:
        """Return what is wrong with inputs, by key; unknown ones are passed.

        Raises Conflict where something exists that contradicts the new values, VendorError.
        """
        missing = defaults(RecordSetInputs, news)
        if wrong := problems(RecordSetInputs, news, title="RecordSet"):
            return missing, wrong
        if olds is not None:
            self._ours[context.urn] = olds
        if not is_unknown(news.get("host")):
            self._check_host(news["host"], context)
        if not is_unknown(news):
            inputs = RecordSetInputs.model_validate(news)
            context.clients.host(inputs.host).check(inputs.record_set())
            self._check_existing(inputs, context)
        return missing, {}

    def id_of(self, inputs: Values) -> str:
        """Return the id: host, zone, name and type."""
        return RecordSetInputs.model_validate(inputs).id

    def diff(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Difference:
        """Compare with the inputs and with what existed at the last look.

        The order of values means nothing, nor the spelling of an IPv6 address, nor which values are beside ours.
        """
        changed = [key for key in (*_PLACE, *_SET) if _plain(inputs.get(key)) != _plain(news.get(key))]
        drifted = [key for key in _SET if key not in changed and _plain(outputs.get(key)) != _plain(news.get(key))]
        return Difference(changed, [key for key in _PLACE if key in changed], drifted, deletes_first=True)

    def expected(self, outputs: Values | None, news: Values, context: Context) -> Values:
        """Return nothing beyond the inputs; raises Conflict, VendorError where a create would be refused."""
        if outputs is None and not is_unknown(news):
            self._check_existing(RecordSetInputs.model_validate(news), context)
        return {}

    def create(self, inputs: Values, context: Context) -> tuple[str, Values]:
        """Add the values; raises Conflict, VendorError, InitFailed where it is not known whether they were written."""
        wanted = RecordSetInputs.model_validate(inputs)
        _write(wanted, wanted.change((), None), wanted.values, context)
        return wanted.id, {}

    def update(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Values:
        """Change the values that the state holds to the new ones; raises as create."""
        wanted = RecordSetInputs.model_validate(news)
        before = [str(value) for value in outputs.get("values", [])]
        claimed = list(dict.fromkeys([*before, *wanted.values]))
        _write(wanted, wanted.change(before, outputs.get("ttl")), claimed, context)
        return {}

    def read(self, id_: str, inputs: Values | None, outputs: Values, context: Context) -> Found | None:
        """Return those of our values that still exist, None where none does; raises NotFound, VendorError."""
        if inputs is None:
            return self._import(id_, context)
        known = RecordSetInputs.model_validate({**inputs, **outputs, "beside": inputs.get("beside", [])})
        there = [record for record in _existing(known, context) if record.type == known.type]
        ours = [value for value in known.values if contents(known.type, _values(known.type, [value])) & _held(there)]
        foreign = _held(there) - contents(known.type, _values(known.type, [*known.values, *known.beside]))
        ttl = there[0].ttl if there else 0
        # A foreign set keeps its TTL; the host's own choice is no drift, and neither is a TTL that it does not tell.
        kept = foreign or ttl in (0, 1) or known.ttl == 1
        self._ours[context.urn] = {**inputs, "values": ours}
        return Found({"ttl": known.ttl if kept else ttl, "values": ours}) if ours else None

    def _import(self, id_: str, context: Context) -> Found | None:
        """Read the inputs from what exists; the id says which of the values are the stack's."""
        given = record_ids.read(id_)
        self._check_host(given.host, context)
        if not given.values:
            raise NotFound(
                f'"{id_}" does not say which values of the record set are this stack\'s; add them to the id: '
                f"{given}?value=<percent-encoded>&value=<percent-encoded>"
            )
        zone = context.run(lambda: context.clients.zone(given.host, given.zone))
        place: Values = {"host": given.host, "zone": given.zone, "zoneId": zone.id, "name": given.name}
        inputs: Values = {**place, "type": given.type, "ttl": 1, "values": list(given.values), "beside": []}
        if wrong := problems(RecordSetInputs, inputs, title="RecordSet"):
            raise NotFound(f'"{id_}" cannot be imported: {"; ".join(wrong.values())}')
        wanted = RecordSetInputs.model_validate(inputs)
        there = [record for record in _existing(wanted, context) if record.type == wanted.type]
        if not there:
            return None
        if lacking := contents(wanted.type, _values(wanted.type, wanted.values)) - _held(there):
            raise NotFound(
                f'"{id_}" cannot be imported: {wanted.type} {wanted.name} has no value {_listed(lacking)}; its values '
                f"are {_listed(_held(there))}"
            )
        inputs["ttl"] = there[0].ttl or 1
        return Found(inputs, inputs, wanted.id)

    def delete(self, id_: str, outputs: Values, context: Context) -> None:
        """Delete the values that the state holds and no other; raises Conflict, VendorError."""
        known = RecordSetInputs.model_validate(outputs)
        change = known.change(known.values, known.ttl)
        try:
            _write(
                known,
                Change(known.name, known.type, change.before, (), known.ttl, known.ttl, change.beside),
                [],
                context,
            )
        except InitFailed as error:  # the state stays as it is, and a value that is gone is no error the next time
            raise VendorError(str(error)) from None

    def _check_host(self, name: str, context: Context) -> None:
        """Refuse a host whose records another resource publishes; raises VendorError, RecordError."""
        host = context.clients.host(name)
        if host.keeps_marks or not host.publishes:
            how = "a resource of its own provider publishes its records" if host.publishes else "people publish them"
            raise RecordError(f"host: {name} is not written to by RecordSet: {how}")

    def _check_existing(self, inputs: RecordSetInputs, context: Context) -> None:
        """Refuse what the host's write would refuse, while the run is only planned; raises Conflict, VendorError."""
        from mailstack.dns import conflicts  # imports all of the settings, which a start does not need

        if os.environ.get(marks.ADOPTING):
            return
        old, new = self._ours.get(context.urn, {}), inputs.model_dump(by_alias=True)
        same = all(old.get(key) == new[key] for key in _PLACE)
        change = inputs.change(old["values"] if same else (), old["ttl"] if same else None)
        if contents(inputs.type, change.after) <= contents(inputs.type, change.before):
            return  # nothing is added
        existing = _existing(inputs, context)
        if old and not same:  # what the replacement deletes first
            gone = RecordSetInputs.model_validate({"beside": [], **old})
            ours = contents(gone.type, _values(gone.type, gone.values))
            existing = [
                one for one in existing if (one.name, one.type) != (gone.name, gone.type) or one.content not in ours
            ]
        conflicts.check(existing, change)


def _existing(inputs: RecordSetInputs, context: Context) -> list[ExistingRecord]:
    """List what exists at the name; raises VendorError."""
    return context.run(lambda: context.clients.existing(inputs.host, inputs.hosted_zone, [inputs.name]))


def _write(inputs: RecordSetInputs, change: Change, claimed: Sequence[str], context: Context) -> None:
    """Change a slot; raises InitFailed with the values that may be ours where it is not known what was written."""
    clients, zone = context.clients, inputs.hosted_zone
    clients.written(inputs.host, zone, inputs.name)
    try:
        context.write(
            (inputs.host, inputs.zone, inputs.name, inputs.type),
            lambda: clients.writer(inputs.host, inputs.zone).write(zone, change),
        )
    except Cancelled:
        raise VendorError(
            f"{inputs.id}: the run was cancelled before anything was written; nothing was changed"
        ) from None
    except (Unanswered, Unfinished) as error:
        words = str(error) or "the run was cancelled before the host answered"
        raise InitFailed(
            {"values": list(claimed)},
            [f"{inputs.id}: {words}; whether it was done is not known, and the next run looks first"],
        ) from None


def _values(record_type: str, texts: Sequence[str]) -> tuple[Value, ...]:
    return tuple(records.value(record_type, text) for text in texts)


def _held(there: Sequence[ExistingRecord]) -> frozenset[str]:
    return frozenset(record.content for record in there)


def _listed(texts: frozenset[str]) -> str:
    return " or ".join(f'"{text}"' for text in sorted(texts)) or "none"


def _plain(value: Any) -> Any:
    return sorted(map(_spelled, value)) if isinstance(value, list) else value


def _spelled(value: Any) -> str:
    """Return a value in one spelling: an IPv6 address has several (RFC 5952), a text has one."""
    try:
        return str(IPv6Address(str(value)))
    except ValueError:
        return str(value)
