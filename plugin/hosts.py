"""The DNS hosts that the plugin writes to itself, as its configuration names them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from mailstack.errors import VendorError
from providers.dns.base import HostedZone, RecordStore

Options = Mapping[str, Any]

STANDING: Final = "mailstack:index:getStandingRecords"
_TEXT: Final = {"type": "string"}
STANDING_SCHEMA: Final[Mapping[str, Any]] = {
    "description": "What stands at a name at a DNS host that the plugin writes to.",
    "inputs": {
        "properties": {"host": _TEXT, "zone": _TEXT, "name": _TEXT},
        "required": ["host", "zone", "name"],
    },
    "outputs": {
        "properties": {"records": {"type": "array", "items": {"$ref": "pulumi.json#/Any"}}},
        "required": ["records"],
    },
}


def _rfc2136(options: Options) -> RecordStore:
    from providers.dns.rfc2136 import Rfc2136

    return Rfc2136(
        str(options["server"]),
        int(options.get("port") or 53),
        options.get("key"),
        str(options.get("algorithm") or "hmac-sha256"),
        str(options.get("secret") or ""),
    )


def _lexicon(options: Options) -> RecordStore:
    from providers.dns.lexicon import Lexicon

    return Lexicon(str(options["provider"]), options.get("options") or {})


_MAKERS: Final[Mapping[str, Callable[[Options], RecordStore]]] = {"rfc2136": _rfc2136, "lexicon": _lexicon}


class Hosts:
    """The hosts of one configuration, each made when it is first asked for."""

    def __init__(self, zones: Mapping[str, Mapping[str, Options]]) -> None:
        """Take the options of each host by zone."""
        self._zones = zones
        self._made: dict[tuple[str, str], RecordStore] = {}
        self._lock = threading.Lock()

    def store(self, host: str, zone: str) -> RecordStore:
        """Return the host of a zone; raises VendorError where the configuration does not name it."""
        options = self._zones.get(zone, {}).get(host)
        if options is None or host not in _MAKERS:
            known = ", ".join(f"{zone} ({', '.join(hosts)})" for zone, hosts in self._zones.items()) or "none"
            raise VendorError(
                f"the mailstack provider's dnsHosts names no host {host} for the zone {zone}; it names: {known}"
            )
        with self._lock:
            if (host, zone) not in self._made:
                self._made[host, zone] = _MAKERS[host](options)
            return self._made[host, zone]

    def standing(self, host: str, zone: str, name: str) -> list[dict[str, Any]]:
        """List what stands at a name; raises VendorError."""
        records = self.store(host, zone).standing_at(HostedZone(zone, zone), name)
        return [{"name": one.name, "type": one.type, "ttl": one.ttl, "content": one.content} for one in records]
