"""The control API: faults, the log of requests, delegations and foreign records."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import Client

from sandbox.cloudflare import Cloudflare
from sandbox.cloudflare_store import Store
from sandbox.control import Control
from sandbox.dns import Names
from sandbox.dnssec import Dnssec
from sandbox.traffic import Traffic

TOKEN = "t" * 40
MAIL = [{"message_id": "1", "spf": "pass"}]


class Here:
    """The control API beside a Cloudflare and a DNS, without sockets."""

    def __init__(self) -> None:
        store, traffic, self.dnssec = Store(), Traffic(), Dnssec()
        store.add_zone("example.com")
        self.traffic, self.names = traffic, Names(store, lambda token: None)
        self.production: dict[tuple[str, str], bool] = {}
        self._control = Client(
            Control(
                lambda: {"world": "w"},
                lambda: MAIL,
                traffic,
                self.names,
                self._grant_production,
                self.dnssec.set_broken,
            )
        )
        cloudflare = Cloudflare(
            store, TOKEN, self.names.delegated_elsewhere, lambda *seen: traffic.see("cloudflare", *seen)
        )
        self._cloudflare = Client(traffic.losing(cloudflare))

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of the control API's answer."""
        answer = self._control.open(path, method=method, json=body)
        return answer.status_code, answer.get_json(silent=True)

    def _grant_production(self, account: str, region: str, granted: bool) -> None:
        self.production[account, region] = granted

    def zones(self) -> Any:
        """Ask Cloudflare for its zones."""
        return self._cloudflare.get("/client/v4/zones", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def here() -> Here:
    return Here()


def test_a_fault_answers_as_often_as_told(here: Here) -> None:
    """A rate limit with Retry-After comes in place of the next matching answers and then is over."""
    fault = {
        "service": "cloudflare", "match": "GET /client/v4/zones.*", "status": 429, "times": 2,
        "headers": {"Retry-After": "1"}, "body": {"success": False},
    }  # fmt: skip
    assert here.control("POST", "/faults", fault) == (204, None)
    for _ in range(2):
        answer = here.zones()
        assert (answer.status_code, answer.headers["Retry-After"], answer.json) == (429, "1", {"success": False})
    assert here.zones().status_code == 200


def test_a_fault_is_for_its_service_and_pattern_only(here: Here) -> None:
    """Other methods, other paths and other services are served; AWS is matched by the action's name too."""
    here.control("POST", "/faults", {"service": "cloudflare", "match": "POST /client/v4/zones", "status": 500})
    here.control("POST", "/faults", {"service": "aws", "match": "CreateAccessKey", "status": 503, "body": "busy"})
    assert here.zones().status_code == 200
    assert here.traffic.see("aws", "POST", "/", action="CreateUser") is None
    refused = here.traffic.see("aws", "POST", "/", action="CreateAccessKey")
    assert refused is not None
    assert (refused.status_code, refused.get_data(as_text=True)) == (503, "busy")


def test_a_delay_without_status_only_delays(here: Here) -> None:
    """The service answers itself, later."""
    here.control("POST", "/faults", {"service": "cloudflare", "match": ".*", "delay": 0.2})
    started = time.monotonic()
    assert here.zones().status_code == 200
    assert time.monotonic() - started >= 0.2


def test_an_answer_is_lost_after_the_request_was_done(here: Here) -> None:
    """The connection ends without an answer, as often as told; then the service is heard again."""
    here.control("POST", "/faults", {"service": "cloudflare", "match": "GET .*", "lost": True})
    with pytest.raises(ConnectionResetError):
        here.zones()
    assert here.zones().status_code == 200


def test_faults_can_be_taken_back(here: Here) -> None:
    """DELETE /faults ends all of them."""
    here.control("POST", "/faults", {"service": "cloudflare", "match": ".*", "status": 500, "times": 99})
    assert here.zones().status_code == 500
    here.control("DELETE", "/faults")
    assert here.zones().status_code == 200


def test_requests_are_counted_from_the_last_reset(here: Here) -> None:
    """The log names service, method and path, also of requests that a fault answered."""
    here.zones()
    here.control("DELETE", "/requests")
    here.control("POST", "/faults", {"service": "cloudflare", "match": ".*", "status": 500})
    here.zones()
    here.zones()
    status, log = here.control("GET", "/requests")
    assert (status, len(log)) == (200, 2)
    assert log[0] == {"service": "cloudflare", "method": "GET", "path": "/client/v4/zones"}


def test_a_zone_is_delegated_elsewhere_and_back(here: Here) -> None:
    """PUT and DELETE of a delegation change what DNS answers for the zone, and the zone's status at Cloudflare."""
    assert here.control("PUT", "/delegations/example.com", {"name_servers": ["ns1.elsewhere.test"]})[0] == 204
    assert here.names.resolve("example.com", "NS") == ["ns1.elsewhere.test"]
    assert here.zones().json["result"][0]["status"] == "moved"
    assert here.control("DELETE", "/delegations/example.com")[0] == 204
    assert here.names.resolve("example.com", "NS") != ["ns1.elsewhere.test"]
    assert here.control("DELETE", "/delegations/example.com")[0] == 400


def test_dnssec_of_a_zone_is_broken_and_mended(here: Here) -> None:
    """PUT says whether a zone validates; without a word it changes nothing."""
    assert here.control("PUT", "/dnssec/example.com", {"broken": True}) == (204, None)
    assert here.dnssec.breaks("m.example.com")
    assert here.control("PUT", "/dnssec/example.com", {})[0] == 400
    assert here.control("PUT", "/dnssec", {"broken": False})[0] == 400
    assert here.dnssec.breaks("m.example.com")
    assert here.control("PUT", "/dnssec/example.com", {"broken": False}) == (204, None)
    assert not here.dnssec.breaks("m.example.com")


def test_foreign_records_are_published_and_withdrawn(here: Here) -> None:
    """Records of other people's DNS appear with all their values and go again."""
    record = {"name": "Example.org.", "type": "mx", "ttl": 60, "values": ["10 a.example.org", "20 B.example.org."]}
    assert here.control("POST", "/records", record)[0] == 204
    assert here.names.resolve("example.org", "MX") == ["10 a.example.org", "20 b.example.org"]
    assert here.control("DELETE", "/records", {"name": "example.org", "type": "MX"}) == (200, {"removed": 2})
    assert here.names.resolve("example.org", "MX") == []


def test_status_and_mail_are_handed_through(here: Here) -> None:
    """Who asks for the world's id or the delivered mail gets it as JSON."""
    assert here.control("GET", "/status") == (200, {"world": "w"})
    assert here.control("GET", "/mail") == (200, MAIL)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/nothing", None, 404, "is none of"),
        ("POST", "/faults", {"service": "dns"}, 400, "service is one of aws, cloudflare"),
        ("POST", "/faults", {"service": "aws", "match": "("}, 400, "regular expression"),
        ("POST", "/faults", {"service": "aws", "state": 1}, 400, "a fault has no state"),
        ("POST", "/faults", {"service": "aws", "times": 0}, 400, "times"),
        ("POST", "/faults", {"service": "aws", "delay": -1}, 400, "delay"),
        ("POST", "/faults", {"service": "aws", "status": 99}, 400, "status"),
        ("POST", "/faults", [], 400, "JSON object"),
        ("PUT", "/delegations/example.com", {"name_servers": []}, 400, "name_servers"),
        ("POST", "/records", {"name": "a.test", "type": "SRV", "values": []}, 400, "a type of A"),
        ("POST", "/records", {"name": "a.test", "type": "MX", "values": ["x"]}, 400, "10 mail.example.com"),
        ("POST", "/records", {"name": "a.test", "type": "A", "values": ["300.1.1.1"]}, 400, "not an IPv4 address"),
        ("POST", "/records", {"name": "a.test", "type": "TXT", "values": ["x"], "ttl": "x"}, 400, "ttl"),
        ("POST", "/faults", {"service": "aws", "headers": ["x"]}, 400, "headers"),
        ("POST", "/faults", {"service": "aws", "lost": "yes"}, 400, "lost is true or false"),
        ("POST", "/faults", {"service": "aws", "lost": True, "status": 500}, 400, "so it has no status"),
    ],
)
def test_a_mistake_is_said(here: Here, method: str, path: str, body: Any, status: int, words: str) -> None:
    """A request that cannot be followed changes nothing and is told why."""
    found, answer = here.control(method, path, body)
    assert found == status
    assert words in answer["error"]


def test_an_account_is_put_into_the_ses_sandbox_and_let_out(here: Here) -> None:
    """Production access is set by account and region; a request without either or without a word is refused."""
    path = "/production/123456789012/eu-west-1"
    assert here.control("PUT", path, {"granted": False}) == (204, None)
    assert here.production == {("123456789012", "eu-west-1"): False}
    for wrong, body in (
        (path, {}),
        ("/production/12/eu-west-1", {"granted": True}),
        ("/production", {"granted": True}),
    ):
        assert here.control("PUT", wrong, body)[0] == 400
