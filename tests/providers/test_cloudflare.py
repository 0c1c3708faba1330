"""How record sets are written at Cloudflare, and what exists there is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.dns.records import Mx, RecordSet
from mailstack.dns.txt import quoted
from mailstack.errors import RecordError
from providers.dns import cloudflare
from providers.dns.base import ExistingRecord

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


def test_bare_text_is_taken_as_it_is() -> None:
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
        (RecordSet(NAME, "TXT", 300, ("a" * 4081,)), "make 4098 octets of data, Cloudflare allows at most 4096"),
        (RecordSet(NAME, "TXT", 300, ("a" * 4080, "b" * 4080)), "at most 8192 at one name"),
        (RecordSet(NAME, "CNAME", 300, (NAME,)), "points to itself"),
    ],
)
def test_what_cloudflare_refuses_is_refused_before(record: RecordSet, words: str) -> None:
    """One record has at most 4096 octets, those of one name and type 8192 characters (record types reference)."""
    with pytest.raises(RecordError, match=words):
        cloudflare.check(record)


def test_what_exists_is_read_as_it_is_compared() -> None:
    """Names and hosts lose case and final dot, TXT its quotes; a missing comment is no mark."""
    found = cloudflare.read(
        [
            {"id": "1", "name": "Bounce.Example.com", "type": "MX", "content": "Mail.Example.net.", "priority": 10},
            {"id": "2", "name": NAME, "type": "TXT", "content": '"v=spf1 " "-all"', "comment": "mailstack a/b"},
            {"id": "3", "name": f"k.{NAME}", "type": "CNAME", "content": "K.Example.net.", "ttl": 60.0},
            {"id": "4", "name": NAME, "type": "AAAA", "content": "2001:DB8::0001"},
        ],
        "example.com",
    )
    assert found == [
        ExistingRecord(NAME, "MX", "10 mail.example.net", id="1", is_alias=False),
        ExistingRecord(NAME, "TXT", "v=spf1 -all", mark="mailstack a/b", id="2", is_alias=False),
        ExistingRecord(f"k.{NAME}", "CNAME", "k.example.net", ttl=60, id="3"),
        ExistingRecord(NAME, "AAAA", "2001:db8::1", id="4", is_alias=False),
    ]


@pytest.mark.parametrize(
    ("name", "more", "is_alias"),
    [
        (NAME, {}, True),
        (NAME, {"proxied": False, "settings": {"flatten_cname": False}}, True),
        (NAME, {"proxied": True}, False),
        (NAME, {"settings": {"flatten_cname": True}}, False),
        ("example.com", {}, False),
    ],
)
def test_a_cname_that_cloudflare_flattens_is_no_alias(name: str, more: dict[str, Any], is_alias: bool) -> None:
    """At the apex, proxied, or set to be flattened it is answered with addresses (Cloudflare, CNAME flattening)."""
    item = {"name": name, "type": "CNAME", "content": "site.example.net", **more}
    assert [one.is_alias for one in cloudflare.read([item], "example.com")] == [is_alias]
