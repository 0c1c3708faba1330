"""dns-lexicon's PowerDNS provider against a real PowerDNS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from mailstack.dns.changes import Change
from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import Missing, Unanswered, VendorError
from providers.dns import lexicon
from providers.dns.base import Access, RecordWriter
from providers.dns.lexicon import Lexicon

from .lines import http_line
from .name_servers import ZONE, PowerDns, powerdns
from .suite import HostBehaviours, Line, Subject, asker, texts, writer
from .writer_suite import WriterBehaviours

KEY = "canary/of a key"


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerDns]:
    with powerdns(tmp_path_factory.mktemp("powerdns")) as server:
        yield server


@pytest.fixture(scope="module", name="subject")
def _subject(server: PowerDns) -> Subject:
    client = at(server)
    [zone] = client.zones([ZONE])

    def plant(name: str, kind: str, text: str) -> None:
        found = api(server, "GET", f"/{ZONE}.").json()["rrsets"]
        same = [one for one in found if (one["name"], one["type"]) == (f"{name}.".lower(), kind)]
        existing = [one["content"] for one in same for one in one["records"]]
        contents = [*existing, f'"{text}"' if kind == "TXT" else f"{text}."]
        records = [{"content": content, "disabled": False} for content in contents]
        rrset = {"name": f"{name}.", "type": kind, "ttl": 300, "changetype": "REPLACE", "records": records}
        api(server, "PATCH", f"/{ZONE}.", {"rrsets": [rrset]})

    @contextmanager
    def over(line: Line) -> Iterator[RecordWriter]:
        with http_line(server.url, line, lambda method, path, body: method == "PATCH") as url:
            yield at(PowerDns(url, server.key, server.port))

    return Subject(
        client=client,
        zone=zone,
        check=lexicon.check,
        write=writer(client, zone),
        plant=plant,
        ask=asker(server.port),
        refused=(RecordSet(f"long.{ZONE}", "TXT", 300, ("a" * 66_000,)),),
        over=over,
    )


def at(server: PowerDns) -> Lexicon:
    """Return the adapter, with the login that may do all."""
    return Lexicon(
        Access(
            keys={"provider": "powerdns", "options": {"pdns_server": server.url}},
            secrets={"options": {"auth_token": server.key}},
        )
    )


def api(server: PowerDns, method: str, path: str, body: object = None) -> httpx.Response:
    """Ask the server itself, as somebody else would."""
    url = f"{server.url}/api/v1/servers/localhost/zones{path}"
    return httpx.request(method, url, json=body, headers={"X-API-Key": server.key}).raise_for_status()


def make_zone(server: PowerDns, zone: str) -> None:
    """Make a zone."""
    api(server, "POST", "", {"name": f"{zone}.", "kind": "Native", "nameservers": [f"ns1.{zone}."]})


class TestLexicon(HostBehaviours, WriterBehaviours):
    """The suite, at PowerDNS."""


def test_the_zone_is_the_one_that_is_named(server: PowerDns) -> None:
    """A zone below a registered domain is written to by its own name; none is guessed from public suffixes."""
    name = "mail.example.co.uk"
    make_zone(server, name)
    host = at(server)
    [zone] = host.zones([name])
    record = f"_dmarc.{name}"
    host.write(zone, texts(record, [], ["v=DMARC1; p=none"]))
    assert [(one.name, one.content) for one in host.existing(zone, [])] == [(record, "v=DMARC1; p=none")]
    sets = api(server, "GET", f"/{name}.").json()["rrsets"]
    assert [one["records"][0]["content"] for one in sets if one["name"] == f"_dmarc.{name}."] == ['"v=DMARC1; p=none"']
    with pytest.raises(Missing, match=r"could not log in for example\.co\.uk: it answered 404: Not Found"):
        host.zones(["example.co.uk"])


def test_a_try_that_ended_half_way_is_gone_on_with(subject: Subject) -> None:
    """Some values of before and some of the new set exist, and nothing else: all of it is ours."""
    name = subject.name("half")
    before = (Mx(10, "a.example.net"), Mx(20, "b.example.net"), Mx(10, "c.example.net"))
    after = (Mx(10, "c.example.net"), Mx(20, "d.example.net"))
    subject.plant(name, "MX", "20 b.example.net")
    subject.plant(name, "MX", "10 c.example.net")
    subject.change(Change(name, "MX", before, after, 300, 300))
    assert subject.ask(name, "MX").values == {"10 c.example.net", "20 d.example.net"}
    subject.change(Change(name, "MX", (*after, Mx(30, "e.example.net")), (), 300, 300))
    assert subject.ask(name, "MX").values == frozenset()


def test_the_name_is_never_without_a_record(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of values makes the new one before it deletes the old one."""
    from lexicon._private.providers.powerdns import Provider

    name = subject.name("gapless")
    subject.change(texts(name, [], ["old=1"]))
    seen, patch = [], Provider._patch

    def watched(self: Provider, *args: object, **more: object) -> object:
        answer = patch(self, *args, **more)  # type: ignore[no-untyped-call]  # it has no annotations
        seen.append(subject.ask(name, "TXT").values)
        return answer

    monkeypatch.setattr(Provider, "_patch", watched)
    subject.change(texts(name, ["old=1"], ["new=1"]))
    assert seen == [{"old=1", "new=1"}, {"new=1"}]


def test_a_wrong_key_is_said_without_it(server: PowerDns) -> None:
    """The host's own refusal is passed on, the options of the login are not."""
    with pytest.raises(VendorError) as refused:
        at(PowerDns(server.url, KEY, server.port)).zones([ZONE])
    assert str(refused.value) == (f"powerdns (dns-lexicon) could not log in for {ZONE}: it answered 401: Unauthorized")


def test_what_the_host_refuses_is_said_in_its_words(server: PowerDns, subject: Subject) -> None:
    """An alias beside a type that the kit does not know: PowerDNS's sentence, and that nothing was written."""
    name = subject.name("delegated")
    subject.plant(name, "NS", "ns1.example.net")
    with pytest.raises(
        VendorError, match=r"422: .*Conflicts with pre-existing.*; there exists now: nothing"
    ) as refused:
        subject.change(Change(name, "CNAME", (), ("target.example.net",), None, 300))
    assert server.key not in str(refused.value)


def test_a_write_whose_answer_never_comes_says_so(server: PowerDns, subject: Subject) -> None:
    """The write was handled, but no later request is answered: nobody may guess."""
    name, line = subject.name("dead"), Line(lost=99)

    def lost(method: str, path: str, body: bytes) -> bool:
        return method == "PATCH" or line.writes > 0

    with http_line(server.url, line, lost) as url, pytest.raises(Unanswered, match="not known whether the change was"):
        at(PowerDns(url, server.key, server.port)).write(subject.zone, texts(name, [], ["ours=1"]))
    assert subject.texts(name) == {"ours=1"}
