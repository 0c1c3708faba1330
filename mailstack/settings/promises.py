"""Contradictions between what a domain promises other servers and what its settings make of it."""

from __future__ import annotations

from mailstack.dns import records
from mailstack.settings.model import DmarcSettings, Domain, Settings
from mailstack.settings.problems import Problems, key_path

_ENFORCED = ("quarantine", "reject")


def check(domain: Domain, settings: Settings, problems: Problems) -> None:
    """Note what of a managed domain's BIMI, MTA-STS and further records cannot hold."""
    if not domain.manage:
        return
    _bimi(domain, settings, problems)
    _mta_sts(domain, problems)
    _further_records(domain, settings, problems)


def _bimi(domain: Domain, settings: Settings, problems: Problems) -> None:
    """Refuse a logo that nobody would show: each policy that covers the domain must be enforced, for subdomains too."""
    if domain.bimi is None:
        return
    above = [one for one in settings.domains.values() if one.manage and domain.name.endswith(f".{one.name}")]
    stated = [(one, one.dmarc) for one in (domain, *above) if isinstance(one.dmarc, DmarcSettings)]
    at = key_path("domains", domain.name, "bimi")
    if not stated:
        problems.add(
            at,
            f"needs a DMARC policy of quarantine or reject, and no domain of this stack states one for {domain.name}; "
            "write it under dmarc, or remove bimi",
        )
    for one, policy in stated:
        if fault := _not_enforced(policy):
            problems.add(
                at,
                f"needs DMARC to be enforced, and {key_path('domains', one.name, 'dmarc')} has {fault}; "
                "logos are shown only with quarantine or reject, subdomains included, and without testing",
            )


def _not_enforced(policy: DmarcSettings) -> str:
    if policy.policy not in _ENFORCED:
        return f"policy {policy.policy}"
    if policy.subdomain_policy not in (None, *_ENFORCED):
        return f"subdomainPolicy {policy.subdomain_policy}"
    return "testing: true" if policy.testing else ""


def _mta_sts(domain: Domain, problems: Problems) -> None:
    """Refuse a policy that names no host, or not the one that takes the domain's mail."""
    if domain.mta_sts is None or domain.mta_sts.mode == "none":
        return
    at = ("domains", domain.name, "mtaSts")
    if not domain.sends and domain.inbound is None:
        problems.add(
            key_path(*at),
            f"is about mail to {domain.name}, which takes none: sends: false publishes a null MX; remove mtaSts, or "
            "set inbound to a route or to off",
        )
    elif not domain.mta_sts.mx and not domain.inbound_host:
        problems.add(
            key_path(*at, "mx"),
            f"is missing: write the hosts that take mail for {domain.name}, as its MX records name them, or set "
            "inbound",
        )
    elif domain.inbound_host and (policy := domain.mta_sts_policy()) and not policy.allows(domain.inbound_host):
        problems.add(
            key_path(*at, "mx"),
            f"does not name {domain.inbound_host}, where inbound sends the domain's mail, so that mail would be lost; "
            "add it, or leave mx out",
        )


def _further_records(domain: Domain, settings: Settings, problems: Problems) -> None:
    for index, record in enumerate(domain.records.also):
        if records.longest_zone(record.name, settings.dns) is None:
            problems.add(
                key_path("domains", domain.name, "records", "also", index, "name"),
                f"{record.name} is in no zone of mailstack:dns ({', '.join(settings.dns) or 'it is empty'}); write @ "
                f"for {domain.name} itself, one label for a name below it, or a whole name in one of these zones",
            )
