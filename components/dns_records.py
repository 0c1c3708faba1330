"""The records of all domains, merged to one owner per (name, type), each published at the hosts of its zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from mailstack.dns.records import check_in_zone, longest_zone
from mailstack.errors import RecordError
from mailstack.settings import Domain, Zone

from .hosts.base import HostZone, Publisher
from .planned import PlannedRecord, merge
from .record_guard import RecordGuard

Publishers = Mapping[str, Publisher]


@dataclass(frozen=True)
class Place:
    """Where a zone's records are published: one of its hosts, and the zone as that host knows it."""

    publisher: Publisher
    zone: HostZone


Places = Mapping[str, Sequence[Place]]


class DnsRecords(pulumi.ComponentResource):
    """DNS records at the hosts of their zones."""

    def __init__(
        self,
        name: str,
        records: Iterable[PlannedRecord],
        places: Places,
        guards: Mapping[str, RecordGuard],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare each record at the places of the longest zone that contains it; `guards` are by kind of host."""
        super().__init__("mailstack:dns:DnsRecords", name, None, opts)
        self._name, self._places, self._guards = name, places, guards
        self.planned = merge(records)
        self._settled = {record.slot: record for record in self.planned}
        self._resources = {
            record.slot: [
                resource
                for place in places[zone_of(record, places)]
                for resource in self._publish(record, place.publisher, place.zone)
            ]
            for record in self.planned
        }
        self.register_outputs({})

    def published(self, record: PlannedRecord) -> list[pulumi.Resource]:
        """Return the resources that publish a planned record, for others to wait on; none where people publish it."""
        return self._resources[record.slot]

    def settled(self, record: PlannedRecord) -> PlannedRecord:
        """Return the record as it is published: merged with others of its name and type, or kept as it was found."""
        return self._settled[record.slot]

    def zone_of(self, record: PlannedRecord) -> str:
        """Return the zone that a record goes to."""
        return zone_of(record, self._places)

    def _publish(self, record: PlannedRecord, publisher: Publisher, zone: HostZone) -> list[pulumi.Resource]:
        return publisher.declare(
            f"{self._name}-{record.slot}",
            record,
            zone,
            self._guards[publisher.kind].hooks(is_dmarc=record.is_dmarc),
            lambda: pulumi.ResourceOptions(parent=self, protect=record.domain.protect, delete_before_replace=True),
        )


def find_zones(
    records: Iterable[PlannedRecord],
    domains: Iterable[Domain],
    zones: Mapping[str, Zone],
    publishers: Publishers,
    parent: pulumi.Resource,
) -> dict[str, list[Place]]:
    """Find the zones that the records of `domains` go to at their hosts, before anything is declared.

    `records` are those whose names are known. Raises RecordError for one outside its zone, for two that differ and
    for one that a host refuses, VendorError or VendorError where a host refuses the look-up of a zone or has no such
    zone. A host without a publisher, `manual`, is no place.
    """
    planned = merge(records)
    wanted = dict.fromkeys(zone_of(record, zones) for record in planned)
    wanted |= dict.fromkeys(_zone_of(domain.name, zones) for domain in domains)  # DKIM records have no names yet
    for record in planned:
        check_at_hosts(record, zone_of(record, zones), zones, publishers)
    return {
        zone: [
            Place(publishers[host.host], publishers[host.host].find_zone(zone, host, parent))
            for host in zones[zone].served_by
            if host.host in publishers
        ]
        for zone in wanted
    }


def check_at_hosts(record: PlannedRecord, zone: str, zones: Mapping[str, Zone], publishers: Publishers) -> None:
    """Refuse a record that lies outside its zone or that a host of the zone would refuse; raises RecordError."""
    if not record.is_known:
        return
    check_in_zone(str(record.name), zone)
    for host in zones[zone].served_by:
        if host.host in publishers:
            publishers[host.host].check(record.record_set())


def zone_of(record: PlannedRecord, zones: Iterable[str]) -> str:
    """Return the longest configured zone that contains a record; raises RecordError where there is none."""
    return _zone_of(record.name if isinstance(record.name, str) else record.domain.name, zones)


def _zone_of(name: str, zones: Iterable[str]) -> str:
    zone = longest_zone(name, zones)
    if zone is None:
        known = ", ".join(zones) or "none"
        raise RecordError(f"mailstack:dns: no zone for {name}; configured: {known}; add the zone that contains it")
    return zone


def name_servers(places: Sequence[Place]) -> list[str]:
    """Return the name servers of a zone at all of its hosts, as far as they are known."""
    return sorted({server for place in places for server in place.zone.name_servers})


def as_output(records: Sequence[PlannedRecord], zones: Mapping[str, Zone]) -> list[dict[str, Any]]:
    """List records for the stack's `records` output: name, type, ttl, values, purpose, zone, host."""
    return [
        {
            "name": record.name,
            "type": record.type,
            "ttl": record.ttl,
            "values": record.texts(),
            "purpose": record.purpose,
            "zone": (zone := zone_of(record, zones)),
            "host": ", ".join(host.host for host in zones[zone].served_by),
        }
        for record in records
    ]
