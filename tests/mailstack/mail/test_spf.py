"""SPF records: parsed, merged, and counted in look-ups (RFC 7208)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.errors import SpfError
from mailstack.mail.spf import Spf, Term, merge, parse, parse_term

pyspf = pytest.importorskip("spf", reason="pyspf, the independent evaluator, is not installed")

# Records that RFC 7208 itself shows (sections 5, 6, 7, 10 and appendix A).
RFC_RECORDS = [
    "v=spf1 +mx a:colo.example.com/28 -all",
    "v=spf1 a mx -all",
    "v=spf1 +mx redirect=_spf.example.com",
    "v=spf1 a mx -all exp=explain._spf.%{d}",
    "v=spf1 include:example.com include:example.net -all",
    "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all",
    "v=spf1 mx -all exp=explain._spf.%{d}",
    "v=spf1 exists:%{i}._spf.%{d} -all",
    "v=spf1 ip4:192.0.2.129 -all",
    "v=spf1 mx/30 mx:example.org/30 -all",
    "v=spf1 ptr -all",
    "v=spf1 exists:_h.%{h}._l.%{l}._o.%{o}._i.%{i}._spf.%{d} ?all",
    "v=spf1 -all",
    "v=spf1 +all",
    "v=spf1",
    "v=spf1 a/24//64 a:example.com//64 mx:example.com/24//96 ip6:2001:db8::/32 ~all",
    "v=spf1 a:%{d} include:%{d2r}.example.com default=unknown ?all",
    "v=spf1 exists:%{L}%%%_%-.example.com. moo.cow-far_out=man:dog/cat -all",
]
# Each breaks the grammar of RFC 7208 section 12.
MALFORMED = [
    "mail",  # a bare host name is no mechanism
    "-",
    "all:example.com",
    "all/24",
    "include",
    "include:",
    "include:localhost",
    "include:example.com/24",
    "includes:example.com",
    "exists",
    "a:",
    "a:192.0.2.1",  # an address is no domain: the last label needs a letter
    "a/33",
    "a//129",
    "a/024",
    "a/",
    "mx:example.com/24/64",
    "ptr/24",
    "ip4",
    "ip4:",
    "ip4:192.0.2.256",
    "ip4:192.0.2.0/33",
    "ip4:192.0.2.0/",
    "ip4:2001:db8::1",
    "ip4:example.com",
    "ip6:192.0.2.1",
    "ip6:2001:db8::/129",
    "ip6:fe80::1%eth0",
    "redirect=",
    "redirect=localhost",
    "exp=%{x}.example.com",
    "exists:%{c}.example.com",  # c, r and t belong to explanations only (RFC 7208 section 7.2)
    "exists:50%.example.com",
    "=value",
    "include:exämple.com",
]
NAMES = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\.(com|example|co\.uk)\Z")
MECHANISMS = st.builds(
    lambda qualifier, body: qualifier + body,
    st.sampled_from(["", "+", "-", "~", "?"]),
    st.one_of(
        NAMES.map(lambda name: f"include:{name}"),
        NAMES.map(lambda name: f"exists:%{{ir}}.{name}"),
        st.tuples(st.sampled_from(["a", "mx", "ptr"]), NAMES).map(lambda pair: f"{pair[0]}:{pair[1]}"),
        st.sampled_from(["a", "mx", "ptr", "a/24", "mx//64", "a/24//64"]),
        st.ip_addresses(v=4).map(lambda address: f"ip4:{address}"),
        st.ip_addresses(v=6).map(lambda address: f"ip6:{address}/128"),
    ),
)


@pytest.fixture
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pyspf find nothing in DNS instead of asking it."""
    monkeypatch.setattr(pyspf, "DNSLookup", lambda *question, **options: [])


def judge(text: str, address: str) -> str:
    """Return pyspf's result for mail from `address` under an SPF record."""
    result: str = pyspf.query(i=address, s="a@example.com", h="h.example.com").check(spf=text)[0]
    return result


@pytest.mark.parametrize("text", RFC_RECORDS)
def test_a_record_of_the_rfc_is_read_and_written_unchanged(text: str) -> None:
    assert str(parse(text)) == text


