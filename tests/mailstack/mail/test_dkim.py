"""DKIM key records and selectors, against the examples of RFC 6376 and RFC 8463."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailstack.errors import DkimError
from mailstack.mail import dkim

# RFC 6376 appendix C: the record as it is in the zone, without its quotes and line breaks.
RFC6376_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq"
    "631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
# RFC 8463 appendix A.2.
RFC8463_RECORD = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def test_an_ed25519_key_is_published_as_rfc_8463_shows_it() -> None:
    """The record names the algorithm and holds the bare key."""
    assert dkim.record("ed25519", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=") == RFC8463_RECORD


def test_an_rsa_key_names_version_algorithm_and_key() -> None:
    """The tags are those of RFC 6376 section 3.6.1, the version first."""
    assert dkim.record("rsa", RFC6376_KEY) == f"v=DKIM1; k=rsa; p={RFC6376_KEY}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"v=DKIM1; p={RFC6376_KEY}", RFC6376_KEY),
        (RFC8463_RECORD, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
        ("p=abcd", "abcd"),  # only p= is required
        ("k=rsa; t=s; p=ab cd\tef;", "abcdef"),  # folding white space; a final semicolon
        ("v=DKIM1; p=", ""),  # revoked
        ("v=DKIM1; k=rsa", None),  # no key
        ("k=rsa; v=DKIM1; p=abcd", None),  # v= must be the first tag
        ("v=DKIM2; p=abcd", None),
        ("v=spf1 include:amazonses.com ~all", None),
        ("google-site-verification=xyz", None),
        ("", None),
    ],
)
def test_the_key_of_a_record_is_read_as_rfc_6376_says(text: str, key: str | None) -> None:
    """Section 3.6.1: p= is required and may be folded, an empty one revokes, v= comes first where it is."""
    assert dkim.public_key(text) == key


def test_the_revoked_record_has_an_empty_key() -> None:
    """RFC 6376 section 3.6.1: an empty p= means that the key has been revoked."""
    assert dkim.public_key(dkim.REVOKED) == ""


def test_each_generation_has_a_selector_of_its_own() -> None:
    """A selector is never used for a second key, so that mail on its way still verifies."""
    assert [dkim.selector(number) for number in (1, 2, 10)] == ["mailstack-1", "mailstack-2", "mailstack-10"]
    with pytest.raises(DkimError, match="generation 0"):
        dkim.selector(0)


def test_the_record_stands_below_domainkey() -> None:
    """RFC 6376 section 3.6.2.1."""
    assert dkim.record_name("mailstack-1", "example.com") == "mailstack-1._domainkey.example.com"


@pytest.mark.parametrize(
    ("grace_days", "later", "over"),
    [
        (7, timedelta(days=7), True),
        (7, timedelta(days=7) - timedelta(seconds=1), False),
        (0, timedelta(0), True),
        (0.5, timedelta(hours=13), True),
    ],
)
def test_a_grace_counts_from_the_supersession(grace_days: float, later: timedelta, over: bool) -> None:
    """Days are days of 24 hours, whatever the zone of the clock."""
    since = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert dkim.grace_is_over("2026-03-28T12:00:00+00:00", grace_days, since + later) is over
