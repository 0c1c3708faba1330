"""The routes of the domains that a stack owns, and the records that their providers ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from mailstack.catalog import Catalog, Slot
from mailstack.paths import key_path
from mailstack.settings.model import Domain, Settings

from .drafts import Draft
from .model import Login, Route
from .names import route_name
from .records import Pending

Text = TypeVar("Text")


def routes(settings: Settings) -> dict[str, Route]:
    """Return every route of every domain, referenced ones too, by "<domain>/<route>"."""
    return {route.key: route for domain in settings.domains.values() for route in of_domain(domain)}


def of_domain(domain: Domain) -> list[Route]:
    """List the routes of a domain."""
    return [
        Route(
            key=f"{domain.name}/{name}",
            domain=domain.name,
            name=name,
            resource=route_name(domain.name, route.provider, route.region),
            manage=domain.manage,
            settings=route,
        )
        for name, route in domain.routes.items()
    ]


def logins(settings: Settings) -> dict[str, Login]:
    """Return the login of every sender."""
    return {key: Login(key, f"{sender.domain}/{sender.via}", sender.login) for key, sender in settings.senders.items()}


def drafts(domain: Domain, catalog: Catalog) -> Iterator[Draft]:
    """Draft what the providers of a domain's routes ask for, one draft for each value."""
    for route in of_domain(domain):
        provider = catalog.providers[route.settings.provider]
        for slot in provider.slots(domain, route.settings):
            yield from _of_slot(slot, route, domain)


def _of_slot(slot: Slot, route: Route, domain: Domain) -> Iterator[Draft]:
    at = key_path("domains", domain.name, "routes", route.name)
    for number, value in enumerate(slot.values, 1):
        key = slot.key if number == 1 else f"{slot.key}-{number}"
        yield Draft(
            name=_of_route(slot.name, route),
            type=slot.type,
            value=_of_route(value, route),
            purpose=slot.purpose,
            domain=domain,
            at=at,
            route=route.key,
            slot=f"{route.resource}-{key}" if isinstance(slot.name, Pending) else "",
        )


def _of_route(text: Text, route: Route) -> Text:
    """Write the route's key into a pending text: the provider's declaration does not know it."""
    return replace(text, route=route.key) if isinstance(text, Pending) else text
