"""Whose a thing is: the mark that only this stack's own state knows, made once by the plugin's Owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from mailstack.plan import Plan
from mailstack.settings.model import Settings
from providers import catalog
from providers.smtp import ses

from .guards import Guards
from .resources import Owner
from .zones import HostedZones


def stack_names(settings: Settings) -> list[str]:
    """Return the whole name of the stack, "<organization>/<project>/<stack>", and its former one where there is one."""
    names = [pulumi.get_stack(), *([settings.formerly] if settings.formerly else [])]
    head = f"{pulumi.get_organization()}/{pulumi.get_project()}"
    return [name if "/" in name else f"{head}/{name}" for name in names]


class Marks:
    """The mark of one MailStack; everything that carries it depends on its Owner, which is therefore deleted last."""

    def __init__(
        self,
        name: str,
        plan: Plan,
        zones: HostedZones,
        guards: Guards,
        plugin: pulumi.ProviderResource,
        parent: pulumi.Resource,
    ) -> None:
        """Declare the Owner, which is told where its delete looks for the mark."""
        self._stage = plan.settings.stage
        stack, *formerly = stack_names(plan.settings)
        inputs = {
            "stack": stack,
            "formerly": next(iter(formerly), None),
            "zones": _marked_zones(zones),
            "regions": sorted({route.region for route in plan.routes.values() if route.region}),
            "userPath": _user_path(plan),
        }
        opts = pulumi.ResourceOptions(parent=parent, provider=plugin, hooks=guards.owner())
        self.mark = Owner(f"{name}-owner", inputs, opts).mark

    def tags(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tags of an AWS resource: the user's own, the stage where there is one, and the mark."""
        stage = {"stage": self._stage} if self._stage else {}
        return {**more, **stage, "mailstack": self.mark}


def _marked_zones(zones: HostedZones) -> dict[str, dict[str, pulumi.Input[str]]]:
    """Return the ids of the zones whose records carry the mark, by zone and host."""
    found: dict[str, dict[str, pulumi.Input[str]]] = {}
    for (zone, host), zone_id in zones.ids.items():
        if catalog().hosts[host].keeps_marks:
            found.setdefault(zone, {})[host] = zone_id
    return found


def _user_path(plan: Plan) -> str | None:
    """Return the path below which the logins' users are, the root where they are below several; None without any."""
    routes = [plan.routes[login.route] for login in plan.logins.values() if login.kind == "create"]
    paths = {ses.options(route.settings).user_path for route in routes}
    if len(paths) > 1:
        return "/"
    return next(iter(paths), None)
