"""Broken DNSSEC is told apart from a server that fails, over the sandbox's DNS and over resolvers that say less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dnslib import QTYPE, RCODE, RR, SOA, DNSRecord  # type: ignore[import-untyped]  # ships no types
from dnslib.server import DNSServer  # type: ignore[import-untyped]  # ships no types

from mailstack.errors import BogusAnswer, DnsError
from providers.dns import live
from sandbox.cloudflare_store import Fields, Store
from sandbox.dns import Names
from sandbox.dns_server import DnsServer
from sandbox.dnssec import Dnssec


@pytest.fixture(name="dnssec")
def _dnssec(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dnssec]:
    store, dnssec = Store(), Dnssec()
    for zone in ("example.com", "example.net"):
        store.add_zone(zone)
    ids = {zone.name: zone.id for zone in store.all_zones()}
    store.put(ids["example.com"], lambda zone, old: Fields("m.example.com", "TXT", "text"))
    store.put(ids["example.net"], lambda zone, old: Fields("a.example.net", "CNAME", "m.example.com"))
    server = DnsServer(Names(store, lambda token: None).ask, 0, dnssec.breaks)
    server.start()
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", f"127.0.0.1:{server.port}")
    yield dnssec
    server.stop()


@pytest.mark.parametrize("name", ["m.example.com", "nothing.example.com", "example.com", "a.example.net"])
def test_a_bogus_answer_is_a_sentence_about_the_zone(dnssec: Dnssec, name: str) -> None:
    """The zone whose signature is wrong is named, behind an alias too, with the resolver's words and the remedy."""
    live.lookup(name, "TXT")
    dnssec.set_broken("example.com", True)
    with pytest.raises(BogusAnswer, match=r"^DNSSEC of zone example\.com is broken \(no DNSKEY .*Mend the DS record"):
        live.lookup(name, "TXT")
    dnssec.set_broken("example.com", False)
    live.lookup(name, "TXT")


def test_other_zones_are_seen(dnssec: Dnssec) -> None:
    """A broken zone breaks itself and what lies below it."""
    dnssec.set_broken("example.com", True)
    assert live.lookup("nothing.example.net", "TXT") == []


class _Terse:
    """A resolver that says nothing but SERVFAIL, `fails` times; with checking disabled it answers, or not."""

    def __init__(self, fails: int, answers_unchecked: bool) -> None:
        self.fails, self.answers_unchecked = fails, answers_unchecked

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply()
        if request.header.cd:
            reply.header.rcode = RCODE.NOERROR if self.answers_unchecked else RCODE.SERVFAIL
            if self.answers_unchecked:
                reply.add_auth(RR("example.com", QTYPE.SOA, rdata=SOA("ns.example.", "admin.example."), ttl=60))
        elif self.fails:
            self.fails -= 1
            reply.header.rcode = RCODE.SERVFAIL
        return reply


@contextmanager
def _asked(resolver: _Terse, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = DNSServer(resolver, port=0, address="127.0.0.1")
    server.start_thread()
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", f"127.0.0.1:{server.server.server_address[1]}")
    yield
    server.stop()
    server.server.server_close()


@pytest.mark.parametrize(
    ("fails", "answers_unchecked", "bogus"),
    [
        (9, True, True),
        (9, False, False),  # it fails either way: a server is down
        (1, True, False),  # it failed once
    ],
)
def test_a_resolver_that_gives_no_reason_is_asked_without_checking(
    monkeypatch: pytest.MonkeyPatch, fails: int, answers_unchecked: bool, bogus: bool
) -> None:
    """What is answered with checking disabled and refused again without does not validate (RFC 4035 3.2.2, 5.5)."""
    with _asked(_Terse(fails, answers_unchecked), monkeypatch), pytest.raises(DnsError) as failed:
        live.lookup("m.example.com", "TXT")
    assert isinstance(failed.value, BogusAnswer) is bogus
    assert ("DNSSEC of zone example.com is broken:" in str(failed.value)) is bogus
