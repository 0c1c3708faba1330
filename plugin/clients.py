"""The vendors' clients of one configuration, each made once, and what they answered in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailstack.dns.records import spelled
from mailstack.errors import Refused, VendorError
from mailstack.paths import key_path
from providers.aws import AwsAccount
from providers.dns import HOSTS
from providers.dns.base import Access, DnsHost, ExistingRecord, HostClient, HostedZone, RecordWriter, WholeZone
from providers.smtp.ses_client import Existing, Kind, Ses

from .shared import Shared

if TYPE_CHECKING:
    from .configuration import Credentials

_AT_ONCE = 8  # vendors
Place = tuple[str, HostedZone]


class _Listing:
    """What a host answered when it was asked for these names."""

    def __init__(self, names: frozenset[str], records: Sequence[ExistingRecord]) -> None:
        self.names, self.is_whole_zone = names, isinstance(records, WholeZone)
        self._at: dict[str, list[ExistingRecord]] = {}
        for record in records:
            self._at.setdefault(record.name, []).append(record)

    def at(self, names: Collection[str]) -> list[ExistingRecord]:
        """List what exists at names: the hook of each record asks for its own, in zones that may hold very many."""
        return [record for name in sorted(names) for record in self._at.get(name, ())]


class Clients:
    """All that one configuration can ask and write to; safe for many threads."""

    def __init__(
        self,
        credentials: Credentials,
        hosts: Mapping[str, DnsHost] | None = None,
        ses: Callable[[AwsAccount, str], Ses] | None = None,
    ) -> None:
        """Take the credentials and whom to ask, those of providers/ where none are given."""
        self._credentials, self._hosts, self._ses = credentials, HOSTS if hosts is None else hosts, ses or Ses
        self._made: Shared[Any] = Shared()
        self._zones: Shared[list[HostedZone]] = Shared()
        self._listings: Shared[_Listing] = Shared()
        self._names: Shared[list[str]] = Shared()
        self._written: set[tuple[Place, str]] = set()
        self._lock = threading.Lock()

    @property
    def aws(self) -> AwsAccount:
        """The AWS account."""
        return self._credentials.aws

    def host(self, name: str) -> DnsHost:
        """Return the declaration of a DNS host; raises VendorError for a name that is none."""
        if name not in self._hosts:
            raise VendorError(f'"{name}" is not a DNS host that mailstack knows; use {", ".join(self._hosts)}')
        return self._hosts[name]

    def client(self, host: str, zone: str) -> HostClient:
        """Return the client of a zone's access, one for all zones that are reached in the same way."""
        access = self._access(host, zone)
        made: HostClient = self._made.get(_way(host, access), lambda: self.host(host).client(access))
        return made

    def writer(self, host: str, zone: str) -> RecordWriter:
        """Return the client of a zone whose record sets the plugin writes; raises VendorError."""
        client = self.client(host, zone)
        if not isinstance(client, RecordWriter):
            raise VendorError(f"{key_path('dns', zone)}: {self.host(host).title} is not written to by the plugin")
        return client

    def ses(self, region: str) -> Ses:
        """Return the client of SES in a region."""
        made: Ses = self._made.get(("ses", region), lambda: self._ses(self.aws, region))
        return made

    def account_id(self) -> str:
        """Return the AWS account's number; raises VendorError."""
        number: str = self._made.get("account", self.aws.account_id)
        return number

    def zones(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, dict[str, HostedZone]]:
        """Find zones at their hosts, given by zone, with one request for each host and account; raises VendorError."""
        groups: dict[Any, tuple[str, list[str]]] = {}
        for zone, hosts in wanted.items():
            for host in hosts:
                groups.setdefault(_way(host, self._access(host, zone)), (host, []))[1].append(zone)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            listed = dict(zip(groups, pool.map(lambda group: self._listed(*group), groups.values()), strict=True))

        def found(host: str, zone: str) -> HostedZone:
            return self._only(host, zone, listed[_way(host, self._access(host, zone))])

        return {zone: {host: found(host, zone) for host in hosts} for zone, hosts in wanted.items()}

    def zone(self, host: str, zone: str) -> HostedZone:
        """Find one zone at one host; raises VendorError."""
        return self.zones({zone: [host]})[zone][host]

    def existing(
        self, host: str, zone: HostedZone, names: Collection[str], *, fresh: bool = False
    ) -> list[ExistingRecord]:
        """List what exists at names: asked once per zone, again where it is to be fresh or was written to since.

        Raises VendorError.
        """
        place, wanted = (host, HostedZone(zone.id, zone.name)), frozenset(map(spelled, names))
        with self._lock:
            again = frozenset(name for name in wanted if fresh or (place, name) in self._written)
        with _at_key(zone.name):
            client = self.client(host, zone.name)
            records = _Listing(again, client.existing(zone, again)).at(again) if again else []
            if wanted - again:
                records += self._once(client, place, wanted - again)
        return records

    def whole_zone(self, host: str, zone: HostedZone) -> list[ExistingRecord]:
        """List all records of a zone at a host that lists whole zones, asked anew; raises VendorError."""
        with _at_key(zone.name):
            return self.client(host, zone.name).existing(zone, ())

    def written(self, host: str, zone: HostedZone, name: str) -> None:
        """Note that a name is written to: what it was asked for before is out of date."""
        with self._lock:
            self._written.add(((host, HostedZone(zone.id, zone.name)), name))

    def existing_at_ses(self, region: str, kind: Kind, name: str, path: str, *, fresh: bool = False) -> Existing | None:
        """Ask for an identity, configuration set or user: a list first, since most of what is asked for is not there.

        Configuration sets and users that the caller may not see count as not there: AWS accepts no second one anyway.
        Raises VendorError.
        """
        ses = self.ses(region)
        try:
            if not fresh and name not in self._listed_at_ses(ses, region, kind, path):
                return None
            return ses.existing(kind, name)
        except Refused:
            if kind == "identity":
                raise
            return None

    def _listed_at_ses(self, ses: Ses, region: str, kind: Kind, path: str) -> list[str]:
        place = (kind, path) if kind == "user" else (kind, region)
        return self._names.get(place, lambda: ses.names(kind, path))

    def _once(self, client: HostClient, place: Place, names: frozenset[str]) -> list[ExistingRecord]:
        """List what exists at names as it was answered when they were first asked for."""

        def ask(wanted: frozenset[str]) -> _Listing:
            return _Listing(wanted, client.existing(place[1], wanted))

        # Hosts that list whole zones do so for more than one name.
        first = self._listings.get(place, lambda: ask(names | {place[1].name}))
        missing = names - first.names
        if not missing or first.is_whole_zone:
            return first.at(names)
        more = self._listings.get((place, missing), lambda: ask(missing))
        return [*first.at(names - missing), *more.at(missing)]

    def _listed(self, host: str, zones: list[str]) -> list[HostedZone]:
        names, way = tuple(sorted(map(spelled, zones))), _way(host, self._access(host, zones[0]))
        with _at_key(zones[0]):
            return self._zones.get((way, names), lambda: self.client(host, zones[0]).zones(names))

    def _only(self, host: str, zone: str, listed: Sequence[HostedZone]) -> HostedZone:
        """Return the one zone of a name; raises VendorError for none or several."""
        found = [one for one in listed if spelled(one.name) == spelled(zone)]
        path, title = key_path("dns", zone), self.host(host).title
        given = self._access(host, zone).keys.get("zoneId")
        if not found and given:
            names = " and ".join(one.name for one in listed) or "none"
            raise VendorError(f"{path}.zoneId: {title} has under {given} the zone {names}, not {zone}; correct the id")
        if not found:
            raise VendorError(
                f"{path}: {title} shows no zone {zone} to these credentials; create the zone there, or use credentials "
                "that may read it"
            )
        if len(found) > 1:
            shown = " and ".join(map(_described, found))
            raise VendorError(
                f"{path}: {title} has {len(found)} zones named {zone}: {shown}; set {path}.zoneId to the id of the one "
                "that the domain is delegated to"
            )
        return found[0]

    def _access(self, host: str, zone: str) -> Access:
        given = self._credentials.dns.get(zone, {}).get(host)
        package = self._credentials.cloudflare.model_dump(by_alias=True, exclude_none=True)
        return Access(
            keys=given.keys if given else {},
            secrets=given.secrets if given else {},
            package=package if host == "cloudflare" else {},
            aws=self.aws,
        )


def _way(host: str, access: Access) -> tuple[str, str]:
    """Return what tells apart how zones are reached."""
    return host, json.dumps([dict(access.keys), dict(access.secrets)], sort_keys=True)


@contextmanager
def _at_key(zone: str) -> Iterator[None]:
    """Have an error of a zone's host name the setting that says which host it is."""
    try:
        yield
    except VendorError as error:
        raise type(error)(f"{key_path('dns', zone)}: {error}") from None


def _described(zone: HostedZone) -> str:
    servers = f"name servers {', '.join(zone.name_servers)}" if zone.name_servers else ""
    told = ", ".join(filter(None, (zone.status, servers)))
    return f"{zone.id} ({told})" if told else zone.id
