"""What routes ask for: slots whose number and names are final before anything exists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailstack.catalog import Catalog, Slot
from mailstack.dns.records import Mx
from mailstack.plan import Login, Pending, plan, require, resource_name
from mailstack.settings.load import load
from mailstack.settings.model import Domain
from mailstack.settings.model import Route as RouteSettings
from providers import catalog

from .made import DNS, errors, one_domain, planned

FEEDBACK = Mx(10, "feedback-smtp.eu-west-1.amazonses.com")
SPF = "v=spf1 include:amazonses.com ~all"


def test_ses_asks_for_three_dkim_keys_and_a_return_path() -> None:
    """Easy DKIM gives three CNAMEs, MAIL FROM takes one MX and an SPF record (SES Developer Guide)."""
    found = {slot: one for slot, one in one_domain().items() if one.route}
    assert [(slot, one.type, one.route) for slot, one in found.items()] == [
        ("example.com-eu-west-1-dkim-1", "CNAME", "example.com/main"),
        ("example.com-eu-west-1-dkim-2", "CNAME", "example.com/main"),
        ("example.com-eu-west-1-dkim-3", "CNAME", "example.com/main"),
        ("bounce.example.com-mx", "MX", "example.com/main"),
        ("bounce.example.com-txt-spf", "TXT", "example.com/main"),
    ]
    assert found["bounce.example.com-mx"].values == (FEEDBACK,)
    assert found["bounce.example.com-txt-spf"].values == (SPF,)


def test_a_pending_record_shows_what_is_known_of_it() -> None:
    """The name ends in the domain's keys and the value in SES's DKIM domain; both are read from the route later."""
    key = one_domain(routes={"main": {"ses": {"dkimDomain": "dkim.eu-west-1.amazonses.com"}}})[
        "example.com-eu-west-1-dkim-2"
    ]
    label = "DKIM token 2 of eu-west-1"
    assert key.name == Pending("example.com/main", "dkim-2", "name", suffix="._domainkey.example.com", label=label)
    assert key.values == (
        Pending("example.com/main", "dkim-2", "value", suffix=".dkim.eu-west-1.amazonses.com", label=label),
    )
    assert str(key.name) == "<DKIM token 2 of eu-west-1>._domainkey.example.com"
    assert not key.is_known


def test_two_routes_have_slots_of_their_own() -> None:
    """The region is part of a pending slot; the records of two return paths are told apart by their names."""
    found = one_domain(routes={"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}})
    pending = [slot for slot, one in found.items() if one.type == "CNAME"]
    assert pending == [f"example.com-{region}-dkim-{n}" for region in ("eu-west-1", "us-east-1") for n in (1, 2, 3)]
    assert len({found[slot].key for slot in pending}) == 6
    assert {one.route for one in found.values()} == {None, "example.com/main", "example.com/us"}


def test_an_own_key_takes_the_place_of_the_providers() -> None:
    """One TXT record of the domain, which all routes share; its text is pending until the key is made."""
    routes = {"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}
    found = one_domain(dkim={"kind": "own"}, routes=routes)
    assert [slot for slot in found if "_domainkey" in slot] == ["mailstack-1._domainkey.example.com-txt"]
    key = found["mailstack-1._domainkey.example.com-txt"]
    assert (key.name, key.type, key.route) == ("mailstack-1._domainkey.example.com", "TXT", None)
    assert str(key.values[0]) == "v=DKIM1; k=rsa; p=<public key mailstack-1>"
    assert key.values[0] == Pending(
        "", "mailstack-1._domainkey.example.com-txt", "value", "v=DKIM1; k=rsa; p=", label="public key mailstack-1"
    )


def test_the_own_key_before_stays_published() -> None:
    """Generation 3 plans keys 3 and 2 and not 1; a key's slot is the same before and after it is superseded."""
    slots = [slot for slot in one_domain(dkim={"kind": "own", "generation": 3}) if "_domainkey" in slot]
    assert slots == [f"mailstack-{number}._domainkey.example.com-txt" for number in (3, 2)]
    assert slots[1] in one_domain(dkim={"kind": "own", "generation": 2})


