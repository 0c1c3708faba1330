"""Which wanted records DNS does not show, and why."""

from __future__ import annotations

import pytest

from mailstack.errors import BogusAnswer, DnsError
from providers.dns.visible import WantedRecord, delegation_fault, missing


def _missing(record: WantedRecord, shown: dict[tuple[str, str], list[str]]) -> list[str]:
    return missing([record], {}, lambda name, kind: shown.get((name, kind), []), lambda zone: [])


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (WantedRecord("m.example.com", "TXT", ("v=DMARC1; p=none",)), ["v=DMARC1; p=none", "other=1"]),
        (WantedRecord("m.example.com", "MX", ("10 Mail.example.net.",)), ["10 mail.example.net"]),
        (WantedRecord("m.example.com", "MX", ("0 .",)), ["0 ."]),
        (WantedRecord("m.example.com", "CNAME", ("tok.dkim.amazonses.com",)), ["Tok.dkim.amazonses.com."]),
        (WantedRecord("*._domainkey.example.com", "TXT", ("v=DKIM1; p=",)), ["v=DKIM1; p="]),
    ],
)
def test_what_dns_shows_is_not_missing(record: WantedRecord, shown: list[str]) -> None:
    """Case and trailing dots make no difference, a null MX and a wildcard are found at their own names."""
    assert _missing(record, {(record.name, record.type): shown}) == []


def test_an_mx_in_place_of_a_null_mx_is_named() -> None:
    """The null MX is in the sentence as it is written in a zone (RFC 7505 section 3)."""
    [sentence] = _missing(
        WantedRecord("m.example.com", "MX", ("0 .",)), {("m.example.com", "MX"): ["10 mail.example.net"]}
    )
    assert 'it should be "0 .", but DNS answers "10 mail.example.net"' in sentence


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
    """A second MX at a return path and a second SPF record are wrong, other text beside a TXT is not what counts."""
    record = WantedRecord("m.example.com", kind, (wanted,), "example.com")
    [sentence] = _missing(record, {("m.example.com", kind): shown})
    assert sentence.startswith(f"{kind} m.example.com is ")
    assert words in sentence
    assert f'it should be "{wanted}"' in sentence


def test_a_second_policy_record_with_blanks_is_named() -> None:
    """Receivers discard both DMARC records of a name (RFC 9989 section 4.10), so that ours has no effect."""
    record = WantedRecord("_dmarc.example.com", "TXT", ("v=DMARC1; p=none",), "example.com")
    shown = ["v=DMARC1; p=none", "v = DMARC1 ; p = reject", "other=1"]
    [sentence] = _missing(record, {("_dmarc.example.com", "TXT"): shown})
    assert sentence.startswith("TXT _dmarc.example.com is wrong")
    assert '"v = DMARC1 ; p = reject"' in sentence
    assert "other=1" not in sentence


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


@pytest.mark.parametrize(
    ("delegated", "fault"),
    [
        (["a.ns.cloudflare.com", "b.ns.cloudflare.com"], None),
        (["ns-1.awsdns-01.com"], None),
        (["a.ns.cloudflare.com", "ns-1.awsdns-01.com"], None),
        (["a.ns.cloudflare.com", "ns1.old.example"], "is delegated to a.ns.cloudflare.com, ns1.old.example, but"),
    ],
)
def test_a_zone_at_two_hosts_may_be_delegated_to_either(delegated: list[str], fault: str | None) -> None:
    """While a zone moves, the name servers of one host, of the other, or of both are right, and no third ones are."""
    both = ["a.ns.cloudflare.com", "B.ns.cloudflare.com.", "ns-1.awsdns-01.com"]
    found = delegation_fault("example.com", both, lambda zone: delegated)
    assert found is None if fault is None else fault in str(found)


def test_a_delegation_that_is_not_known_is_no_fault() -> None:
    """Nothing is said where DNS does not answer, or where the host's own name servers are not known."""

    def silent(zone: str) -> list[str]:
        raise DnsError("DNS gave no answer for NS example.com in 4 s")

    assert delegation_fault("example.com", ["a.ns.example"], silent) is None
    assert delegation_fault("example.com", [], lambda zone: ["ns1.old.example"]) is None


def test_broken_dnssec_is_the_reason_once() -> None:
    """One sentence says that DNSSEC of the zone is broken, however many of its records nobody can see."""

    def bogus(name: str, kind: str = "NS") -> list[str]:
        raise BogusAnswer("DNSSEC of zone example.com is broken")

    records = [
        WantedRecord(name, "TXT", ("v=spf1 -all",), "example.com") for name in ("a.example.com", "b.example.com")
    ]
    sentences = missing(records, {"example.com": ["a.ns.example"]}, bogus, bogus)
    assert sentences == [
        "DNSSEC of zone example.com is broken",
        "TXT a.example.com cannot be seen while DNSSEC is broken",
        "TXT b.example.com cannot be seen while DNSSEC is broken",
    ]