@given(st.lists(MECHANISMS, max_size=12), st.sampled_from(["", " -all", " ~all", " ?all redirect=example.com"]))
def test_any_record_of_the_grammar_is_read_and_written_unchanged(mechanisms: list[str], end: str) -> None:
    text = " ".join(["v=spf1", *mechanisms]) + end
    assert str(parse(text)) == text


def test_names_are_case_insensitive_and_spaces_do_not_count() -> None:
    record = parse("V=SPF1  INCLUDE:Example.com   -ALL ")
    assert [(term.qualifier, term.name) for term in record.terms] == [("+", "include"), ("-", "all")]
    assert str(record) == "v=spf1 INCLUDE:Example.com -ALL"


def test_a_term_knows_its_qualifier_name_and_value() -> None:
    assert parse_term("~a:mail.example.com/24") == Term("~a:mail.example.com/24", "~", "a", ":mail.example.com/24")
    assert parse_term("redirect=_spf.example.com").is_modifier
    assert not parse_term("include:example.com").is_modifier


@pytest.mark.parametrize("text", ["", "spf1 -all", "v=spf2 -all", "v=spf10", " v=spf1 -all", "a v=spf1", "v=spf1\ta"])
def test_a_text_that_does_not_begin_with_the_version_is_no_record(text: str) -> None:
    with pytest.raises(SpfError, match='must begin with "v=spf1"'):
        parse(text)


@pytest.mark.parametrize("term", [*MALFORMED, "exists:%{i.example.com", "x=\u00a0", "a/\u0663", "x=%{d\u0663}"])
def test_a_malformed_term_is_refused_and_quoted(term: str) -> None:
    with pytest.raises(SpfError) as refused:
        parse(f"v=spf1 {term} -all")
    assert f'"{term}"' in str(refused.value)


@pytest.mark.parametrize("term", MALFORMED)
def test_an_independent_evaluator_refuses_the_same_terms(term: str, no_dns: None) -> None:
    assert judge(f"v=spf1 {term} -all", "192.0.2.1") == "permerror"


@pytest.mark.parametrize("name", ["redirect", "exp"])
def test_redirect_and_exp_stand_at_most_once(name: str) -> None:
    with pytest.raises(SpfError, match=f"{name}= is there more than once"):
        parse(f"v=spf1 {name}=a.example.com {name}=b.example.com")


def test_the_first_all_counts_and_later_terms_are_kept_without_effect() -> None:
    record = parse("v=spf1 a ~all include:example.com -all exp=x.example.com")
    assert record.all_qualifier == "~"
    assert [term.text for term in record.live] == ["a", "~all", "exp=x.example.com"]
    assert record.lookups == 1
    assert str(record).endswith("include:example.com -all exp=x.example.com")


def test_a_redirect_beside_an_all_has_no_effect() -> None:
    assert parse("v=spf1 redirect=_spf.example.com ~all").redirect is None
    assert parse("v=spf1 mx redirect=_spf.example.com").redirect is not None
    assert parse("v=spf1 redirect=_spf.example.com ~all").lookups == 0


def test_include_a_mx_ptr_exists_and_redirect_cost_a_look_up_each() -> None:
    text = "v=spf1 include:a.example a mx ptr exists:b.example ip4:192.0.2.1 ip6:::1 exp=c.example redirect=d.example"
    assert parse(text).lookups == 6


def test_merging_keeps_order_and_the_standing_all_and_writes_equal_terms_once() -> None:
    standing = parse("v=spf1 mx include:_spf.google.com -all")
    merged = merge(standing, parse("v=spf1 include:amazonses.com ~all"), also=["+INCLUDE:_SPF.google.com", "a"])
    assert str(merged) == "v=spf1 mx include:_spf.google.com include:amazonses.com a -all"


def test_a_new_record_ends_in_softfail() -> None:
    assert str(merge(also=["include:_spf.example.com"])) == "v=spf1 include:_spf.example.com ~all"
    assert str(merge(parse("v=spf1 mx"))) == "v=spf1 mx ~all"


def test_what_stood_after_all_does_not_come_to_life_by_merging() -> None:
    merged = merge(parse("v=spf1 a ~all include:old.example"), also=["include:new.example"])
    assert [term.text for term in merged.live] == ["a", "include:new.example", "~all"]
    assert str(merged) == "v=spf1 a include:new.example ~all include:old.example"


