"""The sandbox's Route 53: moto keeps the zones, this checks changes as AWS does and serves the public zones to DNS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.route53.models import Route53Backend, route53_backends

from sandbox.dns import Rr
from sandbox.route53_changes import STRING, api_name, check_batch, plain, unescaped


class Route53:
    """The hosted zones of one account, as a resolver sees them."""

    def __init__(self, account: str) -> None:
        """Check the changes of an account from now on, as AWS does and moto does not."""
        self._backend: Route53Backend = route53_backends[account]["aws"]
        self._moto = self._backend.change_resource_record_sets
        self._backend.change_resource_record_sets = self._change  # type: ignore[method-assign]

    def add_zone(self, name: str, *, private: bool = False) -> str:
        """Make a zone and give its id."""
        vpc = {"vpcid": "vpc-0123456789abcdef0", "vpcregion": "eu-west-1"} if private else {}
        made = self._backend.create_hosted_zone(f"{name}.", private, f"{name} private={private}", **vpc)
        return str(made.resource_id)

    def zones(self) -> Mapping[str, Sequence[str]]:
        """Give the public zones and their name servers; of several with one name the oldest is delegated to."""
        return {plain(zone.name): [plain(server) for server in _servers(zone)] for zone in reversed(self._public())}

    def published(self, zone: str) -> Sequence[Rr]:
        """Give what Route 53's name servers answer for a zone, without its SOA and its own NS."""
        found = next((one for one in self._public() if plain(one.name) == zone), None)
        return [] if found is None else list(_published(zone, list(found.rrsets)))

    def _change(self, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        zone: Any = self._backend.get_hosted_zone(zoneid)
        for change in change_list:
            change["ResourceRecordSet"]["Name"] = api_name(change["ResourceRecordSet"]["Name"])
        check_batch(zone.name, [_described(one) for one in zone.rrsets], change_list)
        for change in change_list:
            if change["Action"] == "DELETE":  # moto compares with a journal of its own
                key = _key(change["ResourceRecordSet"])
                zone.rrsets = [one for one in zone.rrsets if _key(_described(one)) != key]
            else:
                self._moto(zoneid, [{**change, "Action": "UPSERT"}])

    def _public(self) -> list[Any]:
        return [zone for zone in list(self._backend.zones.values()) if not zone.private_zone]


def _published(zone: str, sets: Sequence[Any]) -> Iterator[Rr]:
    for one in sets:
        name = plain(one.name)
        if one.type == "SOA" or (one.type == "NS" and name == zone):
            continue
        for value in one.records:
            yield Rr(name, one.type, int(one.ttl or 0), _value(one.type, value))


def _described(one: Any) -> dict[str, Any]:
    """Give a record set that moto keeps in the form of a change's."""
    return {
        "Name": api_name(one.name), "Type": one.type, "SetIdentifier": one.set_identifier, "TTL": one.ttl,
        "ResourceRecords": one.resource_records, "AliasTarget": one.alias_target,
    }  # fmt: skip


def _key(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record["Name"], record["Type"], record.get("SetIdentifier") or ""


def _servers(zone: Any) -> Sequence[str]:
    return list(zone.delegation_set.name_servers)


def _value(kind: str, text: str) -> str:
    if kind == "TXT":
        return unescaped("".join(re.findall(STRING, text)))
    return text.rstrip(".").lower() or "." if kind in ("CNAME", "NS", "PTR") else _mx(text) if kind == "MX" else text


def _mx(text: str) -> str:
    preference, host = text.split(maxsplit=1)
    return f"{int(preference)} {host.lower().rstrip('.') or '.'}"
