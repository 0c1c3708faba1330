"""Cloudflare: one resource per value, marked by a comment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from components.lookups import look_up, look_up_in_hook
from components.planned import PlannedRecord
from components.resources import CloudflareRecord
from mailstack.dns.records import RecordSet
from mailstack.dns.txt import quoted
from mailstack.errors import VendorError
from mailstack.settings import Host
from providers.dns import cloudflare
from providers.dns.base import StandingRecord

from .base import HostZone, Intended, Options, known

ZONES_LOOKUP = "cloudflare:index/getZones:getZones"
RECORDS_LOOKUP = "cloudflare:index/getDnsRecords:getDnsRecords"
# Larger than any zone's record quota; the provider's own default would stop at 1,000.
ALL_RECORDS = 1_000_000


class CloudflarePublisher:
    """Publishes through pulumi-cloudflare."""

    kind, title = "cloudflare", "Cloudflare"
    lists_zones = True
    keeps_sets = False

    def __init__(self, owner: str) -> None:
        """Take whose mark the records carry ("<project>/<stack>")."""
        self.mark = cloudflare.mark(owner)

    def check(self, record: RecordSet) -> None:
        """Refuse what the API refuses; raises RecordError."""
        cloudflare.check(record)

    def find_zone(self, zone: str, host: Host, parent: pulumi.Resource) -> HostZone:
        """Find a zone by its name; raises VendorError."""
        if host.zone_id is not None:
            return HostZone(host.zone_id, zone)
        try:
            found = look_up(ZONES_LOOKUP, {"name": zone}, parent).get("results") or []
        except VendorError as error:
            raise VendorError(
                f"mailstack:dns.{zone}: Cloudflare refused the look-up of the zone: {error}; "
                "check CLOUDFLARE_API_TOKEN (scopes: Zone Read, DNS Edit on this zone)"
            ) from None
        matching = [item for item in found if item["name"] == zone]
        if not matching:
            raise VendorError(
                f"mailstack:dns.{zone}: Cloudflare shows no zone {zone} to this token; add the zone there, give the "
                "token Zone Read on it, or name its zoneId"
            )
        return HostZone(matching[0]["id"], zone, tuple(matching[0].get("nameServers") or ()))

    def declare(
        self, name: str, record: PlannedRecord, zone: HostZone, hooks: ResourceHookBinding | None, options: Options
    ) -> list[pulumi.Resource]:
        """Declare one record per value: ours under the name itself, values beside it under a name of their own."""
        named = [(name, value) for value in record.values[:1]]
        named += [(f"{name}-{_digest(str(value))}", value) for value in (*record.values[1:], *record.also)]
        return [
            CloudflareRecord(
                logical,
                zone_id=zone.id,
                properties=_properties(record, value),
                comment=self.mark,
                opts=pulumi.ResourceOptions.merge(options(), pulumi.ResourceOptions(hooks=hooks)),
            )
            for logical, value in named
        ]

    def intended(self, inputs: Mapping[str, Any]) -> Intended | None:
        """Read a record's inputs."""
        zone, name, kind, content = (inputs.get(key) for key in ("zoneId", "name", "type", "content"))
        if not known(zone, name, kind, content):
            return None  # DKIM names come from SES with the first `up`; their hook runs again then
        return Intended(str(zone), str(name), str(kind), (_content(str(kind), str(content), inputs.get("priority")),))

    async def standing(self, intended: Intended, component: pulumi.Resource) -> Sequence[StandingRecord]:
        """List all records of the zone; raises VendorError."""
        arguments = {"zoneId": intended.zone, "maxItems": ALL_RECORDS}
        answer = await look_up_in_hook(RECORDS_LOOKUP, arguments, component)
        return cloudflare.standing(answer.get("results") or [])

    def refused(self, zone: str, words: str) -> str:
        """Say that a zone's records could not be listed."""
        return (
            f"Cloudflare refused the look-up of what stands in zone {zone}: {words}; check its zoneId under "
            "mailstack:dns, if one is given, and CLOUDFLARE_API_TOKEN (scopes: Zone Read, DNS Edit on this zone)"
        )


def _properties(record: PlannedRecord, value: Any) -> dict[str, Any]:
    if record.type == "TXT" and isinstance(value, pulumi.Output):  # a DKIM key that is not made yet
        return {**cloudflare.properties(record.name, "TXT", record.ttl, ""), "content": value.apply(quoted)}
    return cloudflare.properties(record.name, record.type, record.ttl, value)


def _content(kind: str, content: str, priority: Any) -> str:
    """Return a record's content in the form in which standing records are compared."""
    if kind == "TXT":
        return cloudflare.unquote(content)
    return f"{int(priority or 0)} {content}" if kind == "MX" else content


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:8]
