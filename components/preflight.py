"""What live DNS says about a plan before anything is made; what it does not answer holds nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pulumi

from mailstack.errors import DnsError
from mailstack.mail import policy_records, spf_budget
from mailstack.plan import Plan, foreign_reports
from providers.dns import live, visible

from .zones import HostedZones

_AT_ONCE = 8  # questions


def check_spf(component: pulumi.Resource, plan: Plan) -> None:
    """Refuse an SPF record at a From domain that costs more look-ups than receivers make; raises SpfError.

    The records of return paths are the provider's own and cost what it makes them cost.
    """
    lookup = cache(live.lookup)  # what many records include is asked for once
    for record in plan.records:
        name, text = str(record.name), str(record.values[0])
        if record.type == "TXT" and name in plan.settings.domains and policy_records.kind(name, text) == "spf":
            budget = spf_budget.check(name, text, lookup)
            for sentence in (*budget.problems, *budget.warnings, *budget.unknown):
                pulumi.log.warn(f"the SPF record of {name}: {sentence}", component)


class Warnings:
    """The plan's own warnings, and questions that are put to DNS while the program goes on."""

    def __init__(self, plan: Plan, zones: HostedZones) -> None:
        """Ask whom the zones are delegated to, and whether DMARC reports may be sent where they are wanted."""
        self._planned = [str(finding) for finding in plan.findings if finding.level == "warning"]
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._answers = [self._pool.submit(_delegation_fault, zone, zones.servers(zone)) for zone in plan.zones]
        self._answers += [
            self._pool.submit(_report_fault, domain, name) for domain, name in foreign_reports(plan.settings)
        ]

    def show(self, component: pulumi.Resource) -> None:
        """Warn of what the plan says, zones that are delegated elsewhere, and addresses that may not be written to.

        What DNS has not answered yet is warned of when it has: nothing is held up, and the run ends after it.
        """

        def warn(sentences: Sequence[str | None]) -> None:
            for sentence in filter(None, sentences):
                pulumi.log.warn(sentence, component)

        warn(self._planned)
        pulumi.Output.all(*map(asyncio.wrap_future, self._answers)).apply(warn)
        self._pool.shutdown(wait=False)


def _delegation_fault(zone: str, servers: Sequence[str]) -> str | None:
    return visible.delegation_fault(zone, servers, live.delegation)


def _report_fault(domain: str, name: str) -> str | None:
    try:
        texts: Sequence[str] = live.lookup(name, "TXT")
    except DnsError:
        return None  # not known, and no reason to hold anything up
    if any(policy_records.kind(name, text) for text in texts):
        return None
    target = name.partition("._report._dmarc.")[2]
    return (
        f"DMARC reports about {domain} to addresses at {target} are not sent by receivers: {target} must publish "
        f'TXT {name} "v=DMARC1;" (RFC 9990 section 4); ask whoever runs its DNS'
    )
