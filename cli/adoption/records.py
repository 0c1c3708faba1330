"""DNS records that exist already where the kit would write: how the settings keep them, and their import ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cli.adoption import texts
from cli.adoption.findings import Findings
from cli.existing import Existing
from cli.leftovers import RECORD, RECORD_SET
from cli.preview import UNKNOWN, Step
from mailstack import marks
from mailstack.dns import conflicts, record_ids
from mailstack.dns.changes import Change, ExistingRecord, Value, content, contents
from mailstack.mail.policy_records import TITLES, kind
from mailstack.paths import key_path
from mailstack.plan import Pending, Plan, PlannedRecord, resource_name, siblings
from mailstack.settings.model import Domain
from providers.dns import cloudflare

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Planned:
    """What a step would publish of a record of the plan at one host: `values`, beside those of the stack's others."""

    record: PlannedRecord
    step: Step
    host: str
    values: tuple[Value, ...]
    beside: tuple[Value, ...]

    @property
    def what(self) -> str:
        """Name it in a sentence."""
        return f"{self.record.type} {self.record.name}"

    @property
    def place(self) -> Place:
        """Return host, zone, and the host's id of the zone."""
        return self.host, self.record.zone, str(self.step.inputs["zoneId"])

    @property
    def contents(self) -> frozenset[str]:
        """Return its values as a host's list has them."""
        return contents(self.record.type, self.values)

    def change(self) -> Change:
        """Return what publishing it would change."""
        name, kind, ttl = str(self.record.name), self.record.type, self.record.ttl
        return Change(name, kind, before=(), after=self.values, ttl_before=None, ttl=ttl, beside=self.beside)


