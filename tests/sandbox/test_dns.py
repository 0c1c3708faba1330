"""DNS over UDP and TCP, asked with dnspython."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from dns.message import Message

from sandbox.dns import Names, Rr
from sandbox.dns_server import DnsServer

LONG = "v=DKIM1; p=" + "A" * 600


class Host:
    """Two zones, one below the other, of a DNS host."""

    def __init__(self) -> None:
        self.records = [
            Rr("example.com", "MX", 300, "10 mail.example.com"),
            Rr("mail.example.com", "A", 300, "192.0.2.25"),
            Rr("www.example.com", "CNAME", 300, "web.example.com"),
            Rr("web.example.com", "CNAME", 300, "host.sub.example.com"),
            Rr("away.example.com", "CNAME", 300, "nothing.example.net"),
            Rr("a.loop.example.com", "CNAME", 300, "b.loop.example.com"),
            Rr("b.loop.example.com", "CNAME", 300, "a.loop.example.com"),
            Rr("*.wild.example.com", "TXT", 300, "any"),
            Rr("known.wild.example.com", "A", 300, "192.0.2.2"),
            Rr("long.example.com", "TXT", 300, LONG),
            Rr("cut.example.com", "NS", 300, "ns.elsewhere.test"),
            Rr("below.cut.example.com", "TXT", 300, "hidden"),
            Rr("example.com", "NS", 300, "ignored.example.net"),
        ]

    def zones(self) -> Mapping[str, Sequence[str]]:
        return {"example.com": ("ns1.host.test", "ns2.host.test"), "sub.example.com": ("ns1.host.test",)}

    def published(self, zone: str) -> Sequence[Rr]:
        return self.records if zone == "example.com" else [Rr("host.sub.example.com", "A", 60, "192.0.2.80")]


@pytest.fixture
def names() -> Names:
    return Names(Host(), {"token1": "p=KEY"}.get)


class Ask:
    """A client of the server, over UDP."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, name: str, kind: str, **options: Any) -> Message:
        return dns.query.udp(dns.message.make_query(name, kind, **options), "127.0.0.1", port=self.port, timeout=5)


@pytest.fixture
def ask(names: Names) -> Iterator[Ask]:
    server = DnsServer(names.ask)
    server.start()
    yield Ask(server.port)
    server.stop()


def test_published_records_are_answered_as_text(names: Names) -> None:
    """Resolve gives values without quotes or final dots, MX with its preference, whatever the case of the question."""
    assert names.resolve("Example.COM.", "MX") == ["10 mail.example.com"]
    assert names.resolve("long.example.com", "TXT") == [LONG]
    assert names.resolve("mail.example.com", "TXT") == []


def test_aliases_are_followed_across_zones(names: Names) -> None:
    """A question for another type goes through every alias; the answer holds the chain (RFC 1034 section 3.6.2)."""
    answer = names.ask("www.example.com", "A")
    assert [(record.name, record.type) for record in answer.records] == [
        ("www.example.com", "CNAME"), ("web.example.com", "CNAME"), ("host.sub.example.com", "A"),
    ]  # fmt: skip
    assert names.resolve("www.example.com", "A") == ["192.0.2.80"]
    assert names.resolve("www.example.com", "CNAME") == ["web.example.com"]


@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("mail.example.com", dns.rcode.NOERROR),  # exists with another type
        ("loop.example.com", dns.rcode.NOERROR),  # exists because names below it do (RFC 8020 section 2)
        ("com", dns.rcode.NOERROR),
        ("absent.example.com", dns.rcode.NXDOMAIN),
        ("example.org", dns.rcode.NXDOMAIN),
        ("away.example.com", dns.rcode.NXDOMAIN),  # of the name behind the alias (RFC 6604 section 3)
        ("a.loop.example.com", dns.rcode.SERVFAIL),
    ],
)
def test_no_such_name_and_no_such_type_differ(ask: Ask, name: str, rcode: int) -> None:
    """NXDOMAIN is for a name that does not exist, an empty NOERROR for one that has no records of the type."""
    answer = ask(name, "AAAA")
    assert answer.rcode() == rcode
    if rcode != dns.rcode.SERVFAIL:
        assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]


def test_a_wildcard_answers_for_names_that_do_not_exist_only(names: Names) -> None:
    """A name that exists is not covered by the wildcard beside it (RFC 4592 section 2.2.1)."""
    assert names.resolve("anything.wild.example.com", "TXT") == ["any"]
    assert names.resolve("known.wild.example.com", "TXT") == []
    assert names.ask("below.known.wild.example.com", "TXT").rcode == "NXDOMAIN"


def test_zones_have_soa_and_their_hosts_name_servers(ask: Ask) -> None:
    """The apex answers SOA, and NS with the host's servers: NS records put there through the API are ignored."""
    answer = ask("example.com", "NS")
    assert sorted(item.to_text() for item in answer.answer[0]) == ["ns1.host.test.", "ns2.host.test."]
    assert ask("sub.example.com", "SOA").answer[0].name.to_text() == "sub.example.com."


