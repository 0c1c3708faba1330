"""Settings changed, lines taken out and things deleted by hand, on a stack that is in use."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .mailer import send
from .project import Project
from .world import World

KEY = "aws:iam/accessKey:AccessKey"


def settings(zone: str, **domain: Any) -> dict[str, Any]:
    """Return the settings of one unprotected sender at notify.<zone>."""
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "domains": {f"notify.{zone}": domain},
        "defaults": {"protect": False, "wait": "off"},
        "senders": {"notify": {"domain": f"notify.{zone}"}},
    }


def ids(project: Project) -> dict[str, str]:
    """Return the ids of what the stack made, by name; a replacement is another id or another name."""
    return {one["urn"]: one["id"] for one in project.resources() if one["custom"]}


def test_settings_change_in_place_and_drift_is_put_back(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """TLS, tags, stage, TTL, policy and port replace nothing; what was changed by hand comes back with one up.

    By hand: a record deleted, one edited and its mark removed, the identity and the key deleted.
    """
    project.configure(**settings(zone))
    project.up()
    before = ids(project)
    route = {"port": 2465, "ses": {"tls": "require", "tags": {"team": "mail"}}}
    changed = settings(zone, ttl=600, dmarc={"policy": "quarantine"}, routes={"main": route})
    project.configure(**changed, stage="prod")
    project.up()
    assert ids(project) == before
    used = world.aws("sesv2").get_configuration_set(ConfigurationSetName=f"notify.{zone}".replace(".", "_"))
    assert used["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    tags = {tag["Key"]: tag["Value"] for tag in used["Tags"]}
    mark = tags["mailstack"]
    assert re.fullmatch(r"mailstack [a-z2-7]{16} organization/mailstack/test", mark)
    assert tags == {"team": "mail", "stage": "prod", "mailstack": mark}
    assert project.outputs()["smtp"]["notify"]["security"] == "tls"

    project.configure(**{**changed, "domains": {f"notify.{zone}": {"manage": False}}})
    project.refuses("is false, but the SES identity")
    project.configure(**changed, stage="prod")

    _meddle(project, world, zone, zone_id)
    project.up("--refresh")
    assert world.dns(f"_dmarc.notify.{zone}", "TXT") == ["v=DMARC1; p=quarantine"]
    assert world.dns(f"bounce.notify.{zone}", "TXT") == ["v=spf1 include:amazonses.com ~all"]
    assert {one["comment"] for one in world.records(zone_id)} == {mark}
    assert len(world.records(zone_id)) == 6
    assert send(world, project.outputs()["smtp"]["notify"], "someone@example.net")["dmarc"] == "pass"
    project.assert_unchanged()


def _meddle(project: Project, world: World, zone: str, zone_id: str) -> None:
    """Change and delete by hand what the stack made."""
    records = {(one["name"], one["type"]): one["id"] for one in world.records(zone_id)}
    path = f"/zones/{zone_id}/dns_records"
    world.cloudflare("DELETE", f"{path}/{records[f'_dmarc.notify.{zone}', 'TXT']}")
    spf = records[f"bounce.notify.{zone}", "TXT"]
    world.cloudflare("PATCH", f"{path}/{spf}", json={"content": '"v=spf1 -all"', "comment": ""})
    world.aws("sesv2").delete_email_identity(EmailIdentity=f"notify.{zone}")
    [key] = project.resources(KEY)
    world.aws("iam").delete_access_key(UserName=f"notify@notify.{zone}", AccessKeyId=key["id"])


def test_lines_taken_out_by_accident_cut_nobody_off(project: Project, world: World, zone: str) -> None:
    """Without a preview too, a protected sender that is gone from the settings keeps its user, key and domain."""
    both = {name: {"domain": f"{name}.{zone}"} for name in ("notify", "second")}
    protected = {"dns": {zone: {"host": "cloudflare"}}, "defaults": {"wait": "off"}, "senders": both}
    project.configure(**protected)
    project.up()
    bundle = project.outputs()["smtp"]["second"]
    before = {urn for urn in ids(project) if "Readiness" not in urn}
    project.configure(**{**protected, "senders": {"notify": both["notify"]}})
    result = project.up(check=False)
    assert result.returncode != 0
    assert "because it is protected" in result.stdout
    assert set(ids(project)) >= before
    assert send(world, bundle, "someone@example.net")["dmarc"] == "pass"


def test_a_sender_in_the_ses_sandbox_reaches_verified_recipients(project: Project, world: World, zone: str) -> None:
    """There recipients are authorised as identities: sandboxAccount lets the login write to them, as itself only."""
    account = "/production/123456789012/us-west-2"
    world.control("PUT", account, {"granted": False})
    route = {"region": "us-west-2", "ses": {"sandboxAccount": True}}
    both = {f"notify.{zone}": {"routes": {"main": route}}, f"staff.{zone}": {"routes": {"main": route}}}
    project.configure(**{**settings(zone), "domains": both})
    project.up()
    bundle = project.outputs()["smtp"]["notify"]
    try:
        assert send(world, bundle, f"someone@staff.{zone}")["dmarc"] == "pass"
        with pytest.raises(Exception, match=r"554.*Email address is not verified"):
            send(world, bundle, "someone@example.net")
        with pytest.raises(Exception, match=r"554.*not authorized"):
            send(world, {**bundle, "fromAddress": f"boss@notify.{zone}"}, f"someone@staff.{zone}")
    finally:
        world.control("PUT", account, {"granted": True})
