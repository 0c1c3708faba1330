"""The stand-in for pulumi-resource-cloudflare: DNS records, look-ups of zones and records."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .cloudflare_api import Cloudflare, segment
from .cloudflare_record import DnsRecord
from .resource import Resource, State, VendorError
from .spelling import camel, snake

if TYPE_CHECKING:
    from .servicer import Function

_LIMIT = 1000  # items of a list where the program sets no maxItems


class CloudflareProvider:
    """The package `cloudflare`."""

    name = "cloudflare"
    logs_failures = True

    def __init__(self, version: str, cancelled: threading.Event) -> None:
        self.version, self.cancelled = version, cancelled
        self._api = Cloudflare(cancelled)
        self.resources: Mapping[str, Resource] = {"cloudflare:index/dnsRecord:DnsRecord": DnsRecord(self._api)}
        self.functions: Mapping[str, Function] = {
            "cloudflare:index/getZone:getZone": self._zone,
            "cloudflare:index/getZones:getZones": self._zones,
            "cloudflare:index/getDnsRecord:getDnsRecord": self._record,
            "cloudflare:index/getDnsRecords:getDnsRecords": self._records,
        }

    def check_config(self, config: State) -> State:
        """Fill nothing in: the environment is read when configuring, so that no token reaches the state."""
        return config

    def configure(self, config: State) -> None:
        """Take the token and the API's address."""
        self._api.configure(config)

    def check(self, token: str, inputs: State) -> State:
        """Return the inputs: nothing of a record depends on the provider's configuration."""
        return inputs

    def planned(self, token: str, inputs: State) -> State:
        """Say that a record is not proxied where the program says nothing."""
        return {"proxied": inputs.get("proxied", False)}

    def _zone(self, arguments: State) -> State:
        zone, wanted = arguments.get("zoneId"), arguments.get("filter")
        if wanted is not None:
            found = list(self._api.listed("zones", _LIMIT, **_zone_filter(wanted)))
            if len(found) != 1:
                raise VendorError(f"failed to find exactly one result: {len(found)} found")
            zone = found[0]["id"]
        if not zone:
            raise VendorError(_one_of("zone_id"))
        result = camel(self._api.result("GET", f"zones/{segment(str(zone))}"))
        return {**result, "zoneId": zone, **({"filter": wanted} if wanted else {})}

    def _zones(self, arguments: State) -> State:
        limit = int(arguments.get("maxItems", _LIMIT))
        found = self._api.listed("zones", limit, **_zone_filter(arguments))
        return {**arguments, "results": [camel(zone) for zone in found]}

    def _record(self, arguments: State) -> State:
        zone, record, wanted = arguments["zoneId"], arguments.get("dnsRecordId"), arguments.get("filter")
        path = f"zones/{segment(zone)}/dns_records"
        if wanted is not None:
            found = list(self._api.listed(path, _LIMIT, **_record_filter(wanted)))
            if len(found) != 1:
                raise VendorError(f"failed to find exactly one result: {len(found)} found")
            record = found[0]["id"]
        if not record:
            raise VendorError(_one_of("dns_record_id"))
        result = self._api.result("GET", f"{path}/{segment(str(record))}")
        return {**_record(result), **arguments, "dnsRecordId": record, "zoneId": zone}

    def _records(self, arguments: State) -> State:
        zone, limit = arguments["zoneId"], int(arguments.get("maxItems", _LIMIT))
        found = self._api.listed(f"zones/{segment(zone)}/dns_records", limit, **_record_filter(arguments))
        return {**arguments, "results": [_record(one) for one in found]}


def _one_of(key: str) -> str:
    return f"Exactly one of these attributes must be configured: [{key},filter]: Missing Attribute Configuration"


def _record(found: State) -> State:
    return {**camel(found), **({"meta": json.dumps(found["meta"])} if "meta" in found else {})}


def _zone_filter(arguments: State) -> dict[str, Any]:
    query = {key: arguments.get(key) for key in ("direction", "match", "name", "order", "status")}
    if types := arguments.get("types"):
        query["type"] = ",".join(types)
    for key, value in (arguments.get("account") or {}).items():
        query[f"account.{key}"] = value
    return query


def _record_filter(arguments: State) -> dict[str, Any]:
    """Write the list's filters as the API takes them: `name: {exact: ...}` is name.exact=..."""
    query: dict[str, Any] = {}
    for key, value in snake(
        {key: item for key, item in arguments.items() if key not in ("zoneId", "maxItems")}
    ).items():
        if isinstance(value, dict):
            query.update({f"{key}.{how}": text for how, text in value.items()})
        else:
            query[key] = value
    return query


def main() -> None:
    """Serve the package to the engine that started this process."""
    from .launch import serve

    serve(CloudflareProvider, "cloudflare")


if __name__ == "__main__":
    from .launch import protocol_only

    protocol_only()
    main()
