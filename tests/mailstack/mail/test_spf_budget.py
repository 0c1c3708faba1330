"""The look-ups of an SPF record, counted through all that it includes (RFC 7208 section 4.6.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mailstack.errors import MailstackError, SpfError
from mailstack.mail.spf_budget import check, count, published

Zone = dict[tuple[str, str], Sequence[str]]


def asking(zone: Zone, asked: list[tuple[str, str]] | None = None) -> Callable[[str, str], Sequence[str]]:
    """Return a look-up in a zone; what is asked is noted."""

    def lookup(name: str, kind: str) -> Sequence[str]:
        if asked is not None:
            asked.append((name, kind))
        return zone.get((name, kind), [])

    return lookup


def texts(**records: str) -> Zone:
    """Return TXT records; "_" in a key stands for a dot."""
    return {(name.replace("_", "."), "TXT"): [text] for name, text in records.items()}


def test_what_is_included_is_counted_too() -> None:
    """Each include costs one look-up and all of those of the record behind it (section 4.6.4)."""
    zone = texts(
        one_example="v=spf1 include:two.example a:host.one.example -all", two_example="v=spf1 ip4:192.0.2.0/24 mx ~all"
    )
    zone |= {("host.one.example", "A"): ["192.0.2.1"], ("two.example", "MX"): ["10 mail.two.example"]}
    budget = count("example.com", "v=spf1 include:one.example ip4:192.0.2.1 a -all", asking(zone | A_OF_DOMAIN))
    assert budget.lookups == 5
    assert budget.problems == []
    assert budget.drawing().splitlines() == [
        "v=spf1 include:one.example ip4:192.0.2.1 a -all 5",
        "├ include:one.example 4",
        "│ ├ include:two.example 2",
        "│ │ └ mx 1",
        "│ └ a:host.one.example 1",
        "└ a 1",
    ]


A_OF_DOMAIN: Zone = {("example.com", "A"): ["192.0.2.1"]}


def test_terms_that_evaluation_cannot_reach_cost_nothing() -> None:
    """What comes after `all` is ignored (section 5.1), and so is a redirect beside it (section 6.1)."""
    assert count("example.com", "v=spf1 -all include:a.example redirect=b.example", asking({})).lookups == 0


def test_terms_without_a_question_cost_nothing() -> None:
    """all, ip4, ip6 and exp need no look-up within the limit (section 4.6.4)."""
    record = "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all exp=explain.example.com"
    assert count("example.com", record, asking({})).lookups == 0


def test_eleven_look_ups_are_refused_with_the_tree() -> None:
    """Receivers answer permerror above ten; the message shows where they go and what to do."""
    zone = texts(**{f"s{number}_example": "v=spf1 ip4:192.0.2.1 -all" for number in range(11)})
    record = "v=spf1 " + " ".join(f"include:s{number}.example" for number in range(11)) + " -all"
    with pytest.raises(SpfError, match=r"costs 11 DNS look-ups and receivers stop at 10") as refused:
        check("example.com", record, asking(zone))
    assert "├ include:s0.example 1" in str(refused.value)
    assert "Take out what nobody sends through" in str(refused.value)
    ten = record.replace(" include:s10.example", "")
    assert check("example.com", ten, asking(zone)).lookups == 10


def test_three_look_ups_that_find_nothing_are_refused() -> None:
    """A receiver may give up after two void look-ups (section 4.6.4)."""
    record = "v=spf1 a:gone.example mx:gone2.example exists:gone3.example -all"
    with pytest.raises(SpfError, match=r"3 look-ups find nothing and receivers stop after 2: gone\.example, gone2"):
        check("example.com", record, asking({}))
    assert len(check("example.com", "v=spf1 a:gone.example mx:gone2.example -all", asking({})).voids) == 2


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([], "one.example has no SPF record, which fails the whole evaluation"),
        (["hello"], "one.example has no SPF record"),
        (["v=spf1 -all", "v=spf1 +all"], "one.example has 2 SPF records"),
        (["v=spf1 ip4:300.0.0.1 -all"], '"300.0.0.1" is not an IPv4 address'),
        (["v=spf1 include:example.com -all"], "example.com includes itself"),
    ],
)
def test_an_included_name_that_is_wrong_is_a_problem(answers: list[str], said: str) -> None:
    """No record, several, a malformed one or a loop behind an include is a permerror (sections 4.5, 4.6, 5.2)."""
    lookup = asking({("one.example", "TXT"): answers})
    budget = count("example.com", "v=spf1 include:one.example -all", lookup)
    assert any(said in problem for problem in budget.problems), budget.problems


def test_more_than_ten_names_of_an_mx_are_a_problem() -> None:
    """Mx may ask for ten addresses and no more (section 4.6.4)."""
    zone: Zone = {("example.com", "MX"): [f"10 mx{number}.example.com" for number in range(11)]}
    assert "has 11 MX" in count("example.com", "v=spf1 mx -all", asking(zone)).problems[0]


def test_a_macro_is_one_look_up_that_nobody_can_follow() -> None:
    """What a macro expands to depends on the mail (section 7)."""
    budget = count("example.com", "v=spf1 exists:%{i}._spf.%{d} include:%{d2}._spf.example.net -all", asking({}))
    assert (budget.lookups, budget.voids, budget.problems) == (2, [], [])
    assert "a macro" in budget.drawing()


def test_a_redirect_costs_like_an_include() -> None:
    """Redirect is one look-up and those of its record (section 6.1)."""
    zone: Zone = {("_spf.example", "TXT"): ["v=spf1 a:x.example -all"], ("x.example", "A"): ["192.0.2.1"]}
    assert count("example.com", "v=spf1 redirect=_spf.example", asking(zone)).lookups == 2


@pytest.mark.parametrize(("octets", "warned"), [(450, 0), (451, 1), (513, 1)])
def test_a_long_record_is_warned_of(octets: int, warned: int) -> None:
    """Above 450 octets an answer may not fit a UDP message of 512 (section 3.4)."""
    record = "v=spf1 -all x=".ljust(octets, "a")
    assert len(count("example.com", record, asking({})).warnings) == warned


def silent(name: str, kind: str) -> Sequence[str]:
    """Give no answer, as DNS that cannot be reached."""
    raise MailstackError(f"DNS gave no answer for {kind} {name}")


@pytest.mark.parametrize(("term", "kind"), [("include", "TXT"), ("a", "A"), ("mx", "MX"), ("exists", "A")])
def test_dns_that_does_not_answer_is_not_the_records_mistake(term: str, kind: str) -> None:
    """The count goes on without what is not known, says so, and takes silence for no void look-up."""
    budget = check("example.com", f"v=spf1 {term}:one.example -all", silent)
    assert (budget.lookups, budget.voids, budget.problems) == (1, [], [])
    assert budget.unknown == [f"DNS gave no answer for {kind} one.example"]


def test_dns_that_stays_silent_is_not_asked_for_ever() -> None:
    """Each question costs seconds; after three without an answer the rest is not known either."""
    asked: list[str] = []

    def lookup(name: str, kind: str) -> Sequence[str]:
        asked.append(name)
        return silent(name, kind)

    record = "v=spf1 " + " ".join(f"include:s{number}.example" for number in range(9)) + " -all"
    budget = check("example.com", record, lookup)
    assert asked == ["s0.example", "s1.example", "s2.example"]
    assert budget.lookups == 9
    assert budget.unknown[-1] == "the rest, since DNS is silent"


def test_an_address_of_either_kind_is_found() -> None:
    """A asks for the sender's kind of address (section 5): a name with one kind is not void for all senders."""
    only_six: Zone = {("six.example", "AAAA"): ["2001:db8::1"]}
    assert count("example.com", "v=spf1 a:six.example -all", asking(only_six)).voids == []


