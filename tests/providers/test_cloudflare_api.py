"""Cloudflare's API as the adapter uses it: pages, busy servers, refusals, and records that are not the user's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.serving import make_server
from werkzeug.test import Client

from mailstack.errors import Busy, Refused, VendorError
from providers.dns import cloudflare
from providers.dns.base import Access, HostedZone
from sandbox.cloudflare import Cloudflare
from sandbox.cloudflare_store import Fields, Store
from sandbox.traffic import Fault, Traffic

from .serving import Quiet, serving

TOKEN = "t" * 40


def at(url: str, token: str = TOKEN, **keys: str) -> cloudflare.Cloudflare:
    """Return the client that asks a server."""
    return cloudflare.Cloudflare(Access(keys=keys, package={"apiToken": token, "baseUrl": f"{url}/client/v4"}))


class Api:
    """The sandbox's Cloudflare on a port, its faults, and the adapter that asks it."""

    def __init__(self, url: str, store: Store, app: Cloudflare, traffic: Traffic) -> None:
        self.url, self.store, self.traffic = url, store, traffic
        self.host = at(url)
        self.zone = store.add_zone("example.com").id
        self._client = Client(app)

    def fault(self, status: int, body: Any = "", times: int = 1, retry_after: str = "") -> None:
        headers = {"Retry-After": retry_after} if retry_after else {}
        self.traffic.add(Fault("cloudflare", re.compile(".*"), status, body, headers, times))

    def asked(self) -> list[str]:
        return [one["path"].removeprefix("/client/v4") for one in self.traffic.requests()]

    def route_mail(self, method: str = "POST") -> None:
        path = f"/client/v4/zones/{self.zone}/email/routing/dns"
        answer = self._client.open(path, method=method, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200

    def put(self, name: str, kind: str, content: str) -> str:
        return self.store.put(self.zone, lambda zone, old: Fields(name, kind, content)).id


@pytest.fixture(name="api")
def _api() -> Iterator[Api]:
    store, traffic = Store(), Traffic()
    app = Cloudflare(store, TOKEN, lambda zone: False, lambda method, path: traffic.see("cloudflare", method, path))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Api(f"http://127.0.0.1:{server.server_port}", store, app, traffic)
    server.shutdown()
    server.server_close()


@pytest.fixture(name="waits")
def _waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the adapter's waits, none of them waited; a fault of the sandbox sleeps 0 seconds, which is none."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", lambda seconds: waits.append(seconds) if seconds else None)
    return waits


def test_a_zone_is_found_by_name_and_by_id(api: Api) -> None:
    """Both look-ups give id, name, status and the name servers that Cloudflare assigned."""
    servers = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
    zone = HostedZone(api.zone, "example.com", servers, "active")
    assert api.host.zones(["example.com"]) == [zone]
    assert at(api.url, zoneId=api.zone).zones(["example.com"]) == [zone]
    other = api.store.add_zone("example.net").id
    assert {one.id for one in api.host.zones(["example.com", "example.net"])} == {api.zone, other}


def test_every_page_is_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """All records of a zone are listed, however many pages the API makes of them (result_info.total_pages)."""
    monkeypatch.setattr(cloudflare, "RECORDS_PAGE", 2)
    ids = [api.put(f"r{number}.example.com", "TXT", f'"{number}"') for number in range(5)]
    listed = api.host.existing(HostedZone(api.zone, "example.com"), [])
    assert [one.id for one in listed] == ids
    assert api.asked() == [f"/zones/{api.zone}/dns_records"] * 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_api_is_asked_again(api: Api, waits: list[float], status: int) -> None:
    """A rate limit or a server's error passes; the wait is the one that Retry-After names (RFC 9110 10.2.3)."""
    api.fault(status, times=2, retry_after="3")
    assert api.host.zones(["example.com"])[0].id == api.zone
    assert waits == [3.0, 3.0]


def test_without_retry_after_the_waits_grow_and_stay_short(api: Api, waits: list[float]) -> None:
    """An API that stays busy is given up after four requests, within seconds, in its own words."""
    error = {"code": 10013, "message": "Rate limited. Please wait and consider throttling your request speed"}
    api.fault(429, {"success": False, "errors": [error]}, times=4)
    with pytest.raises(Busy, match=r"refused GET /zones: Rate limited\. Please wait .* \(10013\)"):
        api.host.zones(["example.com"])
    assert len(api.asked()) == 4
    assert waits == sorted(waits)
    assert sum(waits) < 5


def test_a_wait_of_hours_is_not_waited(api: Api, waits: list[float]) -> None:
    """Retry-After is followed up to ten seconds."""
    api.fault(429, retry_after="7200")
    api.host.zones(["example.com"])
    assert waits == [10.0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>blocked</html>", "refused GET /zones: 403"),
        (
            {
                "success": False,
                "errors": [{"code": 1004, "message": "a", "error_chain": [{"code": 9, "message": "b"}]}],
            },
            r"a \(1004\); b \(9\)",
        ),
    ],
)
def test_a_refusal_is_passed_on(api: Api, waits: list[float], body: Any, words: str) -> None:
    """Cloudflare's texts and codes are in the sentence, with the chain behind them, and nothing is asked twice."""
    api.fault(403, body)
    with pytest.raises(VendorError, match=words):
        api.host.zones(["example.com"])
    assert (len(api.asked()), waits) == (1, [])


