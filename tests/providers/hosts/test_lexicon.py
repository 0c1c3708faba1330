"""dns-lexicon's PowerDNS provider against a real PowerDNS."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import RecordError, VendorError
from providers.dns.lexicon import Lexicon

from .name_servers import ZONE, PowerDns, powerdns
from .suite import HostBehaviours, StoreBehaviours, Subject, asker

KEY = "canary/of a key"


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerDns]:
    with powerdns(tmp_path_factory.mktemp("powerdns")) as server:
        yield server


@pytest.fixture(scope="module", name="subject")
def _subject(server: PowerDns) -> Subject:
    host = at(server)
    zone = host.zone(ZONE)

    def plant(name: str, kind: str, text: str) -> None:
        found = api(server, "GET", f"/{ZONE}.").json()["rrsets"]
        same = [one for one in found if (one["name"], one["type"]) == (f"{name}.".lower(), kind)]
        standing = [one["content"] for one in same for one in one["records"]]
        contents = [*standing, f'"{text}"' if kind == "TXT" else f"{text}."]
        records = [{"content": content, "disabled": False} for content in contents]
        rrset = {"name": f"{name}.", "type": kind, "ttl": 300, "changetype": "REPLACE", "records": records}
        api(server, "PATCH", f"/{ZONE}.", {"rrsets": [rrset]})

    return Subject(
        host=host,
        zone=zone,
        write=lambda record: host.put(zone, record, None),
        plant=plant,
        ask=asker(server.port),
        refused=(RecordSet(f"long.{ZONE}", "TXT", 300, ("a" * 66_000,)),),
    )


def at(server: PowerDns) -> Lexicon:
    """Return the adapter, with the login that may do all."""
    return Lexicon("powerdns", {"pdns_server": server.url, "auth_token": server.key})


def api(server: PowerDns, method: str, path: str, body: object = None) -> httpx.Response:
    """Ask the server itself, as somebody else would."""
    url = f"{server.url}/api/v1/servers/localhost/zones{path}"
    return httpx.request(method, url, json=body, headers={"X-API-Key": server.key}).raise_for_status()


def make_zone(server: PowerDns, zone: str) -> None:
    """Make a zone."""
    api(server, "POST", "", {"name": f"{zone}.", "kind": "Native", "nameservers": [f"ns1.{zone}."]})


class TestLexicon(HostBehaviours, StoreBehaviours):
    """The suite, at PowerDNS."""


def test_the_zone_is_the_one_that_is_named(server: PowerDns) -> None:
    """A zone below a registered domain is written to by its own name; none is guessed from public suffixes."""
    name = "mail.example.co.uk"
    make_zone(server, name)
    host = at(server)
    zone = host.zone(name)
    record = RecordSet(f"_dmarc.{name}", "TXT", 300, ("v=DMARC1; p=none",))
    host.put(zone, record, None)
    assert host.look_up(zone, record.name, "TXT") == record
    sets = api(server, "GET", f"/{name}.").json()["rrsets"]
    assert [one["records"][0]["content"] for one in sets if one["name"] == f"_dmarc.{name}."] == ['"v=DMARC1; p=none"']
    with pytest.raises(VendorError, match=r"could not log in for example\.co\.uk: it answered 404: Not Found"):
        host.zone("example.co.uk")


def test_an_alias_is_changed_to_another_target(subject: Subject) -> None:
    """A name holds one CNAME, so that a new target takes the place of the old one, with its TTL."""
    name = subject.name("alias")
    first = RecordSet(name, "CNAME", 300, ("one.example.net",))
    second = RecordSet(name, "CNAME", 600, ("two.example.net",))
    subject.host.put(subject.zone, first, None)
    subject.host.put(subject.zone, second, first)
    assert subject.host.look_up(subject.zone, name, "CNAME") == second
    assert subject.ask(name, "CNAME").values == {"two.example.net"}


def test_a_try_that_ended_half_way_is_gone_on_with(subject: Subject) -> None:
    """Some values of before and some of the new set stand, and nothing else: all of it is ours."""
    name = subject.name("half")
    before = RecordSet(name, "MX", 300, (Mx(10, "a.example.net"), Mx(20, "b.example.net")))
    after = RecordSet(name, "MX", 300, (Mx(10, "c.example.net"), Mx(20, "d.example.net")))
    subject.plant(name, "MX", "20 b.example.net")
    subject.plant(name, "MX", "10 c.example.net")
    subject.host.put(subject.zone, after, before)
    assert subject.ask(name, "MX").values == {"10 c.example.net", "20 d.example.net"}
    subject.host.delete(subject.zone, RecordSet(name, "MX", 300, (*after.values, Mx(30, "e.example.net"))))
    assert subject.ask(name, "MX").values == frozenset()


def test_the_name_is_never_without_a_record(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of values makes the new one before it deletes the old one."""
    from lexicon._private.providers.powerdns import Provider

    name = subject.name("gapless")
    before, after = (RecordSet(name, "TXT", 300, (text,)) for text in ("old=1", "new=1"))
    subject.host.put(subject.zone, before, None)
    seen, patch = [], Provider._patch

    def watched(self: Provider, *args: object, **more: object) -> object:
        answer = patch(self, *args, **more)  # type: ignore[no-untyped-call]  # it has no annotations
        seen.append(subject.ask(name, "TXT").values)
        return answer

    monkeypatch.setattr(Provider, "_patch", watched)
    subject.host.put(subject.zone, after, before)
    assert seen == [{"old=1", "new=1"}, {"new=1"}]


def test_a_wrong_key_is_said_without_it(server: PowerDns) -> None:
    """The host's own refusal is passed on, the options of the login are not."""
    with pytest.raises(VendorError) as refused:
        Lexicon("powerdns", {"pdns_server": server.url, "auth_token": KEY}).zone(ZONE)
    assert str(refused.value) == (f"powerdns (dns-lexicon) could not log in for {ZONE}: it answered 401: Unauthorized")


def test_what_the_host_refuses_is_said_in_its_words(server: PowerDns, subject: Subject) -> None:
    """An alias beside a type that the kit does not know: PowerDNS's sentence, and that nothing was written."""
    record = RecordSet(subject.name("delegated"), "CNAME", 300, ("target.example.net",))
    subject.plant(record.name, "NS", "ns1.example.net")
    with pytest.raises(
        VendorError, match=r"422: .*Conflicts with pre-existing.*; there stands now: nothing"
    ) as refused:
        subject.host.put(subject.zone, record, None)
    assert server.key not in str(refused.value)


def test_a_name_outside_the_zone_is_refused(subject: Subject) -> None:
    """dns-lexicon would append the zone to it and write there."""
    record = RecordSet("a.example.net", "TXT", 300, ("x=1",))
    said = rf"a\.example\.net is not in the zone {ZONE}"
    with pytest.raises(RecordError, match=said):
        subject.host.put(subject.zone, record, None)
    with pytest.raises(RecordError, match=said):
        subject.host.delete(subject.zone, record)
    assert subject.standing_at(f"a.example.net.{ZONE}") == []
