"""DNS as it is, asked of a small server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dnslib import QTYPE, RCODE, RR, DNSRecord  # type: ignore[import-untyped]  # ships no types
from dnslib.server import DNSServer  # type: ignore[import-untyped]  # ships no types

from mailstack.errors import DnsError
from providers.dns import live

ZONE = """
$ORIGIN example.com.
$TTL 300
@ NS NS1.host.example.
@ NS ns2.host.example.
bounce MX 10 Feedback-SMTP.eu-west-1.amazonses.com.
tok._domainkey CNAME Tok.dkim.amazonses.com.
_dmarc TXT "v=DMARC1; " "p=none"
no-mail MX 0 .
*._domainkey TXT "v=DKIM1; p="
@ TXT "other=1"
"""


class _Answers:
    """Answers from ZONE; SERVFAIL below broken.example.com."""

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply()
        name, kind = request.q.qname, QTYPE[request.q.qtype]
        records = RR.fromZone(ZONE)
        if name.matchSuffix("broken.example.com"):
            reply.header.rcode = RCODE.SERVFAIL
        elif not any(record.rname == name for record in records):
            reply.header.rcode = RCODE.NXDOMAIN
        for record in records:
            if record.rname == name and QTYPE[record.rtype] == kind:
                reply.add_answer(record)
        return reply


@pytest.fixture(scope="module", name="port")
def _port() -> Iterator[int]:
    server = DNSServer(_Answers(), port=0, address="127.0.0.1")
    server.start_thread()
    yield server.server.server_address[1]
    server.stop()
    server.server.server_close()


@pytest.fixture(autouse=True)
def _dns(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("_dmarc.example.com", "TXT", ["v=DMARC1; p=none"]),
        ("bounce.example.com", "MX", ["10 feedback-smtp.eu-west-1.amazonses.com"]),
        ("tok._domainkey.example.com", "CNAME", ["tok.dkim.amazonses.com"]),
        ("no-mail.example.com", "MX", ["0 ."]),  # RFC 7505
        ("*._domainkey.example.com", "TXT", ["v=DKIM1; p="]),
        ("nothing.example.com", "TXT", []),
        ("example.com", "MX", []),
    ],
)
def test_lookup_gives_values_as_they_are_compared(name: str, kind: str, values: list[str]) -> None:
    """TXT joined and unquoted, names lower case without trailing dot, nothing where there is nothing."""
    assert live.lookup(name, kind) == values


def test_name_servers_are_those_of_the_delegation() -> None:
    """The zone's NS records, [] where the name is no zone."""
    assert live.name_servers("example.com") == ["ns1.host.example", "ns2.host.example"]
    assert live.name_servers("nothing.example.com") == []


def test_no_answer_is_not_the_answer_that_there_is_nothing() -> None:
    """A server that fails raises, and the sentence names the question."""
    with pytest.raises(DnsError, match=r"TXT a\.broken\.example\.com"):
        live.lookup("a.broken.example.com", "TXT")


@pytest.mark.parametrize("server", ["localhost", "localhost:53", "127.0.0.1:", "127.0.0.1:99999", ":53"])
def test_the_variable_must_be_an_address_and_a_port(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """A server that cannot be one is said with the variable's name."""
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", server)
    with pytest.raises(DnsError, match="MAILSTACK_DNS_SERVER"):
        live.lookup("example.com", "TXT")
