"""dns-lexicon's parts for three hosts that differ in all that can differ, through the one client."""

from __future__ import annotations

from typing import Any

import pytest

from mailstack.dns.changes import Change, Value
from mailstack.dns.records import Mx
from mailstack.errors import Conflict, Unanswered, VendorError
from providers.dns.base import Access, HostedZone
from providers.dns.lexicon import Lexicon

from .vendors import KEY, DigitalOcean, Gandi, Porkbun, played

ZONE = HostedZone("example.com", "example.com")
TTL = 600  # the least that all of them take


@pytest.fixture(name="host", params=[DigitalOcean, Gandi, Porkbun])
def _host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    host = request.param(ZONE.name)
    played(monkeypatch, host)
    return host


def at(host: Any) -> Lexicon:
    """Return the client at a host."""
    return with_options(host, host.options)


def with_options(host: Any, options: Any) -> Lexicon:
    keys = {"provider": type(host).__name__.lower()}
    return Lexicon(Access(keys=keys, secrets={"options": options}))


def change(
    name: str, before: tuple[Value, ...], after: tuple[Value, ...], kind: str = "TXT", ttl: int = TTL, was: int = TTL
) -> Change:
    """Return the change of a slot, which was written with a TTL of `was`."""
    return Change(name, kind, before, after, was if before else None, ttl)


SETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("_dmarc.example.com", "TXT", ("v=DMARC1; p=none; rua=mailto:a@example.com",)),
    ("several.example.com", "TXT", ("first=1", "second=2", "v=spf1 -all")),
    ("sel._domainkey.example.com", "TXT", (f"v=DKIM1; k=rsa; p={'c/+' * 190}",)),
    ("token._domainkey.example.com", "CNAME", ("token.dkim.amazonses.com",)),
    ("a.example.com", "A", ("192.0.2.1", "192.0.2.2")),
)


@pytest.mark.parametrize(("name", "kind", "values"), SETS, ids=[one[0] for one in SETS])
def test_a_record_set_is_written_listed_and_deleted(host: Any, name: str, kind: str, values: tuple[str, ...]) -> None:
    """The host holds just the values that were written, each once however often they are; deleted, it holds none."""
    there = at(host)
    for before in ((), values):
        there.write(ZONE, change(name, before, values, kind))
        assert host.values(name, kind) == {(value, TTL) for value in values}
    found = [one for one in there.existing(ZONE, [name]) if one.name == name]
    assert sorted((one.type, one.content, one.ttl) for one in found) == sorted((kind, value, TTL) for value in values)
    for _ in range(2):
        there.write(ZONE, change(name, values, (), kind))
        assert host.values(name, kind) == set()


def test_values_and_ttl_change_and_nothing_else_does(host: Any) -> None:
    """What is kept, what goes and what comes, with another TTL; neighbours and other types at the name stay."""
    there, name = at(host), "x.example.com"
    there.write(ZONE, change(name, (), ("192.0.2.1",), "A"))
    there.write(ZONE, change("y.example.com", (), ("one=1",)))
    there.write(ZONE, change(name, (), ("one=1", "two=2")))
    there.write(ZONE, change(name, ("one=1", "two=2"), ("two=2", "three=3"), ttl=3600))
    assert host.values(name, "TXT") == {("two=2", 3600), ("three=3", 3600)}
    there.write(ZONE, change(name, ("two=2", "three=3"), (), was=3600))
    assert host.values(name, "TXT") == set()
    assert host.values(name, "A") == {("192.0.2.1", TTL)}
    assert host.values("y.example.com", "TXT") == {("one=1", TTL)}


def test_an_alias_changes_its_target(host: Any) -> None:
    """A name holds one CNAME: the new target takes the place of the old."""
    there = at(host)
    there.write(ZONE, change("c.example.com", (), ("a.example.net",), "CNAME"))
    there.write(ZONE, change("c.example.com", ("a.example.net",), ("b.example.net",), "CNAME"))
    assert host.values("c.example.com", "CNAME") == {("b.example.net", TTL)}


def test_somebody_elses_value_stays(host: Any) -> None:
    """Beside it ours is made, changed and removed; an equal one is refused."""
    there, name = at(host), "f.example.com"
    at(host).write(ZONE, change(name, (), ("foreign=1",)))
    for before, after in (((), ("ours=1",)), (("ours=1",), ("ours=2",)), (("ours=2",), ())):
        there.write(ZONE, change(name, before, after))
        # dns-lexicon writes what is left of a set at Gandi without a TTL; a value of ours gives it back.
        ttl = 10800 if isinstance(host, Gandi) and not after else TTL
        assert host.values(name, "TXT") == {("foreign=1", ttl), *((value, ttl) for value in after)}
    with pytest.raises(Conflict, match=r'f\.example\.com: TXT "foreign=1" already exists'):
        there.write(ZONE, change(name, (), ("foreign=1",)))
    assert {value for value, _ in host.values(name, "TXT")} == {"foreign=1"}


def test_the_zone_that_is_not_there_is_said(host: Any) -> None:
    """The host's own words for a zone that it does not hold."""
    with pytest.raises(
        VendorError, match=r"could not log in for absent\.example: it answered 40[04]: .*(find|found|domain)"
    ):
        at(host).zones(["absent.example"])