def test_a_wrong_token_is_said_without_it(api: Api) -> None:
    """The API's words for a token that it does not know, and not the token."""
    wrong = "w" * 40
    host = at(api.url, wrong)
    with pytest.raises(VendorError, match=r"Invalid access token \(9109\)") as refused:
        host.zones(["example.com"])
    assert wrong not in str(refused.value)
    with pytest.raises(VendorError, match=r"Invalid access token \(9109\)"):
        at(api.url, wrong, zoneId=api.zone).zones([])
    with pytest.raises(VendorError, match=r"Authentication error \(10000\)"):
        host.existing(HostedZone(api.zone, "example.com"), [])


@pytest.mark.parametrize("token", ["secret-token\n", "secret token", "secret\u2013token"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token: str) -> None:
    """A line end or a typographic dash from copying is said before any library shows the header."""
    with pytest.raises(VendorError, match="copy it again") as refused:
        at("http://127.0.0.1:1", token)
    assert "secret" not in str(refused.value)


def test_a_token_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without token the sentence names the variable; a given one goes before it."""
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    with pytest.raises(VendorError, match="set CLOUDFLARE_API_TOKEN"):
        cloudflare.Cloudflare(Access())
    assert TOKEN not in repr(cloudflare.Cloudflare(Access(package={"apiToken": TOKEN})))


def test_a_dead_network_is_told_as_such(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: the address and the network are named, and not the token, which may be right."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1/client/v4/")
    with pytest.raises(Busy, match=r"cannot be reached at http://127\.0\.0\.1:1/client/v4: .*network") as dead:
        cloudflare.Cloudflare(Access()).zones(["example.com"])
    assert "token" not in str(dead.value)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "127.0.0.1/client")
    with pytest.raises(Refused, match="CLOUDFLARE_BASE_URL"):
        cloudflare.Cloudflare(Access()).zones(["example.com"])


def test_a_refused_token_has_its_remedy(api: Api) -> None:
    """What the token must be allowed is said where Cloudflare refuses it."""
    with pytest.raises(Refused, match="Check the API token: it needs the permissions Zone Read and DNS Edit"):
        at(api.url, "w" * 40).zones(["example.com"])


SERVERS = {"moved": ["old1.example.net", "old2.example.net"], "active": ["ada.ns.cloudflare.com"]}


class Zones(Quiet):
    """The list of zones as the API gives it: names in Unicode, one name in two accounts (API reference, List Zones)."""

    asked: list[str]  # each test gives its own

    def do_GET(self) -> None:
        name = parse_qs(urlsplit(self.path).query)["name"][0]
        self.asked.append(name)
        held = {
            "münchen.example": [("1", "active")],
            "example.com": [("2", "moved"), ("3", "active")],
        }.get(name, [])
        found = [{"id": id, "name": name, "status": status, "name_servers": SERVERS[status]} for id, status in held]
        self.answer(200, json.dumps({"success": True, "result": found}).encode())


@pytest.fixture(name="zones")
def _zones() -> Iterator[tuple[cloudflare.Cloudflare, list[str]]]:
    asked: list[str] = []
    with serving(type("Own", (Zones,), {"asked": asked})) as url:
        yield at(url), asked


def test_all_zones_of_a_name_are_given_with_their_status(zones: tuple[cloudflare.Cloudflare, list[str]]) -> None:
    """A token that sees two accounts sees two zones of one name: the caller has to choose."""
    assert zones[0].zones(["example.com"]) == [
        HostedZone("2", "example.com", ("old1.example.net", "old2.example.net"), "moved"),
        HostedZone("3", "example.com", ("ada.ns.cloudflare.com",), "active"),
    ]


def test_an_international_zone_is_found_however_the_api_spells_it(
    zones: tuple[cloudflare.Cloudflare, list[str]],
) -> None:
    """The settings have A-labels (RFC 5890), zone endpoints answer Unicode: both are asked for, A-labels given."""
    client, asked = zones
    assert [(one.id, one.name) for one in client.zones(["xn--mnchen-3ya.example"])] == [("1", "xn--mnchen-3ya.example")]
    assert asked == ["xn--mnchen-3ya.example", "münchen.example"]
    assert client.zones(["xn--mnchen-3yb.example", "none.example"]) == []


def test_records_of_email_routing_are_locked(api: Api) -> None:
    """MX, SPF and key of Email Routing come back with the reason and the remedy."""
    own = api.put("example.com", "TXT", '"site-verification=1"')
    api.route_mail()
    listed = api.host.existing(HostedZone(api.zone, "example.com"), [])
    assert [one.id for one in listed if not one.locked] == [own]
    assert sorted(one.type for one in listed if one.locked) == ["MX", "MX", "MX", "TXT", "TXT"]
    assert all("Email Routing" in one.locked and "Disable" in one.locked for one in listed if one.id != own)


@pytest.mark.parametrize(
    ("more", "locked"),
    [
        ({}, False),
        ({"meta": None}, False),
        ({"meta": {"auto_added": False}}, False),
        ({"meta": {"read_only": True}}, True),
        ({"locked": True}, True),
    ],
)
def test_a_read_only_record_is_locked(more: dict[str, Any], locked: bool) -> None:
    """`meta` may be missing; `locked` was in older answers."""
    item = {"name": "m.example.com", "type": "A", "content": "192.0.2.1", **more}
    [record] = cloudflare.read([item], "example.com")
    assert ("read-only" in record.locked) is locked
