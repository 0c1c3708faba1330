"""A domain whose mail already works is taken over: nothing that stands changes but the mark of whose it is."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import yaml

from .project import ROOT, Project
from .test_hosts import put
from .world import World

DMARC = "v=DMARC1;p=quarantine; pct=100; rua=mailto:dmarc@example.com"
SPF = "v=spf1 include:_spf.example.net include:amazonses.com -all"
RETURN_PATH_SPF = "v=spf1 include:amazonses.com -all"
VERIFICATION = "site-verification=abc"
# Nothing at example.net and example.com answers for these texts.
WARNS = ["include:_spf.example.net: _spf.example.net has no SPF record", "DMARC reports about"]


def adopt(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `mailstack adopt` in a project."""
    return subprocess.run(
        [ROOT / ".venv/bin/mailstack", "adopt", "--stack", project.stack, *arguments],
        cwd=project.folder,
        env={**os.environ, **project.environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def set_of(domain: str) -> str:
    """Name the configuration set that people made for a domain."""
    return f"by-hand-{domain.replace('.', '-')}"


def make_by_hand(world: World, domain: str, zone_id: str) -> None:
    """Set a domain up as people do in two consoles: identity, MAIL FROM, configuration set, records of many TTLs."""
    ses = world.aws("sesv2")
    ses.create_configuration_set(ConfigurationSetName=set_of(domain))
    ses.create_email_identity(
        EmailIdentity=domain,
        DkimSigningAttributes={"NextSigningKeyLength": "RSA_1024_BIT"},
        ConfigurationSetName=set_of(domain),
        Tags=[{"Key": "team", "Value": "mail"}],
    )
    for token in ses.get_email_identity(EmailIdentity=domain)["DkimAttributes"]["Tokens"]:
        name = f"{token}._domainkey.{domain}"
        world.add_record(zone_id, "CNAME", name, f"{token}.dkim.amazonses.com", ttl=3600)
    feedback = "feedback-smtp.eu-west-1.amazonses.com"
    world.add_record(zone_id, "MX", f"mail.{domain}", feedback, priority=10, ttl=1)
    world.add_record(zone_id, "TXT", f"mail.{domain}", f'"{RETURN_PATH_SPF}"', ttl=1)
    world.add_record(zone_id, "TXT", f"_dmarc.{domain}", f'"{DMARC}"', ttl=3600, comment="made by hand")
    world.add_record(zone_id, "TXT", domain, f'"{SPF}"', ttl=300)
    world.add_record(zone_id, "TXT", domain, f'"{VERIFICATION}"', ttl=300)
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity=domain, MailFromDomain=f"mail.{domain}", BehaviorOnMxFailure="REJECT_MESSAGE"
    )


def configure(project: Project, zone: str, domain: str) -> None:
    """Write the settings that somebody who knows nothing of what stands would write, with a comment."""
    project.warns += WARNS
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        domains={domain: {"wait": "off", "protect": False, "spf": {"also": []}}},
        senders={"notify": {"domain": domain}},
    )
    path = settings_file(project)
    path.write_text(path.read_text().replace("  mailstack:domains:", "  # who writes to whom\n  mailstack:domains:"))


def settings_file(project: Project) -> Any:
    """Return the path of the stack's settings."""
    return project.folder / "stacks" / f"Pulumi.{project.stack}.yaml"


def as_published(world: World, zone_id: str) -> list[tuple[Any, ...]]:
    """Return what the zone's host would answer, without what only says whose a record is."""
    keys = ("id", "name", "type", "content", "ttl", "priority")
    return sorted(tuple(record.get(key) for key in keys) for record in world.records(zone_id))


