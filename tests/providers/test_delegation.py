"""To whom a zone is delegated: the parent's word, asked of small servers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dns.resolver import Resolver
from dnslib import NS, QTYPE, RCODE, RR, DNSRecord  # type: ignore[import-untyped]  # ships no types
from dnslib.server import DNSServer  # type: ignore[import-untyped]  # ships no types

from providers.dns import live

OWN = ["ns1.old.example", "ns2.old.example"]  # what the zone's own servers still say


class _World:
    """A resolver and, for questions without recursion, the server of the parent zone `com`."""

    def __init__(self) -> None:
        self.referral: dict[str, list[str]] = {"example.com": ["NS1.new.example", "ns2.new.example"]}
        self.parent_rcode = "NOERROR"
        self.authoritative = False
        self.own = OWN
        self.asked: list[tuple[str, bool]] = []

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply(aa=0)
        name, kind = str(request.q.qname).rstrip("."), QTYPE[request.q.qtype]
        self.asked.append((name, bool(request.header.rd)))
        if not request.header.rd:
            reply.header.rcode = getattr(RCODE, self.parent_rcode)
            reply.header.aa = self.authoritative
            for owner, servers in self.referral.items():
                for server in servers:
                    reply.add_auth(RR(owner, QTYPE.NS, rdata=NS(server), ttl=300))
            return reply
        zone = {("com", "NS"): "com. NS parent.example.", ("parent.example", "A"): "parent.example. A 127.0.0.1"}
        text = zone.get((name, kind), "")
        if (name, kind) == ("example.com", "NS"):
            text = "\n".join(f"example.com. NS {server}." for server in self.own)
        for record in RR.fromZone(text):
            reply.add_answer(record)
        return reply


@contextmanager
def _served(world: _World) -> Iterator[int]:
    server = DNSServer(world, port=0, address="127.0.0.1")
    server.start_thread()
    yield server.server.server_address[1]
    server.stop()
    server.server.server_close()


@pytest.fixture(name="world")
def _world(monkeypatch: pytest.MonkeyPatch) -> Iterator[_World]:
    world = _World()
    with _served(world) as port:
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, 2
        monkeypatch.delenv("MAILSTACK_DNS_SERVER", raising=False)
        monkeypatch.setattr(live, "_resolver", lambda: resolver)
        monkeypatch.setattr(live, "_PORT", port)  # name servers answer on 53, which a test cannot open
        yield world


def test_the_parent_is_asked_for_its_referral(world: _World) -> None:
    """The parent's NS records count, asked without recursion, whatever the zone says of itself."""
    assert live.delegation("example.com") == ["ns1.new.example", "ns2.new.example"]
    assert ("example.com", False) in world.asked
    assert live.name_servers("example.com") == OWN


def test_a_zone_deep_below_is_asked_of_the_next_zone_above(world: _World) -> None:
    """Names between, which are no zones, are passed by."""
    world.referral = {"a.b.example.com": ["ns.deep.example"]}
    world.own = ["parent.example"]
    assert live.delegation("a.b.example.com") == ["ns.deep.example"]
    assert ("b.example.com", True) in world.asked
    assert ("a.b.example.com", False) in world.asked


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
def test_a_zone_that_the_parent_does_not_delegate_is_none(world: _World, rcode: str) -> None:
    """An authoritative answer without NS records says that there is no delegation."""
    world.referral, world.parent_rcode, world.authoritative = {}, rcode, True
    assert live.delegation("example.com") == []


@pytest.mark.parametrize(
    ("rcode", "referral"),
    [
        ("REFUSED", {}),
        ("SERVFAIL", {}),
        ("NOERROR", {}),  # not authoritative: no server of the parent
        ("NOERROR", {"": ["a.root-servers.net"]}),  # an upward referral
    ],
)
def test_where_the_parent_cannot_be_asked_the_zones_own_word_counts(
    world: _World, rcode: str, referral: dict[str, list[str]]
) -> None:
    """A refusal, a failure, or an answer of a server that does not serve the parent leads to the resolver's answer."""
    world.referral, world.parent_rcode = referral, rcode
    assert live.delegation("example.com") == OWN


def test_the_server_that_is_named_is_the_only_one_asked(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With MAILSTACK_DNS_SERVER set no other server is asked."""
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", "127.0.0.1:5353")
    assert live.delegation("example.com") == OWN
    assert world.asked == [("example.com", True)]