def test_a_zone_that_is_delegated_elsewhere_shows_nothing_of_the_host(names: Names) -> None:
    """Other name servers answer with what they know; taking the delegation back shows the host's records again."""
    names.publish([Rr("other.example.com", "TXT", 300, "theirs")])
    names.delegate("example.com", ["NS1.elsewhere.test."])
    assert names.resolve("example.com", "NS") == ["ns1.elsewhere.test"]
    assert names.resolve("example.com", "MX") == []
    assert names.ask("mail.example.com", "A").rcode == "NXDOMAIN"
    assert names.resolve("other.example.com", "TXT") == ["theirs"]
    assert names.resolve("host.sub.example.com", "A") == ["192.0.2.80"], "the zone below has its own delegation"
    assert names.undelegate("example.com")
    assert names.resolve("mail.example.com", "A") == ["192.0.2.25"]


def test_ns_records_inside_a_zone_cut_it(names: Names) -> None:
    """Below NS records other servers answer, so what the zone holds there is never seen (RFC 1034 section 4.2.1)."""
    assert names.resolve("cut.example.com", "NS") == ["ns.elsewhere.test"]
    assert names.resolve("below.cut.example.com", "TXT") == []


def test_foreign_records_come_and_go(names: Names) -> None:
    """Records that no API owns exist beside the others, also in zones that nobody hosts here."""
    names.publish([Rr("_dmarc.example.org", "TXT", 300, "v=DMARC1; p=reject"), Rr("example.com", "TXT", 300, "x")])
    assert names.resolve("_dmarc.example.org", "TXT") == ["v=DMARC1; p=reject"]
    assert names.resolve("example.com", "TXT") == ["x"]
    assert names.withdraw("example.com", None) == 1
    assert names.resolve("example.com", "TXT") == []
    assert names.withdraw(None, None) == 1
    assert names.ask("_dmarc.example.org", "TXT").rcode == "NXDOMAIN"


def test_amazonses_com_has_what_amazon_publishes(names: Names) -> None:
    """SPF of the sending domains, the keys behind tokens, and feedback hosts of regions; nothing made up."""
    assert names.resolve("amazonses.com", "TXT") == ["v=spf1 ip4:127.0.0.0/8 -all"]
    assert names.resolve("eu-west-1.amazonses.com", "TXT") == ["v=spf1 ip4:127.0.0.0/8 -all"]
    assert names.resolve("feedback-smtp.us-gov-west-1.amazonses.com", "A") == ["127.0.0.1"]
    assert names.resolve("token1.dkim.amazonses.com", "TXT") == ["p=KEY"]
    assert names.resolve("token1._domainkey.amazonses.com", "TXT") == ["p=KEY"]
    assert names.ask("token2.dkim.amazonses.com", "TXT").rcode == "NXDOMAIN"
    assert names.ask("feedback-smtp.nowhere.amazonses.com", "A").rcode == "NXDOMAIN"


def test_long_answers_come_over_tcp(ask: Ask) -> None:
    """UDP without EDNS says TC and keeps the records; TCP has them, in strings of at most 255 octets."""
    short = ask("long.example.com", "TXT", use_edns=False)
    assert short.flags & dns.flags.TC
    assert short.answer == []
    whole = ask("long.example.com", "TXT", use_edns=True, payload=4096)
    assert not whole.flags & dns.flags.TC
    query = dns.message.make_query("long.example.com", "TXT", use_edns=False)
    answer = dns.query.tcp(query, "127.0.0.1", port=ask.port, timeout=5)
    [record] = answer.answer[0]
    assert b"".join(record.strings).decode() == LONG
    assert max(map(len, record.strings)) == 255


def test_garbage_is_answered_or_ignored_and_the_server_lives_on(ask: Ask) -> None:
    """Broken messages get FORMERR, answers and scraps get nothing, zone transfers are refused."""
    port = ask.port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        for scrap in (b"", b"\x00\x01", b"\x12\x34\x80" + b"\xff" * 20):
            client.sendto(scrap, ("127.0.0.1", port))
        client.sendto(b"\x12\x34\x01\x00\x00\x01" + b"\xff" * 10, ("127.0.0.1", port))
        reply = client.recv(512)
    assert reply[:2] == b"\x12\x34"
    assert reply[3] & 0x0F == dns.rcode.FORMERR
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(struct.pack("!H", 3) + b"abc")
        assert client.recv(10) == b""
    assert ask("example.com", "AXFR").rcode() == dns.rcode.REFUSED
    assert ask("example.com", "TYPE65").rcode() == dns.rcode.NOERROR
    assert ask("example.com", "MX").answer


def test_a_given_port_that_is_in_use_is_an_error(names: Names) -> None:
    """A second server on the same port fails and leaves nothing behind."""
    first = DnsServer(names.ask)
    first.start()
    with pytest.raises(OSError, match="in use"):
        DnsServer(names.ask, first.port).start()
    first.stop()
