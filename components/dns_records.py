"""The records of all domains, merged to one owner per (name, type), each published at the host of its zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from mailstack import spf
from mailstack.records import Mx, RecordError, RecordSet, check_in_zone, longest_zone
from mailstack.settings import Domain, Zone
from providers.dns import cloudflare

from .lookups import LookupFailed, look_up
from .ownership import Guard, Owner
from .resources import CloudflareRecord

ZONES_LOOKUP = "cloudflare:index/getZones:getZones"


@dataclass(frozen=True)
class PlannedRecord:
    """A record that a domain asks for; the name and value of a DKIM record are outputs until SES has made its keys.

    `slot` names the record in the stack's state: another name or type is another resource, so that a change of name
    meets the check for what stands there.
    """

    slot: str
    name: pulumi.Input[str]
    type: str
    ttl: int
    value: Any
    purpose: str
    domain: Domain

    @classmethod
    def fixed(cls, name: str, record_type: str, domain: Domain, value: str | Mx, purpose: str) -> PlannedRecord:
        """Plan a record whose name and value are known now; refused where the model refuses the record set."""
        RecordSet(name, record_type, domain.ttl, (value,), purpose)
        return cls(f"{name}-{record_type.lower()}", name, record_type, domain.ttl, value, purpose, domain)

    @property
    def is_dmarc(self) -> bool:
        """Tell whether this is a DMARC policy."""
        return self.slot.startswith("_dmarc.")


@dataclass(frozen=True)
class HostZone:
    """A zone as its host knows it; `name_servers` is empty where the zone id was given and nothing was asked."""

    id: pulumi.Input[str]
    name_servers: tuple[str, ...]


class DnsRecords(pulumi.ComponentResource):
    """DNS records at the hosts of their zones."""

    def __init__(
        self,
        name: str,
        records: Iterable[PlannedRecord],
        zones: Mapping[str, HostZone],
        owner: Owner,
        guard: Guard,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare each record in the longest of `zones` that contains it."""
        super().__init__("mailstack:dns:DnsRecords", name, None, opts)
        self._name, self._zones = name, zones
        self._comment = cloudflare.mark(str(owner))
        self._guard = guard
        self._resources: dict[str, pulumi.Resource] = {}
        self.planned = merge(records)
        for record in self.planned:
            self._resources[record.slot] = self._publish(record, zones[zone_of(record, zones)])
        self.register_outputs({})

    def published(self, record: PlannedRecord) -> pulumi.Resource:
        """Return the resource that publishes a planned record, for others to wait on."""
        return self._resources[record.slot]

    def zone_of(self, record: PlannedRecord) -> str:
        """Return the zone that a record goes to."""
        return zone_of(record, self._zones)

    def _publish(self, record: PlannedRecord, zone: HostZone) -> pulumi.Resource:
        return CloudflareRecord(
            f"{self._name}-{record.slot}",
            zone_id=zone.id,
            properties=_properties(record),
            comment=self._comment,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=record.domain.protect,
                delete_before_replace=True,
                hooks=self._guard.record(is_dmarc=record.is_dmarc),
            ),
        )


def find_zones(
    records: Iterable[PlannedRecord], domains: Iterable[Domain], zones: Mapping[str, Zone], parent: pulumi.Resource
) -> dict[str, HostZone]:
    """Find the zones that the records of `domains` go to at their hosts, before anything is declared.

    `records` are those whose names are known. Raises RecordError for one outside its zone, for two that differ and
    for one that its host refuses, LookupFailed where the host refuses the look-up of a zone or has no such zone.
    """
    wanted = {}
    for record in merge(records):
        zone = zone_of(record, zones)
        check_at_host(record, zone)
        wanted[zone] = zones[zone]
    for domain in domains:  # whose DKIM records have no names yet
        zone = _zone_of(domain.name, zones)
        wanted[zone] = zones[zone]
    return {zone: _find_zone(zone, settings, parent) for zone, settings in wanted.items()}


def _find_zone(zone: str, settings: Zone, parent: pulumi.Resource) -> HostZone:
    if settings.zone_id is not None:
        return HostZone(settings.zone_id, ())
    try:
        found = look_up(ZONES_LOOKUP, {"name": zone}, parent).get("results") or []
    except LookupFailed as error:
        raise LookupFailed(
            f"mailstack:dns.{zone}: Cloudflare refused the look-up of the zone: {error}; "
            "check CLOUDFLARE_API_TOKEN (scopes: Zone Read, DNS Edit on this zone)"
        ) from None
    matching = [item for item in found if item["name"] == zone]
    if not matching:
        raise LookupFailed(
            f"mailstack:dns.{zone}: Cloudflare shows no zone {zone} to this token; add the zone there, give the "
            "token Zone Read on it, or name its zoneId"
        )
    return HostZone(matching[0]["id"], tuple(matching[0].get("nameServers") or ()))


def zone_of(record: PlannedRecord, zones: Iterable[str]) -> str:
    """Return the longest configured zone that contains a record; raises RecordError where there is none."""
    return _zone_of(record.name if isinstance(record.name, str) else record.domain.name, zones)


def _zone_of(name: str, zones: Iterable[str]) -> str:
    zone = longest_zone(name, zones)
    if zone is None:
        known = ", ".join(zones) or "none"
        raise RecordError(f"mailstack:dns: no zone for {name}; configured: {known}; add the zone that contains it")
    return zone


def merge(records: Iterable[PlannedRecord]) -> list[PlannedRecord]:
    """Leave one record per slot: SPF records of one name become one; raises RecordError for others that differ."""
    merged: dict[str, PlannedRecord] = {}
    for record in records:
        other = merged.get(record.slot)
        merged[record.slot] = record if other is None else _merge_two(other, record)
    return list(merged.values())


def _merge_two(one: PlannedRecord, other: PlannedRecord) -> PlannedRecord:
    if one.value == other.value:
        return one
    if one.type == "TXT" and all(str(record.value).startswith("v=spf1") for record in (one, other)):
        text = str(spf.merge(spf.parse(str(one.value)), spf.parse(str(other.value))))
        return PlannedRecord.fixed(str(one.name), "TXT", one.domain, text, one.purpose)
    raise RecordError(
        f"{one.type} record {one.name}: {one.domain.name} wants {one.value}, {other.domain.name} wants {other.value}; "
        "give one of them another returnPath"
    )


def check_at_host(record: PlannedRecord, zone: str) -> None:
    """Refuse a record that lies outside its zone or that the zone's host would refuse; raises RecordError."""
    if isinstance(record.name, str):
        check_in_zone(record.name, zone)
        cloudflare.Cloudflare().check(RecordSet(record.name, record.type, record.ttl, (record.value,)))


def _properties(record: PlannedRecord) -> dict[str, Any]:
    return cloudflare.properties(record.name, record.type, record.ttl, record.value)


def as_output(records: Sequence[PlannedRecord], zones: Mapping[str, Zone]) -> list[dict[str, Any]]:
    """List records for the stack's `records` output: name, type, ttl, values, purpose, host."""
    return [
        {
            "name": record.name,
            "type": record.type,
            "ttl": record.ttl,
            "values": [str(record.value) if isinstance(record.value, Mx) else record.value],
            "purpose": record.purpose,
            "host": zones[zone_of(record, zones)].host,
        }
        for record in records
    ]
