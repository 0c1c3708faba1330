"""Mistakes and mishaps with DNS end in one sentence, before anything is half made."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.providers.hosts.name_servers import KEY, bind

from .project import Project
from .test_hosts import settings
from .world import World


@pytest.mark.parametrize(
    ("host", "domain", "sentence"),
    [
        ({"host": "cloudflare"}, {"ttl": 30}, "Cloudflare allows a TTL of 1 (automatic) or 60 to 86400 seconds"),
        ({"host": "route53"}, {"ttl": 1}, "a TTL of 1 leaves it to the host, and Route 53 does not choose one"),
        (
            {"host": "cloudflare"},
            {"records": {"also": [{"name": "@", "type": "TXT", "values": ["x" * 5000]}]}},
            "5000",
        ),
        (
            {"host": "cloudflare"},
            {"records": {"also": [{"name": "@", "type": "TXT", "values": ["caf\u00e9"]}]}},
            "is not printable ASCII",
        ),
        (
            {"host": "cloudflare"},
            {"records": {"also": [{"name": "_dmarc", "type": "CNAME", "values": ["d.example.net"]}]}},
            "CNAME",
        ),
        (
            {"host": "rfc2136", "server": "127.0.0.1", "port": 1},
            {},
            "the name server 127.0.0.1 (port 1) cannot be reached over TCP",
        ),
        ({"host": "route53"}, {}, "Route 53 shows no zone {zone} to these credentials"),
    ],
    ids=["TTL at Cloudflare", "TTL at Route 53", "TXT too long", "not ASCII", "CNAME beside", "server down", "no zone"],
)
def test_what_a_host_would_refuse_is_refused_before(
    project: Project, zone: str, host: dict[str, Any], domain: dict[str, Any], sentence: str
) -> None:
    """Each is one sentence in the preview, and nothing was made."""
    project.configure(**settings(zone, host, **domain))
    project.refuses(sentence.replace("{zone}", zone))
    assert project.run("up", "--yes", check=False).returncode != 0
    assert [one for one in project.resources() if one["custom"] and "providers" not in one["type"]] == []


def test_a_second_spf_record_is_never_made(project: Project, world: World, zone: str, zone_id: str) -> None:
    """A name has one SPF record (RFC 7208 section 3.2): the one that exists is named, with the ways on."""
    domain = f"notify.{zone}"
    world.add_record(zone_id, "TXT", domain, '"v=spf1 include:_spf.example.net -all"')
    project.configure(**settings(zone, {"host": "cloudflare"}, spf={"also": []}))
    printed = project.refuses(f'{domain}: TXT "v=spf1 include:_spf.example.net -all" already exists')
    assert "mailstack adopt" in " ".join(printed.split())


def test_a_wrong_tsig_secret_is_said_in_preview(project: Project, tmp_path: Path) -> None:
    """The name server's refusal is passed on with what to set; the secret is not shown."""
    zone, wrong = "tsig.example", base64.b64encode(secrets.token_bytes(32)).decode()
    with bind(tmp_path, zone) as server:
        host = {"host": "rfc2136", "server": "127.0.0.1", "port": server.port, "key": KEY}
        project.configure(**settings(zone, host), secrets={"dns": {zone: {"tsigSecret": wrong}}})
        printed = project.refuses("BADSIG; the secret of the TSIG key is another one there")
    assert wrong not in printed


def test_a_zone_that_is_delegated_elsewhere_is_said_before_anything_is_waited_for(
    project: Project, world: World, zone: str
) -> None:
    """The preview warns already, with the name servers found and those that are written to."""
    world.control("PUT", f"/delegations/{zone}", {"name_servers": ["ns1.elsewhere.example"]})
    project.warns.append("is delegated to ns1.elsewhere.example")
    project.configure(**settings(zone, {"host": "cloudflare"}))
    printed = " ".join(project.preview().stdout.split())
    assert f"zone {zone} is delegated to ns1.elsewhere.example, but its records were written to" in printed
    world.control("DELETE", f"/delegations/{zone}")


def test_broken_dnssec_is_told_from_missing_records(project: Project, world: World, zone: str) -> None:
    """Resolvers that validate answer nothing: the status says so, not that the records are missing."""
    world.control("PUT", f"/dnssec/{zone}", {"broken": True})
    project.warns += [f"DNSSEC of zone {zone} is broken", "is not verified after"]
    project.configure(**settings(zone, {"host": "cloudflare"}, wait="warn", waitMinutes=0.02, dmarc="off"))
    project.up()
    missing = " ".join(project.outputs()["status"][f"notify.{zone}"]["routes"]["main"]["missing"])
    assert "DNSSEC" in missing
    world.control("PUT", f"/dnssec/{zone}", {"broken": False})


def test_a_host_that_is_busy_is_asked_again_and_one_that_is_down_is_one_sentence(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """A short outage goes by unseen; a record that fails in the middle leaves the others in the state."""
    fault = {"service": "cloudflare", "match": r"POST /client/v4/zones/.*/dns_records", "status": 503, "times": 2}
    world.control("POST", "/faults", fault)
    project.configure(**settings(zone, {"host": "cloudflare"}, wait="off"))
    project.up()
    assert len(world.records(zone_id)) == 6
    world.control("POST", "/faults", {**fault, "match": r"PUT /client/v4/zones/.*", "status": 400, "times": 1})
    project.configure(**settings(zone, {"host": "cloudflare"}, wait="off", ttl=600))
    failed = project.run("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode != 0
    world.control("DELETE", "/faults")
    project.up()
    assert {record["ttl"] for record in world.records(zone_id)} == {600}
    project.assert_unchanged()


def test_records_that_email_routing_owns_are_recognised(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """Cloudflare would refuse to change them: the sentence says whose they are and where they are changed."""
    world.cloudflare("POST", f"/zones/{zone_id}/email/routing/dns", json={})
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        domains={zone: {"wait": "off", "protect": False, "spf": {"also": []}, "dmarc": "off"}},
        senders={"notify": {"domain": zone}},
    )
    assert "Email Routing" in project.refuses(f'{zone}: TXT "v=spf1')
