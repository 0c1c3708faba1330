"""DNS as data: which zone answers a name, with what."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

NOERROR, SERVFAIL, NXDOMAIN = "NOERROR", "SERVFAIL", "NXDOMAIN"
AMAZONSES = "amazonses.com"
# The sandbox's SES sends from this machine, so its own SPF record allows loopback and nothing else.
AMAZONSES_SPF = "v=spf1 ip4:127.0.0.0/8 -all"
REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
LONGEST_CHAIN = 16


@dataclass(frozen=True, slots=True)
class Rr:
    """One resource record: name without trailing dot, value as text ("10 mail.example.com"; TXT joined, unquoted)."""

    name: str
    type: str
    ttl: int
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS says: aliases on the way and then the records asked for; the SOA where there are none of these."""

    rcode: str
    records: tuple[Rr, ...]
    soa: Rr | None = None


class Hosted(Protocol):
    """A DNS host with an API, as a resolver sees it."""

    def zones(self) -> Mapping[str, Sequence[str]]:
        """Give the zones and their name servers."""

    def published(self, zone: str) -> Sequence[Rr]:
        """Give what the host's name servers answer for a zone, without its SOA and its own NS."""


class Names:
    """All of DNS as this machine sees it: the hosts' zones, delegations, foreign records, amazonses.com.

    A zone that several hosts hold is served by the first of them, until it is delegated to another's name servers.
    """

    def __init__(self, hosts: Hosted | Sequence[Hosted], dkim_record: Callable[[str], str | None]) -> None:
        self._hosts = hosts if isinstance(hosts, Sequence) else [hosts]
        self._dkim_record = dkim_record
        self._delegations: dict[str, tuple[str, ...]] = {}
        self._primaries: dict[str, Hosted] = {}
        self._foreign: list[Rr] = []
        self._lock = threading.Lock()

    def resolve(self, name: str, kind: str) -> list[str]:
        """Give the values at a name, aliases followed, as text; [] where there are none."""
        return [record.value for record in self.ask(name, kind).records if record.type == kind]

    def ask(self, name: str, kind: str) -> Answer:
        """Answer one question as a resolver would; kind ANY gives everything at the name."""
        name = name.rstrip(".").lower()
        chain: list[Rr] = []
        for _ in range(LONGEST_CHAIN):
            soa, node = self._node(name)
            if node is None:
                return Answer(NXDOMAIN, tuple(chain), soa)  # also behind aliases, RFC 6604 section 3
            # An alias is alone at its name for whoever resolves (RFC 1034 section 3.6.2), whatever the host keeps.
            alias = next((record for record in node if record.type == "CNAME"), None)
            if alias is None or kind in ("CNAME", "ANY"):
                found = [record for record in node if kind in (record.type, "ANY")]
                return Answer(NOERROR, (*chain, *found), None if found else soa)
            chain.append(alias)
            name = alias.value
        return Answer(SERVFAIL, ())

    def delegate(self, zone: str, name_servers: Iterable[str], primary: Hosted | None = None) -> None:
        """Delegate a zone to name servers: another host's, those of `primary`, or some that know nothing of it."""
        with self._lock:
            self._delegations[zone.lower()] = tuple(server.rstrip(".").lower() for server in name_servers)
            self._primaries.pop(zone.lower(), None)
            if primary is not None:
                self._primaries[zone.lower()] = primary

    def undelegate(self, zone: str) -> bool:
        """Take a delegation back; False where there was none."""
        with self._lock:
            self._primaries.pop(zone.lower(), None)
            return self._delegations.pop(zone.lower(), None) is not None

    def delegated_elsewhere(self, zone: str) -> bool:
        """Say whether the name servers of a zone are others than the first host's."""
        return zone in self._delegations and self._server_of(zone, self._delegations) is not self._hosts[0]

    def _server_of(self, zone: str, delegations: Mapping[str, Sequence[str]]) -> Hosted | None:
        """Give the host that serves a zone; None where its delegation names none of them."""
        if zone in self._primaries:
            return self._primaries[zone]
        holding = [host for host in self._hosts if zone in host.zones()]
        if zone not in delegations:
            return holding[0] if holding else None
        servers = set(delegations[zone])
        return next((host for host in holding if servers & {one.lower() for one in host.zones()[zone]}), None)

    def publish(self, records: Iterable[Rr]) -> None:
        """Add records that no API of the sandbox owns."""
        with self._lock:
            self._foreign = list(dict.fromkeys([*self._foreign, *records]))

    def withdraw(self, name: str | None, kind: str | None) -> int:
        """Remove foreign records, all or those of a name and type; gives how many."""
        with self._lock:
            kept = [r for r in self._foreign if name not in (None, r.name) or kind not in (None, r.type)]
            removed = len(self._foreign) - len(kept)
            self._foreign = kept
            return removed

    def _node(self, name: str) -> tuple[Rr, list[Rr] | None]:
        """Give the SOA of the zone a name is in and the records at the name; None where it does not exist."""
        with self._lock:
            delegations, foreign = dict(self._delegations), list(self._foreign)
        zones = {zone: servers for host in reversed(self._hosts) for zone, servers in host.zones().items()}
        apexes = {*zones, *delegations}
        apex = _longest(name, apexes)
        held = [*self._held(name, apex, zones, delegations), *foreign]
        soa = next((record for record in held if record.type == "SOA"), _soa("", "ns.sandbox.test"))
        node = [record for record in held if record.name == name]
        if node or _has_names_below(name, [*(record.name for record in held), *apexes]):
            return soa, node
        return soa, _wildcard(name, apex, held)

    def _held(
        self, name: str, apex: str, zones: Mapping[str, Sequence[str]], delegations: Mapping[str, Sequence[str]]
    ) -> list[Rr]:
        """Give what the zone's own name servers hold, as far as the name is theirs to answer."""
        if not apex:
            return self._amazonses(name) if _within(name, AMAZONSES) else []
        servers = delegations.get(apex) or zones[apex]
        own = [_soa(apex, servers[0]), *(Rr(apex, "NS", 86400, server) for server in servers)]
        host = self._server_of(apex, delegations)
        if host is None:
            return own
        published = host.published(apex)
        # NS records at the apex are kept by the host and ignored; below it they cut a zone off.
        cuts = [record for record in published if record.type == "NS" and record.name != apex]
        if cut := _longest(name, {record.name for record in cuts}):
            return own + [record for record in cuts if record.name == cut]
        return own + [record for record in published if record.type != "NS" or record.name != apex]

    def _amazonses(self, name: str) -> list[Rr]:
        """Give what Amazon publishes: SPF of the sending domains, DKIM keys, and where feedback and mail come from."""
        if match := re.fullmatch(rf"(?:(feedback-smtp|smtp-out)\.)?(?:{REGION}\.)?amazonses\.com", name):
            if match[1]:
                return [Rr(name, "A", 60, "127.0.0.1")]
            return [Rr(name, "TXT", 900, AMAZONSES_SPF)]
        if match := re.fullmatch(r"([^.]+)\.(?:dkim|_domainkey)\.amazonses\.com", name):
            key = self._dkim_record(match[1])
            return [Rr(name, "TXT", 1800, key)] if key else []
        return []


def _longest(name: str, apexes: Iterable[str]) -> str:
    return max((apex for apex in apexes if _within(name, apex)), key=len, default="")


def _within(name: str, apex: str) -> bool:
    return f".{name}".endswith(f".{apex}")


def _has_names_below(name: str, names: Iterable[str]) -> bool:
    """Say whether names exist below a name: then it exists too, without data (RFC 8020 section 2)."""
    return any(other.endswith(f".{name}") or other == name for other in names)


def _wildcard(name: str, apex: str, held: Sequence[Rr]) -> list[Rr] | None:
    """Give the records of the wildcard below the closest name that exists (RFC 4592 section 3.3.1)."""
    parent = name.partition(".")[2]
    while parent and apex and _within(parent, apex):
        source = [record for record in held if record.name == f"*.{parent}"]
        if source:
            return [Rr(name, record.type, record.ttl, record.value) for record in source]
        if _has_names_below(parent, (record.name for record in held)):
            return None
        parent = parent.partition(".")[2]
    return None


def _soa(apex: str, server: str) -> Rr:
    """Write a zone's SOA; the timers are the ones Cloudflare gives its zones."""
    return Rr(apex, "SOA", 1800, f"{server} hostmaster.sandbox.test 1 10000 2400 604800 1800")
