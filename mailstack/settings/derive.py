"""What follows from a domain's keys: whole names of records, the host of its MX, what one without mail publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mailstack.catalog import Catalog
from mailstack.dns import records
from mailstack.errors import InvalidValue
from mailstack.mail import parked as no_mail
from mailstack.paths import key_path
from mailstack.settings.fields import shown
from mailstack.settings.model import DmarcSettings, Domain
from mailstack.settings.problems import Problems


def with_whole_names(keys: Any, domain: str, zones: Iterable[str]) -> Any:
    """Write out the names under records.also: @ is the domain, a label is a name below it, other names are whole."""
    if not isinstance(keys, Mapping) or not isinstance(keys.get("records"), Mapping):
        return keys
    also = keys["records"].get("also")
    if not isinstance(also, list | tuple):
        return keys
    inside = [*(zone.lower().removesuffix(".") for zone in zones), domain]
    whole = [
        {**one, "name": _whole_name(one["name"], domain, inside)} if isinstance(one, Mapping) and "name" in one else one
        for one in also
    ]
    return {**keys, "records": {**keys["records"], "also": whole}}


def _whole_name(name: Any, domain: str, inside: list[str]) -> Any:
    if not isinstance(name, str) or name.endswith("."):
        return name
    if name == "@":
        return domain
    if records.longest_zone(name, inside):
        return name
    # mail.example.org is somebody's whole name; shop, _acme and google._domainkey are labels.
    return f"{name}.{domain}" if "." not in name or "_" in name else name


def completed(name: str, keys: Mapping[str, Any], catalog: Catalog, problems: Problems) -> Domain:
    """Return the domain that valid keys describe."""
    domain = Domain.model_validate({**keys, "name": name})
    domain = domain.model_copy(update={"inbound_host": _inbound_host(domain, catalog, problems)})
    return domain if domain.sends else _without_mail(domain)


def _inbound_host(domain: Domain, catalog: Catalog, problems: Problems) -> str:
    if domain.inbound in (None, "off") or not domain.manage:
        return ""
    at, route = key_path("domains", domain.name, "inbound"), domain.routes.get(str(domain.inbound))
    if route is None:
        problems.add(at, f"{shown(domain.inbound)} is no route of {domain.name}; it has {', '.join(domain.routes)}")
        return ""
    provider = catalog.providers[route.provider]
    if provider.has_regions and not route.region:
        if not domain.sends:  # otherwise the route itself is told
            problems.add(at, f"route {domain.inbound} has no region and the stack no aws:region; set one of the two")
        return ""
    try:
        return provider.inbound(route).host
    except InvalidValue as error:
        problems.add(at, f"{error}; or write the MX of another server under records.also")
        return ""


def _without_mail(domain: Domain) -> Domain:
    """Return a domain that does not send: without routes and logo, with a policy that rejects."""
    policy = domain.dmarc
    if policy != "off":
        strict = no_mail.strict(policy.to_record())
        policy = DmarcSettings.model_construct(**{key: getattr(strict, key) for key in DmarcSettings.model_fields})
    return domain.model_copy(update={"routes": {}, "bimi": None, "dmarc": policy})
