"""What live DNS says about a plan before anything is made; what it does not answer holds nothing up."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pulumi

from components import domain_records
from components.dns_records import Place, Places, name_servers
from components.planned import PlannedRecord
from mailstack.errors import DnsError
from mailstack.mail import spf_budget
from mailstack.mail.policy_records import kind
from mailstack.settings import Settings
from providers.dns import live, visible

_AT_ONCE = 8  # questions


def check_spf(component: pulumi.Resource, settings: Settings, planned: Sequence[PlannedRecord]) -> None:
    """Refuse an SPF record at a From domain that costs more look-ups than receivers make; raises SpfError.

    The records of return paths are the provider's own and cost what it makes them cost.
    """
    lookup = cache(live.lookup)  # what many records include is asked for once
    for record in planned:
        text = str(record.values[0]) if record.values else ""
        if record.type == "TXT" and record.name in settings.domains and kind(str(record.name), text) == "spf":
            budget = spf_budget.check(str(record.name), text, lookup)
            for sentence in (*budget.problems, *budget.warnings, *budget.unknown):
                pulumi.log.warn(f"the SPF record of {record.name}: {sentence}", component)


class Warnings:
    """Questions that are put to DNS while the program goes on, and what is warned of when they are answered."""

    def __init__(self, settings: Settings, places: Places) -> None:
        """Ask whom the zones are delegated to, and whether DMARC reports may be sent where they are wanted."""
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._answers = [self._pool.submit(_delegation_fault, zone, at) for zone, at in places.items()]
        self._answers += [
            self._pool.submit(_report_fault, domain, name) for domain, name in domain_records.foreign_reports(settings)
        ]

    def show(self, component: pulumi.Resource) -> None:
        """Warn of zones that are delegated elsewhere, and of addresses that may not be written to."""
        for answer in self._answers:
            if sentence := answer.result():
                pulumi.log.warn(sentence, component)
        self._pool.shutdown()


def _delegation_fault(zone: str, at: Sequence[Place]) -> str | None:
    return visible.delegation_fault(zone, name_servers(at), live.delegation)


def _report_fault(domain: str, name: str) -> str | None:
    try:
        texts: Sequence[str] = live.lookup(name, "TXT")
    except DnsError:
        return None  # not known, and no reason to hold anything up
    if any(kind(name, text) == "dmarc-report" for text in texts):
        return None
    target = name.partition("._report._dmarc.")[2]
    return (
        f"DMARC reports about {domain} to addresses at {target} are not sent by receivers: {target} must publish "
        f'TXT {name} "v=DMARC1;" (RFC 9990 section 4); ask whoever runs its DNS'
    )
