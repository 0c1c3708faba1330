"""DMARC records: parsed, written, and which one covers a name (RFC 9989)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.errors import DmarcError
from mailstack.mail.dmarc import Dmarc, covering, parse, report_authorisations, tree_walk, weaker


def dns(records: dict[str, str | list[str]]) -> Callable[[str], Sequence[str]]:
    """Answer TXT questions from a dictionary of domain to DMARC text, and fail for a name outside the walk."""

    def lookup(name: str) -> Sequence[str]:
        assert name.startswith("_dmarc.")
        answer = records.get(name.removeprefix("_dmarc."), [])
        return [answer] if isinstance(answer, str) else answer

    return lookup


def test_only_what_is_not_default_is_written() -> None:
    assert str(Dmarc("none", rua=("mailto:dmarc@example.com",))) == "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
    assert str(Dmarc("reject", "none", "reject", "n", testing=True, adkim="s", aspf="s", fo="1")) == (
        "v=DMARC1; p=reject; sp=none; np=reject; psd=n; t=y; adkim=s; aspf=s; fo=1"
    )


@pytest.mark.parametrize(
    ("text", "record"),
    [
        # RFC 9989 appendix B shows these forms; white space around "=", ";" and "," is allowed (section 4.8).
        ("v=DMARC1;p=none", Dmarc("none")),
        ("v = DMARC1 ; P = Quarantine ; sp= reject;", Dmarc("quarantine", "reject")),
        (
            "v=DMARC1; p=none; rua=mailto:a@example.com , mailto:b@example.net",
            Dmarc(rua=("mailto:a@example.com", "mailto:b@example.net")),
        ),
        ("v=DMARC1; rua=mailto:a@example.com; p=reject", Dmarc("reject", rua=("mailto:a@example.com",))),
        ("v=DMARC1; psd=u; t=n; adkim=r; p=none", Dmarc("none")),
        # removed tags and unknown tags are ignored (section 4.7, appendix C)
        ("v=DMARC1; p=reject; pct=50; rf=afrf; ri=3600; x=y; bimi", Dmarc("reject")),
        ("v=DMARC1; p=none; rua=mailto:a@example.com!10m", Dmarc(rua=("mailto:a@example.com",))),
        # faulty optional values take their default
        ("v=DMARC1; p=reject; adkim=strict; fo=9; t=maybe; psd=x; ruf=nobody", Dmarc("reject")),
        # no policy is none; a faulty one is none where reports are asked for (section 4.10.1)
        ("v=DMARC1", Dmarc("none")),
        ("v=DMARC1; p=rejct; rua=mailto:a@example.com", Dmarc("none", rua=("mailto:a@example.com",))),
        ("v=DMARC1; p=reject; sp=rejct; rua=mailto:a@example.com", Dmarc("none", rua=("mailto:a@example.com",))),
    ],
)
def test_a_record_is_read_as_receivers_read_it(text: str, record: Dmarc) -> None:
    assert parse(text) == record


@pytest.mark.parametrize(
    "text", ["", "p=none; v=DMARC1", "v=dmarc1; p=none", "v=DMARC2; p=none", "v=DMARC10", "v=spf1"]
)
def test_a_text_that_does_not_begin_with_the_exact_version_is_no_record(text: str) -> None:
    with pytest.raises(DmarcError, match="must begin with v=DMARC1"):
        parse(text)


@pytest.mark.parametrize("text", ["v=DMARC1; p=rejct", "v=DMARC1; p=reject; np=strong", "v=DMARC1; p=no; rua=nobody"])
def test_a_faulty_policy_without_report_address_has_no_effect_and_is_refused(text: str) -> None:
    with pytest.raises(DmarcError, match="has no effect"):
        parse(text)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"policy": "strict"}, 'p: "strict"'),
        ({"policy": None}, 'p: "None"'),
        ({"subdomain_policy": "off"}, 'sp: "off"'),
        ({"nonexistent_policy": ""}, 'np: ""'),
        ({"adkim": "strict"}, 'adkim: "strict"'),
        ({"aspf": "R"}, 'aspf: "R"'),
        ({"psd": "u"}, 'psd: "u"'),
        ({"fo": "2"}, 'fo: "2"'),
        ({"rua": ("dmarc@example.com",)}, 'rua: "dmarc@example.com".*write mailto:'),
        ({"rua": ("mailto:dmarc",)}, "report URI"),
        ({"ruf": ("mailto:a@example.com,b@example.com",)}, "report URI"),
        ({"ruf": ("mailto:a@example.com; p=none",)}, "report URI"),
    ],
)
def test_a_value_that_no_record_may_hold_is_refused_with_its_tag(values: dict[str, object], says: str) -> None:
    with pytest.raises(DmarcError, match=says):
        Dmarc(**values)  # type: ignore[arg-type]  # wrong on purpose


def test_the_tree_walk_of_a_long_name_is_the_rfcs_own_example() -> None:
    assert tree_walk("a.b.c.d.e.f.g.h.i.j.mail.example.com") == [
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]


def test_a_name_of_eight_labels_is_walked_label_by_label() -> None:
    walk = tree_walk("a.b.c.d.e.f.example.com")
    assert walk[:2] == ["_dmarc.a.b.c.d.e.f.example.com", "_dmarc.b.c.d.e.f.example.com"]
    assert len(walk) == 8
    assert tree_walk("Example.com.") == ["_dmarc.example.com", "_dmarc.com"]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_a_walk_asks_at_most_eight_questions_and_ends_at_the_top(labels: list[str]) -> None:
    names = tree_walk(".".join(labels))
    assert len(names) <= 8
    assert names[-1] == f"_dmarc.{labels[-1]}"
    assert len(set(names)) == len(names)


def test_the_record_with_the_fewest_labels_covers_a_name() -> None:
    """RFC 9989 section 4.10.2, first example: example.com is the organizational domain of a.mail.example.com."""
    lookup = dns({"mail.example.com": "v=DMARC1; p=none", "example.com": "v=DMARC1; p=reject; sp=quarantine"})
    assert covering("a.mail.example.com", lookup) == ("example.com", Dmarc("reject", "quarantine"), "quarantine")


def test_psd_n_ends_the_walk_at_its_own_domain() -> None:
    """RFC 9989 section 4.10.2, second example."""
    lookup = dns({"mail.example.com": "v=DMARC1; p=none; psd=n", "example.com": "v=DMARC1; p=reject"})
    assert covering("a.mail.example.com", lookup) == ("mail.example.com", Dmarc("none", psd="n"), "none")


def test_a_public_suffix_covers_what_has_no_record_of_its_own() -> None:
    """RFC 9989 section 4.10.2, third example: psd=y at com makes example.com organizational; it has no record."""
    lookup = dns({"com": "v=DMARC1; p=none; sp=reject; psd=y"})
    assert covering("a.mail.example.com", lookup) == ("com", Dmarc("none", "reject", psd="y"), "reject")


def test_the_domain_below_a_public_suffix_comes_before_the_suffix() -> None:
    lookup = dns({"com": "v=DMARC1; p=reject; psd=y", "example.com": "v=DMARC1; p=quarantine"})
    assert covering("a.mail.example.com", lookup) == ("example.com", Dmarc("quarantine"), "quarantine")


def test_a_record_between_name_and_organizational_domain_does_not_count() -> None:
    lookup = dns({"com": "v=DMARC1; p=reject; psd=y", "mail.example.com": "v=DMARC1; p=quarantine"})
    assert covering("a.mail.example.com", lookup) == ("com", Dmarc("reject", psd="y"), "reject")


def test_a_record_at_the_name_itself_is_not_counted() -> None:
    lookup = dns({"example.com": "v=DMARC1; p=reject; psd=n"})
    assert covering("example.com", lookup) is None


def test_several_records_at_one_name_are_all_discarded() -> None:
    lookup = dns({"example.com": ["v=DMARC1; p=reject", "v=DMARC1; p=none"], "com": []})
    assert covering("mail.example.com", lookup) is None


def test_other_texts_beside_the_record_do_not_disturb_it() -> None:
    lookup = dns({"example.com": ["v=spf1 -all", "google-site-verification=x", "v=DMARC1; p=reject"]})
    found = covering("mail.example.com", lookup)
    assert found is not None
    assert found[2] == "reject"


def test_a_record_that_receivers_ignore_covers_nothing() -> None:
    assert covering("mail.example.com", dns({"example.com": "v=DMARC1; p=rejct"})) is None


def test_the_walk_stops_asking_at_a_psd_tag() -> None:
    asked: list[str] = []

    def lookup(name: str) -> list[str]:
        asked.append(name)
        return ["v=DMARC1; p=reject; psd=n"] if name == "_dmarc.example.com" else []

    covering("a.example.com", lookup)
    assert asked == ["_dmarc.example.com"]


def test_an_error_of_the_lookup_reaches_the_caller() -> None:
    def lookup(name: str) -> list[str]:
        raise TimeoutError(name)

    with pytest.raises(TimeoutError):
        covering("a.example.com", lookup)


@pytest.mark.parametrize(
    ("policy", "than", "answer"),
    [("none", "quarantine", True), ("quarantine", "reject", True), ("reject", "none", False), ("none", "none", False)],
)
def test_none_is_weaker_than_quarantine_and_that_than_reject(policy: str, than: str, answer: bool) -> None:
    assert weaker(policy, than) is answer


def test_comparing_what_is_no_policy_is_refused() -> None:
    with pytest.raises(DmarcError, match='"off" is not a DMARC policy'):
        weaker("off", "none")


def test_report_addresses_elsewhere_need_the_other_domains_consent() -> None:
    record = Dmarc(
        rua=("mailto:d@example.com", "mailto:d@reports.example.net", "https://example.org/r"),
        ruf=("mailto:f@mail.example.com", "mailto:f@Reports.example.net?subject=x"),
    )
    assert report_authorisations("example.com", record) == ["example.com._report._dmarc.reports.example.net"]
    assert report_authorisations("mail.example.com", Dmarc(rua=("mailto:d@example.com",))) == []
