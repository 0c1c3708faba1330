"""dns-lexicon's parts for three hosts that differ in all that can differ, through the one adapter."""

from __future__ import annotations

from typing import Any

import pytest

from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import Conflict, VendorError
from providers.dns.base import HostedZone
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
    """Return the adapter at a host."""
    return Lexicon(type(host).__name__.lower(), host.options)


def text(name: str, *values: str, ttl: int = TTL) -> RecordSet:
    return RecordSet(f"{name}.example.com", "TXT", ttl, values)


SETS = (
    text("_dmarc", "v=DMARC1; p=none; rua=mailto:a@example.com"),
    text("several", "first=1", "second=2", "v=spf1 -all"),
    text("sel._domainkey", f"v=DKIM1; k=rsa; p={'c/+' * 190}"),
    RecordSet("token._domainkey.example.com", "CNAME", TTL, ("token.dkim.amazonses.com",)),
    RecordSet("a.example.com", "A", TTL, ("192.0.2.1", "192.0.2.2")),
)


@pytest.mark.parametrize("record", SETS, ids=lambda one: one.name)
def test_a_record_set_is_written_looked_up_and_deleted(host: Any, record: RecordSet) -> None:
    """The host holds just the values that were written, each once however often they are; deleted, it holds none."""
    there = at(host)
    for _ in range(2):
        there.put(ZONE, record, None)
        assert host.values(record.name, record.type) == {(value, TTL) for value in record.values}
    found = there.look_up(ZONE, record.name, record.type)
    assert found is not None
    assert (found.ttl, set(found.values)) == (TTL, set(record.values))
    for _ in range(2):
        there.delete(ZONE, record)
        assert host.values(record.name, record.type) == set()


def test_values_and_ttl_change_and_nothing_else_does(host: Any) -> None:
    """What is kept, what goes and what comes, with another TTL; neighbours and other types at the name stay."""
    there, name = at(host), "x.example.com"
    beside = (RecordSet(name, "A", TTL, ("192.0.2.1",)), text("y", "one=1"))
    before, after = text("x", "one=1", "two=2"), text("x", "two=2", "three=3", ttl=3600)
    for record in (*beside, before):
        there.put(ZONE, record, None)
    there.put(ZONE, after, before)
    assert host.values(name, "TXT") == {("two=2", 3600), ("three=3", 3600)}
    there.delete(ZONE, after)
    assert host.values(name, "TXT") == set()
    assert host.values(name, "A") == {("192.0.2.1", TTL)}
    assert host.values("y.example.com", "TXT") == {("one=1", TTL)}


def test_an_alias_changes_its_target(host: Any) -> None:
    """A name holds one CNAME: the new target takes the place of the old."""
    before, after = (
        RecordSet("c.example.com", "CNAME", TTL, (target,)) for target in ("a.example.net", "b.example.net")
    )
    there = at(host)
    there.put(ZONE, before, None)
    there.put(ZONE, after, before)
    assert host.values("c.example.com", "CNAME") == {("b.example.net", TTL)}


def test_somebody_elses_value_stays(host: Any) -> None:
    """A value that was not expected is a Conflict, and nothing changes."""
    there, foreign = at(host), text("f", "foreign=1")
    at(host).put(ZONE, foreign, None)
    for before in (None, text("f", "older=1")):
        with pytest.raises(Conflict, match=r"TXT f\.example\.com: 'foreign=1' stands there"):
            there.put(ZONE, text("f", "ours=1"), before)
    with pytest.raises(Conflict, match="'foreign=1' stands there"):
        there.delete(ZONE, text("f", "ours=1"))
    assert host.values("f.example.com", "TXT") == {("foreign=1", TTL)}


def test_the_zone_that_is_not_there_is_said(host: Any) -> None:
    """The host's own words for a zone that it does not hold."""
    with pytest.raises(
        VendorError, match=r"could not log in for absent\.example: it answered 40[04]: .*(find|found|domain)"
    ):
        at(host).zone("absent.example")


def test_a_wrong_key_is_said_without_it(host: Any) -> None:
    """The host's own refusal, and neither the wrong key nor the right one."""
    wrong = {**host.options, list(host.options)[-1]: "wrong-canary", "auth_token": "wrong-canary"}
    with pytest.raises(VendorError, match=r"it answered 40[01]") as refused:
        Lexicon(type(host).__name__.lower(), {**wrong, "api_protocol": "rest"}).zone(ZONE.name)
    assert "canary" not in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("kind", [Gandi, Porkbun])
