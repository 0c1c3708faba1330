"""DNS as it stands, asked of a small server on this machine; and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dnslib import QTYPE, RCODE, RR, DNSRecord  # type: ignore[import-untyped]  # ships no types
from dnslib.server import DNSServer  # type: ignore[import-untyped]  # ships no types

from providers.dns import live
from providers.dns.visible import WantedRecord, missing

ZONE = """
$ORIGIN example.com.
$TTL 300
@ NS NS1.host.example.
@ NS ns2.host.example.
bounce MX 10 Feedback-SMTP.eu-west-1.amazonses.com.
tok._domainkey CNAME Tok.dkim.amazonses.com.
_dmarc TXT "v=DMARC1; " "p=none"
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
    with pytest.raises(live.LookupFailed, match=r"TXT a\.broken\.example\.com"):
        live.lookup("a.broken.example.com", "TXT")


@pytest.mark.parametrize("server", ["localhost", "localhost:53", "127.0.0.1:", "127.0.0.1:99999", ":53"])
def test_the_variable_must_be_an_address_and_a_port(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """A server that cannot be one is said with the variable's name."""
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", server)
    with pytest.raises(live.LookupFailed, match="MAILSTACK_DNS_SERVER"):
        live.lookup("example.com", "TXT")


def _missing(record: WantedRecord, shown: dict[tuple[str, str], list[str]] | None = None) -> list[str]:
    if shown is None:
        return missing([record], {}, live.lookup, live.name_servers)
    return missing([record], {}, lambda name, kind: shown.get((name, kind), []), lambda zone: [])


@pytest.mark.parametrize(
    "record",
    [
        WantedRecord("_dmarc.example.com", "TXT", ("v=DMARC1; p=none",)),
        WantedRecord("bounce.example.com", "MX", ("10 feedback-smtp.eu-west-1.amazonses.com",)),
        WantedRecord("tok._domainkey.example.com", "CNAME", ("tok.dkim.amazonses.com",)),
    ],
)
def test_what_dns_shows_is_not_missing(record: WantedRecord) -> None:
    """Case, trailing dots and quoting make no difference."""
    assert _missing(record) == []


@pytest.mark.parametrize(
    ("kind", "wanted", "shown", "words"),
    [
        ("MX", "10 feedback-smtp.eu-west-1.amazonses.com", ["5 mail.example.com"], 'DNS answers "5 mail.example.com"'),
        ("MX", "10 a.example.com", ["10 a.example.com", "5 b.example.com"], "b.example.com"),
        ("CNAME", "a.dkim.amazonses.com", ["b.dkim.amazonses.com"], 'DNS answers "b.dkim.amazonses.com"'),
        ("TXT", "v=spf1 include:amazonses.com ~all", ["v=spf1 -all"], 'DNS answers "v=spf1 -all"'),
        (
            "TXT",
            "v=spf1 include:amazonses.com ~all",
            ["v=spf1 include:amazonses.com ~all", "v=spf1 -all"],
            '"v=spf1 -all"',
        ),
        ("TXT", "v=spf1 include:amazonses.com ~all", ["site-verification=1"], "is missing"),
    ],
)
def test_what_stands_instead_is_named(kind: str, wanted: str, shown: list[str], words: str) -> None:
    """A second MX at a return path and a second SPF record are wrong, other text beside a TXT is not what stands."""
    record = WantedRecord("m.example.com", kind, (wanted,), "example.com")
    [sentence] = _missing(record, {("m.example.com", kind): shown})
    assert sentence.startswith(f"{kind} m.example.com is ")
    assert words in sentence
    assert f'it should be "{wanted}"' in sentence


def test_a_zone_name_that_was_entered_twice_is_found() -> None:
    """The classic mistake at a host that appends the zone itself."""
    record = WantedRecord("m.example.com", "TXT", ("v=spf1 -all",), "example.com")
    [sentence] = _missing(record, {("m.example.com.example.com", "TXT"): ["v=spf1 -all"]})
    assert "m.example.com.example.com, the zone's name entered twice" in sentence


@pytest.mark.parametrize(
    ("delegated", "words"),
    [
        (["ns1.old.example"], "is delegated to ns1.old.example, but its records were written to a.ns.example"),
        ([], "DNS names no name servers for it"),
        (["A.ns.example."], ""),
    ],
)
def test_another_delegation_is_the_reason_of_missing_records(delegated: list[str], words: str) -> None:
    """The zone's name servers are named where they are not those that were written to, and only then."""
    record = WantedRecord("m.example.com", "TXT", ("v=spf1 -all",), "example.com")
    sentences = missing([record], {"example.com": ["a.ns.example"]}, lambda name, kind: [], lambda zone: delegated)
    assert len(sentences) == (2 if words else 1)
    assert words in sentences[0]
