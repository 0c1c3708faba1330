"""What a domain publishes that must not send mail, and the null MX as a record."""

from __future__ import annotations

import pytest

from mailstack.dns.records import Mx, RecordSet, mx, record_name
from mailstack.errors import RecordError
from mailstack.mail import dkim, dmarc, spf
from mailstack.mail import parked as no_mail


def mx_set(*values: Mx) -> RecordSet:
    return RecordSet("example.com", "MX", 300, values)


def test_the_spf_record_lets_nobody_send() -> None:
    """RFC 7208 section 10.1.2: a domain that sends no mail publishes "v=spf1 -all"."""
    assert no_mail.SPF == "v=spf1 -all"
    assert spf.parse(no_mail.SPF).all_qualifier == "-"


def test_every_selector_is_revoked() -> None:
    """RFC 6376 section 3.6.1: an empty p means that the key is revoked; a wildcard says so for every selector."""
    name = no_mail.dkim_name("example.com")
    assert record_name(name) == name == "*._domainkey.example.com"
    assert dkim.public_key(no_mail.NO_KEY) == ""


def test_the_policy_rejects_with_strict_alignment() -> None:
    """Reports and the policy of subdomains stay as written; what would soften the policy goes."""
    written = dmarc.parse("v=DMARC1; p=none; sp=quarantine; t=y; rua=mailto:d@example.com")
    assert str(no_mail.strict(written)) == (
        "v=DMARC1; p=reject; sp=quarantine; adkim=s; aspf=s; rua=mailto:d@example.com"
    )


def test_a_null_mx_is_a_record() -> None:
    """RFC 7505 section 3: one MX with preference 0 and the root as its host."""
    assert mx_set(no_mail.NULL_MX).values == (Mx(0, "."),)
    assert str(no_mail.NULL_MX) == "0 ."
    assert mx("0 .") == no_mail.NULL_MX


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((Mx(0, "."), Mx(10, "mail.example.com")), "allows no other MX"),
        ((Mx(10, "mail.example.com"), Mx(0, ".")), "allows no other MX"),
        ((Mx(10, "."),), '"0 ."'),
        ((Mx(0, ""),), "empty name"),
    ],
)
def test_a_null_mx_stands_alone_and_with_preference_0(values: tuple[Mx, ...], said: str) -> None:
    """RFC 7505 section 3: a domain that takes no mail advertises no other MX."""
    with pytest.raises(RecordError, match=said):
        mx_set(*values)
