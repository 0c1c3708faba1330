"""Mistakes that no single key shows: what contradicts something else in the same settings."""

from __future__ import annotations

from collections.abc import Collection

from mailstack import ses
from mailstack.dns import records
from mailstack.errors import InvalidValue, RecordError, SpfError
from mailstack.mail import dmarc
from mailstack.settings import promises
from mailstack.settings.fields import shown
from mailstack.settings.model import DmarcSettings, Domain, Settings, SpfSettings
from mailstack.settings.problems import Problems, key_path


def check(settings: Settings, problems: Problems, *, listed: Collection[str], stack_region: str | None) -> None:
    """Note every contradiction; listed are the domains that were written out, not only named by a sender."""
    if not settings.senders and not settings.domains:
        problems.add(
            key_path("senders"),
            "is empty and there are no domains either; write a sender such as {notify: {domain: notify.example.com}}",
        )
    for domain in settings.domains.values():
        _zone(domain, settings, listed, problems)
        if domain.sends:
            _routes(domain, stack_region, problems)
        _return_paths(domain, settings, problems)
        _dmarc(domain, settings, problems)
        _spf(domain, problems)
        promises.check(domain, settings, problems)
    _no_mail(settings, problems)
    _logins(settings, problems)
    _host_secrets(settings, problems)
    _renames(settings, problems)


def _zone(domain: Domain, settings: Settings, listed: Collection[str], problems: Problems) -> None:
    if not domain.manage or records.longest_zone(domain.name, settings.dns):
        return
    zones = f"mailstack:dns has {', '.join(settings.dns)}" if settings.dns else "mailstack:dns is empty"
    named_by = next((key for key, sender in settings.senders.items() if sender.domain == domain.name), "")
    problems.add(
        key_path("domains", domain.name) if domain.name in listed else key_path("senders", named_by, "domain"),
        f"no zone contains {domain.name} ({zones}); add its zone as {{host: cloudflare}} to mailstack:dns,"
        " or set manage: false",
    )


def _routes(domain: Domain, stack_region: str | None, problems: Problems) -> None:
    """Check provider, region and port of each route."""
    if not domain.routes:
        problems.add(
            key_path("domains", domain.name, "routes"), "is empty; write a route such as {main: {provider: ses}}"
        )
    seen: dict[tuple[str, str], str] = {}
    for name, route in domain.routes.items():
        at = ("domains", domain.name, "routes", name)
        if not route.region:
            problems.add(key_path(*at, "region"), "is missing and the stack has no aws:region; set one of the two")
            continue
        try:
            ses.smtp_host(route.region)
        except InvalidValue as error:
            problems.add("aws:region" if route.region == stack_region else key_path(*at, "region"), str(error))
            continue
        if route.ses.fips:
            try:
                ses.smtp_host(route.region, fips=True)
            except InvalidValue as error:
                problems.add(key_path(*at, "ses", "fips"), str(error))
        try:
            ses.smtp_security(route.port)
        except InvalidValue as error:
            problems.add(key_path(*at, "port"), str(error))
        other = seen.setdefault((route.provider, route.region), name)
        if other != name:
            problems.add(
                key_path(*at, "region"),
                f"routes {other} and {name} of {domain.name} are both {route.provider} in {route.region};"
                " give one of them another region or remove it",
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
                f"{full} is also a domain that mail is from, and SES wants a return path that is used for nothing else;"
                " choose another name, such as bounces",
            )
        seen.setdefault(full, name)


def _dmarc(domain: Domain, settings: Settings, problems: Problems) -> None:
    """Refuse a policy weaker than the one that a parent domain of the same stack already gives this domain."""
    if not domain.manage or not isinstance(domain.dmarc, DmarcSettings):
        return
    published = {
        f"_dmarc.{each.name}": str(each.dmarc.to_record())
        for each in settings.domains.values()
        if each.manage and isinstance(each.dmarc, DmarcSettings)
    }
    covering = dmarc.covering(domain.name, lambda name: [published[name]] if name in published else [])
    if covering and dmarc.weaker(domain.dmarc.policy, than=covering[2]):
        problems.add(
            key_path("domains", domain.name, "dmarc"),
            f"policy {domain.dmarc.policy} is weaker than {covering[2]}, which {domain.name} has from {covering[0]};"
            " set dmarc: off (it is covered already) or a policy at least as strict",
        )


def _spf(domain: Domain, problems: Problems) -> None:
    if not isinstance(domain.spf, SpfSettings):
        return
    try:
        domain.spf_record()
    except SpfError as error:
        problems.add(key_path("domains", domain.name, "spf", "also"), str(error))


def _no_mail(settings: Settings, problems: Problems) -> None:
    """Refuse a sender on a domain that must not send."""
    for key, sender in settings.senders.items():
        if not settings.domains[sender.domain].sends:
            problems.add(
                key_path("senders", key, "domain"),
                f"{sender.domain} has sends: false; choose another domain, or remove sends: false there",
            )


def _logins(settings: Settings, problems: Problems) -> None:
    """Check that the given logins and the senders that want one are the same."""
    for key, sender in settings.senders.items():
        if sender.login == "given" and key not in settings.secrets:
            problems.add(
                key_path("senders", key, "login"),
                f"is given, but mailstack:secrets has no login for {key}; set one with pulumi config set --secret"
                f" --path 'mailstack:secrets.{key}.username' and .password, or write login: create",
            )
    for key in settings.secrets:
        if key not in settings.senders:
            known = f"senders: {', '.join(settings.senders)}" if settings.senders else "there are no senders"
            problems.add(
                key_path("secrets", key), f"there is no sender {shown(key)} ({known}); rename or remove the secret"
            )
        elif settings.senders[key].login != "given":
            problems.add(
                key_path("secrets", key),
                f"is not used, because login of sender {key} is {settings.senders[key].login};"
                " write login: given, or remove the secret",
            )


def _host_secrets(settings: Settings, problems: Problems) -> None:
    """Check that the secrets of DNS hosts and the zones that need one are the same."""
    wanted = {zone: host for zone, found in settings.dns.items() for host in found.served_by if host.host == "rfc2136"}
    for zone, host in wanted.items():
        given = settings.keyring.get(zone)
        if host.key and (given is None or given.tsig_secret is None):
            problems.add(
                key_path("dns", zone, "key"),
                f"is {host.key}, but mailstack:secrets has no secret for it; set it with pulumi config set --secret"
                f""" --path '{key_path("secrets", zone, "tsigSecret")}'""",
            )
        elif given is not None and given.tsig_secret is not None and not host.key:
            problems.add(key_path("dns", zone), "has a TSIG secret but no key; write the key's name: key: mailstack")
    for zone, given in settings.keyring.items():
        hosts = [host.host for host in settings.dns[zone].served_by] if zone in settings.dns else []
        user = "rfc2136" if given.tsig_secret is not None else "lexicon"
        if user not in hosts:
            found = f"its host is {' and '.join(hosts)}" if hosts else "mailstack:dns has no such zone"
            problems.add(
                key_path("secrets", zone), f"is a secret of the host {user}, but {found}; rename or remove the secret"
            )


def _renames(settings: Settings, problems: Problems) -> None:
    """Refuse a former name that is still in use or stands twice."""
    seen: dict[str, str] = {}
    for key, sender in settings.senders.items():
        if sender.was is None:
            continue
        path = key_path("senders", key, "was")
        if sender.was in settings.senders:
            problems.add(path, f"{sender.was} is still in use; was names a key that is gone")
        elif sender.was in seen:
            problems.add(path, f"{sender.was} is already the former name of {seen[sender.was]}")
        seen.setdefault(sender.was, key)
