"""The zones of a plan as their hosts know them, found before anything is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from mailstack.plan import Plan
from providers import catalog

from .lookups import Lookups, unknown
from .plugin_provider import accounts_may_differ, check_account, start_aws


@dataclass(frozen=True)
class HostedZones:
    """The zones that a stack writes to, as their hosts know them: ids and name servers by (zone, host)."""

    ids: Mapping[tuple[str, str], pulumi.Input[str]]
    name_servers: Mapping[tuple[str, str], tuple[str, ...]]

    def servers(self, zone: str) -> list[str]:
        """Return the name servers of a zone at all of its hosts, as far as they are known."""
        return sorted({one for (name, _), servers in self.name_servers.items() if name == zone for one in servers})


def find_zones(plan: Plan, lookups: Lookups, restore: Callable[[Any], Any], component: pulumi.Resource) -> HostedZones:
    """Find every zone that the plan writes to, and compare the AWS accounts where they may differ.

    A zone whose id is given is not looked up, and its name servers stay unknown. In a preview in which no look-up is
    possible yet, ids are unknown outputs. Raises VendorError where a host has no such zone, several of one name or does
    not answer, SettingsError where the accounts differ.
    """
    ids: dict[tuple[str, str], pulumi.Input[str]] = {}
    servers: dict[tuple[str, str], tuple[str, ...]] = {}
    wanted: dict[str, list[str]] = {}
    for zone in plan.zones:
        for host in plan.settings.dns[zone].hosts:
            if host.zone_id is not None:
                ids[zone, host.host] = restore(host.zone_id)
            elif catalog().hosts[host.host].publishes:
                wanted.setdefault(zone, []).append(host.host)
    compared = _uses_aws(plan) and accounts_may_differ(component)
    if not wanted and not compared:
        return HostedZones(ids, servers)
    if _uses_aws(plan):
        start_aws(component, after=lookups.plugin)
    answer = lookups.zones(wanted, account=compared)
    if account := answer.get("awsAccount"):
        check_account(component, account)
    for zone, names in wanted.items():
        for name in names:
            found = answer["zones"][zone][name] if lookups.are_possible else {"id": unknown()}
            ids[zone, name] = found["id"]
            servers[zone, name] = tuple(found.get("nameServers", ()))
    return HostedZones(ids, servers)


def _uses_aws(plan: Plan) -> bool:
    """Tell whether anything is made or looked up at AWS; a given login on a domain that another stack owns is not.

    Every route is one of SES.
    """
    is_managed = any(route.manage for route in plan.routes.values())
    needs_identity = any(login.kind != "given" for login in plan.logins.values())
    return is_managed or needs_identity or any("route53" in hosts for hosts in plan.zones.values())
