"""At hosts that keep record sets a stack changes its own values and nothing else: asked of the DNS."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.query
import dns.tsigkeyring
import dns.update
import pytest

from tests.providers.hosts.name_servers import KEY, bind

from .project import Project
from .test_repair import repair
from .world import World

_numbers = itertools.count(1)
FOREIGN = "site-verification=abc"
OURS = "v=spf1 include:amazonses.com ~all"


@dataclass(frozen=True)
class Hosted:
    """A zone at a host that keeps record sets: the settings that reach it, and how somebody else writes there."""

    zone: str
    host: dict[str, Any]
    secrets: dict[str, Any]
    plant: Callable[[str, list[str]], None]

    def settings(self, **domain: Any) -> dict[str, Any]:
        """Return the settings of one unprotected sender at notify.<zone>, with an SPF record at its domain."""
        return {
            "dns": {self.zone: self.host},
            "domains": {f"notify.{self.zone}": {"wait": "off", "spf": {"also": []}, **domain}},
            "defaults": {"protect": False},
            "senders": {"notify": {"domain": f"notify.{self.zone}"}},
            **({"secrets": {"dns": {self.zone: self.secrets}}} if self.secrets else {}),
        }


def _at_route53(world: World) -> Hosted:
    zone = f"values{os.getpid()}-{next(_numbers)}.example"
    made = world.aws("route53").create_hosted_zone(Name=zone, CallerReference=zone)
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]

    def plant(name: str, values: list[str]) -> None:
        record = {"Name": name, "Type": "TXT", "TTL": 600, "ResourceRecords": [{"Value": f'"{v}"'} for v in values]}
        world.aws("route53").change_resource_record_sets(
            HostedZoneId=zone_id, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        )

    return Hosted(zone, {"host": "route53"}, {}, plant)


@pytest.fixture(name="hosted", params=["route53", "rfc2136"])
def _hosted(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Hosted]:
    if request.param == "route53":
        yield _at_route53(world)
        return
    zone, folder = f"values{os.getpid()}-{next(_numbers)}.example", tmp_path / "bind"
    folder.mkdir()
    with bind(folder, zone, transfer="127.0.0.1;") as server:
        world.control("PUT", f"/delegations/{zone}", {"name_servers": [f"ns1.{zone}"], "primary": server.port})

        def plant(name: str, values: list[str]) -> None:
            update = dns.update.UpdateMessage(zone, keyring=dns.tsigkeyring.from_text({KEY: server.secret}))
            update.replace(f"{name}.", 600, "TXT", *(f'"{value}"' for value in values))
            dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=5)

        host = {"host": "rfc2136", "server": "127.0.0.1", "port": server.port, "key": KEY}
        yield Hosted(zone, host, {"tsigSecret": server.secret}, plant)
        world.control("DELETE", f"/delegations/{zone}")


def texts(world: World, name: str) -> set[str]:
    """Return the TXT values that DNS answers at a name."""
    return set(world.dns(name, "TXT"))


def test_a_foreign_value_beside_ours_survives_everything(project: Project, world: World, hosted: Hosted) -> None:
    """There before, it stays through up, refresh, a changed and a removed setting, and destroy."""
    name = f"notify.{hosted.zone}"
    hosted.plant(name, [FOREIGN])
    project.configure(**hosted.settings())
    project.up()
    assert texts(world, name) == {FOREIGN, OURS}
    project.assert_unchanged()
    project.configure(**hosted.settings(spf={"also": ["ip4:192.0.2.1"]}))
    project.up()
    assert texts(world, name) == {FOREIGN, "v=spf1 include:amazonses.com ip4:192.0.2.1 ~all"}
    project.run("refresh", "--yes")
    project.configure(**hosted.settings(spf=None))
    project.up()
    assert texts(world, name) == {FOREIGN}
    project.configure(**hosted.settings())
    project.up()
    project.destroy()
    assert texts(world, name) == {FOREIGN}


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_value_that_was_added_later_survives(project: Project, world: World, hosted: Hosted, refreshed: bool) -> None:
    """Somebody adds a value to our set: with or without a refresh, an update and a destroy leave it."""
    name = f"notify.{hosted.zone}"
    project.configure(**hosted.settings())
    project.up()
    hosted.plant(name, [OURS, FOREIGN])
    if refreshed:
        project.run("refresh", "--yes")
    project.configure(**hosted.settings(spf={"also": ["ip4:192.0.2.1"]}))
    project.up()
    assert texts(world, name) == {FOREIGN, "v=spf1 include:amazonses.com ip4:192.0.2.1 ~all"}
    if refreshed:
        project.run("refresh", "--yes")
    project.destroy()
    assert texts(world, name) == {FOREIGN}


def test_an_equal_value_of_somebody_else_is_not_taken_over(project: Project, world: World, hosted: Hosted) -> None:
    """A host without marks cannot say whose an equal record is: it is refused, and stays, whatever else happens."""
    name = f"_dmarc.notify.{hosted.zone}"
    hosted.plant(name, ["v=DMARC1; p=none"])
    project.configure(**hosted.settings())
    project.refuses(f"{name}: TXT")
    project.refuses("mailstack adopt")
    assert project.up(check=False).returncode != 0
    project.destroy()
    assert texts(world, name) == {"v=DMARC1; p=none"}


def test_drift_of_our_value_is_repaired(project: Project, world: World, hosted: Hosted) -> None:
    """Our value was taken out of a set by hand: a refresh sees it, the next up writes it again beside the rest."""
    name = f"notify.{hosted.zone}"
    project.configure(**hosted.settings())
    project.up()
    hosted.plant(name, [FOREIGN])
    project.up("--refresh")
    assert texts(world, name) == {FOREIGN, OURS}


def test_a_text_that_becomes_an_alias_is_our_own_record(project: Project, world: World, hosted: Hosted) -> None:
    """records.also at one name changes from TXT to CNAME: what is in its way is this stack's own."""
    name = f"alias.notify.{hosted.zone}"

    def also(record_type: str, value: str) -> dict[str, Any]:
        return {"also": [{"name": name, "type": record_type, "values": [value]}]}

    project.configure(**hosted.settings(records=also("TXT", "hello")))
    project.up()
    project.configure(**hosted.settings(records=also("CNAME", "elsewhere.example.net")))
    project.up()
    assert world.dns(name, "CNAME") == ["elsewhere.example.net"]
    project.configure(**hosted.settings(records=also("TXT", "hello")))
    project.up()
    assert texts(world, name) == {"hello"}


def test_a_killed_run_leaves_foreign_values_alone(project: Project, world: World, hosted: Hosted) -> None:
    """Killed in the middle and repaired, the next run converges, and what others published is untouched."""
    name = f"notify.{hosted.zone}"
    hosted.plant(name, [FOREIGN])
    project.configure(**hosted.settings())
    run = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while OURS not in texts(world, name) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    time.sleep(0.5)
    repair(project)
    project.up()
    assert texts(world, name) == {FOREIGN, OURS}
    project.assert_unchanged()
    project.destroy()
    assert texts(world, name) == {FOREIGN}
