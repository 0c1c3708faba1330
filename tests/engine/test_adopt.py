"""A domain whose mail already works is taken over: nothing that exists changes but the mark of whose it is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from mailstack import marks
from tests.providers.hosts.name_servers import KEY, bind

from .project import ROOT, Project
from .test_hosts import plant
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


def put(world: World, zone_id: str, name: str, record_type: str, values: list[str], ttl: int = 300) -> None:
    """Write a record set at Route 53 that is nobody's."""
    record = {
        "Name": name,
        "Type": record_type,
        "TTL": ttl,
        "ResourceRecords": [{"Value": value} for value in values],
    }
    changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
    world.aws("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


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
    """Write the settings that somebody who knows nothing of what exists would write, with a comment."""
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
    """Settings and import file reproduce all that exists; the first up only marks it and adds what is missing."""
    domain = f"notify.{zone}"
    make_by_hand(world, domain, zone_id)
    configure(project, zone, domain)
    before, written = as_published(world, zone_id), settings_file(project).read_text()
    project.refuses("already exist")

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
    comments = {record["content"]: record.get("comment") for record in world.records(zone_id)}
    assert comments.pop(f'"{VERIFICATION}"') in (None, "")
    [owner] = project.resources("mailstack:index:Owner")
    assert {marks.owner_id(str(comment)) for comment in comments.values()} == {owner["outputs"]["ownerId"]}
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
    assert f"MX bounce.{domain}: '10 mx.example.net' exists, and the provider needs" in result.stderr
    assert f"TXT bounce.{domain}: TXT 'v=spf1 -all' and TXT 'v=spf1 include:amazonses.com -all' exist" in result.stderr
    assert "receivers ignore all SPF records" in result.stderr
    assert settings_file(project).read_text() == written
    assert project.resources() == []


def test_a_record_set_at_route53_is_taken_over_with_what_others_put_into_it(project: Project, world: World) -> None:
    """Route 53 keeps SPF and a site verification together: both stay, and only the first becomes the stack's."""
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
    project.refuses("already exists")

    applied = adopt(project, "--apply")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    keys = yaml.safe_load(settings_file(project).read_text())["config"]["mailstack:domains"][domain]
    assert keys["records"] == {
        "asFound": [
            {"name": f"_dmarc.{domain}", "type": "TXT", "values": [DMARC]},
            {"name": domain, "type": "TXT", "ttl": 900, "values": [SPF]},
        ]
    }
    assert route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"] == before
    project.up()
    after = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    assert [one for one in after if one in before] == before
    project.assert_unchanged()
    project.destroy()
    assert world.dns(domain, "TXT") == [VERIFICATION]


def test_record_sets_of_a_name_server_are_taken_over(project: Project, world: World, tmp_path: Path) -> None:
    """At a host without ids the import names the values; its key reaches the plugin and no file in plain."""
    zone, folder = f"adopted{os.getpid()}.bind.example", tmp_path / "bind"
    folder.mkdir()
    with bind(folder, zone, transfer="127.0.0.1;") as server:
        world.control("PUT", f"/delegations/{zone}", {"name_servers": [f"ns1.{zone}"], "primary": server.port})
        domain = f"notify.{zone}"
        plant(server, zone, f"_dmarc.{domain}", [DMARC])
        plant(server, zone, domain, [SPF, VERIFICATION])
        project.warns += WARNS
        project.configure(
            dns={zone: {"host": "rfc2136", "server": "127.0.0.1", "port": server.port, "key": KEY}},
            domains={domain: {"wait": "off", "protect": False, "spf": {"also": []}}},
            senders={"notify": {"domain": domain}},
            secrets={"dns": {zone: {"tsigSecret": server.secret}}},
        )
        project.refuses("already exists")
        applied = adopt(project, "--apply")
        assert applied.returncode == 0, applied.stdout + applied.stderr
        assert server.secret not in project.run("stack", "export").stdout
        project.up()
        assert set(world.dns(domain, "TXT")) == {SPF, VERIFICATION}
        assert world.dns(f"_dmarc.{domain}", "TXT") == [DMARC]
        project.assert_unchanged()
        project.destroy()
        assert world.dns(domain, "TXT") == [VERIFICATION]
    world.control("DELETE", f"/delegations/{zone}")


def test_a_domain_is_taken_over_beside_others(project: Project, world: World, zone: str, zone_id: str) -> None:
    """A stack that has resources already gets each imported one under its own parent: the up changes only marks."""
    old, new = f"old.{zone}", f"new.{zone}"
    project.warns += WARNS
    make_by_hand(world, old, zone_id)
    before = {record["id"] for record in world.records(zone_id)}
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        defaults={"wait": "off", "protect": False},
        senders={"new": {"domain": new}},
    )
    project.up()
    project.warns += WARNS
    settings = yaml.safe_load(settings_file(project).read_text())
    settings["config"]["mailstack:senders"]["old"] = {"domain": old}
    settings["config"]["mailstack:domains"] = {old: {"spf": {"also": []}}}
    settings_file(project).write_text(yaml.safe_dump(settings))
    applied = adopt(project, "--apply")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    project.up()
    assert before <= {record["id"] for record in world.records(zone_id)}
    project.assert_unchanged()
    assert adopt(project, "--dry-run").returncode == 0
