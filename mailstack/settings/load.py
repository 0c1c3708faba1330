"""Settings from the configuration of a stack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mailstack.settings import cross_checks as combinations
from mailstack.settings import fields
from mailstack.settings.derive import completed, with_whole_names
from mailstack.settings.merge import merged, without_empty
from mailstack.settings.model import (
    Domain,
    DomainKeys,
    From,
    Login,
    Sender,
    SenderKeys,
    Settings,
)
from mailstack.settings.problems import Problems, key_path, unknown_key
from mailstack.settings.zones import HostSecrets, Zone

KEYS = ("stage", "dns", "domains", "senders", "defaults", "secrets")


def load(config: Mapping[str, Any], *, aws_region: str | None = None, secret_keys: Collection[str] = ()) -> Settings:
    """Return the settings that a stack's configuration states, complete.

    config holds the values of the keys under mailstack: as parsed JSON, aws_region that of aws:region, secret_keys
    the names of the keys that hold encrypted values. Raise SettingsError, which lists every mistake on a line.
    """
    problems = Problems(config.get("secrets"))
    check_secret_keys(secret_keys)
    raw = {key: _mapping(key, config.get(key), problems) for key in KEYS[1:]}
    domain_defaults, sender_defaults = _defaults(raw["defaults"], problems)
    problems.raise_if_any()

    for key in config:
        if key not in KEYS:
            problems.add(key_path(key), unknown_key(key, KEYS))
    listed = _by_domain("domains", raw["domains"], problems)
    senders = _senders(raw["senders"], sender_defaults, problems)
    unlisted: dict[str, Any] = {sender.domain: {} for sender in senders.values() if sender.domain not in listed}
    settings = Settings(
        stage=_stage(config.get("stage"), problems),
        dns=_zones(raw["dns"], problems),
        domains=_domains({**listed, **unlisted}, domain_defaults, aws_region, raw["dns"], problems),
        senders=senders,
        secrets=_logins(raw["secrets"], problems),
        keyring=_host_secrets(raw["secrets"], problems),
    )
    problems.raise_if_any()
    settings = _resolved(settings, problems)
    combinations.check(settings, problems, listed=listed, stack_region=aws_region)
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
            " (pulumi config set --secret --path 'mailstack:secrets.<sender>.password')",
        )
    problems.raise_if_any()


def _mapping(key: str, value: Any, problems: Problems) -> dict[str, Any]:
    """Return the mapping that stands under a key, empty when nothing does."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): each for name, each in value.items()}
    given = "" if key == "secrets" else f", not {fields.shown(value)}"
    problems.add(key_path(key), f"must be a mapping{given}")
    return {}


def _stage(value: Any, problems: Problems) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not fields.LABEL.fullmatch(value):
        problems.add(
            key_path("stage"),
            "must be a short label of lower-case letters, digits and inner hyphens, such as prod,"
            f" not {fields.shown(value)}",
        )
        return None
    return value


def _defaults(raw: dict[str, Any], problems: Problems) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the defaults into those of a domain and those of a sender, each checked where it was written."""
    domain_keys = [field.alias or "" for field in DomainKeys.model_fields.values()]
    sender_keys = [field.alias or "" for name, field in SenderKeys.model_fields.items() if name != "was"]
    for key in raw:
        if key not in domain_keys and key not in sender_keys:
            problems.add(key_path("defaults", key), unknown_key(key, domain_keys + sender_keys))
    of_domain = {key: value for key, value in raw.items() if key in domain_keys}
    of_sender = {key: value for key, value in raw.items() if key in sender_keys}
    problems.check(DomainKeys, with_whole_names(without_empty(of_domain), "example.com", ()), "defaults")
    # The domain is the one key that a sender must have; as a default it may be absent.
    problems.check(SenderKeys, {"domain": "example.com", **without_empty(of_sender)}, "defaults")
    return of_domain, of_sender


def _by_domain(key: str, raw: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Return a mapping by domain name in its one spelling."""
    found: dict[str, Any] = {}
    for written, value in raw.items():
        try:
            name = fields.domain(written)
        except ValueError as error:
            problems.add(key_path(key, written), str(error))
            continue
        if name in found:
            problems.add(key_path(key, written), f"{name} stands here twice; keep one")
        found[name] = {} if value is None else value
    return found


def _zones(raw: dict[str, Any], problems: Problems) -> dict[str, Zone]:
    zones: dict[str, Zone] = {}
    for name, value in _by_domain("dns", raw, problems).items():
        if not isinstance(value, Mapping) or not value:
            problems.add(
                key_path("dns", name),
                f"must be a mapping such as {{host: cloudflare}}, not {fields.shown(value or None)}",
            )
        elif zone := problems.check(Zone, without_empty(value), "dns", name):
            zones[name] = zone
    return zones


def _domains(
    raw: dict[str, Any], defaults: dict[str, Any], region: str | None, zones: Iterable[str], problems: Problems
) -> dict[str, Domain]:
    domains: dict[str, Domain] = {}
    for name, value in raw.items():
        keys = with_whole_names(_filled(merged(defaults, value), region), name, zones)
        if problems.check(DomainKeys, keys, "domains", name):
            domains[name] = completed(name, keys, value, problems)
    return domains


def _filled(raw: Any, region: str | None) -> Any:
    """Write out the routes of a domain with the region of each."""
    if not isinstance(raw, Mapping):
        return raw
    routes = {"main": {}} if raw.get("routes") is None else raw["routes"]
    if isinstance(routes, Mapping):
        routes = {name: {} if route is None else without_empty(route) for name, route in routes.items()}
        routes = {
            name: {**({"region": region} if region else {}), **route} if isinstance(route, Mapping) else route
            for name, route in routes.items()
        }
    return {**without_empty(raw), "routes": routes}


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


def _logins(raw: dict[str, Any], problems: Problems) -> dict[str, Login]:
    logins: dict[str, Login] = {}
    for key, value in raw.items():
        if "." in key:  # a zone's: no sender has a dot in its key
            continue
        if login := problems.check(Login, without_empty(value), "secrets", key, quiet=True):
            logins[key] = login
    return logins


def _host_secrets(raw: dict[str, Any], problems: Problems) -> dict[str, HostSecrets]:
    found: dict[str, HostSecrets] = {}
    for key, value in raw.items():
        if "." in key and (secrets := problems.check(HostSecrets, without_empty(value), "secrets", key, quiet=True)):
            found[key.lower().removesuffix(".")] = secrets
    return found


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