def test_the_preference_of_an_mx_travels_as_the_host_wants_it(monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    """In the content (Gandi) or apart from it (Porkbun): both hold it, list it and change it."""
    host = kind(ZONE.name)
    played(monkeypatch, host)
    there = at(host)
    before = RecordSet("m.example.com", "MX", TTL, (Mx(10, "a.example.net"), Mx(20, "b.example.net")))
    after = RecordSet("m.example.com", "MX", TTL, (Mx(5, "a.example.net"), Mx(20, "b.example.net")))
    there.put(ZONE, before, None)
    assert host.values("m.example.com", "MX") == {("10 a.example.net", TTL), ("20 b.example.net", TTL)}
    there.put(ZONE, after, before)
    assert host.values("m.example.com", "MX") == {("5 a.example.net", TTL), ("20 b.example.net", TTL)}
    there.delete(ZONE, after)
    assert host.values("m.example.com", "MX") == set()


def test_a_host_that_is_given_no_preference_refuses_an_mx(monkeypatch: pytest.MonkeyPatch) -> None:
    """dns-lexicon sends DigitalOcean none: its refusal is passed on, and nothing stands there."""
    host = DigitalOcean(ZONE.name)
    played(monkeypatch, host)
    with pytest.raises(VendorError, match=r"422: .*Priority is not a number.*; there stands now: nothing"):
        at(host).put(ZONE, RecordSet("m.example.com", "MX", TTL, (Mx(10, "a.example.net"),)), None)


def test_a_preference_that_does_not_come_back_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that takes an MX and keeps another preference cannot be trusted with it: the sentence says what stands."""
    host = Porkbun(ZONE.name)
    put = host._put
    monkeypatch.setattr(host, "_put", lambda body, id_: put({**body, "prio": "0"}, id_))
    played(monkeypatch, host)
    with pytest.raises(VendorError) as refused:
        at(host).put(ZONE, RecordSet("m.example.com", "MX", TTL, (Mx(10, "a.example.net"),)), None)
    assert str(refused.value) == (
        "MX m.example.com did not come back from this host as it was written; dns-lexicon cannot be trusted with it "
        "there: make the record by hand (host: manual); there stands now: '0 a.example.net'"
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
        there.put(ZONE, text("t", "one=1", ttl=asked), None)
    there.put(ZONE, text("t", "one=1", ttl=kept), None)
    assert host.values("t.example.com", "TXT") == {("one=1", kept)}


def test_records_of_the_zones_own_name_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """DigitalOcean lists them as "@", which dns-lexicon takes for a label: they are still compared and deleted."""
    host = DigitalOcean(ZONE.name)
    played(monkeypatch, host)
    there, record = at(host), RecordSet("example.com", "TXT", TTL, ("v=spf1 -all",))
    there.put(ZONE, record, None)
    with pytest.raises(Conflict, match="'v=spf1 -all' stands there"):
        there.put(ZONE, RecordSet("example.com", "TXT", TTL, ("other=1",)), None)
    there.delete(ZONE, record)
    assert host.records == []


def test_one_list_serves_the_look_ups_of_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred names are looked up by one login and one list of the zone."""
    host = Porkbun(ZONE.name)
    there = at(host)
    asked = played(monkeypatch, host)
    assert [there.standing_at(ZONE, f"n{number}.example.com") for number in range(200)] == [[]] * 200
    assert asked == ["POST /ping", "POST /dns/retrieve/example.com", "POST /dns/retrieve/example.com"]


def test_a_line_that_breaks_half_way_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new value was made, the old one could not be deleted: both stand, and the next try ends it."""
    host = Porkbun(ZONE.name)
    down = True
    played(monkeypatch, host, lambda _, path: down and "/dns/delete/" in path)
    there, before, after = at(host), text("b", "old=1"), text("b", "new=1")
    there.put(ZONE, before, None)
    with pytest.raises(
        VendorError, match=r"api\.porkbun\.com cannot be reached: .*; there stands now: 'new=1' and 'old=1'"
    ):
        there.put(ZONE, after, before)
    down = False
    there.put(ZONE, after, before)
    assert host.values("b.example.com", "TXT") == {("new=1", TTL)}
