"""Mistakes that no single key shows: what contradicts something else in the same settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mailstack.catalog import Catalog, SmtpProvider
from mailstack.dns import records
from mailstack.errors import RecordError, SpfError
from mailstack.mail import dmarc
from mailstack.paths import key_path
from mailstack.settings.fields import shown
from mailstack.settings.model import DmarcSettings, Domain, Settings, SpfSettings
from mailstack.settings.problems import Problems, listed
from mailstack.settings.vendors import check_zone_access

# Keys that say what is made for a domain, so that they mean nothing for one that is only referenced.
_OF_MANAGED = ("dmarc", "spf", "dkim", "bimi", "inbound", "mtaSts", "tlsRpt", "records", "ttl", "wait", "waitMinutes")
_ENFORCED = ("quarantine", "reject")


def check(
    settings: Settings, catalog: Catalog, problems: Problems, *, written: Mapping[str, Any], stack_region: str | None
) -> None:
    """Note every contradiction.

    written: what the settings say of each domain without the defaults; a domain that only a sender names is not in it.
    """
    if not settings.senders and not settings.domains:
        problems.add(
            key_path("senders"),
            "is empty and there are no domains either; write a sender such as {notify: {domain: notify.example.com}}",
        )
    policies = _policies(settings)
    for domain in settings.domains.values():
        for place, sentence in _contradictions(domain, written.get(domain.name) or {}):
            problems.add(key_path("domains", domain.name, *place), sentence)
        _zone(domain, settings, written, catalog, problems)
        if domain.sends:
            _routes(domain, catalog, stack_region, problems)
            _dkim(domain, catalog, problems)
        _return_paths(domain, settings, problems)
        _dmarc(domain, policies, problems)
        _spf(domain, catalog, problems)
        if domain.manage:
            _bimi(domain, settings, problems)
            _mta_sts(domain, problems)
            _further_records(domain, settings, problems)
    _senders(settings, catalog, problems)
    _logins(settings, problems)
    check_zone_access(settings.dns, settings.secrets.dns, catalog, problems)
    _renames(settings, problems)


def _contradictions(domain: Domain, written: Mapping[str, Any]) -> Iterable[tuple[tuple[str, ...], str]]:
    """Tell what was written for a domain that does not need it: one that does not send, or that others manage."""
    if not domain.manage:
        for key in _OF_MANAGED:
            if written.get(key) not in (None, False, "off", {}):
                yield (key,), "is of no use, since manage: false leaves the domain to others; remove one of the two"
    if domain.sends:
        return
    why = f"{domain.name} has sends: false"
    if not domain.manage:
        yield ("sends",), "is false, but manage: false leaves the domain's records to others; remove one of the two"
    if set(written.get("routes") or ()) - {domain.inbound}:
        yield ("routes",), f"is not for a domain that does not send: {why}; remove one of the two"
    for key in ("dkim", "bimi"):
        if written.get(key):
            yield (key,), f"is about mail from the domain, but {why}; remove one of the two"
    if isinstance(spf := written.get("spf"), Mapping) and spf.get("also"):
        yield ("spf", "also"), f"lets others send, but {why}; remove one of the two"
    if isinstance(dmarc := written.get("dmarc"), Mapping):
        for key in ("policy", "testing"):
            if dmarc.get(key) not in (None, False, "reject"):
                yield (
                    ("dmarc", key),
                    f"is {str(dmarc[key]).lower()}, but {why}, and its policy is reject; remove {key}, or set "
                    "dmarc: off to leave the record to others",
                )


def _zone(domain: Domain, settings: Settings, written: Collection[str], catalog: Catalog, problems: Problems) -> None:
    if not domain.manage or records.longest_zone(domain.name, settings.dns):
        return
    zones = f"mailstack:dns has {', '.join(settings.dns)}" if settings.dns else "mailstack:dns is empty"
    named_by = next((key for key, sender in settings.senders.items() if sender.domain == domain.name), "")
    problems.add(
        key_path("domains", domain.name) if domain.name in written else key_path("senders", named_by, "domain"),
        f"no zone contains {domain.name} ({zones}); add its zone as {{host: {next(iter(catalog.hosts))}}} to"
        " mailstack:dns, or set manage: false",
    )


def _routes(domain: Domain, catalog: Catalog, stack_region: str | None, problems: Problems) -> None:
    """Check region and port of each route, and what its provider does not allow."""
    if not domain.routes:
        example = next(iter(catalog.providers))
        problems.add(
            key_path("domains", domain.name, "routes"),
            f"is empty; write a route such as {{main: {{provider: {example}}}}}",
        )
    seen: dict[tuple[str, str], str] = {}
    for name, route in domain.routes.items():
        at, provider = ("domains", domain.name, "routes", name), catalog.providers[route.provider]
        if provider.has_regions and not route.region:
            problems.add(key_path(*at, "region"), "is missing and the stack has no aws:region; set one of the two")
            continue
        if route.port not in provider.ports:
            problems.add(key_path(*at, "port"), _other_port(provider, route.port))
        found = list(provider.problems(domain, route))
        for problem in found:
            of_stack = problem.at == ("region",) and route.region == stack_region
            problems.add("aws:region" if of_stack else key_path(*at, *problem.at), problem.sentence)
        if any(problem.at == ("region",) for problem in found):
            continue
        other = seen.setdefault((route.provider, route.region), name)
        if other != name:
            where = f"{route.provider} in {route.region}" if route.region else route.provider
            problems.add(
                key_path(*at, "region" if route.region else "provider"),
                f"routes {other} and {name} of {domain.name} are both {where};"
                f" give one of them another {'region' if route.region else 'provider'} or remove it",
            )


def _other_port(provider: SmtpProvider, port: int) -> str:
    words = {"starttls": "STARTTLS", "tls": "TLS", "none": "no encryption"}
    ways = [
        f"{listed(str(each) for each, used in provider.ports.items() if used == way)} for {words[way]}"
        for way in dict.fromkeys(provider.ports.values())
    ]
    return f"{provider.title} does not listen on port {port}; use {', '.join(ways)}"


def _dkim(domain: Domain, catalog: Catalog, problems: Problems) -> None:
    """Refuse a key of the domain's own that the provider of a route does not sign with."""
    for name, route in domain.routes.items() if domain.dkim.kind == "own" else ():
        provider = catalog.providers[route.provider]
        if domain.dkim.algorithm in provider.dkim_algorithms:
            continue
        if provider.dkim_algorithms:
            signs = f"{provider.title} signs with {listed(provider.dkim_algorithms, 'and')} keys only"
            remedy = f"write algorithm: {listed(provider.dkim_algorithms)}"
        else:
            signs, remedy = f"{provider.title} signs with keys of its own only", "remove kind: own"
        problems.add(
            key_path("domains", domain.name, "dkim", "algorithm"),
            f"is {domain.dkim.algorithm}, but route {name} goes through {route.provider}, and {signs}; {remedy}",
        )