def test_kept_keys_have_no_record_of_this_stack() -> None:
    """Whoever made the keys of an adopted domain publishes them."""
    assert [one for one in one_domain(dkim={"kind": "kept"}).values() if "_domainkey" in str(one.name)] == []


def test_routes_and_logins_are_listed() -> None:
    """A route's key names it everywhere, `resource` begins the names of its resources; a login knows its route."""
    config = {
        "dns": DNS,
        "domains": {"example.com": {}, "other.example": {"manage": False}},
        "senders": {"a": {"domain": "example.com"}, "b": {"domain": "other.example", "login": "none"}},
    }
    found = plan(load(config, catalog(), aws_region="eu-west-1"), catalog())
    assert {key: route.manage for key, route in found.routes.items()} == {
        "example.com/main": True, "other.example/main": False,
    }  # fmt: skip
    route = found.routes["example.com/main"]
    assert (route.domain, route.name, route.settings.provider, route.region) == (
        "example.com",
        "main",
        "ses",
        "eu-west-1",
    )
    assert route.resource == "example.com-eu-west-1"
    assert found.logins == {
        "a": Login("a", "example.com/main", "create"), "b": Login("b", "other.example/main", "none"),
    }  # fmt: skip


class TwoExchangers:
    """A provider that asks for two MX in one slot, as Mailgun does for receiving."""

    spf = ""

    def slots(self, domain: Domain, route: RouteSettings) -> Sequence[Slot]:
        """Ask for both, and for a key whose name is known."""
        name = f"in.{domain.name}"
        exchangers = (Mx(10, "mxa.example.net"), Mx(10, "mxb.example.net"))
        return [Slot("in", name, "MX", exchangers, "receiving"), Slot("key", f"k.{domain.name}", "TXT", ("k",), "key")]


def test_a_slot_keeps_all_its_values() -> None:
    """They are one record set, in the provider's order."""
    provider: Any = TwoExchangers()
    found = require(planned({"example.com": {"dmarc": "off"}}, vendors=Catalog({"ses": provider}, catalog().hosts)))
    assert [(one.slot, [str(value) for value in one.values]) for one in found.records] == [
        ("in.example.com-mx", ["10 mxa.example.net", "10 mxb.example.net"]),
        ("k.example.com-txt", ["k"]),
    ]


def test_a_return_path_has_one_mx() -> None:
    """SES Developer Guide, "Using a custom MAIL FROM domain": exactly one; records.also cannot add another."""
    also = [{"name": "bounce.example.com", "type": "MX", "values": ["20 mail.example.net"]}]
    assert errors(planned({"example.com": {"records": {"also": also}}})) == [
        'mx-at-return-path: mailstack:domains["example.com"].records.also[0]: MX 20 mail.example.net would be beside '
        "10 feedback-smtp.eu-west-1.amazonses.com at bounce.example.com, the return path of example.com/main; the "
        "provider accepts a return path with exactly one MX; remove it, or give the route another returnPath"
    ]


def test_a_return_path_that_two_domains_want_is_refused_where_they_differ() -> None:
    """Two regions receive bounces at two hosts; in one region both want the same records, which exist once."""
    domains: dict[str, Any] = {"example.com": {"routes": {"main": {"returnPath": "bounce.a.example.com"}}}}
    same = require(planned({**domains, "a.example.com": {}}))
    assert [one.slot for one in same.records if one.name == "bounce.a.example.com"] == [
        "bounce.a.example.com-mx", "bounce.a.example.com-txt-spf",
    ]  # fmt: skip
    differing = planned({**domains, "a.example.com": {"routes": {"main": {"region": "us-east-1"}}}})
    assert errors(differing) == [
        'records-differ: mailstack:domains["a.example.com"].routes.main: MX bounce.a.example.com: example.com/main '
        "wants 10 feedback-smtp.eu-west-1.amazonses.com and a.example.com/main wants 10 "
        "feedback-smtp.us-east-1.amazonses.com; give one of them another name (returnPath)"
    ]


def test_the_resource_of_a_slot_is_named_below_the_stack() -> None:
    """Components and commands name a record's resource by the same function."""
    assert resource_name("mail", "_dmarc.example.com-txt") == "mail-dns-_dmarc.example.com-txt"
