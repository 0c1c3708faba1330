"""What the settings say of vendors, read as the catalog's declarations allow: routes, zones and their secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from mailstack.catalog import Catalog, DnsHost
from mailstack.paths import Part, key_path
from mailstack.settings.fields import shown
from mailstack.settings.merge import merged, without_empty
from mailstack.settings.model import Route, RouteKeys
from mailstack.settings.problems import Problems, keys_of, listed, nearest, not_one_of, unknown_key
from mailstack.settings.zones import Host, Zone


def read_route(
    raw: Any, at: tuple[Part, ...], region: str | None, catalog: Catalog, problems: Problems
) -> Route | None:
    """Return a route with its provider's options, or note its mistakes; `region` is that of the stack."""
    names = list(catalog.providers)
    if not isinstance(raw, Mapping):
        problems.add(key_path(*at), f"must be a mapping with a key such as provider, not {shown(raw)}")
        return None
    name = raw.get("provider", names[0])
    if name not in names:
        problems.add(key_path(*at, "provider"), not_one_of(names, name))
        return None
    provider = catalog.providers[name]
    for other in names:
        if other in raw and other != name:
            problems.add(
                key_path(*at, other),
                f"is for routes of {catalog.providers[other].title}, and this route's provider is {name}; remove it, "
                f"or write provider: {other}",
            )
    if raw.get("region") and not provider.has_regions:
        problems.add(key_path(*at, "region"), f"is of no use, since {provider.title} has no regions; remove it")
    stated = {key: value for key, value in raw.items() if key not in names}
    defaults = {"provider": name, **({"region": region} if region and provider.has_regions else {})}
    keys = problems.check(RouteKeys, {**defaults, **stated}, *at, beside=(name,))
    options = problems.check(provider.options, raw.get(name, {}), *at, name)
    if keys is None or options is None:
        return None
    port = next(iter(provider.ports)) if keys.port is None else keys.port
    return Route.model_validate({**keys.model_dump(by_alias=True), "port": port, "options": options})


def merged_routes(defaults: Any, given: Any, at: tuple[Part, ...], catalog: Catalog, problems: Problems) -> Any:
    """Lay a domain's routes over those of the defaults; without any there is one, main.

    `off` takes out a route of the defaults. A route with another provider than the one of the defaults that has its
    name has nothing from it: a region, a port or options of one provider mean nothing to another.
    """
    if defaults is None and given is None:
        return {"main": {}}
    if not isinstance(given or {}, Mapping) or not isinstance(defaults or {}, Mapping):
        return given
    routes, usual = dict(defaults or {}), next(iter(catalog.providers))
    for name, route in (given or {}).items():
        if route is False or route == "off":
            if name not in routes:
                problems.add(
                    key_path(*at, "routes", name), "is off, but mailstack:defaults has no such route; remove it"
                )
            routes.pop(name, None)
            continue
        route, below = route or {}, routes.get(name) or {}
        if isinstance(route, Mapping) and isinstance(below, Mapping):
            same = route.get("provider", below.get("provider", usual)) == below.get("provider", usual)
            route = merged(below, route) if same else route
        routes[name] = route
    return routes


def read_zone(raw: Any, name: str, catalog: Catalog, problems: Problems) -> Zone | None:
    """Return a zone with its hosts, or note its mistakes."""
    at = ("dns", name)
    if not isinstance(raw, Mapping) or not raw:
        example = next(iter(catalog.hosts))
        problems.add(key_path(*at), f"must be a mapping such as {{host: {example}}}, not {shown(raw or None)}")
        return None
    if not raw.get("hosts"):
        host = _host(raw, at, catalog, problems)
        return None if host is None else Zone(hosts=(host,))
    if set(raw) - {"hosts"}:
        problems.add(key_path(*at), "write host and its keys, or hosts alone with the keys of each in its own mapping")
        return None
    if not isinstance(raw["hosts"], list | tuple):
        problems.add(key_path(*at, "hosts"), f"must be a list of hosts, not {shown(raw['hosts'])}")
        return None
    found = [_host(each, (*at, "hosts", index), catalog, problems) for index, each in enumerate(raw["hosts"])]
    hosts = tuple(host for host in found if host is not None)
    if len({host.host for host in hosts}) < len(hosts):
        problems.add(key_path(*at), "names the same host twice; keep one")
    return Zone(hosts=hosts) if len(hosts) == len(found) else None


