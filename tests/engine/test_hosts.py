"""Every DNS host publishes the records of a sender: asked of the DNS, not of the state."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import dns.query
import dns.tsigkeyring
import dns.update
import pytest

from tests.providers.hosts.name_servers import KEY, bind, powerdns

from .project import Project
from .world import World

_numbers = itertools.count(1)


@pytest.fixture(name="hosted")
def _hosted(world: World) -> tuple[str, str]:
    """Add a zone at Route 53 that only this test uses; return its name and id."""
    name = f"hosted{os.getpid()}-{next(_numbers)}.example"
    made = world.aws("route53").create_hosted_zone(Name=name, CallerReference=name)
    return name, made["HostedZone"]["Id"].rpartition("/")[2]


def settings(zone: str, host: dict[str, Any], **domain: Any) -> dict[str, Any]:
    """Return the settings of one unprotected sender at notify.<zone>."""
    return {
        "dns": {zone: host},
        "domains": {f"notify.{zone}": {"wait": "require", "waitMinutes": 1, **domain}},
        "defaults": {"protect": False},
        "senders": {"notify": {"domain": f"notify.{zone}"}},
    }


def assert_published(world: World, zone: str) -> None:
    """Assert that the DNS answers with all that a sender at notify.<zone> needs."""
    domain = f"notify.{zone}"
    assert world.dns(f"_dmarc.{domain}", "TXT") == ["v=DMARC1; p=none"]
    assert world.dns(f"bounce.{domain}", "TXT") == ["v=spf1 include:amazonses.com ~all"]
    assert world.dns(f"bounce.{domain}", "MX") == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    tokens = world.aws("sesv2").get_email_identity(EmailIdentity=domain)["DkimAttributes"]["Tokens"]
    assert [world.dns(f"{token}._domainkey.{domain}", "CNAME") for token in tokens] == [
        [f"{token}.dkim.amazonses.com"] for token in tokens
    ]


def test_route53_publishes_the_records_of_a_sender(project: Project, world: World, hosted: tuple[str, str]) -> None:
    """A zone at Route 53 is found by its name; up, refresh and preview agree; destroy leaves what was there before."""
    zone, zone_id = hosted
    route53 = world.aws("route53")
    before = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    project.configure(**settings(zone, {"host": "route53"}))
    project.up()
    assert_published(world, zone)
    assert project.outputs()["status"][f"notify.{zone}"]["status"] == "verified"
    project.assert_unchanged()
    project.destroy()
    assert route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"] == before


def test_a_name_server_that_takes_dynamic_updates_publishes_the_records(
    project: Project, world: World, tmp_path: Path
) -> None:
    """A zone at a real BIND 9: signed updates publish the records, a foreign one is refused in preview, and stays."""
    zone = f"bind{os.getpid()}.example"
    folder = tmp_path / "bind"
    folder.mkdir()
    with bind(folder, zone, transfer="127.0.0.1;") as server:
        world.control("PUT", f"/delegations/{zone}", {"name_servers": [f"ns1.{zone}"], "primary": server.port})
        host = {"host": "rfc2136", "server": "127.0.0.1", "port": server.port, "key": KEY}
        project.configure(**settings(zone, host), secrets={"dns": {zone: {"tsigSecret": server.secret}}})
        project.up()
        assert_published(world, zone)
        assert project.outputs()["status"][f"notify.{zone}"]["status"] == "verified"
        project.assert_unchanged()
        assert server.secret not in project.run("stack", "export").stdout

        elsewhere = f"bounce.other.{zone}"
        plant(server, zone, elsewhere, ["v=spf1 -all"])
        project.configure(
            **{**settings(zone, host), "senders": {name: {"domain": f"{name}.{zone}"} for name in ("notify", "other")}},
            secrets={"dns": {zone: {"tsigSecret": server.secret}}},
        )
        project.refuses(f'{elsewhere}: TXT "v=spf1 -all" already exists')

        project.configure(**settings(zone, host), secrets={"dns": {zone: {"tsigSecret": server.secret}}})
        project.destroy()
        assert world.dns(f"_dmarc.notify.{zone}", "TXT") == []
        assert world.dns(elsewhere, "TXT") == ["v=spf1 -all"]
    world.control("DELETE", f"/delegations/{zone}")


def test_a_host_of_dns_lexicon_publishes_the_records(project: Project, world: World, tmp_path: Path) -> None:
    """A zone at a real PowerDNS, through dns-lexicon: its key stays secret, its records come and go."""
    zone = f"powerdns{os.getpid()}.example"
    folder = tmp_path / "powerdns"
    folder.mkdir()
    with powerdns(folder, zone) as server:
        world.control("PUT", f"/delegations/{zone}", {"name_servers": [f"ns1.{zone}"], "primary": server.port})
        host = {"host": "lexicon", "provider": "powerdns", "options": {"pdns_server": server.url}}
        secrets = {"dns": {zone: {"options": {"auth_token": server.key}}}}
        project.configure(**settings(zone, {**host, "provider": "powrdns"}), secrets=secrets)
        project.refuses('dns-lexicon knows no DNS host "powrdns"; did you mean powerdns')
        project.configure(**settings(zone, host), secrets=secrets)
        project.up()
        assert_published(world, zone)
        assert project.outputs()["status"][f"notify.{zone}"]["status"] == "verified"
        project.assert_unchanged()
        assert server.key not in project.run("stack", "export").stdout
        project.destroy()
        assert world.dns(f"_dmarc.notify.{zone}", "TXT") == []
    world.control("DELETE", f"/delegations/{zone}")


def test_a_zone_made_by_hand_is_listed_and_noticed_when_it_exists(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """host: manual declares no record and blocks nothing; once people have made the records, the next up sees it."""
    domain = f"notify.{zone}"
    project.configure(**settings(zone, {"host": "manual"}))
    project.up()
    outputs = project.outputs()
    assert outputs["status"][domain]["status"] == "manual"
    assert any("bounce" in sentence for sentence in outputs["status"][domain]["routes"]["main"]["missing"])
    assert world.records(zone_id) == []
    for record in outputs["records"]:
        for value in record["values"]:
            priority, _, host = value.partition(" ")
            mx = {"priority": int(priority)} if record["type"] == "MX" else {}
            world.add_record(zone_id, record["type"], record["name"], host if mx else value, **mx)
    assert_published(world, zone)
    project.up()
    assert project.outputs()["status"][domain]["status"] == "verified"
    project.assert_unchanged()


def test_a_zone_that_moves_is_published_at_both_hosts(project: Project, world: World, zone: str) -> None:
    """Both hosts hold the records while the zone moves, and the old one is dropped only after the delegation moved."""
    made = world.aws("route53").create_hosted_zone(Name=zone, CallerReference=zone)
    servers = made["DelegationSet"]["NameServers"]
    project.configure(**settings(zone, {"host": "cloudflare"}))
    project.up()
    project.configure(**settings(zone, {"host": "route53"}))
    project.refuses("cloudflare is no longer among its hosts, but the zone is still delegated to")
    project.configure(**settings(zone, {"hosts": ["cloudflare", "route53"]}))
    project.up()
    project.assert_unchanged()
    project.configure(**settings(zone, {"host": "route53"}))
    project.refuses("cloudflare is no longer among its hosts, but the zone is still delegated to")
    world.control("PUT", f"/delegations/{zone}", {"name_servers": servers})
    assert_published(world, zone)
    project.up()
    assert_published(world, zone)
    project.assert_unchanged()
    world.control("DELETE", f"/delegations/{zone}")


def test_a_zone_id_may_be_a_secret_output(project: Project, world: World, zone: str, zone_id: str) -> None:
    """Hooks are given secrets as outputs: what exists in such a zone is refused, and the rest goes as ever."""
    made = world.aws("route53").create_hosted_zone(Name=zone, CallerReference=zone)
    hosted_id = made["HostedZone"]["Id"].rpartition("/")[2]
    (project.folder / "__main__.py").write_text(
        "import pulumi\n"
        "from components.mail_stack import MailStack\n"
        f"ids = {{'cloudflare': {zone_id!r}, 'route53': {hosted_id!r}}}\n"
        "hosts = [{'host': host, 'zoneId': pulumi.Output.secret(id)} for host, id in ids.items()]\n"
        f"dns, sender = {{{zone!r}: {{'hosts': hosts}}}}, {{'domain': 'notify.{zone}'}}\n"
        "routes = {'main': {'ses': {'tags': {'team': pulumi.Output.secret('mail')}}}}\n"
        "defaults = {'protect': False, 'wait': 'off', 'routes': routes}\n"
        "settings = {'dns': dns, 'senders': {'notify': sender}, 'defaults': defaults}\n"
        "pulumi.export('records', MailStack('mail', settings).records)\n"
    )
    project.configure()
    foreign = world.add_record(zone_id, "TXT", f"bounce.notify.{zone}", '"v=spf1 -all"')
    project.refuses(f'bounce.notify.{zone}: TXT "v=spf1 -all" already exists')
    world.cloudflare("DELETE", f"/zones/{zone_id}/dns_records/{foreign}")
    put(world, hosted_id, f"bounce.notify.{zone}", "MX", ["10 mx.example.net"])
    project.refuses(f'bounce.notify.{zone}: MX "10 mx.example.net" already exists')
    put(world, hosted_id, f"bounce.notify.{zone}", "MX", ["10 mx.example.net"], action="DELETE")
    project.preview()
    project.up()
    assert_published(world, zone)
    assert len(project.outputs()["records"]) == 6
    project.assert_unchanged()
    project.destroy()
    assert world.records(zone_id) == []


def put(
    world: World, zone_id: str, name: str, record_type: str, values: list[str], ttl: int = 300, action: str = "UPSERT"
) -> None:
    """Write, or take away again, a record set that is nobody's."""
    record = {
        "Name": name,
        "Type": record_type,
        "TTL": ttl,
        "ResourceRecords": [{"Value": value} for value in values],
    }
    changes = [{"Action": action, "ResourceRecordSet": record}]
    world.aws("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def plant(server: Any, zone: str, name: str, values: list[str]) -> None:
    """Write a TXT record set that is nobody's at a name server."""
    update = dns.update.UpdateMessage(zone, keyring=dns.tsigkeyring.from_text({KEY: server.secret}))
    update.replace(f"{name}.", 300, "TXT", *(f'"{value}"' for value in values))
    dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=5)
