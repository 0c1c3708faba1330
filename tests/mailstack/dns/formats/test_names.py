"""How a record is named in its zone, and what a comment may hold."""

from __future__ import annotations

import pytest

from mailstack.dns.formats import FORMATS, ZoneRecord
from mailstack.dns.formats.notes import doubled_suffix
from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import RecordError
from tests.mailstack.dns.formats.zone import ZONE, txt


@pytest.mark.parametrize(
    ("name", "relative"),
    [
        ("example.com", "@"),
        ("_dmarc.example.com", "_dmarc"),
        ("*._domainkey.notify.example.com", "*._domainkey.notify"),
        ("example.com.notify.example.com", "example.com.notify"),
    ],
)
def test_a_relative_name_is_what_stands_before_the_zone(name: str, relative: str) -> None:
    """The zone is taken off once, at the end; the zone itself is "@" (RFC 1035 section 5.1)."""
    assert txt("x", name).relative == relative


@pytest.mark.parametrize("name", ["example.org", "notexample.com", "_dmarc.example.com.example.com"])
def test_a_record_of_another_zone_is_refused(name: str) -> None:
    """A file holds no record that its zone cannot hold, nor one that carries the zone twice."""
    with pytest.raises(RecordError, match=r"is not in the zone|ends in the zone .* twice"):
        txt("x", name)


def test_a_purpose_is_one_line() -> None:
    """A line break or control character in a purpose cannot end the comment that it stands in."""
    record = RecordSet("a.example.com", "TXT", 300, ("x",), "one\ntwo\u2028three\r\x1b[0m")
    assert ZoneRecord.of(record, ZONE).purpose == "one two three [0m"


def test_the_automatic_ttl_is_the_hosts_to_choose() -> None:
    """A TTL of 1 is the model's word for none."""
    assert ZoneRecord.of(RecordSet("a.example.com", "TXT", 1, ("x",)), ZONE).ttl is None


def test_the_warning_shows_the_name_that_would_come_about() -> None:
    """The example is a record below the zone where there is one, since "@" misleads nobody."""
    warning = doubled_suffix([txt("x", "example.com"), txt("x", "_dmarc.example.com")], ZONE)
    assert "enter `_dmarc`, not `_dmarc.example.com`" in warning
    assert "`_dmarc.example.com.example.com`" in warning
    assert "enter `@`, not `example.com`" in doubled_suffix([txt("x", "example.com")], ZONE)


def test_the_null_mx_keeps_its_dot() -> None:
    """A domain without mail has an MX to the root (RFC 7505 section 3), which no format may lose."""
    null = ZoneRecord("example.com", "@", "MX", 300, (Mx(0, "."),))
    written = {name: FORMATS[name].render([null], ZONE) for name in FORMATS}
    assert "@ 300 IN MX 0 .\n" in written["bind"]
    assert 'exchange: "."\n    preference: 0' in written["octodns"]
    assert 'exchange   = "."' in written["terraform"]
    assert 'MX("@", 0, ".", TTL(300))' in written["dnscontrol"]
    assert ",MX,300,0,.," in written["csv"]
    assert "| MX | 300 | 0 | `.` |" in written["markdown"]
