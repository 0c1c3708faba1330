"""SPF records over DNS: our count beside that of pyspf, which evaluates, and of checkdmarc, which counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import checkdmarc.spf  # type: ignore[import-untyped]  # ships no types
import pytest
import spf as pyspf  # type: ignore[import-untyped]  # ships no types

from mailstack.errors import SpfError
from mailstack.mail.spf import merge, parse
from mailstack.mail.spf_budget import count, published
from providers.dns import live
from providers.smtp.ses import MAIL_FROM_SPF

from . import sandbox_dns

pytestmark = [
    pytest.mark.usefixtures("only_its_zone"),
    # pyspf calls dnspython by a name that it has since changed.
    pytest.mark.filterwarnings("ignore:please use dns.resolver.resolve:DeprecationWarning"),
]

HOSTS = " ".join(f"a:h{number}.hosts.example" for number in range(11))
# Names that begin with "_" and the hosts are only pointed at; each other one is a case of EXPECTED.
ZONE = f"""
_one.example TXT v=spf1 ip4:192.0.2.0/24 -all
_two.example TXT v=spf1 include:_one.example a:four.hosts.example ~all
_alias.example CNAME _one.example
_text.example TXT hello
_double.example TXT v=spf1 -all
_double.example TXT v=spf1 mx -all
_malformed.example TXT v=spf1 ip4:300.0.0.1 -all
_back.example TXT v=spf1 include:loop-of-two.example -all
_why.example TXT not from here
_eight.example TXT v=spf1 {HOSTS.partition(" a:h8")[0]} -all
four.hosts.example A 198.51.100.4
both.hosts.example A 198.51.100.5
both.hosts.example AAAA 2001:db8:5::5
six.hosts.example AAAA 2001:db8:6::6
empty.hosts.example TXT no address
plain.example TXT v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all
no-terms.example TXT v=spf1
no-all.example TXT v=spf1 include:_one.example
includes.example TXT v=spf1 include:_one.example include:_two.example -all
twice.example TXT v=spf1 include:_one.example include:_one.example -all
case.example TXT V=SPF1  INCLUDE:_ONE.Example.  -ALL
alias.example TXT v=spf1 include:_alias.example -all
redirect.example TXT v=spf1 redirect=_two.example
redirect-first.example TXT v=spf1 redirect=_one.example a:both.hosts.example
redirect-void.example TXT v=spf1 redirect=_one.example -all
redirect-gone.example TXT v=spf1 redirect=_gone.example
redirect-text.example TXT v=spf1 redirect=_text.example
include-gone.example TXT v=spf1 include:_gone.example -all
include-text.example TXT v=spf1 include:_text.example -all
include-double.example TXT v=spf1 include:_double.example -all
include-malformed.example TXT v=spf1 include:_malformed.example -all
double.example TXT v=spf1 -all
double.example TXT v=spf1 mx -all
loop.example TXT v=spf1 include:loop.example -all
loop-of-two.example TXT v=spf1 include:_back.example -all
loop-below.example TXT v=spf1 include:loop-of-two.example -all
other-version.example TXT v=spf10 -all
blank-before.example TXT  v=spf1 -all
unknown-modifier.example TXT v=spf1 ra=postmaster moo.cow=x include=_one.example -all
after-all.example TXT v=spf1 -all include:_gone.example
malformed.example TXT v=spf1 ipv4:192.0.2.1 -all
malformed-after-all.example TXT v=spf1 -all ipv4:192.0.2.1
all-glued.example TXT v=spf1 ip4:192.0.2.1~all
zero.example TXT v=spf1 exists:%{{d0}}.example.com -all
one-label.example TXT v=spf1 a:localhost -all
explained.example TXT v=spf1 a:both.hosts.example -all exp=_why.example
mx.example TXT v=spf1 mx -all
mx.example MX 10 both.hosts.example
mx.example MX 20 both.hosts.example
mx-null.example TXT v=spf1 mx -all
mx-null.example MX 0 .
mx-dead.example TXT v=spf1 mx -all
mx-dead.example MX 10 empty.hosts.example
a-both.example TXT v=spf1 a:both.hosts.example -all
a-four.example TXT v=spf1 a:four.hosts.example -all
a-six.example TXT v=spf1 a:six.hosts.example -all
a-empty.example TXT v=spf1 a:empty.hosts.example -all
void-two.example TXT v=spf1 a:gone.example mx:gone.example -all
void-three.example TXT v=spf1 a:gone.example mx:gone.example a:gone2.example -all
void-same.example TXT v=spf1 a:gone.example a:gone.example a:gone.example -all
exists.example TXT v=spf1 exists:four.hosts.example -all
exists-gone.example TXT v=spf1 exists:gone.example -all
macro.example TXT v=spf1 exists:%{{ir}}.list.example -all
macro-include.example TXT v=spf1 include:_%{{d2}} -all
_macro-include.example TXT v=spf1 a:both.hosts.example mx:mx.example -all
ptr.example TXT v=spf1 ptr -all
ten.example TXT v=spf1 include:_eight.example a:h8.hosts.example -all
eleven.example TXT v=spf1 include:_eight.example a:h8.hosts.example a:h9.hosts.example -all
early.example TXT v=spf1 ip4:203.0.113.0/24 include:_one.example -all
long.example TXT v=spf1 {" ".join(f"ip4:192.0.2.{number}" for number in range(60))} include:_one.example -all
mx-ten.example TXT v=spf1 mx -all
mx-eleven.example TXT v=spf1 mx -all
"""
for number in range(11):
    ZONE += f"h{number}.hosts.example A 198.51.100.9\nh{number}.hosts.example AAAA 2001:db8:9::9\n"
    ZONE += f"mx-eleven.example MX {number} h{number}.hosts.example\n"
    ZONE += f"mx-ten.example MX {number % 10} h{number % 10}.hosts.example\n"

Verdict = Literal["none", "permerror"] | tuple[int, int]  # look-ups, and how many of them find nothing
Tool = Literal["pyspf, IPv4", "pyspf, IPv6", "checkdmarc"]
TOOLS: tuple[Tool, ...] = ("pyspf, IPv4", "pyspf, IPv6", "checkdmarc")
# Addresses that no record names, so that every mechanism is evaluated; one record passes the first of them.
STRANGERS = {"pyspf, IPv4": "203.0.113.99", "pyspf, IPv6": "2001:db8:ff::99"}

# By RFC 7208: section 4.6.4 for what costs a look-up and which of them are void, for the rest the section at the line.
EXPECTED: dict[str, Verdict] = {
    "plain": (0, 0),
    "no-terms": (0, 0),
    "no-all": (1, 0),
    "includes": (4, 0),
    "twice": (2, 0),
    "case": (1, 0),  # 4.6.1, 12
    "alias": (1, 0),
    "redirect": (3, 0),
    "redirect-first": (2, 0),  # 6: modifiers are allowed anywhere
    "redirect-void": (0, 0),  # 6.1
    "redirect-gone": "permerror",  # 6.1
    "redirect-text": "permerror",  # 6.1
    "include-gone": "permerror",  # 5.2
    "include-text": "permerror",  # 5.2
    "include-double": "permerror",  # 4.5
    "include-malformed": "permerror",  # 4.6
    "double": "permerror",  # 4.5
    "loop": "permerror",
    "loop-of-two": "permerror",
    "loop-below": "permerror",
    "other-version": "none",  # 4.5
    "blank-before": "none",  # 4.5
    "unknown-modifier": (0, 0),  # 6
    "after-all": (0, 0),  # 5.1
    "malformed": "permerror",  # 4.6
    "malformed-after-all": "permerror",  # 4.6: a syntax error anywhere in the record
    "all-glued": "permerror",  # 12
    "zero": "permerror",  # 7.1
    "one-label": "permerror",  # 12: domain-spec ends in a dot and a top label
    "explained": (1, 0),  # exp is not counted
    "mx": (1, 0),
    "mx-null": (1, 0),
    "mx-dead": (1, 0),
    "mx-ten": (1, 0),
    "mx-eleven": "permerror",
    "a-both": (1, 0),
    "a-four": (1, 0),
    "a-six": (1, 0),
    "a-empty": (1, 1),
    "void-two": (2, 2),
    "void-three": "permerror",
    "void-same": "permerror",
    "exists": (1, 0),
    "exists-gone": (1, 1),
    "macro": (1, 0),
    "macro-include": (1, 0),
    "ptr": (1, 0),
    "ten": (10, 0),
    "eleven": "permerror",
    "early": (1, 0),
    "long": (1, 0),
}


@dataclass(frozen=True)
class Difference:
    """What a tool says otherwise about a record, and why we do not."""

    case: str
    tools: tuple[Tool, ...]
    verdict: Verdict
    why: str


PYSPF: tuple[Tool, ...] = ("pyspf, IPv4", "pyspf, IPv6")
DIFFERENCES = [
    Difference("early", ("pyspf, IPv4",), (0, 0), "it evaluates one mail and ends where a mechanism matches"),
    Difference("a-four", ("pyspf, IPv6",), (1, 1), "for an IPv6 sender it asks for AAAA; we call void what is for all"),
    Difference("includes", ("pyspf, IPv6",), (4, 1), "as a-four, within an include"),
    Difference("redirect", ("pyspf, IPv6",), (3, 1), "as a-four, behind a redirect"),
    Difference("a-six", ("pyspf, IPv4",), (1, 1), "for an IPv4 sender it asks for A"),
    Difference("macro", PYSPF, (1, 1), "it knows the mail and expands the macro to a name that is not there"),
    Difference("macro-include", PYSPF, (3, 0), "it expands the macro and follows what it leads to"),
    Difference("ptr", PYSPF, (1, 1), "the stranger's address has no PTR; another sender's may have"),
    Difference("mx-dead", PYSPF, (1, 1), "it counts the MX host without address; section 4.6.4 speaks of terms"),
    Difference("redirect-void", PYSPF, (1, 0), "it counts a redirect before it sees that an `all` makes it void"),
    Difference("zero", PYSPF, (1, 0), "it expands %{d0}, though section 7.1 wants a number other than zero"),
    Difference(
        "case", ("checkdmarc",), "permerror", "it wants v=spf1 in lower case; a string in ABNF has none (RFC 5234, 2.3)"
    ),
    Difference("exists-gone", ("checkdmarc",), (1, 0), "it does not look the name of an exists up"),
    Difference("mx-null", ("checkdmarc",), (1, 1), "it drops the null MX (RFC 7505); the answer holds a record"),
    Difference("malformed-after-all", ("checkdmarc",), (0, 0), "it does not read what comes after `all`"),
    Difference("one-label", ("checkdmarc",), (1, 1), "it warns of such a name and looks it up"),
    Difference("ptr", ("checkdmarc",), (1, 1), "it asks for addresses of the domain, which has none; ptr asks for PTR"),
]


def ours(domain: str) -> Verdict:
    """Judge as `mailstack spf` does."""
    try:
        budget = count(domain, published(domain, live.lookup), live.lookup)
    except SpfError as error:
        return "none" if "has no SPF record" in str(error) else "permerror"
    assert budget.unknown == []
    return "permerror" if budget.problems else (budget.lookups, len(budget.voids))


def result(domain: str, address: str) -> str:
    """Return what pyspf answers about a mail of the domain from an address."""
    return str(pyspf.check2(i=address, s=f"someone@{domain}", h="host.example")[0])


def theirs(tool: Tool, domain: str) -> Verdict:
    """Judge as a tool does."""
    if tool == "checkdmarc":
        found = checkdmarc.spf.check_spf(domain)
        if found["valid"] and "error" not in found:
            return found["dns_lookups"], found["void_dns_lookups"]
        missing = found["record"] is None and found["error"] == "An SPF record does not exist."
        return "none" if missing else "permerror"
    query = pyspf.query(i=STRANGERS[tool], s=f"someone@{domain}", h="host.example")
    answer = query.check()[0]
    assert answer != "temperror"
    return answer if answer in ("none", "permerror") else (query.lookups, query.void_lookups)


def test_every_record_of_the_zone_is_a_case() -> None:
    """None is published and forgotten, and no difference is about a record that is gone."""
    names = {record.name for record in sandbox_dns.records(ZONE)}
    domains = {name for name in names if name.count(".") == 1 and not name.startswith("_")}
    assert {f"{case}.example" for case in EXPECTED} == domains
    assert {difference.case for difference in DIFFERENCES} <= set(EXPECTED)


@pytest.mark.parametrize("case", EXPECTED)
def test_a_record_costs_what_the_standard_counts(case: str) -> None:
    """Asked over the wire, as `mailstack spf` asks."""
    assert ours(f"{case}.example") == EXPECTED[case]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("case", EXPECTED)
def test_others_say_the_same_but_for_what_is_explained(case: str, tool: Tool) -> None:
    """A new difference fails, and so does one that is no more."""
    explained = [one.verdict for one in DIFFERENCES if one.case == case and tool in one.tools]
    assert theirs(tool, f"{case}.example") == (explained[0] if explained else EXPECTED[case])
    assert explained != [EXPECTED[case]]


@pytest.mark.parametrize(
    ("case", "address", "answer"),
    [
        ("plain", "192.0.2.1", "pass"),  # RFC 7208 section 5.6
        ("plain", "2001:db8::1", "pass"),
        ("plain", "198.51.100.1", "fail"),  # section 5.1
        ("redirect", "198.51.100.4", "pass"),  # section 6.1: the other record is evaluated instead
        ("redirect", "198.51.100.1", "softfail"),
        ("includes", "198.51.100.1", "fail"),  # section 5.2: the `all` of an included record does not count
        ("no-all", "198.51.100.1", "neutral"),  # section 4.7
        ("redirect-void", "192.0.2.1", "fail"),  # section 6.1
        ("after-all", "192.0.2.1", "fail"),
    ],
)
def test_the_records_mean_what_the_standard_says(case: str, address: str, answer: str) -> None:
    """So that counts are compared for records that receivers read alike."""
    assert result(f"{case}.example", address) == answer


@pytest.mark.parametrize("end", ["-all", "~all", "?all"])
def test_a_merged_record_passes_both_and_ends_as_before(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's amazonses.com allows 127.0.0.0/8; who else sends meets the `all` that was there."""
    record = merge(parse(f"v=spf1 include:_one.example {end}"), parse(MAIL_FROM_SPF))
    with sandbox_dns.serving(f"{ZONE}merged.example TXT {record}\n") as port:
        sandbox_dns.ask_only(port, monkeypatch)
        assert result("merged.example", "192.0.2.1") == "pass"
        assert result("merged.example", "127.0.0.1") == "pass"
        refused = {"-all": "fail", "~all": "softfail", "?all": "neutral"}[end]
        assert result("merged.example", "203.0.113.99") == refused
        assert ours("merged.example") == theirs("checkdmarc", "merged.example") == (2, 0)
