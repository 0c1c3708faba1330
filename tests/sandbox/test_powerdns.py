"""PowerDNS's API: the sandbox's answers as a real server does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

import sandbox
from sandbox.powerdns import PowerDns
from tests.providers.hosts.name_servers import powerdns
from tests.providers.hosts.suite import Shown, asker

ZONE = "example.com."
BASE = "/api/v1/servers/localhost"
KEY = "key-of-the-sandbox"


@dataclass(frozen=True)
class Server:
    """A PowerDNS, played or real."""

    api: httpx.Client

    def patch(self, *changes: dict[str, Any]) -> httpx.Response:
        return self.api.patch(f"/zones/{ZONE}", json={"rrsets": changes})

    def rrset(self, name: str, kind: str) -> dict[str, Any] | None:
        """Give a record set as the zone lists it."""
        sets = self.api.get(f"/zones/{ZONE}").json()["rrsets"]
        return next((one for one in sets if (one["name"], one["type"]) == (name, kind)), None)


@pytest.fixture(scope="module", name="server", params=["played", "real"])
def _server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "played":
        played = PowerDns(KEY)
        played.add_zone(ZONE)
        transport = httpx.WSGITransport(app=played)
        with httpx.Client(transport=transport, base_url=f"http://x{BASE}", headers={"X-API-Key": KEY}) as api:
            yield Server(api)
    else:
        with (
            powerdns(tmp_path_factory.mktemp("powerdns")) as real,
            httpx.Client(base_url=f"{real.url}{BASE}", headers={"X-API-Key": real.key}) as api,
        ):
            yield Server(api)


def change(name: str, kind: str, *contents: str, how: str = "REPLACE", **more: Any) -> dict[str, Any]:
    """Write a change as the API takes it; a key that is given None is left out."""
    records = [{"content": content, "disabled": False} for content in contents]
    whole = {"name": name, "type": kind, "ttl": 300, "changetype": how, "records": records, **more}
    return {key: value for key, value in whole.items() if value is not None}


REFUSED = (
    (change("a.example.com", "TXT", '"x"'), "DNS Name 'a.example.com' is not canonical"),
    (change("a.example.net.", "TXT", '"x"'), "RRset a.example.net. IN TXT: Name is out of zone"),
    (
        change("a.example.com.", "TXT", "x"),
        "Record a.example.com./TXT 'x': Not in expected format (parsed as '\"x\"')",
    ),
    (
        change("a.example.com.", "TXT", "x y"),
        "Record a.example.com./TXT 'x y': Parsing record content (try 'pdnsutil check-zone'): "
        "Data field in DNS should start with quote (\") at position 0 of 'x y'",
    ),
    (
        change("a.example.com.", "TXT", '"say "hello""'),
        "Record a.example.com./TXT '\"say \"hello\"\"': Parsing record content (try 'pdnsutil check-zone'): "
        'Data field in DNS should start with quote (") at position 6 of \'"say "hello""\'',
    ),
    (
        change("a.example.com.", "CNAME", "target.example.net"),
        "Record a.example.com./CNAME 'target.example.net': Not in expected format (parsed as 'target.example.net.')",
    ),
    (
        change("a.example.com.", "MX", "10 mail.example.net"),
        "Record a.example.com./MX '10 mail.example.net': Not in expected format (parsed as '10 mail.example.net.')",
    ),
    (
        change("a.example.com.", "MX", "mail.example.net."),
        "Record a.example.com./MX 'mail.example.net.': Parsing record content (try 'pdnsutil check-zone'): "
        "expected digits at position 0 in 'mail.example.net.'",
    ),
    (
        change("a.example.com.", "CNAME", "b.example.net.", "c.example.net."),
        "RRset a.example.com. IN CNAME has more than one record",
    ),
    (
        change("a.example.com.", "TXT", '"x"', '"x"'),
        'Duplicate record in RRset a.example.com. IN TXT with content ""x""',
    ),
    (change("a.example.com.", "TXT", '"x"', ttl=None), "Key 'ttl' not an Integer or not present"),
    (change("a.example.com.", "TXT", '"x"', how="SET"), "Changetype not understood"),
    (change("a.example.com.", "TXT", '"x"', changetype=None), "Key 'changetype' not present or not a String"),
    (change("a.example.com.", "FOO", '"x"'), "RRset a.example.com. IN FOO: unknown type given"),
    (change("a b.example.com.", "TXT", '"x"'), "Name 'a\\032b.example.com.' contains unsupported characters"),
)


@pytest.mark.parametrize(("asked", "words"), REFUSED, ids=range(len(REFUSED)))
def test_a_change_that_powerdns_refuses_is_refused_with_its_words(
    server: Server, asked: dict[str, Any], words: str
) -> None:
    """Status, text and effect are those of a real server, which answers the same question beside it."""
    answer = server.patch(asked)
    assert (answer.status_code, answer.json()) == (422, {"error": words})
    assert server.rrset("a.example.com.", "TXT") is None


TAKEN = (
    ("TXT", ('"v=spf1 -all"', '"one" "two"'), ('"v=spf1 -all"', '"one" "two"')),
    ("TXT", (f'"{"a" * 400}"',), (f'"{"a" * 400}"',)),  # one string that DNS cannot hold: it is split when served
    ("TXT", ('"say \\"hello\\" \\065 \\\\"',), ('"say \\"hello\\" \\065 \\\\"',)),
    ("TXT", ('""',), ('""',)),
    ("MX", ("10 Mail.Example.NET.",), ("10 Mail.Example.NET.",)),
    ("MX", ("0 .",), ("0 .",)),
    ("CNAME", ("_under.score.example.net.",), ("_under.score.example.net.",)),
    ("A", ("192.0.2.1", "192.0.2.2"), ("192.0.2.1", "192.0.2.2")),
    ("AAAA", ("2001:0DB8::1",), ("2001:db8::1",)),
)


@pytest.mark.parametrize(("kind", "contents", "listed"), TAKEN, ids=range(len(TAKEN)))
def test_contents_are_kept_in_canonical_form(
    server: Server, kind: str, contents: tuple[str, ...], listed: tuple[str, ...]
) -> None:
    """What is taken is listed as a real server lists it, at the name in lower case."""
    assert server.patch(change("TAKEN.example.com.", kind, *contents)).status_code == 204
    found = server.rrset("taken.example.com.", kind)
    assert found is not None
    assert (found["ttl"], sorted(one["content"] for one in found["records"])) == (300, sorted(listed))
    assert server.patch(change("taken.example.com.", kind, how="DELETE")).status_code == 204
    assert server.rrset("taken.example.com.", kind) is None


def test_an_alias_stands_alone(server: Server) -> None:
    """A CNAME and other data at one name conflict, whichever came first."""
    assert server.patch(change("c.example.com.", "CNAME", "b.example.net.")).status_code == 204
    beside = server.patch(change("c.example.com.", "TXT", '"x"'))
    assert (beside.status_code, beside.json()["error"]) == (
        422,
        "RRset c.example.com. IN TXT: Conflicts with pre-existing RRset",
    )
    assert server.patch(change("t.example.com.", "TXT", '"x"')).status_code == 204
    over = server.patch(change("t.example.com.", "CNAME", "b.example.net."))
    assert over.json()["error"] == "RRset t.example.com. IN CNAME: Conflicts with pre-existing RRset"


def test_a_change_is_whole_or_nothing(server: Server) -> None:
    """Where one of two record sets is refused, neither is written; the serial counts what was."""
    before = server.api.get(f"/zones/{ZONE}").json()["serial"]
    answer = server.patch(change("h1.example.com.", "TXT", '"x"'), change("h2.example.com.", "TXT", "x"))
    assert answer.status_code == 422
    assert server.rrset("h1.example.com.", "TXT") is None
    assert server.api.get(f"/zones/{ZONE}").json()["serial"] == before
    twice = server.patch(change("h1.example.com.", "TXT", '"x"'), change("h1.example.com.", "TXT", '"y"'))
    assert twice.json()["error"] == "Duplicate RRset h1.example.com. IN TXT with changetype: REPLACE"
    assert server.patch(change("h1.example.com.", "TXT", '"x"')).status_code == 204
    assert server.api.get(f"/zones/{ZONE}").json()["serial"] > before


def test_no_records_are_no_record_set(server: Server) -> None:
    """A REPLACE with nothing deletes, and what is gone may be deleted again."""
    server.patch(change("n.example.com.", "TXT", '"x"'))
    assert server.patch(change("n.example.com.", "TXT")).status_code == 204
    assert server.rrset("n.example.com.", "TXT") is None
    assert server.patch(change("n.example.com.", "TXT", how="DELETE")).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/absent.example.", 404, "Not Found"),
        ("GET", "/below.example.com.", 404, "Not Found"),
        ("GET", "/example.com", 200, None),
        ("GET", "/", 404, "Not Found"),
        ("POST", "/example.com.", 405, "Method Not Allowed"),
        ("PUT", "/example.com./notify", 200, '{"result": "Notification queued"}'),
    ],
)
def test_other_questions_are_answered_as_by_a_real_server(
    server: Server, method: str, path: str, status: int, text: str | None
) -> None:
    """Zones are found with and without their dot; what is not there is no JSON."""
    answer = server.api.request(method, f"/zones{path}")
    assert answer.status_code == status
    assert text in (None, answer.text)


def test_a_zone_is_made_and_described(server: Server) -> None:
    """A new zone has the SOA and the name servers asked for; every key of the description is a real server's."""
    name = "made.example."
    made = server.api.post("/zones", json={"name": name, "kind": "Native", "nameservers": ["ns1.example.net."]})
    assert made.status_code == 201
    listed = next(one for one in server.api.get("/zones").json() if one["name"] == name)
    assert (listed["id"], listed["url"]) == (name, f"{BASE}/zones/{name}")
    assert {one["type"] for one in made.json()["rrsets"]} == {"SOA", "NS"}
    assert server.api.post("/zones", json={"name": name, "kind": "Native", "nameservers": []}).status_code == 409
    assert server.api.post("/zones", json={"name": "made.example", "kind": "Native"}).status_code == 422
    assert server.api.delete(f"/zones/{name}").status_code == 204


