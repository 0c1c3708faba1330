"""One name and type: values of several owners, one SPF record, one TTL, slots whose names stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mailstack.catalog import Catalog, Slot
from mailstack.plan import require, siblings
from mailstack.settings.model import Domain
from mailstack.settings.model import Route as RouteSettings
from providers import catalog

from .made import errors, one_domain, planned, values

AT = 'mailstack:domains["example.com"].records'


def txt(*texts: str, name: str = "@", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "TXT", "values": list(texts), **more}


def test_our_value_keeps_its_slot_whatever_is_beside_it() -> None:
    """Values of others are a slot of their own within their name and type; no slot holds a value."""
    alone = one_domain(spf={"also": []})
    beside = one_domain(spf={"also": []}, records={"also": [txt("site-verification=abc")]})
    assert alone.keys() | {"example.com-txt-also"} == beside.keys()
    assert beside["example.com-txt-spf"].values == ("v=spf1 include:amazonses.com ~all",)
    assert beside["example.com-txt-also"].values == ("site-verification=abc",)
    assert siblings(beside["example.com-txt-spf"], list(beside.values())) == ("site-verification=abc",)


@pytest.mark.parametrize(("kind", "one", "other"), [("TXT", "a", "b"), ("CNAME", "a.example.net", "b.example.net")])
def test_an_entry_that_is_changed_in_place_is_the_same_resource(kind: str, one: str, other: str) -> None:
    """Another value is an update in place: at hosts that keep values apart a CNAME cannot be beside the one before."""
    slots = [
        set(one_domain(records={"also": [{"name": "shop", "type": kind, "values": [value]}]})) for value in (one, other)
    ]
    assert slots[0] == slots[1]
    assert f"shop.example.com-{kind.lower()}-also" in slots[0]


def test_the_values_of_all_entries_at_a_name_are_one_slot() -> None:
    """Taking one out of the middle is an update of the rest, whatever their order."""
    found = one_domain(records={"also": [txt("a", "b"), txt("c", name="x"), txt("d")]})
    extra = {slot: one.values for slot, one in found.items() if one.extra}
    assert extra == {"example.com-txt-also": ("a", "b", "d"), "x.example.com-txt-also": ("c",)}


def test_another_name_or_type_is_another_resource() -> None:
    """A changed name meets the check for what exists there."""
    slots = [
        set(one_domain(routes={"main": {"returnPath": label}})) - set(one_domain()) for label in ("bounce", "bounces")
    ]
    assert slots == [set(), {"bounces.example.com-mx", "bounces.example.com-txt-spf"}]


def test_a_value_that_is_written_twice_is_published_once() -> None:
    """Two domains may name the same value, and one may name the stack's own."""
    also = {"name": "example.com", "type": "MX", "values": ["10 inbound-smtp.eu-west-1.amazonaws.com"]}
    domains = {
        "example.com": {"inbound": "main", "records": {"also": [also, txt("a")]}},
        "a.example.com": {"records": {"also": [txt("a", name="example.com")]}},
    }
    found = require(planned(domains))
    slots = [one.slot for one in found.records if one.name == "example.com"]
    assert slots == ["example.com-mx", "example.com-txt-also"]


class AsksForSpf:
    """A provider that asks for an SPF record at a name of its own choice."""

    spf = ""

    def __init__(self, **records: str) -> None:
        """Take the record of each route."""
        self._records = records

    def slots(self, domain: Domain, route: RouteSettings) -> Sequence[Slot]:
        """Ask for the record of the route."""
        name = next(name for name, one in domain.routes.items() if one is route)
        return [Slot("spf", f"send.{domain.name}", "TXT", (self._records[name],), "SPF")]


def with_spf(**records: str) -> Catalog:
    provider: Any = AsksForSpf(**records)
    return Catalog({"ses": provider}, catalog().hosts)


