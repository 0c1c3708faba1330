"""How Route 53 keeps DNS records: one record set per name and type, TXT quoted, names absolute with octal escapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mailstack.dns.records import AUTOMATIC_TTL, RecordSet
from mailstack.dns.txt import escaped, strings
from mailstack.errors import RecordError, VendorError
from providers.aws import FIRST_REGION, AwsAccount

from .base import HostedZone, StandingRecord

# "ResourceRecord" in the API reference: octets of one value as it is written, its quotes included.
VALUE_LIMIT = 4000
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#TXTFormat
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Names and TXT alike (DomainNameFormat.html): `\052` is the asterisk, `\` makes any other character a plain one.
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|.)")


class Route53:
    """One account's public hosted zones; record sets are written by pulumi-aws."""

    def __init__(self, account: AwsAccount, region: str = FIRST_REGION) -> None:
        """Take the account to ask, and any region of its partition, which has one endpoint; raises VendorError."""
        self._client = account.client("route53", region)

    def check(self, record: RecordSet) -> None:
        """Refuse what the API refuses; raises RecordError."""
        check(record)

    def zone(self, name: str) -> HostedZone:
        """Find the public hosted zone of a name; raises VendorError where there is none or more than one."""
        with _told(f"the look-up of the zone {name}"):
            # Zones of this very name stand first in the list.
            listed = self._client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
        ids = [_bare(one["Id"]) for one in listed if _name(one["Name"]) == name and not one["Config"]["PrivateZone"]]
        if not ids:
            raise VendorError(
                f"Route 53 shows no public hosted zone {name} to this AWS account; make it there, or use the account "
                "that holds it"
            )
        if len(ids) > 1:
            raise VendorError(
                f"Route 53 has {len(ids)} public hosted zones {name}: {' and '.join(ids)}; name as zoneId the one that "
                "the domain is delegated to"
            )
        return self.zone_by_id(ids[0])

    def zone_by_id(self, zone_id: str) -> HostedZone:
        """Return the hosted zone of an id; raises VendorError where it is private or not there."""
        with _told(f"the look-up of the hosted zone {zone_id}"):
            found = self._client.get_hosted_zone(Id=zone_id)
        zone, servers = found["HostedZone"], (found.get("DelegationSet") or {}).get("NameServers") or []
        if zone["Config"]["PrivateZone"]:
            raise VendorError(
                f"the hosted zone {zone_id} ({_name(zone['Name'])}) is private: receivers of mail cannot see what "
                "stands in it; name the public one"
            )
        return HostedZone(_bare(zone["Id"]), _name(zone["Name"]), tuple(map(_name, servers)))

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List the record sets of a hosted zone, one entry per value; raises VendorError."""
        with _told(f"the look-up of what stands in the hosted zone {zone.id}"):
            pages = self._client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone.id)
            return standing([one for page in pages for one in page["ResourceRecordSets"]])

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return "<zone id>_<name>_<type>", with "_<set identifier>" where it has one (pulumi-aws, Record, Import)."""
        return f"{zone.id}_{record.id}"


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn boto3's errors into a VendorError with AWS's words."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise VendorError(f"Route 53 refused {what}: {error}") from None


def check(record: RecordSet) -> None:
    """Refuse TTLs and TXT lengths that the API refuses; raises RecordError."""
    head = f"{record.type} record {record.name}"
    if record.ttl == AUTOMATIC_TTL:
        raise RecordError(
            f"{head}: a TTL of {AUTOMATIC_TTL} leaves it to the host, and Route 53 does not choose one; write "
            "seconds, such as 300"
        )
    if record.type != "TXT":
        return
    for text in map(str, record.values):
        octets = len(value_text("TXT", text)) + 2
        if octets > VALUE_LIMIT:
            raise RecordError(
                f"{head}: {len(text)} characters make a value of {octets} with quotes and escapes, Route 53 takes at "
                f"most {VALUE_LIMIT}; shorten it"
            )


def value_text(record_type: str, value: str) -> str:
    r"""Write one value as a program gives it to pulumi-aws, which puts quotes around a TXT value and does no more.

    So strings of at most 255 octets are parted by `""`, and `\` and `"` are escaped (pulumi-aws, Record, `records`).
    """
    if record_type != "TXT":
        return value
    return '""'.join(map(escaped, strings(value)))


def content(record_type: str, written: str) -> str:
    """Return the value that a program's text means: the reverse of value_text."""
    return _content(record_type, f'"{written}"' if record_type == "TXT" else written)


def standing(results: Sequence[Mapping[str, Any]]) -> list[StandingRecord]:
    """Read a list of record sets, the API's or that of the provider's getRecords, one entry per value."""
    return [entry for one in results for entry in _entries(one)]


def _entries(one: Mapping[str, Any]) -> Iterator[StandingRecord]:
    name, kind, routed = _name(_of(one, "Name")), str(_of(one, "Type")), str(_of(one, "SetIdentifier") or "")
    id = f"{name}_{kind}_{routed}" if routed else f"{name}_{kind}"
    ttl, locked = int(_of(one, "TTL") or 0), _locked(one, routed)
    if target := _target(one):
        yield StandingRecord(name, kind, target, id=id, ttl=ttl, locked=locked)
    for record in _of(one, "ResourceRecords") or []:
        yield StandingRecord(name, kind, _content(kind, str(_of(record, "Value"))), id=id, ttl=ttl, locked=locked)


def _locked(one: Mapping[str, Any], routed: str) -> str:
    """Say why a record set is none that can be written as plain values; "" where it is one."""
    if target := _target(one):
        return f"it is an alias to {target}, an AWS resource, and holds no values of its own"
    if policy := _of(one, "TrafficPolicyInstanceId"):
        return f"the traffic policy instance {policy} made it; change it there"
    return f'it is one of several with a routing policy (set identifier "{routed}")' if routed else ""


def _target(one: Mapping[str, Any]) -> str:
    alias = _of(one, "AliasTarget") or {}
    return _name(alias.get("DNSName") or alias.get("dnsName") or "")


def _of(mapping: Mapping[str, Any], key: str) -> Any:
    """Return what stands under a key of the API or under the provider's spelling of it (TTL is ttl, Name is name)."""
    theirs = key.lower() if key.isupper() else key[0].lower() + key[1:]
    return mapping.get(key, mapping.get(theirs))


def _content(record_type: str, text: str) -> str:
    if record_type == "TXT":
        return _unescaped("".join(_STRING.findall(text)))
    if record_type == "MX":
        preference, host = text.split(maxsplit=1)
        return f"{int(preference)} {_name(host) or '.'}"
    return text.lower().removesuffix(".")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)) if len(found[1]) == 3 else found[1], text)


def _name(text: str) -> str:
    return _unescaped(text).lower().removesuffix(".")


def _bare(zone_id: str) -> str:
    return zone_id.removeprefix("/hostedzone/")
