"""Resend as a part of the mail cloud: its port, its records at a DNS host, its mail, and the control API."""

from __future__ import annotations

import json
import smtplib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import sandbox
from tests.engine.world import World
from tests.sandbox.smtp_fakes import mail

FIRST: dict[str, Any] = {
    "generation": "A", "domain_limit": None, "rate_limit": None, "verification_delay": 0.2, "patience": 72 * 3600,
    "held_elsewhere": [],
}  # fmt: skip


@pytest.fixture(scope="module", name="world")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("cloud") / "sandbox"
    sandbox.start(directory)
    yield World(directory, sandbox.environment(directory))
    sandbox.stop(directory)


@pytest.fixture(name="api")
def _api(world: World) -> Iterator[httpx.Client]:
    """Give a client of the API that reads the environment as others do; settings and faults end with the test."""
    headers = {"Authorization": f"Bearer {world.environment['RESEND_API_KEY']}"}
    with httpx.Client(base_url=world.environment["RESEND_BASE_URL"], headers=headers, timeout=10) as client:
        yield client
    world.control("DELETE", "/resend")
    world.control("DELETE", "/faults")


def send(world: World, sender: str, password: str) -> None:
    ports = world.info["ports"]
    with smtplib.SMTP("127.0.0.1", ports["smtp_starttls"], local_hostname="client.test", timeout=20) as client:
        client._host = "smtp.resend.com"  # type: ignore[attr-defined]  # the name smtplib checks and sends as SNI
        client.starttls(context=ssl.create_default_context(cafile=world.environment["MAILSTACK_CA_FILE"]))
        client.login("resend", password)
        client.send_message(mail(sender))


@pytest.mark.parametrize("generation", ["A", "C"])
def test_a_domain_goes_from_the_api_to_mail_that_passes(world: World, api: httpx.Client, generation: str) -> None:
    """Created, published at Cloudflare, verified, and its mail judged well by a receiver that asks DNS."""
    domain = f"{generation.lower()}.example.com"
    world.control("PUT", "/resend", {"generation": generation})
    made = api.post("/domains", json={"name": domain, "region": "eu-west-1"}).json()
    zone = next(one["id"] for one in world.cloudflare("GET", "/zones") if one["name"] == "example.com")
    for record in made["records"]:
        more = {"priority": record["priority"]} if "priority" in record else {}
        name = f"{record['name']}.example.com"
        value = record["value"] if record["type"] == "TXT" else record["value"].rstrip(".")
        world.add_record(zone, record["type"], name, value, **more)
    world.add_record(zone, "TXT", f"_dmarc.{domain}", '"v=DMARC1; p=reject"')
    bound = {"name": "mail", "permission": "sending_access", "domain_id": made["id"]}
    key = api.post("/api-keys", json=bound).json()["token"]
    with pytest.raises(smtplib.SMTPDataError, match=f"450.*The {domain} domain is not verified"):
        send(world, f"hello@{domain}", key)
    api.post(f"/domains/{made['id']}/verify").raise_for_status()
    deadline = time.monotonic() + 20
    while api.get(f"/domains/{made['id']}").json()["status"] != "verified" and time.monotonic() < deadline:
        time.sleep(0.05)
    send(world, f"hello@{domain}", key)
    entry = world.mail()[-1]
    assert (entry["spf"], entry["dkim"], entry["dmarc"]) == ("pass", "pass", "pass")
    assert entry["envelope_from"].endswith(f"@send.{domain}")


def test_the_environment_names_another_server_than_the_vendors(world: World) -> None:
    """The base is on this machine, without a path, as the vendor's is."""
    assert world.environment["RESEND_BASE_URL"] == f"http://127.0.0.1:{world.info['ports']['resend']}"
    assert world.environment["RESEND_API_KEY"].startswith("re_")


