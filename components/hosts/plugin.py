"""Hosts that the kit's own plugin writes to: dynamic updates (RFC 2136) and those that dns-lexicon knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from components.lookups import look_up_in_hook
from components.planned import PlannedRecord
from components.resources import PublishedRecordSet
from mailstack.dns.records import RecordSet
from mailstack.settings import Host
from providers.dns import rfc2136
from providers.dns.base import StandingRecord

from .base import HostZone, Intended, Options, known

STANDING_LOOKUP = "mailstack:index:getStandingRecords"
TITLES = {"rfc2136": "the name server", "lexicon": "the DNS host"}


class PluginPublisher:
    """Publishes through the plugin's RecordSet, one kind of host each."""

    lists_zones = False
    keeps_sets = True
    mark = None

    def __init__(self, kind: str, plugin: Callable[[], pulumi.ProviderResource]) -> None:
        """Take the kind (rfc2136, lexicon) and the plugin's provider, which holds the secrets of the zones."""
        self.kind, self.title, self._plugin = kind, TITLES[kind], plugin

    def check(self, record: RecordSet) -> None:
        """Refuse what no name server takes; raises RecordError. What else a host refuses it says itself."""
        rfc2136.check(record)

    def find_zone(self, zone: str, host: Host, parent: pulumi.Resource) -> HostZone:
        """Ask the name server which servers serve the zone; raises VendorError where it does not hold it."""
        if host.host == "lexicon":
            from providers.dns.lexicon import check_provider

            check_provider(str(host.provider), f"mailstack:dns.{zone}.provider")
            return HostZone(zone, zone)
        # Asked without the key: who serves a zone is no secret, and the key stays with the plugin.
        found = rfc2136.Rfc2136(str(host.server), host.port).zone(zone)
        return HostZone(zone, zone, found.name_servers)

    def declare(
        self, name: str, record: PlannedRecord, zone: HostZone, hooks: ResourceHookBinding | None, options: Options
    ) -> list[pulumi.Resource]:
        """Declare the record set."""
        own = pulumi.ResourceOptions(hooks=hooks, provider=self._plugin())
        inputs = {
            "host": self.kind,
            "zone": zone.name,
            "name": record.name,
            "type": record.type,
            "ttl": record.ttl,
            "values": record.texts(),
        }
        return [PublishedRecordSet(f"{name}-{self.kind}", inputs, pulumi.ResourceOptions.merge(options(), own))]

    def intended(self, inputs: Mapping[str, Any]) -> Intended | None:
        """Read a record set's inputs."""
        zone, name, kind, values = (inputs.get(key) for key in ("zone", "name", "type", "values"))
        if not known(zone, name, kind, values) or not known(*(values or ())):
            return None
        return Intended(str(zone), str(name), str(kind), tuple(map(str, values or ())))

    async def standing(self, intended: Intended, component: pulumi.Resource) -> Sequence[StandingRecord]:
        """List what stands at the name; raises VendorError."""
        arguments = {"host": self.kind, "zone": intended.zone, "name": intended.name}
        answer = await look_up_in_hook(STANDING_LOOKUP, arguments, component, self._plugin())
        return [
            StandingRecord(str(one["name"]), str(one["type"]), str(one["content"]), ttl=int(one["ttl"]))
            for one in answer.get("records") or []
        ]

    def refused(self, zone: str, words: str) -> str:
        """Say that what stands at a name could not be looked up; the plugin's sentence names the remedy."""
        return f"mailstack:dns.{zone}: what stands there cannot be looked up: {words}"
