"""What Cloudflare holds: zones with their records, and which records may exist side by side."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.dns import Rr
from sandbox.txt import text

ACCOUNT = {"id": "sandbox", "name": "sandbox"}
NAME_SERVERS = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
# The token sees a second account, whose zones were moved away: no domain is delegated to its name servers any more.
FORMER_ACCOUNT = {"id": "former", "name": "former"}
FORMER_NAME_SERVERS = ("cleo.ns.cloudflare.com", "dan.ns.cloudflare.com")
ACCOUNTS = {account["id"]: account for account in (ACCOUNT, FORMER_ACCOUNT)}
COMBINED_LIMIT = 8192  # characters of all records of one name and type (record types reference, Note)
AUTOMATIC_TTL = 300  # what ttl 1 becomes in DNS (record attributes reference, "Time to live")
# What a proxied name answers with instead of its record, an address of the proxy; of a flattened CNAME's target, too.
PROXY = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}
MORE = "For more details, refer to <https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/{}>."
SAME_NAME = MORE.format("records-with-same-name/")


class ApiError(Exception):
    """What Cloudflare answers instead of a result: an HTTP status, and one of its codes with its text."""

    def __init__(self, status: int, code: int, message: str, chain: tuple[int, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.chain = status, code, message, chain


@dataclass(frozen=True)
class Fields:
    """What the owner of a record says of it; content as Cloudflare keeps it."""

    name: str
    type: str
    content: str
    ttl: int = 1
    proxied: bool = False
    priority: int | None = None
    comment: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str, int | None]:
        """Give what two records may not share; quotes around a TXT text make no other record."""
        return self.name, self.type, text(self.content) if self.type == "TXT" else self.content, self.priority


@dataclass(frozen=True)
class Record:
    """A record as it is kept."""

    id: str
    fields: Fields
    created: str
    modified: str
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Zone:
    """A zone with its records by id, in the order they were made; its name in A-labels.

    `routed` holds the names at which Email Routing is on, and whether its records there are locked.
    """

    id: str
    name: str
    created: str
    account: Mapping[str, str] = field(default_factory=lambda: ACCOUNT)
    records: dict[str, Record] = field(default_factory=dict)
    routed: dict[str, bool] = field(default_factory=dict)

    @property
    def is_served(self) -> bool:
        """Tell whether domains are delegated to the name servers of the zone's account."""
        return self.account == ACCOUNT

    @property
    def name_servers(self) -> tuple[str, ...]:
        """Give the name servers of the zone's account."""
        return NAME_SERVERS if self.is_served else FORMER_NAME_SERVERS


class Store:
    """Cloudflare's memory: zones and records of the accounts that one token sees, safe to use from many threads."""

    def __init__(self) -> None:
        self._zones: dict[str, Zone] = {}
        self._lock = threading.RLock()

    def zones(self) -> dict[str, tuple[str, ...]]:
        """Give the zones' names and name servers, as DNS asks."""
        with self._lock:
            return {zone.name: zone.name_servers for zone in self._zones.values() if zone.is_served}

    def published(self, zone: str) -> list[Rr]:
        """Give what the name servers answer for a zone."""
        with self._lock:
            served = [one for one in self._zones.values() if one.name == zone and one.is_served]
            held = [record.fields for one in served for record in one.records.values()]
        return [answer for fields in held for answer in _answers(fields, zone)]

    def all_zones(self) -> list[Zone]:
        """List the zones."""
        with self._lock:
            return list(self._zones.values())

    @contextmanager
    def zone(self, id_: str) -> Iterator[Zone]:
        """Hand out a zone for looking and changing while nobody else does; ApiError for an unknown id."""
        with self._lock:
            if id_ not in self._zones:
                raise ApiError(403, 9109, "Unauthorized to access requested resource")
            yield self._zones[id_]

    def add_zone(self, name: str, account: Mapping[str, str] = ACCOUNT) -> Zone:
        """Make a zone; ApiError where the account has it. Another account may have a zone of the same name."""
        with self._lock:
            if any((zone.name, zone.account) == (name, account) for zone in self._zones.values()):
                raise ApiError(400, 1061, f"{name} already exists")
            zone = Zone(new_id(), name, now(), account)
            self._zones[zone.id] = zone
            return zone

    def remove_zone(self, id_: str) -> None:
        """Remove a zone with its records."""
        with self.zone(id_):
            del self._zones[id_]

    def put(self, zone_id: str, make: Callable[[Zone, Record | None], Fields], record_id: str | None = None) -> Record:
        """Write a record, a new one or over `record_id`, where no other record is in the way."""
        with self.zone(zone_id) as zone:
            old = record(zone, record_id) if record_id else None
            fields = make(zone, old)
            _check_locks(zone, old, fields)
            _check_neighbours(fields, [one.fields for one in zone.records.values() if one.id != record_id])
            stamp = now()
            new = Record(
                old.id if old else new_id(),
                fields,
                old.created if old else stamp,
                stamp,
                old.meta if old else {},
            )
            zone.records[new.id] = new
            return new

    def remove(self, zone_id: str, record_id: str) -> None:
        """Remove a record; ApiError where Email Routing keeps it."""
        with self.zone(zone_id) as zone:
            _check_locks(zone, record(zone, record_id), None)
            del zone.records[record_id]


