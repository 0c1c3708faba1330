"""Settings from the configuration of a stack."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mailstack.catalog import Catalog
from mailstack.paths import Part, key_path
from mailstack.settings import cross_checks, fields
from mailstack.settings.derive import completed, with_whole_names
from mailstack.settings.merge import merged, without_empty
from mailstack.settings.model import Domain, DomainKeys, From, Login, Route, Secrets, Sender, SenderKeys, Settings
from mailstack.settings.problems import Problems, nearest, unknown_key
from mailstack.settings.text import readable
from mailstack.settings.vendors import (
    merged_routes,
    read_provider_secrets,
    read_route,
    read_zone,
    read_zone_secrets,
)
from mailstack.settings.zones import Zone

MAPPINGS = ("dns", "domains", "senders", "defaults", "secrets")
KEYS = ("stage", "formerly", *MAPPINGS)
# https://www.pulumi.com/docs/iac/concepts/stacks/: letters, digits, hyphens, underscores and periods.
_FORMERLY = re.compile(r"([\w.-]+/[\w.-]+/)?[\w.-]+", re.ASCII)


def load(
    config: Mapping[str, Any],
    catalog: Catalog,
    *,
    aws_region: str | None = None,
    secret_keys: Collection[str] = (),
    plain_secrets: Collection[str] = (),
) -> Settings:
    """Return the settings that a stack's configuration states, complete.

    config: the values of the keys under mailstack: as parsed JSON. catalog: the vendors that they may name.
    aws_region: that of aws:region. secret_keys: names of the keys that hold encrypted values. plain_secrets: what
    `stack_file.plain_secrets` lists. Raises SettingsError, one mistake on a line.
    """
    problems = Problems(config.get("secrets"))
    check_secret_keys(secret_keys)
    config = readable(config, problems)
    raw = {key: _mapping(key, config.get(key), problems) for key in MAPPINGS}
    problems.raise_if_any()
    region, zones = aws_region, _by_domain(("dns",), raw["dns"], problems)
    domain_defaults, sender_defaults = _defaults(raw["defaults"], region, catalog, problems)
    problems.raise_if_any()

    for key in config:
        if key not in KEYS:
            problems.add(key_path(key), unknown_key(key, KEYS))
    for path in plain_secrets:
        _refuse_plain(path, problems)
    written = _by_domain(("domains",), raw["domains"], problems)
    senders = _senders(raw["senders"], sender_defaults, problems)
    if "senders" in config and config["senders"] is None:
        problems.add(
            key_path("senders"),
            "is written without a value, which would delete every login; write the senders, or {} for none",
        )
    unlisted: dict[str, Any] = {sender.domain: {} for sender in senders.values() if sender.domain not in written}
    dns = _zones(zones, catalog, problems)
    domains = _domains({**written, **unlisted}, domain_defaults, region, zones, catalog, problems)
    settings = Settings(
        stage=_stage(config.get("stage"), problems),
        formerly=_formerly(config.get("formerly"), problems),
        dns=dns,
        domains=domains,
        senders=senders,
        secrets=_secrets(raw["secrets"], dns, domains, senders, catalog, problems),
    )
    problems.raise_if_any()
    settings = _resolved(settings, problems)
    cross_checks.check(settings, catalog, problems, written=written, stack_region=aws_region)
    problems.raise_if_any()
    return settings


def check_secret_keys(secret_keys: Collection[str]) -> None:
    """Refuse encrypted values outside mailstack:secrets, before anything that quotes values looks at them.

    secret_keys are names such as senders, without the project. Raise SettingsError.
    """
    problems = Problems()
    for key in sorted(set(secret_keys) - {"secrets"}):
        problems.add(
            key_path(key),
            "holds a secret outside mailstack:secrets; move it there"
            " (pulumi config set --secret --path 'mailstack:secrets.senders.<sender>.password')",
        )
    problems.raise_if_any()


def _refuse_plain(path: str, problems: Problems) -> None:
    whole = f"{key_path('secrets')}{path}"
    problems.add(
        whole,
        "is not encrypted in the stack's file; replace it, since others may have read it, and set the new one with "
        f"pulumi config set --secret --path '{whole}'",
    )


def _mapping(key: str, value: Any, problems: Problems) -> dict[str, Any]:
    """Return the mapping under a key, an empty one where there is none."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    given = "" if key == "secrets" else f", not {fields.shown(value)}"
    problems.add(key_path(key), f"must be a mapping{given}")
    return {}


