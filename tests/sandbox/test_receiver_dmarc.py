"""The receiver's DMARC evaluation against RFC 9989, and against authheaders where both must agree."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import authheaders  # type: ignore[import-untyped]  # no annotations
import pytest

from sandbox.smtp.dmarc import evaluate, organizational_domain, walk
from sandbox.smtp.lookup import LookupFailed


class Records:
    """TXT records by name, and the names that exist besides; asking is written down."""

    def __init__(self, records: dict[str, str | list[str]], exists: Iterable[str] = ()) -> None:
        self.records = {name: [text] if isinstance(text, str) else text for name, text in records.items()}
        self.existing = set(exists)
        self.asked: list[str] = []

    def texts(self, name: str) -> list[bytes]:
        self.asked.append(name)
        return [text.encode() for text in self.records.get(name, [])]

    def exists(self, name: str) -> bool:
        return name in self.existing


def dns(records: dict[str, Any], exists: Iterable[str] = ()) -> Any:
    return Records(records, exists)


def test_the_walk_of_a_long_name_asks_eight_times() -> None:
    """RFC 9989 section 4.10: from more than eight labels the walk steps to seven, then up one label at a time."""
    assert list(walk("a.b.c.d.e.f.g.h.i.j.mail.example.com")) == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]
    assert list(walk("mail.example.com")) == ["mail.example.com", "example.com", "com"]


@pytest.mark.parametrize(
    ("records", "organization"),
    [
        ({}, "a.mail.example.com"),
        ({"_dmarc.example.com": "v=DMARC1; p=none"}, "example.com"),
        ({"_dmarc.mail.example.com": "v=DMARC1; p=none", "_dmarc.example.com": "v=DMARC1; p=none"}, "example.com"),
        (
            {"_dmarc.mail.example.com": "v=DMARC1; p=none; psd=n", "_dmarc.example.com": "v=DMARC1; p=none"},
            "mail.example.com",
        ),
        ({"_dmarc.com": "v=DMARC1; p=none; psd=y"}, "example.com"),
        ({"_dmarc.mail.example.com": "v=DMARC1; p=none", "_dmarc.com": "v=DMARC1; psd=y"}, "example.com"),
    ],
)
def test_organizational_domain(records: dict[str, str], organization: str) -> None:
    """RFC 9989 section 4.10.2: psd=n ends it, psd=y puts it one label below, else the shortest name with a record."""
    assert organizational_domain("a.mail.example.com", dns(records)) == organization


@pytest.mark.parametrize(
    ("record", "author", "exists", "policy"),
    [
        ("v=DMARC1; p=quarantine; sp=reject", "example.com", True, "quarantine"),
        ("v=DMARC1; p=quarantine; sp=reject", "sub.example.com", True, "reject"),
        ("v=DMARC1; p=quarantine", "sub.example.com", True, "quarantine"),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", "sub.example.com", True, "quarantine"),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", "sub.example.com", False, "reject"),
        ("v=DMARC1; p=reject; t=y", "example.com", True, "quarantine"),
        ("v=DMARC1; p=quarantine; t=y", "example.com", True, "none"),
        ("v=DMARC1; rua=mailto:d@example.com", "example.com", True, "none"),
        ("v=DMARC1; p=rejekt", "example.com", True, "none"),
        ("v=DMARC1;p=reject;;pct=0; unknown=1", "example.com", True, "reject"),
    ],
)
def test_the_policy_that_applies(record: str, author: str, exists: bool, policy: str) -> None:
    """P at the domain, sp below it, np for names that are not there, t=y one step softer, none without a valid p."""
    lookup = dns({"_dmarc.example.com": record}, ["example.com", "sub.example.com"] if exists else ["example.com"])
    assert evaluate(author, None, [], lookup).policy == policy


@pytest.mark.parametrize(
    "records",
    [
        {},
        {"_dmarc.example.com": "v=spf1 -all"},
        {"_dmarc.example.com": "p=reject; v=DMARC1"},
        {"_dmarc.example.com": "v=dmarc1; p=reject"},
        {"_dmarc.example.com": ["v=DMARC1; p=reject", "v=DMARC1; p=none"]},
        {"example.com": "v=DMARC1; p=reject"},
    ],
)
def test_what_is_no_dmarc_record(records: dict[str, Any]) -> None:
    """Another text, a version that is not first or misspelt, two records, or a record elsewhere: no verdict."""
    assert evaluate("example.com", "example.com", [], dns(records)).result == "none"


def test_a_foreign_domains_pass_never_counts() -> None:
    """SPF and DKIM of somebody else's domain leave the message unaligned, also under the same public suffix."""
    lookup = dns({"_dmarc.example.com": "v=DMARC1; p=reject", "_dmarc.other.com": "v=DMARC1; p=none"})
    verdict = evaluate("example.com", "bounce.other.com", ["other.com", "amazonses.com", "ample.com"], lookup)
    assert (verdict.result, verdict.policy, verdict.domain) == ("fail", "reject", "example.com")


