"""SPF records of any kind: what parsing and merging promise for all of them (RFC 7208 section 12)."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstack.errors import SpfError
from mailstack.mail.policy_records import kind
from mailstack.mail.spf import Spf, Term, merge, parse, parse_term

# That a machine is busy is no mistake of the code.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LABELS = st.from_regex(r"\A[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,6}[a-zA-Z0-9_])?\Z")
TOPS = st.sampled_from(["com", "example", "EXAMPLE", "co.uk", "x1", "1x", "xn--p1ai", "a-b", "net."])
MACROS = st.builds(
    lambda letter, digits, reverse, parts: f"%{{{letter}{digits}{reverse}{parts}}}",
    st.sampled_from("slodiphvSLODIPHV"),
    st.sampled_from(["", "1", "2", "10", "05"]),
    st.sampled_from(["", "r", "R"]),
    st.sampled_from(["", ".", "-", "+-", ",/_="]),
)
PARTS = st.one_of(LABELS, MACROS, st.sampled_from(["%%", "%_", "%-"]))
DOMAINS = st.builds(lambda parts, top: ".".join([*parts, top]), st.lists(PARTS, min_size=1, max_size=3), TOPS) | MACROS
LENGTHS = st.builds(
    lambda four, six: (f"/{four}" if four is not None else "") + (f"//{six}" if six is not None else ""),
    st.none() | st.integers(0, 32),
    st.none() | st.integers(0, 128),
)
BODIES = st.one_of(
    st.builds(lambda name, domain: f"{name}:{domain}", st.sampled_from(["include", "exists", "ptr", "PTR"]), DOMAINS),
    st.builds(lambda name, length: f"{name}{length}", st.sampled_from(["a", "mx", "MX"]), LENGTHS),
    st.builds(lambda name, domain, length: f"{name}:{domain}{length}", st.sampled_from(["a", "mx"]), DOMAINS, LENGTHS),
    st.just("ptr"),
    st.ip_addresses(v=4).map(lambda address: f"ip4:{address}"),
    st.ip_addresses(v=6).map(lambda address: f"IP6:{address}/64"),
)
MECHANISMS = st.builds(lambda qualifier, body: qualifier + body, st.sampled_from(["", "+", "-", "~", "?"]), BODIES)
UNKNOWN = st.builds(
    lambda name, value: f"{name}={value}",
    st.from_regex(r"\A[a-z][a-z0-9_.-]{0,5}\Z").filter(lambda name: name not in ("redirect", "exp")),
    st.from_regex(r"\A[!-$&-~]{0,9}\Z"),
)
ALLS = st.sampled_from(["all", "+all", "-ALL", "~all", "?all"])
RECORDS = st.builds(
    lambda terms, end: parse(" ".join(["v=spf1", *terms, *end])),
    st.lists(MECHANISMS | UNKNOWN, max_size=8),
    st.one_of(
        st.just([]),
        ALLS.map(lambda end: [end]),
        st.builds(lambda domain: [f"redirect={domain}"], DOMAINS),
        st.builds(lambda domain, end: [f"exp={domain}", end], DOMAINS, ALLS),
    ),
)
# Text that is almost a record, so that the search reaches the places where parsing decides.
PIECES = st.sampled_from(
    [
        "v=spf1",
        " ",
        "  ",
        "include:",
        "a",
        "mx",
        "/",
        "//",
        "24",
        "ip4:",
        "ip6:",
        "::",
        "192.0.2.1",
        "%",
        "{",
        "}",
        "%{d",
    ]
) | st.sampled_from(
    ["redirect=", "exp=", "all", "-", "~", "=", ":", ".", "com", "example.", "²", "٣", "ſ", "\n", "\t", "\x00", '"']
)
NEARLY = st.lists(PIECES, max_size=14).map("".join).map(lambda text: "v=spf1 " + text) | st.text()


def senders(record: Spf) -> set[tuple[str, tuple[str, str]]]:
    """Return what the mechanisms before `all` say of whom, in no order."""
    return {(term.qualifier, term.subject) for term in record.live if not (term.is_modifier or term.is_all)}


def merged(*records: Spf) -> Spf | None:
    """Merge, None where the records contradict each other or cost too much."""
    try:
        return merge(*records)
    except SpfError:
        return None


@unhurried
@given(RECORDS)
def test_what_is_read_is_written_and_read_equal(record: Spf) -> None:
    assert parse(str(record)) == record


@unhurried
@given(st.lists(MECHANISMS | UNKNOWN, max_size=8), st.lists(st.integers(1, 3), min_size=9, max_size=9))
def test_more_spaces_and_other_case_of_the_version_mean_the_same(terms: list[str], widths: list[int]) -> None:
    spaced = "V=Spf1" + "".join(" " * width + term for width, term in zip(widths, terms, strict=False)) + " "
    assert parse(spaced) == parse(" ".join(["v=spf1", *terms]))


@unhurried
@given(NEARLY)
def test_no_text_is_answered_with_anything_but_a_record_or_a_sentence(text: str) -> None:
    try:
        record = parse(text)
    except SpfError as error:
        assert str(error)
        return
    assert kind("example.com", text) == "spf"
    assert parse(str(record)) == record
    assert str(record).isascii()


@unhurried
@given(NEARLY)
def test_no_word_is_answered_with_anything_but_a_term_or_a_sentence(text: str) -> None:
    try:
        assert parse_term(text).text == text
    except SpfError as error:
        assert str(error)


@unhurried
@given(RECORDS, RECORDS)
def test_merging_the_same_again_changes_nothing(one: Spf, other: Spf) -> None:
    both = merged(one, other)
    if both is not None:
        assert merge(both) == both
        assert merge(both, other) == both


@unhurried
@given(RECORDS, RECORDS)
def test_a_merged_record_allows_and_refuses_the_same_whichever_comes_first(one: Spf, other: Spf) -> None:
    first, second = merged(one, other), merged(other, one)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert senders(first) == senders(second)
        assert first.redirect is None or second.redirect is None or first.redirect.subject == second.redirect.subject


@unhurried
@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_a_merged_record_loses_no_mechanism_and_adds_none(records: list[Spf]) -> None:
    both = merged(*records)
    if both is not None:
        assert senders(both) == set().union(*map(senders, records))


@unhurried
@given(st.lists(RECORDS, max_size=3))
def test_a_merged_record_has_one_end(records: list[Spf]) -> None:
    both = merged(*records)
    if both is None:
        return
    assert sum(term.is_all for term in both.terms) + (both.redirect is not None) == 1
    ends = [record.all_qualifier for record in records if record.all_qualifier]
    if both.redirect is None:
        assert both.all_qualifier == (ends[0] if ends else "~")


@unhurried
@given(RECORDS, RECORDS)
def test_a_merged_record_stands_by_itself(one: Spf, other: Spf) -> None:
    both = merged(one, other)
    if both is not None:
        assert parse(str(both)) == both
        assert both.lookups <= 10


@unhurried
@given(RECORDS, st.lists(MECHANISMS, max_size=3))
def test_terms_of_the_settings_are_added_once(record: Spf, also: list[str]) -> None:
    try:
        both = merge(record, also=also)
    except SpfError:
        return
    wanted: set[Term] = {parse_term(text) for text in also}
    assert {(term.qualifier, term.subject) for term in wanted} <= senders(both)
    subjects = [term.subject for term in both.live if not term.is_modifier]
    assert len(subjects) == len(set(subjects))
