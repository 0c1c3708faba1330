"""records.asFound: what adoption found stays as it is, and no line keeps or drops anything by accident."""

from __future__ import annotations

from typing import Any

import pytest

from .made import errors, one_domain, planned

AT = 'mailstack:domains["example.com"].records.asFound'
DKIM = "k._domainkey.example.com"


def line(name: str, record_type: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": record_type, "values": list(values), **more}


def refused(*lines: dict[str, Any], **keys: Any) -> list[str]:
    """Plan example.com with these lines and return its errors."""
    records = {"asFound": list(lines), **keys.pop("records", {})}
    return errors(planned({"example.com": {"records": records, **keys}}))


def test_a_line_replaces_the_kits_own_value_and_ttl() -> None:
    """Text, preference and TTL are those that were found; the slot stays, so that adoption imports into it."""
    five = "5 feedback-smtp.eu-west-1.amazonses.com"
    lines = [
        line("_dmarc.example.com", "TXT", "v=DMARC1;p=none", ttl=3600),
        line("bounce.example.com", "MX", five, ttl=1),
    ]
    found = one_domain(records={"asFound": lines})
    assert found.keys() == one_domain().keys()
    dmarc, mx = found["_dmarc.example.com-txt"], found["bounce.example.com-mx"]
    assert (dmarc.values, dmarc.ttl, dmarc.kept) == (("v=DMARC1;p=none",), 3600, True)
    assert (str(mx.values[0]), mx.ttl, mx.kept) == (five, 1, True)
    assert {one.kept for slot, one in found.items() if slot not in (dmarc.slot, mx.slot)} == {False}


def test_of_a_pending_record_the_ttl_is_kept() -> None:
    """Its name ends as the line's does; which of the three the line is about is not known before the first `up`."""
    found = one_domain(records={"asFound": [line(DKIM, "CNAME", "k.dkim.amazonses.com", ttl=900)]})
    pending = [one for one in found.values() if one.type == "CNAME"]
    assert [(one.ttl, one.kept) for one in pending] == [(900, True)] * 3
    assert [one.values for one in pending] == [one.values for one in one_domain().values() if one.type == "CNAME"]
    assert found["bounce.example.com-mx"].ttl == 300


def test_an_own_key_keeps_its_ttl_only() -> None:
    """The provider signs with the key that the kit makes: another text there would break every signature."""
    name = "mailstack-1._domainkey.example.com"
    found = one_domain(dkim={"kind": "own"}, records={"asFound": [line(name, "TXT", "v=DKIM1; p=abc", ttl=900)]})
    assert found[f"{name}-txt"].ttl == 900
    assert not found[f"{name}-txt"].is_known


def test_pending_records_with_several_ttls_are_refused() -> None:
    """Before the first `up` nobody can tell which is which."""
    lines = [line(f"{n}._domainkey.example.com", "CNAME", f"{n}.dkim.amazonses.com", ttl=60 * n) for n in (1, 2)]
    assert refused(*lines) == [
        f"as-found-ttls: {AT}[1]: the CNAME records below _domainkey.example.com have the TTLs 60, 120; before the "
        "first `pulumi up` it is not known which of them is which; write the same ttl in all of them"
    ]


def test_values_of_others_are_not_dropped() -> None:
    """What records.also names at the same name and type is published beside what was found."""
    also = {"also": [line("@", "TXT", "site-verification=abc")]}
    spf = "v=spf1 include:amazonses.com a ~all"
    for values in ([spf], [spf, "site-verification=abc"], ["site-verification=abc", spf]):
        found = one_domain(spf={"also": []}, records={**also, "asFound": [line("example.com", "TXT", *values)]})
        at_apex = {slot: one.values[0] for slot, one in found.items() if one.name == "example.com"}
        assert at_apex == {"example.com-txt-spf": spf, "example.com-txt-also": "site-verification=abc"}


def test_a_line_may_keep_several_values() -> None:
    """Each has a slot; the value that does what the kit's own does has the kit's own slot."""
    values = ["kept=1", "v=spf1 include:amazonses.com a ~all"]
    found = one_domain(spf={"also": []}, records={"asFound": [line("example.com", "TXT", *values)]})
    at_apex = {slot: one.values[0] for slot, one in found.items() if one.name == "example.com"}
    assert at_apex == {"example.com-txt-spf": values[1], "example.com-txt": values[0]}


@pytest.mark.parametrize(
    ("name", "record_type", "value"),
    [
        ("_dmarc.example.net", "TXT", "v=DMARC1; p=none"),
        ("example.com", "TXT", "v=spf1 -all"),  # no SPF is published at the domain itself
        ("k._domainkey.a.example.com", "CNAME", "k.dkim.amazonses.com"),
        (DKIM, "TXT", "v=DKIM1; p=abc"),
    ],
)
def test_a_line_that_nothing_matches_is_refused(name: str, record_type: str, value: str) -> None:
    """A line without effect is a mistake, most likely in its name."""
    assert refused(line(name, record_type, value)) == [
        f"as-found-unplanned: {AT}[0]: this stack publishes no {record_type} {name}; remove the line, or write the "
        "values of others under records.also"
    ]


def test_a_line_about_values_of_others_alone_is_refused() -> None:
    """records.also says itself what it holds."""
    also = {"also": [line("x", "TXT", "a")]}
    [error] = refused(line("x.example.com", "TXT", "b"), records=also)
    assert error.startswith(f"as-found-unplanned: {AT}[0]: this stack publishes no TXT x.example.com")


def test_two_lines_for_one_set_are_refused() -> None:
    """Which of them counts would depend on their order."""
    lines = [line("_dmarc.example.com", "TXT", f"v=DMARC1; p={policy}") for policy in ("none", "reject")]
    assert refused(*lines) == [
        f"as-found-twice: {AT}[1]: TXT _dmarc.example.com has 2 lines under records.asFound; keep one line for each "
        "name and type"
    ]


def test_a_line_that_drops_the_kits_own_is_refused() -> None:
    """Without an SPF record among its values the domain would have none."""
    [error] = refused(line("bounce.example.com", "TXT", "kept=1"))
    assert error == (
        f"as-found-empty: {AT}[0]: its values hold nothing in place of this stack's own TXT bounce.example.com (return "
        "path: SPF): v=spf1 include:amazonses.com ~all; add the value that has this purpose, or remove the line to "
        "publish the stack's own"
    )


def test_the_ttl_of_a_line_holds_for_the_whole_set() -> None:
    """Values beside it take it; one that is written differently is refused."""
    lines = [line("example.com", "TXT", "v=spf1 -all", ttl=600)]
    found = one_domain(sends=False, records={"also": [line("@", "TXT", "a")], "asFound": lines})
    assert found["example.com-txt-also"].ttl == 600
    [error] = refused(*lines, sends=False, records={"also": [line("@", "TXT", "a", ttl=60)]})
    assert "TXT example.com would have the TTLs 600 (records.asFound) and 60 (records.also)" in error