def record(zone: Zone, id_: str) -> Record:
    """Find a record of a zone; ApiError where there is none."""
    if id_ not in zone.records:
        raise ApiError(404, 81044, "Record does not exist.")
    return zone.records[id_]


def _check_locks(zone: Zone, old: Record | None, new: Fields | None) -> None:
    """Refuse what Email Routing keeps from being changed; codes and texts as its users quote them."""
    meta = old.meta if old else {}
    if meta.get("read_only") or (old and meta.get("email_routing") and zone.routed.get(old.fields.name)):
        message = "This record is managed by Email Routing. Disable Email Routing to modify/remove this record."
        raise ApiError(400, 1046, message)
    if new and new.type == "MX" and zone.routed.get(new.name):
        message = "This zone is managed by Email Routing. Disable Email Routing to add/modify MX records."
        raise ApiError(403, 890190, message)


def _check_neighbours(fields: Fields, others: list[Fields]) -> None:
    """Refuse what cannot exist beside the other records (API reference of "Create DNS Record", Notes)."""
    here = [other for other in others if other.name == fields.name]
    if any(other.identity == fields.identity for other in here):
        raise ApiError(400, 81058, "An identical record already exists.")
    if sum(len(other.content) for other in (fields, *here) if other.type == fields.type) > COMBINED_LIMIT:
        message = f"The combined content of {fields.type} records at one name exceeds {COMBINED_LIMIT} characters."
        raise ApiError(400, 1004, message)
    types = {other.type for other in here}
    addresses = {"A", "AAAA"}
    if fields.type == "CNAME" and types & {*addresses, "CNAME"}:
        raise ApiError(400, 81053, f"An A, AAAA, or CNAME record with that host already exists. {SAME_NAME}")
    if fields.type in addresses and "CNAME" in types:
        raise ApiError(400, 81054, f"A CNAME record with that host already exists. {SAME_NAME}")
    if fields.type != "NS" and "NS" in types:
        raise ApiError(400, 81056, f"NS records with that host already exist. {SAME_NAME}")
    if fields.type == "NS" and types - {"NS"}:
        raise ApiError(400, 81055, f"Records with that host already exist. {SAME_NAME}")


def _answers(fields: Fields, zone: str) -> list[Rr]:
    ttl = AUTOMATIC_TTL if fields.ttl == 1 else fields.ttl
    if fields.proxied or _is_flattened(fields, zone):
        return [Rr(fields.name, kind, ttl, address) for kind, address in PROXY.items()]
    value = text(fields.content) if fields.type == "TXT" else fields.content
    return [Rr(fields.name, fields.type, ttl, f"{fields.priority} {value}" if fields.type == "MX" else value)]


def _is_flattened(fields: Fields, zone: str) -> bool:
    """Tell whether a CNAME is answered with addresses (https://developers.cloudflare.com/dns/cname-flattening/)."""
    return fields.type == "CNAME" and (fields.name == zone or bool(fields.settings.get("flatten_cname")))


def new_id() -> str:
    """Make an id as Cloudflare's: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def now() -> str:
    """Give the time as Cloudflare writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