def test_a_wrong_key_is_said_without_it(host: Any) -> None:
    """The host's own refusal, and neither the wrong key nor the right one."""
    wrong = {**host.options, list(host.options)[-1]: "wrong-canary", "auth_token": "wrong-canary"}
    with pytest.raises(VendorError, match=r"it answered 40[01]") as refused:
        with_options(host, {**wrong, "api_protocol": "rest"}).zones([ZONE.name])
    assert "canary" not in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("kind", [Gandi, Porkbun])
def test_the_preference_of_an_mx_travels_as_the_host_wants_it(monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    """In the content (Gandi) or apart from it (Porkbun): both hold it, list it and change it."""
    host = kind(ZONE.name)
    played(monkeypatch, host)
    there = at(host)
    name, before = "m.example.com", (Mx(10, "a.example.net"), Mx(20, "b.example.net"))
    after = (Mx(5, "a.example.net"), Mx(20, "b.example.net"))
    there.write(ZONE, change(name, (), before, "MX"))
    assert host.values(name, "MX") == {("10 a.example.net", TTL), ("20 b.example.net", TTL)}
    there.write(ZONE, change(name, before, after, "MX"))
    assert host.values(name, "MX") == {("5 a.example.net", TTL), ("20 b.example.net", TTL)}
    there.write(ZONE, change(name, after, (), "MX"))
    assert host.values(name, "MX") == set()


def test_a_host_that_is_given_no_preference_refuses_an_mx(monkeypatch: pytest.MonkeyPatch) -> None:
    """dns-lexicon sends DigitalOcean none: its refusal is passed on, and nothing exists there."""
    host = DigitalOcean(ZONE.name)
    played(monkeypatch, host)
    with pytest.raises(VendorError, match=r"422: .*Priority is not a number.*; there exists now: nothing"):
        at(host).write(ZONE, change("m.example.com", (), (Mx(10, "a.example.net"),), "MX"))


def test_a_preference_that_does_not_come_back_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that takes an MX and keeps another preference cannot be trusted with it: the sentence says what exists."""
    host = Porkbun(ZONE.name)
    put = host._put
    monkeypatch.setattr(host, "_put", lambda body, id_: put({**body, "prio": "0"}, id_))
    played(monkeypatch, host)
    with pytest.raises(VendorError) as refused:
        at(host).write(ZONE, change("m.example.com", (), (Mx(10, "a.example.net"),), "MX"))
    assert str(refused.value) == (
        'MX m.example.com did not come back from this host as it was written; there exists now: "0 a.example.net". '
        "dns-lexicon cannot be trusted with it there: make the record by hand (host: manual)"
    )


@pytest.mark.parametrize(("kind", "asked", "kept"), [(Gandi, 60, 300), (Porkbun, 300, 600)])
def test_a_ttl_that_the_host_does_not_keep_is_said(
    monkeypatch: pytest.MonkeyPatch, kind: Any, asked: int, kept: int
) -> None:
    """Each host has a least TTL; the sentence says it and where to write it, and then it is taken."""
    host = kind(ZONE.name)
    played(monkeypatch, host)
    there = at(host)
    with pytest.raises(
        VendorError, match=rf"keeps a TTL of {kept} s instead of {asked} s; write that as the ttl of the"
    ):
        there.write(ZONE, change("t.example.com", (), ("one=1",), ttl=asked))
    there.write(ZONE, change("t.example.com", ("one=1",), ("one=1",), ttl=kept, was=asked))
    assert host.values("t.example.com", "TXT") == {("one=1", kept)}


def test_records_of_the_zones_own_name_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """DigitalOcean lists them as "@", which dns-lexicon takes for a label: they are still compared and deleted."""
    host = DigitalOcean(ZONE.name)
    played(monkeypatch, host)
    there, name = at(host), "example.com"
    there.write(ZONE, change(name, (), ("v=spf1 -all",)))
    with pytest.raises(Conflict, match='TXT "v=spf1 -all" already exists'):
        there.write(ZONE, change(name, (), ("v=spf1 ~all",)))
    there.write(ZONE, change(name, ("v=spf1 -all",), ()))
    assert host.records == []


def test_one_list_answers_for_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred names are looked up by one login and one list of the zone."""
    host = Porkbun(ZONE.name)
    there = at(host)
    asked = played(monkeypatch, host)
    assert there.existing(ZONE, [f"n{number}.example.com" for number in range(200)]) == []
    assert asked == ["POST /ping", "POST /dns/retrieve/example.com", "POST /dns/retrieve/example.com"]


def test_a_line_that_breaks_half_way_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new value was made, the old one could not be deleted: both exist, and the next run ends it."""
    host, name = Porkbun(ZONE.name), "b.example.com"
    down = True
    played(monkeypatch, host, lambda _, path: down and "/dns/delete/" in path)
    there = at(host)
    there.write(ZONE, change(name, (), ("old=1",)))
    with pytest.raises(
        Unanswered, match=r'api\.porkbun\.com cannot be reached: .*; there exists now: "old=1" and "new=1"'
    ):
        there.write(ZONE, change(name, ("old=1",), ("new=1",)))
    down = False
    there.write(ZONE, change(name, ("old=1", "new=1"), ("new=1",)))
    assert host.values(name, "TXT") == {("new=1", TTL)}
