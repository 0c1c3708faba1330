"""From settings to the plan of a stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mailstack.catalog import Catalog
from mailstack.errors import SettingsError
from mailstack.paths import key_path
from mailstack.settings.model import Settings

from . import as_found, checks, domains, logos, routes, sets, zones
from .drafts import Draft
from .model import Finding, Plan
from .records import PlannedRecord


def plan(settings: Settings, catalog: Catalog, root: Path | None = None) -> Plan:
    """Plan everything that a stack wants; what is wrong is among the plan's findings (`require` raises it).

    `root` is the folder of Pulumi.yaml, where relative paths of the settings start; the current one by default.
    """
    findings: list[Finding] = []
    drafts = _drafts(settings, catalog, findings)
    found = sets.by_key(drafts)
    findings += checks.problems(found)
    findings += zones.problems(found, settings, catalog)
    findings += logos.problems(settings, root or Path())
    findings += _reports_elsewhere(settings)
    records = tuple(_records(drafts, settings))
    return Plan(
        settings=settings,
        zones={record.zone: record.hosts for record in records},
        records=records,
        routes=routes.routes(settings),
        logins=routes.logins(settings),
        policies=domains.policies(settings),
        findings=tuple(dict.fromkeys(findings)),
    )


def require(plan: Plan) -> Plan:
    """Return a plan without errors; raises SettingsError that lists all of them, a line each."""
    errors = [finding for finding in plan.findings if finding.level == "error"]
    if errors:
        raise SettingsError("\n".join(map(str, errors)), path=errors[0].where)
    return plan


def _drafts(settings: Settings, catalog: Catalog, findings: list[Finding]) -> list[Draft]:
    """Draft every record, one for each value, with its slot and TTL."""
    asked = [
        draft
        for domain in domains.managed(settings)
        for draft in (*domains.drafts(domain, settings, catalog), *routes.drafts(domain, catalog))
    ]
    one_each = sets.merged(asked, findings)
    lines = as_found.lines(settings)
    findings += as_found.problems(lines, one_each)
    return sets.named(sets.with_ttl(as_found.kept(one_each, lines, findings)))


def _records(drafts: Sequence[Draft], settings: Settings) -> Iterator[PlannedRecord]:
    slots: dict[str, list[Draft]] = {}
    for draft in drafts:
        slots.setdefault(draft.slot, []).append(draft)
    for slot, together in slots.items():
        draft = together[0]
        zone = zones.zone_of(draft, settings)
        if zone is not None:
            yield PlannedRecord(
                slot=slot,
                name=draft.name,
                type=draft.type,
                ttl=draft.ttl or draft.domain.ttl,
                values=tuple(one.value for one in together),
                purpose=draft.purpose,
                zone=zone,
                hosts=zones.hosts_of(zone, settings),
                domain=draft.domain.name,
                route=draft.route,
                extra=draft.extra,
                kept=draft.kept,
            )


def _reports_elsewhere(settings: Settings) -> Iterator[Finding]:
    for domain, name in domains.foreign_reports(settings):
        target = name.partition("._report._dmarc.")[2]
        yield Finding(
            "dmarc-reports-elsewhere",
            "note",
            key_path("domains", domain, "dmarc"),
            f'receivers send reports about {domain} to {target} only where {target} publishes TXT {name} "v=DMARC1;"',
            "RFC 9990 section 4",
            "ask whoever runs its DNS",
        )