def _return_paths(domain: Domain, settings: Settings, problems: Problems) -> None:
    """Check that each return path is strictly below the domain and belongs to one route (SES wants exactly one MX)."""
    seen: dict[str, str] = {}
    for name, route in domain.routes.items():
        at = key_path("domains", domain.name, "routes", name, "returnPath")
        try:
            full = records.domain_name(route.mail_from(domain.name))
        except RecordError as error:
            problems.add(at, str(error))
            continue
        if full == domain.name:
            problems.add(at, f"{full} is the domain {domain.name} itself; write a name below it, such as bounce")
        elif not full.endswith(f".{domain.name}"):
            problems.add(
                at,
                f"{full} is not below the domain {domain.name}; write one label, such as bounce, or a full name that"
                f" ends in .{domain.name}",
            )
        elif full in seen:
            problems.add(
                at,
                f"routes {seen[full]} and {name} of {domain.name} share the return path {full};"
                f" give one of them its own, such as returnPath: bounce-{name}",
            )
        elif full in settings.domains:
            problems.add(
                at,
                f"{full} is also a domain that mail is from, and a return path is used for nothing else;"
                " choose another name, such as bounces",
            )
        seen.setdefault(full, name)


def _policies(settings: Settings) -> dict[str, list[str]]:
    """Return the DMARC records that this stack publishes, by name."""
    return {
        f"_dmarc.{domain.name}": [str(domain.dmarc.to_record())]
        for domain in settings.domains.values()
        if domain.manage and isinstance(domain.dmarc, DmarcSettings)
    }