def test_modifiers_survive_merging() -> None:
    merged = merge(parse("v=spf1 a exp=why.example.com x=1 -all"), parse("v=spf1 exp=other.example.com y=2"))
    assert str(merged) == "v=spf1 a -all exp=why.example.com x=1 y=2"


def test_a_redirect_stays_where_only_mechanisms_are_added() -> None:
    merged = merge(parse("v=spf1 redirect=_spf.example.com"), also=["include:amazonses.com"])
    assert str(merged) == "v=spf1 include:amazonses.com redirect=_spf.example.com"


def test_a_redirect_that_would_lose_its_effect_is_refused() -> None:
    with pytest.raises(SpfError, match=r"redirect=_spf\.example\.com.*lose its effect"):
        merge(parse("v=spf1 redirect=_spf.example.com"), parse("v=spf1 include:amazonses.com ~all"))


def test_two_redirects_are_refused() -> None:
    with pytest.raises(SpfError, match="keep one redirect"):
        merge(parse("v=spf1 redirect=a.example.com"), parse("v=spf1 redirect=b.example.com"))


def test_contradicting_qualifiers_are_refused() -> None:
    with pytest.raises(SpfError, match=r'"-ip4:192\.0\.2\.1" and "ip4:192\.0\.2\.1" contradict'):
        merge(parse("v=spf1 -ip4:192.0.2.1 ~all"), also=["ip4:192.0.2.1"])


def test_a_mechanism_written_with_an_equals_sign_is_an_unknown_modifier_and_costs_nothing() -> None:
    record = parse("v=spf1 include=example.com all=x ip4:192.0.2.1 -all")
    assert [term.is_modifier for term in record.terms] == [True, True, False, False]
    assert (record.lookups, record.all_qualifier) == (0, "-")
    assert str(merge(record)) == "v=spf1 ip4:192.0.2.1 -all include=example.com all=x"


@pytest.mark.parametrize("term", ["-all", "redirect=_spf.example.com", "exp=x.example.com", "include=x.example.com"])
def test_only_mechanisms_can_be_added(term: str) -> None:
    with pytest.raises(SpfError, match="add mechanisms"):
        merge(also=[term])


def test_ten_look_ups_are_allowed_and_eleven_refused() -> None:
    names = [f"include:s{number}.example.com" for number in range(11)]
    assert merge(also=names[:10]).lookups == 10
    with pytest.raises(SpfError, match="11 DNS look-ups"):
        merge(also=names)


@given(st.lists(st.ip_addresses(v=4), max_size=8), st.lists(st.ip_addresses(v=4), max_size=8))
def test_a_merged_record_holds_each_term_once_and_merging_again_changes_nothing(
    one: list[ipaddress.IPv4Address], other: list[ipaddress.IPv4Address]
) -> None:
    def record(addresses: list[ipaddress.IPv4Address], end: str) -> Spf:
        return parse(" ".join(["v=spf1", *(f"ip4:{address}" for address in addresses), end]))

    first, second = record(one, "-all"), record(other, "~all")
    merged = merge(first, second)
    texts = [term.text for term in merged.terms]
    assert len(texts) == len(set(texts)) == len({*one, *other}) + 1
    assert merged.all_qualifier == "-"
    assert merge(merged, second) == merged


def test_macros_keep_their_case_since_upper_case_means_escaping() -> None:
    merged = merge(parse("v=spf1 exists:%{l}.example.com ~all"), also=["exists:%{L}.example.com"])
    assert str(merged) == "v=spf1 exists:%{l}.example.com exists:%{L}.example.com ~all"


ADDRESSES = st.lists(st.sampled_from([f"192.0.2.{last}" for last in range(6)]), max_size=4)


@given(ADDRESSES, ADDRESSES, st.sampled_from(["-all", "~all", "?all"]), st.integers(0, 5))
def test_a_merged_record_passes_whom_either_passed_and_else_ends_as_the_standing_one(
    one: list[str], other: list[str], end: str, last: int
) -> None:
    first = parse(" ".join(["v=spf1", *(f"ip4:{address}" for address in one), end]))
    second = parse(" ".join(["v=spf1", *(f"ip4:{address}" for address in other), "~all"]))
    address = f"192.0.2.{last}"
    otherwise = {"-all": "fail", "~all": "softfail", "?all": "neutral"}[end]
    assert judge(str(merge(first, second)), address) == ("pass" if address in {*one, *other} else otherwise)