def _stage(value: Any, problems: Problems) -> str | None:
    if value is None or (isinstance(value, str) and fields.LABEL.fullmatch(value)):
        return value
    problems.add(
        key_path("stage"),
        "must be a short label of lower-case letters, digits and inner hyphens, such as prod,"
        f" not {fields.shown(value)}",
    )
    return None


def _formerly(value: Any, problems: Problems) -> str | None:
    if value is None or (isinstance(value, str) and _FORMERLY.fullmatch(value)):
        return value
    problems.add(
        key_path("formerly"),
        "must be the name that this stack had before, such as prod or <organization>/<project>/prod,"
        f" not {fields.shown(value)}",
    )
    return None


def _defaults(
    raw: dict[str, Any], region: str | None, catalog: Catalog, problems: Problems
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the defaults into those of a domain and those of a sender, each checked where it was written."""
    domain_keys = [field.alias or "" for field in DomainKeys.model_fields.values()]
    sender_keys = [field.alias or "" for name, field in SenderKeys.model_fields.items() if name != "was"]
    for key in raw:
        if key not in domain_keys and key not in sender_keys:
            problems.add(key_path("defaults", key), unknown_key(key, domain_keys + sender_keys))
    of_domain = {key: value for key, value in raw.items() if key in domain_keys}
    of_sender = {key: value for key, value in raw.items() if key in sender_keys}
    keys = _with_routes(without_empty(of_domain), ("defaults",), region, catalog, problems)
    problems.check(DomainKeys, with_whole_names(keys, "example.com", ()), "defaults")
    # The domain is the one key that a sender must have; as a default it may be absent.
    problems.check(SenderKeys, {"domain": "example.com", **without_empty(of_sender)}, "defaults")
    return of_domain, of_sender


def _by_domain(at: tuple[str, ...], raw: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Return a mapping by domain name in its one spelling."""
    found: dict[str, Any] = {}
    for written, value in raw.items():
        try:
            name = fields.domain(written)
        except ValueError as error:
            problems.add(key_path(*at, written), str(error))
            continue
        if name in found:
            problems.add(key_path(*at, written), f"{name} is written here twice; keep one")
        found[name] = {} if value is None else value
    return found


def _zones(raw: dict[str, Any], catalog: Catalog, problems: Problems) -> dict[str, Zone]:
    found = {name: read_zone(without_empty(value), name, catalog, problems) for name, value in raw.items()}
    return {name: zone for name, zone in found.items() if zone is not None}


def _domains(
    raw: dict[str, Any],
    defaults: dict[str, Any],
    region: str | None,
    zones: Iterable[str],
    catalog: Catalog,
    problems: Problems,
) -> dict[str, Domain]:
    domains: dict[str, Domain] = {}
    for name, value in raw.items():
        at = ("domains", name)
        keys = merged(defaults, value)
        if isinstance(keys, Mapping):
            routes = merged_routes(defaults.get("routes"), value.get("routes"), at, catalog, problems)
            keys = _with_routes({**without_empty(keys), "routes": routes}, at, region, catalog, problems)
        keys = with_whole_names(keys, name, zones)
        if problems.check(DomainKeys, keys, *at):
            domains[name] = completed(name, keys, catalog, problems)
    return domains


def _with_routes(
    keys: dict[str, Any], at: tuple[Part, ...], region: str | None, catalog: Catalog, problems: Problems
) -> dict[str, Any]:
    """Return a domain's keys with its routes read; one with a mistake is left out, since that is noted already."""
    if not isinstance(routes := keys.get("routes"), Mapping):
        return keys
    read: dict[str, Route] = {}
    for name, written in routes.items():
        route = read_route(
            without_empty({} if written is None else written), (*at, "routes", name), region, catalog, problems
        )
        read |= {name: route} if route else {}
    return {**keys, "routes": read}


def _senders(raw: dict[str, Any], defaults: dict[str, Any], problems: Problems) -> dict[str, Sender]:
    senders: dict[str, Sender] = {}
    for key, value in raw.items():
        if not fields.LABEL.fullmatch(key):
            problems.add(
                key_path("senders", key),
                "the key of a sender is 1 to 32 lower-case letters, digits and inner hyphens, such as notify-eu",
            )
            continue
        keys = without_empty(merged(defaults, {} if value is None else value))
        if problems.check(SenderKeys, keys, "senders", key):
            senders[key] = Sender.model_validate({**keys, "key": key})
    return senders


def _secrets(
    raw: dict[str, Any],
    zones: Mapping[str, Zone],
    domains: Mapping[str, Domain],
    senders: Collection[str],
    catalog: Catalog,
    problems: Problems,
) -> Secrets:
    allowed = [field.alias or "" for field in Secrets.model_fields.values()]
    for key in raw.keys() - set(allowed):
        if key in senders:
            problems.add(key_path("secrets", key), f"belongs under {key_path('secrets', 'senders', key)}")
        elif nearest(key, allowed):
            problems.add(key_path("secrets", key), unknown_key(key, allowed))
        else:  # it may be a secret that got before the colon
            problems.add(key_path("secrets"), f"holds an unknown key (allowed: {', '.join(allowed)})")
    parts: dict[str, dict[str, Any]] = {}
    for key in allowed:
        value = without_empty(raw.get(key)) or {}
        if not isinstance(value, Mapping):
            problems.add(key_path("secrets", key), "must be a mapping")
        parts[key] = dict(value) if isinstance(value, Mapping) else {}
    logins = {
        key: problems.check(Login, value, "secrets", "senders", key, quiet=True)
        for key, value in parts["senders"].items()
    }
    of_zones = _by_domain(("secrets", "dns"), parts["dns"], problems)
    used = {route.provider for domain in domains.values() for route in domain.routes.values()}
    return Secrets(
        senders={key: login for key, login in logins.items() if login is not None},
        dns={
            name: read_zone_secrets(value, name, zones.get(name), catalog, problems) for name, value in of_zones.items()
        },
        providers=read_provider_secrets(parts["providers"], used, catalog, problems),
    )


def _resolved(settings: Settings, problems: Problems) -> Settings:
    """Return the settings with the route and the whole addresses of every sender."""
    senders = {
        key: sender.model_copy(
            update={
                "via": _via(sender, settings.domains[sender.domain], problems),
                "from_": From.model_validate(
                    {**sender.from_.model_dump(), "address": _whole(sender.from_.address or key, sender, problems)}
                ),
                "send_as": tuple(
                    _whole(pattern, sender, problems, "sendAs", index) for index, pattern in enumerate(sender.send_as)
                ),
            }
        )
        for key, sender in settings.senders.items()
    }
    return settings.model_copy(update={"senders": senders})


def _via(sender: Sender, domain: Domain, problems: Problems) -> str:
    """Return the route of a sender; where the domain has one, it need not be named."""
    if sender.via in domain.routes or not domain.sends:  # a sender on a domain that does not send is told later
        return sender.via
    at, routes = key_path("senders", sender.key, "via"), ", ".join(domain.routes)
    if sender.via:
        problems.add(at, f"{fields.shown(sender.via)} is no route of {domain.name}; it has {routes}")
    elif len(domain.routes) > 1:
        problems.add(at, f"is missing and {domain.name} has several routes; choose one of {routes}")
    return next(iter(domain.routes), "")


def _whole(address: str, sender: Sender, problems: Problems, *at: str | int) -> str:
    """Return an address of a sender with its domain; one on another domain is a mistake."""
    local, _, domain = address.rpartition("@") if "@" in address else (address, "", sender.domain)
    if domain != sender.domain:
        problems.add(
            key_path("senders", sender.key, *(at or ("from", "address"))),
            f"{address} is not on the sender's domain {sender.domain}; write {local}@{sender.domain}, {local},"
            " or another domain for this sender",
        )
    return f"{local}@{domain}"