@pytest.mark.parametrize("key", ["", "another"])
def test_a_wrong_key_is_unauthorized(server: Server, key: str) -> None:
    """Without the key nothing is answered but 401."""
    answer = server.api.get("/zones", headers={"X-API-Key": key})
    assert (answer.status_code, answer.text) == (401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'X-API-Key realm="PowerDNS"'


@pytest.mark.parametrize(("body", "status"), [(b"{nope", 400), (b"{}", 422)])
def test_a_body_that_is_none_is_refused(server: Server, body: bytes, status: int) -> None:
    """What is no JSON is a bad request; what changes nothing is refused."""
    assert server.api.patch(f"/zones/{ZONE}", content=body).status_code == status


def test_the_sandboxs_dns_serves_its_zone(tmp_path: Any) -> None:
    """What is written through the API that `environment` names is what DNS answers, from PowerDNS's name servers."""
    ports = sandbox.start(tmp_path)["ports"]
    try:
        there = sandbox.environment(tmp_path)
        ask = asker(ports["dns"])
        url = f"{there['MAILSTACK_SANDBOX_POWERDNS_URL']}{BASE}/zones/example.info."
        headers = {"X-API-Key": there["MAILSTACK_SANDBOX_POWERDNS_KEY"]}
        sets = [
            change("a.example.info.", "TXT", f'"{"a" * 300}" "\\"b\\" \\099"'),
            change("a.example.info.", "MX", "10 Mail.Example.NET."),
            change("hidden.example.info.", "TXT", records=[{"content": '"x"', "disabled": True}]),
        ]
        assert httpx.patch(url, json={"rrsets": sets}, headers=headers).status_code == 204
        assert ask("a.example.info", "TXT") == Shown(300, frozenset({f'{"a" * 300}"b" c'}))
        assert ask("a.example.info", "MX") == Shown(300, frozenset({"10 mail.example.net"}))
        assert ask("hidden.example.info", "TXT").values == frozenset()
        assert ask("example.info", "NS").values == {"ns1.powerdns.test", "ns2.powerdns.test"}
    finally:
        sandbox.stop(tmp_path)
