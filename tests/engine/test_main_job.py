"""The way through the house, once: a real engine provisions a sender, and mail goes through with its bundle."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .mailer import send
from .project import Project, RunFailed
from .world import World


@pytest.fixture(name="settings")
def _settings(zone: str) -> dict[str, Any]:
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "domains": {f"notify.{zone}": {"dmarc": {"policy": "reject"}, "wait": "require", "waitMinutes": 1}},
        "defaults": {"protect": False},
        "senders": {"notify": {"domain": f"notify.{zone}", "from": {"address": "hello", "name": "Example"}}},
    }


def test_a_sender_is_provisioned_used_kept_and_removed(
    project: Project, world: World, zone: str, zone_id: str, settings: dict[str, Any]
) -> None:
    """One up makes mail pass SPF, DKIM and DMARC; a second changes nothing; destroy leaves nothing behind."""
    project.configure(**settings)
    project.run("up", "--yes")  # preview first, as a user does
    outputs = project.outputs()

    assert outputs["status"][f"notify.{zone}"]["status"] == "verified"
    bounce = f"bounce.notify.{zone}"
    assert world.dns(bounce, "MX") == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    assert world.dns(bounce, "TXT") == ["v=spf1 include:amazonses.com ~all"]
    assert world.dns(f"_dmarc.notify.{zone}", "TXT") == ["v=DMARC1; p=reject"]
    dkim = [record for record in outputs["records"] if record["type"] == "CNAME"]
    assert [world.dns(record["name"], "CNAME") for record in dkim] == [record["values"] for record in dkim]

    verdict = send(world, outputs["smtp"]["notify"], "someone@example.net")
    assert (verdict["spf"], verdict["dkim"], verdict["dmarc"]) == ("pass", "pass", "pass")

    again = project.run("up", "--yes")
    assert "unchanged" in again.stdout
    assert not any(word in again.stdout for word in ("created", "updated", "deleted", "replaced")), again.stdout
    project.assert_unchanged()
    assert send(world, project.outputs()["smtp"]["notify"], "someone@example.net")["dmarc"] == "pass"

    project.destroy()
    assert world.records(zone_id) == []
    assert project.resources() == []
    ses = world.aws("sesv2")
    names = [item["IdentityName"] for item in ses.list_email_identities()["EmailIdentities"]]
    assert f"notify.{zone}" not in names


def test_a_record_changed_by_hand_is_seen_and_put_right(
    project: Project, world: World, zone_id: str, settings: dict[str, Any]
) -> None:
    """A preview that refreshes is no longer without changes; an up that refreshes restores the record."""
    project.configure(**settings)
    project.up()
    [record] = [one for one in world.records(zone_id) if one["type"] == "MX"]
    world.cloudflare("PATCH", f"/zones/{zone_id}/dns_records/{record['id']}", json={"ttl": 777})
    with pytest.raises(RunFailed, match="1 to update"):
        project.assert_unchanged()
    project.up("--refresh")
    project.assert_unchanged()
    assert [one["ttl"] for one in world.records(zone_id) if one["type"] == "MX"] == [record["ttl"]]


def test_the_first_preview_shows_what_the_update_makes(
    project: Project, world: World, zone_id: str, settings: dict[str, Any]
) -> None:
    """A preview names every resource of the update and makes none."""
    project.configure(**settings)
    preview = json.loads(project.preview("--json").stdout)
    planned = {step["urn"] for step in preview["steps"] if step["op"] == "create"}
    assert world.records(zone_id) == []
    project.up()
    assert {one["urn"] for one in project.resources()} - planned <= {
        one["urn"] for one in project.resources() if one["type"].startswith("pulumi:providers:")
    }


def test_the_password_belongs_to_the_routes_region(
    project: Project, world: World, zone: str, settings: dict[str, Any]
) -> None:
    """A route in another region than the provider's gets that region's identity, records, host and password."""
    settings["domains"][f"notify.{zone}"]["routes"] = {
        "main": {},
        "us": {"region": "us-east-1", "returnPath": "bounce-us", "port": 465},
    }
    settings["senders"] = {
        "eu": {"domain": f"notify.{zone}", "via": "main"},
        "us": {"domain": f"notify.{zone}", "via": "us"},
    }
    project.configure(**settings)
    project.up()
    smtp = project.outputs()["smtp"]
    assert smtp["us"]["serverName"] == "email-smtp.us-east-1.amazonaws.com"
    assert smtp["us"]["security"] == "tls"
    for sender in ("eu", "us"):
        assert send(world, smtp[sender], "someone@example.net")["dmarc"] == "pass"
    with pytest.raises(Exception, match="535"):
        send(world, {**smtp["us"], "password": smtp["eu"]["password"]}, "someone@example.net")
    project.preview("--expect-no-changes")


def test_a_sender_may_not_send_as_another_or_to_others(
    project: Project, world: World, zone: str, settings: dict[str, Any]
) -> None:
    """The login's policy holds: another From on the domain and a recipient outside the list are refused."""
    settings["senders"]["notify"]["recipients"] = ["*@example.net"]
    project.configure(**settings)
    project.up()
    bundle = project.outputs()["smtp"]["notify"]
    assert send(world, bundle, "someone@example.net")["dmarc"] == "pass"
    with pytest.raises(Exception, match="554"):
        send(world, bundle, "customer@example.org")
    with pytest.raises(Exception, match="554"):
        send(world, {**bundle, "fromAddress": f"boss@notify.{zone}"}, "someone@example.net")


def test_another_stack_sends_through_a_referenced_domain(
    project: Project, world: World, zone: str, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """manage: false gives a second stack a login of its own on the first one's identity, and touches nothing else."""
    project.configure(**settings)
    project.up()
    other = Project(tmp_path_factory.mktemp("other") / "project", world.environment, stack="other")
    other.configure(
        domains={f"notify.{zone}": {"manage": False, "protect": False}},
        senders={"billing": {"domain": f"notify.{zone}"}},
    )
    other.up()
    outputs = other.outputs()
    assert outputs["status"][f"notify.{zone}"] == {"status": "referenced", "leftAlone": ["identity", "records"]}
    assert outputs["records"] == []
    assert send(world, outputs["smtp"]["billing"], "someone@example.net")["dmarc"] == "pass"
    other.destroy()
    project.assert_unchanged()