def test_hosts_of_one_kind_of_address_may_fail_senders_of_the_other() -> None:
    """To an IPv6 sender `a` asks for AAAA (section 5): three hosts without are three void look-ups."""
    zone: Zone = {(f"h{number}.example", "A"): ["192.0.2.1"] for number in range(3)}
    budget = check("example.com", "v=spf1 a:h0.example a:h1.example a:h2.example -all", asking(zone))
    assert budget.problems == []
    assert "for a sender with an IPv6 address more than 2 look-ups find nothing" in budget.warnings[0]
    assert count("example.com", "v=spf1 a:h0.example a:h1.example -all", asking(zone)).warnings == []


def test_exists_asks_for_a_alone() -> None:
    """Section 5.7: the look-up is A, also where the sender's address is IPv6."""
    only_six: Zone = {("six.example", "AAAA"): ["2001:db8::1"]}
    assert count("example.com", "v=spf1 exists:six.example -all", asking(only_six)).voids == ["six.example"]


def test_each_look_up_that_finds_nothing_counts() -> None:
    """The limit is one of look-ups, not of names (section 4.6.4)."""
    record = "v=spf1 a:gone.example mx:gone.example a:gone.example -all"
    assert count("example.com", record, asking({})).voids == ["gone.example"] * 3
    with pytest.raises(SpfError, match=r"3 look-ups find nothing and receivers stop after 2: gone\.example;?[.]"):
        check("example.com", record, asking({}))