TWO = {"dmarc": "off", "routes": {"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}}


def test_spf_records_of_one_name_become_one() -> None:
    """RFC 7208 section 3.2: a name has one SPF record, which holds what every route asks for."""
    vendors = with_spf(main="v=spf1 include:a.example.net ~all", us="v=spf1 include:b.example.net ~all")
    [record] = require(planned({"example.com": TWO}, vendors=vendors)).records
    assert record.slot == "send.example.com-txt-spf"
    assert record.values == ("v=spf1 include:a.example.net include:b.example.net ~all",)


def test_only_spf_records_become_one() -> None:
    """RFC 7208 section 4.5: the version has any case, and v=spf10 is another text."""
    vendors = with_spf(main="v=spf1 include:a.example ~all", us="V=SPF1 include:b.example -all")
    [merged] = require(planned({"example.com": TWO}, vendors=vendors)).records
    assert merged.values == ("v=spf1 include:a.example include:b.example ~all",)
    vendors = with_spf(main="v=spf1 include:a.example ~all", us="v=spf10 -all")
    found = require(planned({"example.com": TWO}, vendors=vendors)).records
    assert [one.slot for one in found] == ["send.example.com-txt-spf", "send.example.com-txt"]


def test_spf_records_that_contradict_each_other_are_refused() -> None:
    """The sentence names both routes and says what contradicts what."""
    vendors = with_spf(main="v=spf1 redirect=a.example.net", us="v=spf1 redirect=b.example.net")
    assert errors(planned({"example.com": TWO}, vendors=vendors)) == [
        'spf-contradiction: mailstack:domains["example.com"].routes.us: TXT send.example.com: the records that '
        'example.com/main and example.com/us want cannot become one: "redirect=a.example.net" and '
        '"redirect=b.example.net" contradict each other: keep one redirect; give one of the routes another returnPath'
    ]


def test_a_set_has_one_ttl() -> None:
    """RFC 2181 section 5.2: where records.also writes another one than the stack's own record has, both are named."""
    found = planned({"example.com": {"spf": {"also": []}, "records": {"also": [txt("a", ttl=3600)]}}})
    assert errors(found) == [
        f"ttl-differs: {AT}.also[0]: TXT example.com would have the TTLs 300 (ttl of example.com) and 3600 "
        "(records.also); all values of one name and type have one TTL (RFC 2181 section 5.2); write the same ttl in "
        "both places"
    ]
    both = one_domain(ttl=3600, spf={"also": []}, records={"also": [txt("a", ttl=3600), txt("b")]})
    assert {one.ttl for one in both.values()} == {3600}


def test_an_entry_without_a_ttl_takes_that_of_its_set() -> None:
    """Also where only another entry writes one."""
    found = one_domain(records={"also": [txt("a"), txt("b", ttl=60)]})
    assert (found["example.com-txt-also"].values, found["example.com-txt-also"].ttl) == (("a", "b"), 60)


def test_domains_of_different_ttls_cannot_share_a_set() -> None:
    """A return path that two domains have is one set."""
    routes = {"main": {"returnPath": "bounce.a.example.com"}}
    found = planned({"example.com": {"routes": routes, "ttl": 60}, "a.example.com": {}})
    assert errors(found) == []  # equal records are the first domain's
    found = planned(
        {"example.com": {"records": {"also": [txt("a", name="x")]}, "ttl": 60},
         "a.example.com": {"records": {"also": [txt("b", name="x.example.com")]}}}
    )  # fmt: skip
    assert errors(found)[0].startswith(
        'ttl-differs: mailstack:domains["a.example.com"].records.also[0]: TXT x.example.com would have the TTLs 60 '
    )


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("mailstack-1._domainkey.example.com", "v=DKIM1; p=abc", "DKIM"),
        ("example.com._report._dmarc.example.org", "v=dmarc1; rua=mailto:x@example.net", "DMARC"),
    ],
)
def test_a_second_policy_record_of_one_kind_is_refused(name: str, text: str, kind: str) -> None:
    """Readers may ignore all of them where a name has two (RFC 6376 section 3.6.2.2, RFC 9990 section 4)."""
    keys = {
        "dkim": {"kind": "own"},
        "dmarc": {"rua": ["mailto:d@example.org"]},
        "records": {"also": [txt(text, name=name)]},
    }
    [error] = errors(planned({"example.com": keys}))
    assert error.startswith(f"policy-twice: {AT}.also[0]: TXT {name} would have 2 {kind} records: ")
    assert repr(text) in error


def test_an_alias_has_one_target() -> None:
    """RFC 1034 section 3.6.2: a second CNAME under records.also is refused with its key."""
    also = [{"name": "mta-sts", "type": "CNAME", "values": ["other.example.net"]}]
    keys = {"mtaSts": {"mx": ["mail.example.com"], "host": "sts.example.net"}, "records": {"also": also}}
    [error] = errors(planned({"example.com": keys}))
    assert error.startswith(f"record-invalid: {AT}.also[0]: CNAME record mta-sts.example.com: a name has one CNAME")


def test_a_null_mx_is_alone() -> None:
    """RFC 7505 section 3: a domain that accepts no mail cannot have an MX under records.also."""
    also = [{"name": "@", "type": "MX", "values": ["10 mail.example.net"]}]
    [error] = errors(planned({"example.com": {"sends": False, "records": {"also": also}}}))
    assert error.startswith(f"record-invalid: {AT}.also[0]: MX record example.com: a null MX")


def test_all_errors_are_told_at_once() -> None:
    """Whoever fixes one sees the others, too."""
    also = [
        {"name": "bounce", "type": "MX", "values": ["20 mail.example.net"]},
        {"name": "_dmarc", "type": "CNAME", "values": ["d.example.net"]},
    ]
    found = planned({"example.com": {"records": {"also": also}}})
    assert [error.partition(":")[0] for error in errors(found)] == ["mx-at-return-path", "cname-not-alone"]
    assert values(found)["_dmarc.example.com", "CNAME"] == ["d.example.net"]
