"""What live DNS says about a plan before anything is made; what it does not answer holds nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

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


def warn(component: pulumi.Resource, plan: Plan, zones: HostedZones) -> None:
    """Warn of what the plan says, zones that are delegated elsewhere, and addresses that may not be written to.

    DNS is asked once the program has declared everything, and nothing waits for its answers but the end of the run.
    """

    def show(sentences: Iterable[str | None]) -> None:
        for sentence in filter(None, sentences):
            pulumi.log.warn(sentence, component)

    show(str(finding) for finding in plan.findings if finding.level == "warning")
    threads = ThreadPoolExecutor(_AT_ONCE)

    async def ask(function: Callable[..., str | None], *arguments: Any) -> str | None:
        return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)

    questions = [
        *(ask(_delegation_fault, zone, zones.servers(zone)) for zone in plan.zones),
        *(ask(_report_fault, domain, name) for domain, name in foreign_reports(plan.settings)),
    ]
    pulumi.Output.all(*questions).apply(show)


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