def test_a_record_that_doubles_at_each_level_is_counted_in_bounds() -> None:
    """Twenty levels of two includes would be a million terms; the count ends and says so."""
    zone = texts(
        **{
            f"l{level}_example": f"v=spf1 include:l{level + 1}.example include:l{level + 1}.example -all"
            for level in range(20)
        }
    )
    budget = count("example.com", "v=spf1 include:l0.example -all", asking(zone))
    assert budget.lookups == 100
    assert "not counted further than 100" in budget.drawing()


def test_a_chain_without_end_is_counted_in_bounds() -> None:
    """Section 4.6.4 is there for records that never end; ours neither hangs nor falls over."""
    asked: list[str] = []

    def lookup(name: str, kind: str) -> Sequence[str]:
        asked.append(name)
        return [f"v=spf1 redirect=n{len(asked)}.example"]

    assert count("example.com", "v=spf1 redirect=n0.example", lookup).lookups == 100


def test_names_are_compared_without_case() -> None:
    """A loop is one however it is written."""
    zone = texts(one_example="v=spf1 include:EXAMPLE.com. -all")
    assert (
        "example.com includes itself"
        in count("Example.com", "v=spf1 include:One.example -all", asking(zone)).problems[0]
    )


def test_each_name_is_asked_for_once() -> None:
    """Two includes of one name cost two look-ups of a receiver, and one of ours."""
    asked: list[tuple[str, str]] = []
    zone = texts(one_example="v=spf1 include:both.example -all", two_example="v=spf1 include:both.example -all")
    zone |= texts(both_example="v=spf1 ip4:192.0.2.1 -all")
    budget = count("example.com", "v=spf1 include:one.example include:two.example -all", asking(zone, asked))
    assert budget.lookups == 4
    assert asked.count(("both.example", "TXT")) == 1


def test_the_record_of_a_domain_is_the_only_one() -> None:
    """Other texts do not count; none and two are told apart (section 4.5)."""
    zone: Zone = {
        ("one.example", "TXT"): ["hello", "v=spf1 -all"],
        ("two.example", "TXT"): ["v=spf1 -all", "v=SPF1 +all"],
        ("ten.example", "TXT"): ["v=spf10 -all"],
    }
    assert published("one.example", asking(zone)) == "v=spf1 -all"
    with pytest.raises(SpfError, match="has 2 SPF records"):
        published("two.example", asking(zone))
    with pytest.raises(SpfError, match="has no SPF record"):
        published("ten.example", asking(zone))


def test_a_text_that_only_looks_like_spf_is_not_counted() -> None:
    """RFC 7208 section 4.5: v=spf1 is followed by a space or the end."""
    zone: Zone = {("example.com", "TXT"): ["v=spf10 -all", "v=spf1;-all", "V=SPF1 mx -all"]}
    assert published("example.com", asking(zone)) == "V=SPF1 mx -all"
