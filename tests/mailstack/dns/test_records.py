"""Record sets and names: what DNS holds, what is refused, and which zone a name belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.dns.records import Mx, RecordSet, check_in_zone, domain_name, joined, longest_zone, record_name
from mailstack.errors import RecordError

LABEL = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\Z")
NAMES = st.lists(LABEL, min_size=1, max_size=6).map(lambda labels: ".".join([*labels, "com"]))


@pytest.mark.parametrize("text", ["Example.COM", "example.com.", "example.com"])
def test_a_domain_name_is_lower_case_without_trailing_dot(text: str) -> None:
    assert domain_name(text) == "example.com"


@given(NAMES)
def test_normalising_a_name_twice_changes_nothing(name: str) -> None:
    assert domain_name(domain_name(name.upper() + ".")) == domain_name(name) == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty name"),
        ("example", "full domain name"),
        ("a..example.com", "empty label"),
        (".example.com", "empty label"),
        ("-a.example.com", 'neither starts nor ends with "-"'),
        ("a b.example.com", "' '"),
        ("hello@example.com", "'@'"),
        ("https://example.com", "':'"),
        ("_dmarc.example.com", "'_'"),
        ("*.example.com", '"*" may only be'),
        ("192.0.2.1", "an address is not allowed here"),
        ("a" * 64 + ".example.com", "63 octets"),
        (".".join(["a" * 49] * 5) + ".com", "253 octets, this one has 253"),
    ],
)
def test_a_text_that_is_no_domain_name_is_refused_with_the_fault(text: str, says: str) -> None:
    if says.endswith("has 253"):  # 5 * 49 + 4 dots + ".com" is 253 octets: the longest that is allowed
        assert domain_name(text) == text
        text, says = "a" + text, "253 octets, this one has 254"
    with pytest.raises(RecordError, match=says.replace("*", r"\*")):
        domain_name(text)


def test_a_name_with_letters_outside_ascii_is_refused_with_its_a_label() -> None:
    with pytest.raises(RecordError, match=r"write its A-label: xn--mnchen-3ya\.example"):
        domain_name("München.example")


def test_no_a_label_is_guessed_where_the_two_idna_versions_differ() -> None:
    with pytest.raises(RecordError) as refused:
        domain_name("straße.example")
    assert "strasse" not in str(refused.value)


@pytest.mark.parametrize("name", ["_dmarc.example.com", "a._domainkey.example.com", "*.example.com", "s_1.example.com"])
def test_a_record_name_may_hold_underscores_and_a_leading_wildcard(name: str) -> None:
    assert record_name(name.upper()) == name


@pytest.mark.parametrize("name", ["a.*.example.com", "_dmarc", "*", "a*.example.com"])
def test_other_wildcards_and_unfinished_record_names_are_refused(name: str) -> None:
    with pytest.raises(RecordError):
        record_name(name)


def test_a_record_goes_to_the_longest_zone_that_contains_it_by_labels() -> None:
    zones = ["com", "example.com", "mail.example.com", "myexample.com"]
    assert longest_zone("a.mail.example.com", zones) == "mail.example.com"
    assert longest_zone("example.com", zones) == "example.com"
    assert longest_zone("notmail.example.com", zones) == "example.com"
    assert longest_zone("a.example.net", zones) is None


def test_a_name_outside_its_zone_is_an_error_that_names_both() -> None:
    with pytest.raises(RecordError, match=r"a\.myexample\.com is not in the zone example\.com"):
        check_in_zone("a.myexample.com", "example.com")


@pytest.mark.parametrize("name", ["example.com.example.com", "send.example.com.example.com"])
def test_a_zone_that_stands_twice_in_a_name_is_said_as_such(name: str) -> None:
    with pytest.raises(RecordError, match="twice: write " + name.removesuffix(".example.com").replace(".", r"\.")):
        check_in_zone(name, "example.com")


@given(NAMES, st.sampled_from(["example.com", "example.co.uk"]))
def test_a_name_built_on_its_zone_lies_in_it(name: str, zone: str) -> None:
    if not name.endswith(zone):
        check_in_zone(f"{name}.{zone}", zone)
        assert longest_zone(f"{name}.{zone}", [zone]) == zone


def test_an_mx_reads_as_preference_and_host_and_sorts_by_preference() -> None:
    assert str(Mx(10, "mail.example.com")) == "10 mail.example.com"
    assert sorted([Mx(20, "a.example.com"), Mx(5, "b.example.com")])[0].preference == 5


@pytest.mark.parametrize(
    ("record_type", "values"),
    [
        (
            "TXT",
            (
                "v=spf1 -all",
                'quotes " and \\ are text',
            ),
        ),
        ("TXT", ("x" * 2000,)),
        ("CNAME", ("abc.dkim.amazonses.com",)),
        ("CNAME", ("_x._domainkey.example.net",)),
        ("MX", (Mx(10, "feedback-smtp.eu-west-1.amazonses.com"), Mx(0, "mail.example.com"))),
        ("A", ("192.0.2.1",)),
        ("AAAA", ("2001:db8::1",)),
    ],
)
@pytest.mark.parametrize("ttl", [1, 30, 300, 2147483647])
def test_a_record_set_that_dns_can_hold_is_taken(record_type: str, values: tuple[str | Mx, ...], ttl: int) -> None:
    assert RecordSet("a.example.com", record_type, ttl, values).values == values


@pytest.mark.parametrize(
    ("name", "record_type", "ttl", "values", "says"),
    [
        ("a.example.com", "TXT", 300, (), "no value"),
        ("a.example.com", "TXT", 300, ("",), "empty value"),
        ("a.example.com", "TXT", 300, ("v=spf1\n-all",), r"'\\n' at position 7"),
        ("a.example.com", "TXT", 300, ("v=DMARC1; p=none–",), "position 17"),
        ("a.example.com", "TXT", 300, ("x\x7f",), "position 2"),
        ("a.example.com", "TXT", 300, ("same", "same"), "twice"),
        ("a.example.com", "TXT", 300, (Mx(10, "b.example.com"),), "another type"),
        ("a.example.com", "MX", 300, ("10 b.example.com",), r"Mx\(preference, host\)"),
        ("a.example.com", "MX", 300, (Mx(65536, "b.example.com"),), "0 to 65535"),
        ("a.example.com", "MX", 300, (Mx(10, "192.0.2.1"),), "address is not allowed"),
        ("a.example.com", "MX", 300, (Mx(10, "b.example.com."),), "without trailing dot: b.example.com"),
        ("a.example.com", "CNAME", 300, ("b.example.com", "c.example.com"), "one CNAME"),
        ("a.example.com", "CNAME", 300, ("b.example.com.",), "without trailing dot"),
        ("a.example.com", "CNAME", 300, ("*.example.com",), "wildcard"),
        ("a.example.com", "A", 300, ("2001:db8::1",), "not an IPv4 address"),
        ("a.example.com", "AAAA", 300, ("192.0.2.1",), "not an IPv6 address"),
        ("a.example.com", "AAAA", 300, ("fe80::1%eth0",), "not an IPv6 address"),
        ("a.example.com", "SPF", 300, ("v=spf1 -all",), 'unknown type "SPF"'),
        ("a.example.com", "TXT", 0, ("x",), "30 to 2147483647 seconds, not 0"),
        ("a.example.com", "TXT", 29, ("x",), "not 29"),
        ("a.example.com", "TXT", 2147483648, ("x",), "not 2147483648"),
        ("A.example.com.", "TXT", 300, ("x",), r"lower case without trailing dot: a\.example\.com"),
    ],
)
def test_a_record_set_that_dns_would_refuse_is_refused_by_name(
    name: str, record_type: str, ttl: int, values: tuple[str | Mx, ...], says: str
) -> None:
    with pytest.raises(RecordError, match=says) as refused:
        RecordSet(name, record_type, ttl, values)
    assert name in str(refused.value)


def test_parts_of_one_set_are_joined() -> None:
    """Values and purposes in their order, sets in that of their first parts; a value that is there twice is refused."""
    parts = [
        RecordSet("example.com", "TXT", 300, ("a",), "one"),
        RecordSet("example.com", "MX", 300, (Mx(10, "mail.example.com"),)),
        RecordSet("example.com", "TXT", 300, ("b", "c"), "other"),
    ]
    assert joined(parts) == [RecordSet("example.com", "TXT", 300, ("a", "b", "c"), "one; other"), parts[1]]
    with pytest.raises(RecordError, match="is there twice"):
        joined([parts[0], parts[0]])
