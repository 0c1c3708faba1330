"""A zone whose DNSSEC is broken, asked as a resolver that validates."""

from __future__ import annotations

from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from dns.message import Message

from sandbox.cloudflare_store import Fields, Store
from sandbox.dns import Names
from sandbox.dns_server import DnsServer
from sandbox.dnssec import Dnssec


@pytest.fixture(name="port")
def _port() -> Iterator[int]:
    store, dnssec = Store(), Dnssec()
    zone = store.add_zone("example.com")
    store.add_zone("example.net")
    store.put(zone.id, lambda zone, old: Fields("m.example.com", "TXT", "text"))
    dnssec.set_broken("Example.com.", True)
    server = DnsServer(Names(store, lambda token: None).ask, 0, dnssec.breaks)
    server.start()
    yield server.port
    server.stop()


def _ask(port: int, name: str, *, edns: bool = True, checking: bool = True) -> Message:
    question = dns.message.make_query(name, "TXT", use_edns=0 if edns else False)
    question.flags |= 0 if checking else dns.flags.CD
    return dns.query.udp(question, "127.0.0.1", timeout=5, port=port)


@pytest.mark.parametrize("name", ["m.example.com", "nothing.example.com", "example.com"])
def test_a_broken_zone_answers_servfail_with_the_reason(port: int, name: str) -> None:
    """RFC 8914 section 4.7: code 6, DNSSEC Bogus; a client without EDNS gets the SERVFAIL alone."""
    answer = _ask(port, name)
    assert (answer.rcode(), answer.answer) == (dns.rcode.SERVFAIL, [])
    assert [one.code for one in answer.extended_errors()] == [dns.edns.EDECode.DNSSEC_BOGUS]
    assert (_ask(port, name, edns=False).rcode(), _ask(port, name, edns=False).options) == (dns.rcode.SERVFAIL, ())


def test_it_is_answered_with_checking_disabled(port: int) -> None:
    """RFC 4035 section 3.2.2: with the CD bit, which comes back, the data is given as it is."""
    answer = _ask(port, "m.example.com", checking=False)
    assert (answer.rcode(), bool(answer.flags & dns.flags.CD)) == (dns.rcode.NOERROR, True)
    assert [one.to_text() for one in answer.answer[0]] == ['"text"']


def test_other_zones_are_not_touched(port: int) -> None:
    """Only names in the broken zone are refused."""
    assert _ask(port, "nothing.example.net").rcode() == dns.rcode.NXDOMAIN


def test_amazons_resolvers_see_nothing_of_it() -> None:
    """What SES looks for in a broken zone it does not find, and finds it when DNSSEC is fixed."""
    dnssec = Dnssec()
    look_up = dnssec.validated(lambda name, kind: [f"{kind} {name}"])
    dnssec.set_broken("example.com", True)
    assert (look_up("m.example.com", "TXT"), look_up("m.example.net", "TXT")) == ([], ["TXT m.example.net"])
    dnssec.set_broken("example.com", False)
    assert look_up("m.example.com", "TXT") == ["TXT m.example.com"]