def _dmarc(domain: Domain, policies: Mapping[str, list[str]], problems: Problems) -> None:
    """Refuse a policy weaker than the one that a parent domain of the same stack already gives this domain."""
    if not domain.manage or not isinstance(domain.dmarc, DmarcSettings):
        return
    covering = dmarc.covering(domain.name, lambda name: policies.get(name, []))
    if covering and dmarc.weaker(domain.dmarc.policy, than=covering[2]):
        problems.add(
            key_path("domains", domain.name, "dmarc"),
            f"policy {domain.dmarc.policy} is weaker than {covering[2]}, which {domain.name} has from {covering[0]};"
            " set dmarc: off (it is covered already) or a policy at least as strict",
        )


def _spf(domain: Domain, catalog: Catalog, problems: Problems) -> None:
    if not isinstance(domain.spf, SpfSettings):
        return
    try:
        domain.spf_record(*(catalog.providers[route.provider].spf for route in domain.routes.values()))
    except SpfError as error:
        problems.add(key_path("domains", domain.name, "spf", "also"), str(error))


def _senders(settings: Settings, catalog: Catalog, problems: Problems) -> None:
    """Refuse a sender on a domain that must not send, and what the provider of its route does not allow."""
    for key, sender in settings.senders.items():
        domain = settings.domains[sender.domain]
        if not domain.sends:
            problems.add(
                key_path("senders", key, "domain"),
                f"{sender.domain} has sends: false; choose another domain, or remove sends: false there",
            )
        elif route := domain.routes.get(sender.via):
            for problem in catalog.providers[route.provider].sender_problems(sender, domain, route):
                problems.add(key_path("senders", key, *problem.at), problem.sentence)


def _logins(settings: Settings, problems: Problems) -> None:
    """Check that the given logins and the senders that want one are the same."""
    for key, sender in settings.senders.items():
        if sender.login == "given" and key not in settings.secrets.senders:
            problems.add(
                key_path("senders", key, "login"),
                f"is given, but mailstack:secrets has no login for {key}; set one with pulumi config set --secret"
                f" --path '{key_path('secrets', 'senders', key, 'username')}' and .password, or write login: create",
            )
    for key in settings.secrets.senders:
        if key not in settings.senders:
            known = f"senders: {', '.join(settings.senders)}" if settings.senders else "there are no senders"
            problems.add(
                key_path("secrets", "senders", key),
                f"there is no sender {shown(key)} ({known}); rename or remove the secret",
            )
        elif settings.senders[key].login != "given":
            problems.add(
                key_path("secrets", "senders", key),
                f"is not used, because login of sender {key} is {settings.senders[key].login};"
                " write login: given, or remove the secret",
            )


def _renames(settings: Settings, problems: Problems) -> None:
    """Refuse a former name that is still in use or is named twice."""
    seen: dict[str, str] = {}
    for key, sender in settings.senders.items():
        if sender.was is None:
            continue
        path = key_path("senders", key, "was")
        if sender.was in settings.senders:
            problems.add(
                path, f"{sender.was} is still in use; `was` must name a key that is gone; remove one of the two"
            )
        elif sender.was in seen:
            problems.add(path, f"{sender.was} is already the former name of {seen[sender.was]}")
        seen.setdefault(sender.was, key)


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
    if domain.mta_sts is None:
        return
    at = ("domains", domain.name, "mtaSts")
    if domain.mta_sts.host == f"mta-sts.{domain.name}":
        problems.add(
            key_path(*at, "host"),
            f"is {domain.mta_sts.host}, the name that is to point to it; write the host behind it, or leave host out",
        )
    if domain.mta_sts.mode == "none":
        return
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