def test_a_domain_with_a_hyphen_is_judged_whole() -> None:
    """my-shop.example aligns with bounce.my-shop.example and not with my.example."""
    lookup = dns({"_dmarc.my-shop.example": "v=DMARC1; p=reject"})
    assert evaluate("my-shop.example", "bounce.my-shop.example", [], lookup).result == "pass"
    assert evaluate("my-shop.example", "my.example", [], lookup).result == "fail"


def test_a_silent_dns_is_a_temporary_error() -> None:
    """No answer is neither a pass nor a fail."""

    def silent(name: str) -> list[bytes]:
        raise LookupFailed(name)

    assert evaluate("example.com", None, [], SimpleNamespace(texts=silent)).result == "temperror"  # type: ignore[arg-type]


RELAXED, STRICT_DKIM, STRICT_SPF = (
    f"v=DMARC1; p=reject{alignment}" for alignment in ("", "; adkim=s", "; aspf=s")
)  # fmt: skip


@pytest.mark.parametrize(
    ("record", "author", "spf", "signer"),
    [
        ("", "example.com", "example.com", "example.com"),
        (RELAXED, "example.com", None, None),
        (RELAXED, "example.com", "example.com", None),
        (RELAXED, "example.com", "bounce.example.com", None),
        (RELAXED, "sub.example.com", "bounce.example.com", None),
        (RELAXED, "example.com", "other.org", "amazonses.com"),
        (RELAXED, "example.com", None, "sub.example.com"),
        (RELAXED, "sub.example.com", "other.org", "example.com"),
        (STRICT_DKIM, "example.com", None, "example.com"),
        (STRICT_DKIM, "example.com", None, "sub.example.com"),
        (STRICT_DKIM, "sub.example.com", None, "example.com"),
        (STRICT_DKIM, "example.com", "bounce.example.com", "sub.example.com"),
        (STRICT_SPF, "example.com", "example.com", None),
        (STRICT_SPF, "example.com", "bounce.example.com", None),
        (STRICT_SPF, "sub.example.com", "example.com", "amazonses.com"),
        (STRICT_SPF, "sub.example.com", "example.com", "sub.example.com"),
    ],
)
def test_agrees_with_authheaders(record: str, author: str, spf: str | None, signer: str | None) -> None:
    """Where RFC 7489 and 9989 say the same, an independent implementation comes to the same verdict."""
    records = {"_dmarc.example.com": record} if record else {}
    ours = evaluate(author, spf, [signer] if signer else [], dns(records))
    theirs = authheaders.dmarc_per_from(
        author,
        SimpleNamespace(result="pass" if spf else "fail", smtp_mailfrom=f"x@{spf or 'x.org'}"),
        SimpleNamespace(result="pass" if signer else "fail", header_d=signer or ""),
        dnsfunc=records.get,
    )
    assert ours.result == theirs[0]