def test_a_domain_that_was_made_by_hand_is_taken_over(project: Project, world: World, zone: str, zone_id: str) -> None:
    """Settings and import file reproduce all that stands; the first up only marks it and adds what is missing."""
    domain = f"notify.{zone}"
    make_by_hand(world, domain, zone_id)
    configure(project, zone, domain)
    before, written = as_published(world, zone_id), settings_file(project).read_text()
    project.refuses("stands")

    shown = adopt(project, "--dry-run")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert settings_file(project).read_text() == written

    first = adopt(project)
    assert first.returncode == 0, first.stdout + first.stderr
    text = settings_file(project).read_text()
    settings = yaml.safe_load(text)["config"]["mailstack:domains"][domain]
    assert "# who writes to whom" in text
    assert settings["routes"]["main"]["returnPath"] == "mail"
    assert settings["routes"]["main"]["ses"]["configurationSet"] == set_of(domain)
    assert settings["dkim"]["bits"] == 1024
    assert settings["dmarc"] == {"policy": "quarantine", "rua": ["mailto:dmarc@example.com"]}
    assert settings["spf"] == {"also": ["include:_spf.example.net"]}

    applied = adopt(project, "--apply")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert as_published(world, zone_id) == before

    project.up()
    assert as_published(world, zone_id) == before
    marks = {record["content"]: record.get("comment") for record in world.records(zone_id)}
    assert marks.pop(f'"{VERIFICATION}"') in (None, "")
    assert set(marks.values()) == {f"mailstack mailstack/{project.stack}"}
    project.assert_unchanged()

    again = adopt(project, "--apply", "--json")
    assert again.returncode == 0, again.stdout + again.stderr
    report = json.loads(again.stdout)
    assert (report["settings"], report["imported"], report["changes"]) == ([], [], [])
    identity = world.aws("sesv2").get_email_identity(EmailIdentity=domain)
    assert identity["MailFromAttributes"]["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
    assert {"Key": "team", "Value": "mail"} in identity["Tags"]


def test_what_cannot_be_taken_over_is_said_and_nothing_is_written(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """Two SPF records at one name count for none, and an MX elsewhere is somebody's mail: both are left to people."""
    domain = f"notify.{zone}"
    world.add_record(zone_id, "MX", f"bounce.{domain}", "mx.example.net", priority=10)
    for text in ("v=spf1 -all", "v=spf1 include:amazonses.com -all"):
        world.add_record(zone_id, "TXT", f"bounce.{domain}", f'"{text}"')
    configure(project, zone, domain)
    written = settings_file(project).read_text()
    result = adopt(project, "--apply")
    assert result.returncode == 1
    assert f"MX bounce.{domain}: '10 mx.example.net' stands there" in result.stderr
    assert f"TXT bounce.{domain}: " in result.stderr
    assert settings_file(project).read_text() == written
    assert project.resources() == []


def test_a_record_set_at_route53_is_taken_over_with_what_others_put_into_it(project: Project, world: World) -> None:
    """Route 53 keeps SPF and a site verification together: both stay, and nothing would change after the import."""
    zone = f"adopted{os.getpid()}.example"
    route53, domain = world.aws("route53"), f"notify.{zone}"
    zone_id = route53.create_hosted_zone(Name=zone, CallerReference=zone)["HostedZone"]["Id"].rpartition("/")[2]
    put(world, zone_id, domain, "TXT", [f'"{SPF}"', f'"{VERIFICATION}"'], ttl=900)
    put(world, zone_id, f"_dmarc.{domain}", "TXT", [f'"{DMARC}"'])
    before = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    project.warns += WARNS
    project.configure(
        dns={zone: {"host": "route53"}},
        domains={domain: {"wait": "off", "protect": False, "spf": {"also": []}}},
        senders={"notify": {"domain": domain}},
    )
    project.refuses(f"{domain}: a TXT record stands there already")

    applied = adopt(project, "--apply")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    keys = yaml.safe_load(settings_file(project).read_text())["config"]["mailstack:domains"][domain]
    assert {"name": domain, "type": "TXT", "values": [VERIFICATION]} in keys["records"]["also"]
    assert route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"] == before
    project.up()
    after = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert [one for one in after if one in before] == before
    project.assert_unchanged()
