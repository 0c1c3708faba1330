"""Route 53: one resource per record set; the host keeps no marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from components.lookups import look_up, look_up_in_hook
from components.planned import PlannedRecord
from mailstack.dns.records import RecordSet
from mailstack.errors import VendorError
from mailstack.settings import Host
from providers.dns import route53
from providers.dns.base import StandingRecord

from .base import HostZone, Intended, Options, known

ZONE_LOOKUP = "aws:route53/getZone:getZone"
RECORDS_LOOKUP = "aws:route53/getRecords:getRecords"


class Route53Publisher:
    """Publishes through pulumi-aws."""

    kind, title = "route53", "Route 53"
    lists_zones = True
    keeps_sets = True
    mark = None

    def check(self, record: RecordSet) -> None:
        """Refuse what the API refuses; raises RecordError."""
        route53.check(record)

    def find_zone(self, zone: str, host: Host, parent: pulumi.Resource) -> HostZone:
        """Find a public hosted zone by its name or id; raises VendorError."""
        if isinstance(host.zone_id, pulumi.Output):
            return HostZone(host.zone_id, zone)  # it may not be known before the zone is made
        by = {"zoneId": host.zone_id} if host.zone_id is not None else {"name": zone, "privateZone": False}
        try:
            found = look_up(ZONE_LOOKUP, by, parent)
        except VendorError as error:
            raise VendorError(
                f"mailstack:dns.{zone}: Route 53 shows no one public hosted zone {host.zone_id or zone} to this AWS "
                f"account: {error}; make the zone there, use the account that holds it, or name its zoneId"
            ) from None
        return HostZone(found["zoneId"], zone, tuple(found.get("nameServers") or ()))

    def declare(
        self, name: str, record: PlannedRecord, zone: HostZone, hooks: ResourceHookBinding | None, options: Options
    ) -> list[pulumi.Resource]:
        """Declare the record set."""
        from pulumi_aws import route53 as aws

        written = aws.Record(
            f"{name}-{self.kind}",
            zone_id=zone.id,
            name=record.name,
            type=record.type,
            ttl=record.ttl,
            records=[_written(record.type, value) for value in record.all_values],
            opts=pulumi.ResourceOptions.merge(options(), pulumi.ResourceOptions(hooks=hooks)),
        )
        return [written]

    def intended(self, inputs: Mapping[str, Any]) -> Intended | None:
        """Read a record set's inputs."""
        zone, name, kind, records = (inputs.get(key) for key in ("zoneId", "name", "type", "records"))
        if not known(zone, name, kind, records) or not known(*(records or ())):
            return None
        contents = tuple(route53.content(str(kind), str(value)) for value in records or ())
        return Intended(str(zone), str(name), str(kind), contents)

    async def standing(self, intended: Intended, component: pulumi.Resource) -> Sequence[StandingRecord]:
        """List all record sets of the zone; raises VendorError."""
        answer = await look_up_in_hook(RECORDS_LOOKUP, {"zoneId": intended.zone}, component)
        return route53.standing(answer.get("resourceRecordSets") or [])

    def refused(self, zone: str, words: str) -> str:
        """Say that a zone's records could not be listed."""
        return (
            f"Route 53 refused the look-up of what stands in hosted zone {zone}: {words}; "
            "the deployer needs route53:ListResourceRecordSets (docs/deployer-policy.json)"
        )


def _written(record_type: str, value: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return value.apply(lambda text: route53.value_text(record_type, text))
    return route53.value_text(record_type, str(value))