@dataclass(frozen=True)
class Comparison:
    """What a stack would publish, against what exists; `owners` are the stack's own ids."""

    plan: Plan
    existing: Existing
    owners: Collection[str]
    findings: Findings

    def compare(self, steps: Sequence[Step], tokens: Mapping[tuple[str, str, str], str]) -> None:
        """Compare the records that would be created; `tokens` are those of DKIM names, by route, slot and field."""
        wanted = list(self._planned(steps, tokens))
        names: dict[Place, set[str]] = {}
        for planned in wanted:
            names.setdefault(planned.place, set()).add(str(planned.record.name))
        there = {place: self.existing.records(*place, at) for place, at in names.items()}
        for planned in wanted:
            self._compare(planned, [one for one in there[planned.place] if one.name == planned.record.name])

    def _planned(self, steps: Sequence[Step], tokens: Mapping[tuple[str, str, str], str]) -> Iterator[Planned]:
        """Pair the records of the plan, in its order, with the steps that would create them."""
        records = [record.resolved(tokens) for record in self.plan.records]
        creates = [step for step in steps if step.op == "create" and step.type in (RECORD, RECORD_SET)]
        creates = [step for step in creates if step.inputs["zoneId"] != UNKNOWN]
        for record in filter(lambda record: record.is_known, records):
            values = record.record_set().values
            for step in filter(partial(_is_of, record), creates):
                own = tuple(value for value in values if step.type == RECORD_SET or _is_value(step, value, values))
                others = [*values, *(value for value in siblings(record, records) if not isinstance(value, Pending))]
                beside = tuple(value for value in others if value not in own)
                host = "cloudflare" if step.type == RECORD else str(step.inputs["host"])
                yield Planned(record, step, host, own, beside)

    def _compare(self, planned: Planned, there: Sequence[ExistingRecord]) -> None:
        """Note how one record is taken over, or what is in the way."""
        found = conflicts.conflicting(there, planned.change())
        if not found:
            return
        if why := self._obstacle(planned, found):
            self.findings.obstacles.append(f"{planned.what}: {why}")
            return
        self._reproduce(planned, found)
        self.findings.imports.append((planned.step, _import_id(planned, found)))

    def _obstacle(self, planned: Planned, found: Sequence[ExistingRecord]) -> str:
        """Say why what exists cannot be taken over, "" where it can."""
        values = " and ".join(f"{other.type} {other.content!r}" for other in found)
        if any(other.type != planned.record.type for other in found):
            return (
                f"{values} exists at this name, and nothing else can exist beside a CNAME (RFC 1034 section 3.6.2); "
                "delete it, or choose another name (returnPath)"
            )
        others = [one for one in found if one.content not in planned.contents]
        if others and len(found) > 1:
            policy = kind(others[0].name, others[0].content) if others[0].type == "TXT" else None
            ignored = f", and receivers ignore all {TITLES[policy]} records where a name has several" if policy else ""
            return f"{values} exist{ignored}; leave the one that counts"
        for one in found:
            if one.locked:
                return f"{values} exists and cannot be taken over: {one.locked}"
            owner = marks.owner_id(one.mark)
            if owner is not None and owner not in self.owners:
                manage = key_path("domains", planned.record.domain, "manage")
                return (
                    f"{values} carries the mark of another stack ({one.mark}); to send through that stack's domain, "
                    f"set {manage} to false"
                )
        if others:
            return texts.obstacle(others[0], content(planned.record.type, planned.values[0]))
        return self._obstacle_of_more(planned, found)

    def _obstacle_of_more(self, planned: Planned, found: Sequence[ExistingRecord]) -> str:
        """Say where a record of several values, or one of `records.also`, is not as the settings write it."""
        if missing := planned.contents - {one.content for one in found}:
            listed = " and ".join(map(repr, sorted(missing)))
            return f"{listed} does not exist yet beside its other values; add it there, or take it out of the settings"
        ttl = found[0].ttl
        if ttl in (planned.record.ttl, 0) or not _is_extra(planned.record, self._domain(planned)):
            return ""
        return f"exists with the TTL {ttl}; write ttl: {ttl} beside it under records.also"

    def _reproduce(self, planned: Planned, found: Sequence[ExistingRecord]) -> None:
        """Note the settings that keep a record as it exists."""
        record, domain, ttl = planned.record, self._domain(planned), found[0].ttl
        wanted = content(record.type, planned.values[0])
        others = [one for one in found if one.content not in planned.contents]
        is_said = not others or texts.reproduced(others[0], wanted, domain, self.findings)
        if not is_said or ttl not in (record.ttl, 0):
            written = {"ttl": ttl} if ttl and ttl != domain.ttl else {}
            kept = {"name": record.name, "type": record.type, **written, "values": [one.content for one in found]}
            at = ("mailstack:domains", domain.name, "records", "asFound")
            self.findings.edit(at, [kept], f"{planned.what} exists in this form")

    def _domain(self, planned: Planned) -> Domain:
        return self.plan.settings.domains[planned.record.domain]


def _is_of(record: PlannedRecord, step: Step) -> bool:
    """Tell whether a step publishes a record: by name and type, or by its own name where the preview knows no other."""
    stack = step.parent.rsplit("::", 1)[1]  # the component of the records has the name of the MailStack
    named = resource_name(stack, record.slot)
    if step.type == RECORD_SET:
        return step.name == f"{named}-{step.inputs['host']}"
    if step.inputs.get("name") in (None, UNKNOWN):
        return step.name == named
    key = (step.inputs["name"], step.inputs["type"])
    return key == record.key and cloudflare.value_of(step.inputs) in record.values


def _is_value(step: Step, value: Value, values: Sequence[Value]) -> bool:
    """Tell whether a value is the one of a Cloudflare record; that of a name that is not known yet is its only one."""
    return len(values) == 1 or cloudflare.value_of(step.inputs) == value


def _is_extra(record: PlannedRecord, domain: Domain) -> bool:
    """Tell whether `records.also` asks for a record."""
    return any(
        (one.name, one.type) == record.key and record.values[0] in one.record_set(domain.ttl).values
        for one in domain.records.also
    )


def _import_id(planned: Planned, found: Sequence[ExistingRecord]) -> str:
    """Return the id to import by: pulumi-cloudflare's, or that of a record set with the values that become ours."""
    host, zone, zone_id = planned.place
    if host == "cloudflare":
        return f"{zone_id}/{found[0].id}"
    return record_ids.write(host, zone, found[0].name, found[0].type, [one.content for one in found])
