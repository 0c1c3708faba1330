"""How record sets are written at Cloudflare, what stands there is read, and what of it is in a new record's way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.dns.records import Mx, RecordSet
from mailstack.dns.txt import quoted
from mailstack.errors import RecordError
from providers.dns import base, cloudflare
from providers.dns.base import StandingRecord, in_the_way

NAME = "bounce.example.com"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=600)


def test_each_value_is_a_record_of_its_own() -> None:
    """Names are FQDNs without dot, TXT is quoted, an MX has its priority beside it, and nothing is proxied."""
    shared: dict[str, Any] = {"name": NAME, "ttl": 300, "proxied": False}
    assert cloudflare.properties(NAME, "TXT", 300, "other") == {**shared, "type": "TXT", "content": '"other"'}
    assert cloudflare.properties(NAME, "MX", 300, Mx(10, "mail.example.net")) == {
        **shared, "type": "MX", "content": "mail.example.net", "priority": 10,
    }  # fmt: skip


@given(PRINTABLE)
def test_what_is_quoted_is_read_back(text: str) -> None:
    """Any text of a TXT record comes back as it was, quotes and backslashes too."""
    assert cloudflare.unquote(quoted(text)) == text


def test_bare_text_is_taken_as_it_stands() -> None:
    """Cloudflare also holds TXT contents that were entered without quotes."""
    assert cloudflare.unquote('google-site-verification=a"b') == 'google-site-verification=a"b'


def test_octets_in_decimal_are_read() -> None:
    r"""Within quotes `\DDD` is an octet and `\x` the character itself (RFC 1035 section 5.1)."""
    assert cloudflare.unquote(r'"v=DKIM1\059 p=\"\\065"') == 'v=DKIM1; p="\\065'


@pytest.mark.parametrize("ttl", [30, 59, 86401])
def test_a_ttl_that_cloudflare_refuses_is_refused_before(ttl: int) -> None:
    """It takes 60 to 86400 seconds, or 1 for automatic (record attributes reference, "Time to live")."""
    with pytest.raises(RecordError, match=r"TTL|ttl"):
        cloudflare.check(RecordSet(NAME, "TXT", ttl, ("text",)))


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (RecordSet(NAME, "TXT", 300, ("a" * 4081,)), "make 4098 octets of data, Cloudflare takes at most 4096"),
        (RecordSet(NAME, "TXT", 300, ("a" * 4080, "b" * 4080)), "at most 8192 at one name"),
        (RecordSet(NAME, "CNAME", 300, (NAME,)), "points to itself"),
    ],
)
def test_what_cloudflare_refuses_is_refused_before(record: RecordSet, words: str) -> None:
    """One record has at most 4096 octets, those of one name and type 8192 characters (record types reference)."""
    with pytest.raises(RecordError, match=words):
        cloudflare.check(record)


def test_what_stands_is_read_as_it_is_compared() -> None:
    """Names and hosts lose case and final dot, TXT its quotes; a missing comment is no mark."""
    found = cloudflare.standing(
        [
            {"id": "1", "name": "Bounce.Example.com", "type": "MX", "content": "Mail.Example.net.", "priority": 10},
            {"id": "2", "name": NAME, "type": "TXT", "content": '"v=spf1 " "-all"', "comment": "mailstack a/b"},
            {"id": "3", "name": f"k.{NAME}", "type": "CNAME", "content": "K.Example.net.", "ttl": 60.0},
        ]
    )
    assert found == [
        StandingRecord(NAME, "MX", "10 mail.example.net", "", "1"),
        StandingRecord(NAME, "TXT", "v=spf1 -all", "mailstack a/b", "2"),
        StandingRecord(f"k.{NAME}", "CNAME", "k.example.net", "", "3", 60),
    ]


def test_a_mark_fits_into_a_comment() -> None:
    """A comment has at most 100 characters on the free plan (record attributes reference, "Record comments")."""
    assert cloudflare.mark("shop/prod") == "mailstack shop/prod"
    assert len(cloudflare.mark("p" * 200)) == 100


@pytest.mark.parametrize(
    ("other", "kind", "content", "conflicts"),
    [
        (("A", "192.0.2.1"), "CNAME", "x.example.net", True),  # RFC 1034 section 3.6.2
        (("CNAME", "x.example.net"), "TXT", "text", True),
        (("TXT", "v=spf1 -all"), "TXT", "v=spf1 ~all", True),  # RFC 7208 section 3.2
        (("TXT", "v=spf10 -all"), "TXT", "v=spf1 -all", False),  # RFC 7208 section 4.5: no SPF record
        (("TXT", "v=spf1 -all"), "TXT", "v=DMARC1; p=none", False),
        (("TXT", "verification=1"), "TXT", "v=spf1 -all", False),
        (("TXT", "verification=1"), "TXT", "verification=1", True),
        (("MX", "20 mail.example.net"), "MX", "10 mail.example.org", True),  # SES asks for exactly one
        (("A", "192.0.2.1"), "MX", "10 mail.example.org", False),
    ],
)
def test_what_is_in_the_way(other: tuple[str, str], kind: str, content: str, conflicts: bool) -> None:
    """A record is in the way where DNS or a mail standard allows one only, and only at the same name."""
    standing = [StandingRecord(NAME, *other, "", "1")]
    assert in_the_way(standing, NAME, kind, content) == (standing if conflicts else [])
    assert in_the_way(standing, f"other.{NAME}", kind, content) == []


@pytest.mark.parametrize(
    ("name", "other", "content"),
    [
        ("_dmarc.example.com", "V=DMARC1; p=none", "v=DMARC1;p=reject"),
        ("_dmarc.example.com", "v = DMARC1 ; p = reject", "v=DMARC1; p=none"),  # RFC 9989 section 4.8
        ("default._bimi.example.com", "v = BIMI1 ; l = https://example.com/a.svg", "v=BIMI1; l=https://example.com/b"),
        ("_mta-sts.example.com", "v=STSv1 ; id=1", "v=STSv1; id=2;"),  # RFC 8461 section 3.1
        ("_smtp._tls.example.com", "v=TLSRPTv1 ;rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com"),
        ("a._domainkey.example.com", "k=rsa; p=MIIB", "v=DKIM1; k=rsa; p=MIIC"),  # RFC 6376 section 3.6.2.2
    ],
)
def test_a_second_policy_record_of_a_kind_is_in_the_way(name: str, other: str, content: str) -> None:
    """Receivers discard both, however the blanks are set; at a name where nobody looks for it a text is just text."""
    standing = [StandingRecord(name, "TXT", other, "", "1")]
    assert in_the_way(standing, name, "TXT", content) == standing
    elsewhere = [StandingRecord("example.com", "TXT", other, "", "1")]
    assert in_the_way(elsewhere, "example.com", "TXT", content) == []


def test_cloudflare_is_a_dns_host() -> None:
    """The adapter has the verbs of the seam, and its check is the one of this file: 1 is a TTL, 59 is none."""
    host: base.DnsHost = cloudflare.Cloudflare("token")
    host.check(RecordSet(NAME, "TXT", 1, ("text",)))
    with pytest.raises(RecordError, match="59"):
        host.check(RecordSet(NAME, "TXT", 59, ("text",)))