def test_the_control_api_shows_domains_and_keys(world: World, api: httpx.Client) -> None:
    """Statuses by record, keys with their permission and domain, no tokens."""
    made = api.post("/domains", json={"name": "shown.example.net", "tls": "enforced"}).json()
    bound = {"name": "bound", "permission": "sending_access", "domain_id": made["id"]}
    key = api.post("/api-keys", json=bound).json()
    shown = world.control("GET", "/resend")
    assert shown["domains"][-1] == {
        "id": made["id"], "name": "shown.example.net", "region": "us-east-1", "status": "not_started",
        "generation": "A", "return_path": "send", "tls": "enforced",
        "records": {
            "MX send.shown.example.net": "not_started", "TXT send.shown.example.net": "not_started",
            "TXT resend._domainkey.shown.example.net": "not_started",
        },
    }  # fmt: skip
    assert shown["keys"][-1] == {"id": key["id"], **bound}
    assert key["token"] not in json.dumps(shown)


def test_settings_are_set_and_set_back(world: World, api: httpx.Client) -> None:
    """PUT changes what it names and nothing else, DELETE makes all as at first."""
    changed = {"domain_limit": 0, "rate_limit": 50, "held_elsewhere": ["taken.example"]}
    assert world.control("PUT", "/resend", changed) is None
    assert world.control("GET", "/resend")["settings"] == {**FIRST, **changed}
    assert api.post("/domains", json={"name": "taken.example"}).json()["message"].endswith("registered already.")
    assert api.post("/domains", json={"name": "one.example"}).json()["message"].startswith("Your plan includes 0")
    assert api.get("/domains").headers["ratelimit-limit"] == "50"
    assert world.control("DELETE", "/resend") is None
    assert world.control("GET", "/resend")["settings"] == FIRST


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"generation": "B"}, 'generation is "A" or "C"'),
        ({"domain_limit": -1}, "domain_limit"), ({"domain_limit": True}, "domain_limit"),
        ({"rate_limit": 0}, "rate_limit"),
        ({"patience": "1"}, "patience"), ({"verification_delay": -1}, "verification_delay"),
        ({"held_elsewhere": "x"}, "held_elsewhere"), ({"speed": 1, "rate_limit": 1}, "no setting speed"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_said_and_changes_nothing(world: World, body: Any, words: str) -> None:
    """The control API answers 400 with the reason."""
    answer = httpx.put(f"http://127.0.0.1:{world.info['ports']['control']}/resend", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert world.control("GET", "/resend")["settings"] == FIRST


def test_requests_of_resend_are_counted(world: World, api: httpx.Client) -> None:
    """GET /requests lists them, DELETE /requests forgets them."""
    world.control("DELETE", "/requests")
    api.get("/domains")
    api.delete("/domains/x")
    assert world.control("GET", "/requests") == [
        {"service": "resend", "method": "GET", "path": "/domains"},
        {"service": "resend", "method": "DELETE", "path": "/domains/x"},
    ]


def test_faults_answer_for_resend(world: World, api: httpx.Client) -> None:
    """The next two requests fail as told, then the API answers itself."""
    body = {"statusCode": 503, "name": "service_unavailable", "message": "x"}
    world.control(
        "POST", "/faults", {"service": "resend", "match": "GET /domains", "status": 503, "body": body, "times": 2}
    )
    answers = [api.get("/domains") for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 200]
    assert answers[0].json() == body


def test_a_request_hangs_as_long_as_told(world: World, api: httpx.Client) -> None:
    """A client that is less patient than the fault gives up."""
    world.control("POST", "/faults", {"service": "resend", "delay": 2})
    with pytest.raises(httpx.ReadTimeout):
        api.get("/domains", timeout=0.2)


def test_an_answer_is_lost_on_the_wire(world: World, api: httpx.Client) -> None:
    """The connection ends at once and without a byte; the domain is made."""
    world.control("POST", "/faults", {"service": "resend", "match": "POST /domains", "lost": True})
    started = time.monotonic()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        api.post("/domains", json={"name": "lost.example.com"})
    assert time.monotonic() - started < 5
    assert "lost.example.com" in [one["name"] for one in api.get("/domains").json()["data"]]
    assert "Traceback" not in Path(world.directory, "sandbox.log").read_text()
