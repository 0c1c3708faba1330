"""Our count of an SPF record beside two independent evaluators, over the same DNS: every difference is known.

pyspf evaluates the record for an address that nothing in it allows, so that it walks all of it; checkdmarc counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import checkdmarc.spf  # type: ignore[import-untyped]  # ships no types
import dns.resolver
import pytest
import spf as pyspf  # type: ignore[import-untyped]  # ships no types

from mailstack import spf_budget
from mailstack.spf import SpfError
from providers.dns import live
from sandbox.dns import Names, Rr
from sandbox.dns_server import DnsServer

NOBODY = "203.0.113.7"
FINE, BROKEN = "fine", "broken"

PUBLISHED = [
    *(("TXT", f"s{number}.example", [f"v=spf1 ip4:192.0.2.{number} -all"]) for number in range(12)),
    ("MX", "mx.example", [f"{number} m{number}.mx.example" for number in range(3)]),
    *(("A", f"m{number}.mx.example", ["192.0.2.9"]) for number in range(3)),
    ("MX", "many.example", [f"{number} x{number}.many.example" for number in range(11)]),
    *(("A", f"x{number}.many.example", ["192.0.2.9"]) for number in range(11)),
    ("A", "host.example", ["192.0.2.8"]),
    ("TXT", "two.example", ["v=spf1 -all", "v=spf1 +all"]),
    ("TXT", "loop.example", ["v=spf1 include:loop2.example -all"]),
    ("TXT", "loop2.example", ["v=spf1 include:loop.example -all"]),
    ("TXT", "nested.example", ["v=spf1 include:s1.example include:s2.example a:host.example -all"]),
    ("TXT", "bad.example", ["v=spf1 ip4:300.0.0.1 -all"]),
    ("TXT", "plain.example", ["hello"]),
]
RECORDS = {
    "no-look-up": "v=spf1 ip4:192.0.2.0/24 -all",
    "nested": "v=spf1 include:nested.example -all",
    "ten": "v=spf1 " + " ".join(f"include:s{number}.example" for number in range(10)) + " -all",
    "eleven": "v=spf1 " + " ".join(f"include:s{number}.example" for number in range(11)) + " -all",
    "mx": "v=spf1 mx:mx.example -all",
    "eleven-mx": "v=spf1 mx:many.example -all",
    "a": "v=spf1 a:host.example -all",
    "two-voids": "v=spf1 a:v1.example a:v2.example -all",
    "three-voids": "v=spf1 a:v1.example a:v2.example a:v3.example -all",
    "include-of-nothing": "v=spf1 include:gone.example -all",
    "include-of-other-text": "v=spf1 include:plain.example -all",
    "include-of-two": "v=spf1 include:two.example -all",
    "include-of-a-malformed-one": "v=spf1 include:bad.example -all",
    "loop": "v=spf1 include:loop.example -all",
    "redirect": "v=spf1 redirect=nested.example",
    "redirect-to-nothing": "v=spf1 redirect=gone.example",
    "behind-all": "v=spf1 -all include:gone.example",
    "ptr": "v=spf1 ptr -all",
    "macro": "v=spf1 exists:%{i}._spf.%{d} -all",
    "unknown-modifier": "v=spf1 x=y -all",
    "unknown-mechanism": "v=spf1 foo:bar -all",
    "no-all": "v=spf1 a:host.example",
    "upper-case": "V=SPF1 A:Host.EXAMPLE -ALL",
    "two-blanks": "v=spf1  a:host.example  -all",
    "twice": "v=spf1 include:s1.example include:s1.example -all",
}
# (record, evaluator) -> why it differs from ours. A new difference, or one that is gone, fails the test.
DIFFERENCES = {
    (
        "eleven-mx",
        "checkdmarc",
    ): "each MX host counts as a look-up of the record; RFC 7208 section 4.6.4 limits them apart. Both say it fails",
    (
        "loop",
        "pyspf",
    ): "it follows the loop until its look-ups are used up; we stop where a name comes again. Both fail",
    (
        "upper-case",
        "checkdmarc",
    ): "the version is case-sensitive to it; by RFC 5234 section 2.3 a string in ABNF is not",
}


@dataclass(frozen=True)
class Verdict:
    """What an evaluator says: whether the record can be evaluated, and its look-ups where it says so."""

    state: str
    lookups: int | None


@pytest.fixture(scope="module", name="resolver")
def _resolver() -> Iterator[dns.resolver.Resolver]:
    names = Names([], lambda token: None)
    records = [*PUBLISHED, *(("TXT", f"{key}.test.example", [text]) for key, text in RECORDS.items())]
    names.publish(Rr(name, kind, 300, value) for kind, name, values in records for value in values)
    server = DnsServer(names.ask, 0)
    server.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    yield resolver
    server.stop()


@pytest.fixture(autouse=True)
def _this_dns_only(monkeypatch: pytest.MonkeyPatch, resolver: dns.resolver.Resolver) -> None:
    monkeypatch.setenv("MAILSTACK_DNS_SERVER", f"127.0.0.1:{resolver.port}")
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)  # pyspf asks it


def ours(domain: str, text: str) -> Verdict:
    """Count with the kit's own code."""
    try:
        budget = spf_budget.count(domain, text, live.lookup)
    except SpfError:
        return Verdict(BROKEN, None)
    return Verdict(BROKEN if budget.problems else FINE, budget.lookups)


def by_checkdmarc(domain: str, text: str, resolver: Any) -> Verdict:
    """Count with checkdmarc, which counts nothing for what it cannot read."""
    try:
        return Verdict(FINE, checkdmarc.spf.parse_spf_record(text, domain, resolver=resolver)["dns_lookups"])
    except checkdmarc.spf.SPFError as error:
        return Verdict(BROKEN, (getattr(error, "data", None) or {}).get("dns_lookups"))


def by_pyspf(domain: str) -> Verdict:
    """Evaluate with pyspf."""
    query = pyspf.query(NOBODY, f"someone@{domain}", domain, strict=True)
    result = query.check()[0]
    return Verdict(BROKEN if result == "permerror" else FINE, query.lookups)


def differs(one: Verdict, other: Verdict) -> bool:
    """Tell whether two verdicts differ in what both say."""
    counted = None not in (one.lookups, other.lookups) and one.lookups != other.lookups
    return one.state != other.state or counted


@pytest.mark.parametrize(("key", "text"), RECORDS.items(), ids=list(RECORDS))
def test_two_independent_evaluators_agree_but_for_what_is_explained(key: str, text: str, resolver: Any) -> None:
    """State and count are the same, or the difference is one that is explained above."""
    domain = f"{key}.test.example"
    verdict = ours(domain, text)
    found = {"checkdmarc": by_checkdmarc(domain, text, resolver), "pyspf": by_pyspf(domain)}
    different = {(key, name) for name, other in found.items() if differs(verdict, other)}
    assert different == {one for one in DIFFERENCES if one[0] == key}, (verdict, found)