def _host(raw: Any, at: tuple[Part, ...], catalog: Catalog, problems: Problems) -> Host | None:
    names = list(catalog.hosts)
    if isinstance(raw, str):
        raw = {"host": raw}
    if not isinstance(raw, Mapping):
        problems.add(
            key_path(*at), f"must be the name of a host, or a mapping with host and its keys, not {shown(raw)}"
        )
        return None
    if "host" not in raw:
        problems.add(key_path(*at), f"is missing its host: write host: {listed(names)}")
        return None
    name = raw["host"]
    if name not in names:
        problems.add(key_path(*at, "host"), not_one_of(names, name))
        return None
    model, keys = catalog.hosts[name].keys, {key: value for key, value in raw.items() if key != "host"}
    for key in keys.keys() - set(keys_of(model)):
        problems.add(key_path(*at, key), _not_its_key(key, catalog.hosts[name], catalog))
    read = problems.check(model, {key: value for key, value in keys.items() if key in keys_of(model)}, *at)
    return None if read is None else Host(host=name, keys=read)


def _not_its_key(key: str, host: DnsHost, catalog: Catalog) -> str:
    owners = [name for name, other in catalog.hosts.items() if key in keys_of(other.keys)]
    if owners:
        return f"is a key of {listed(owners, 'and')}, not of {host.name}; remove it"
    return unknown_key(key, ["host", *keys_of(host.keys)])


def read_zone_secrets(
    raw: Any, name: str, zone: Zone | None, catalog: Catalog, problems: Problems
) -> dict[str, BaseModel]:
    """Return the secrets of a zone's hosts by host; each host takes those that it knows."""
    at = ("secrets", "dns", name)
    names = [host.host for host in zone.hosts] if zone else []
    models = {host: secrets for host in names if (secrets := catalog.hosts[host].secrets)}
    if not models:
        takers = listed(host for host, other in catalog.hosts.items() if other.secrets)
        why = f"its host, {listed(names, 'and')}, takes none" if names else "mailstack:dns has no such zone"
        problems.add(key_path(*at), f"is for a zone at {takers}, but {why}; rename or remove the secret")
        return {}
    if not isinstance(raw, Mapping):
        known = [key for model in models.values() for key in keys_of(model)]
        problems.add(key_path(*at), f"must be a mapping with {listed(known)}")
        return {}
    found: dict[str, BaseModel] = {}
    for host, model in models.items():
        others = {key for other in models.values() if other is not model for key in keys_of(other)}
        stated = {key: value for key, value in raw.items() if key in keys_of(model) or key not in others}
        if stated and (read := problems.check(model, stated, *at, quiet=True)):
            found[host] = read
    return found


def check_zone_access(
    zones: Mapping[str, Any], secrets: Mapping[str, Mapping[str, BaseModel]], catalog: Catalog, problems: Problems
) -> None:
    """Note where a zone's keys and secrets do not fit together, as its host's declaration tells."""
    for name, zone in zones.items():
        for index, host in enumerate(zone.hosts):
            at = ("dns", name, *(("hosts", index) if len(zone.hosts) > 1 else ()))
            for problem in catalog.hosts[host.host].problems(name, host.keys, secrets.get(name, {}).get(host.host)):
                problems.add(key_path(*at, *problem.at), problem.sentence)


def read_provider_secrets(
    raw: Mapping[str, Any], used: Iterable[str], catalog: Catalog, problems: Problems
) -> dict[str, BaseModel]:
    """Return the secrets of the providers' APIs, by provider; one that no route uses is a mistake."""
    found: dict[str, BaseModel] = {}
    used = set(used)
    for name, value in raw.items():
        at = ("secrets", "providers", name)
        if name not in catalog.providers:
            names = list(catalog.providers)
            if nearest(name, names):
                problems.add(key_path(*at), unknown_key(name, names))
            else:  # it may be a secret that got before the colon
                problems.add(key_path(*at[:-1]), f"holds an unknown key (allowed: {', '.join(names)})")
            continue
        provider = catalog.providers[name]
        if provider.secrets is None:
            problems.add(key_path(*at), f"is of no use, since {provider.title} takes no secrets here; remove it")
        elif name not in used:
            problems.add(key_path(*at), f"is of no use, since no route's provider is {name}; remove it")
        elif read := problems.check(provider.secrets, without_empty(value), *at, quiet=True):
            found[name] = read
    return found
