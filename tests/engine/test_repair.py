"""A run that was killed anywhere, or lost an answer, can be repaired and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter

import pytest

from .project import ROOT, Project
from .world import World

# The run is killed once one of these was sent: to DNS, for a secret that is lost, for a part of what was made before.
POINTS = ("POST dns_records", "CreateAccessKey", "PutEmailIdentityMailFromAttributes")


def _wait_for_request(world: World, wanted: str) -> None:
    """Wait until the providers have sent a request, named by its action or its method and last part."""
    deadline = time.monotonic() + 60
    while wanted not in map(_name, world.control("GET", "/requests")):
        assert time.monotonic() < deadline, f"{wanted} was never sent"
        time.sleep(0.005)


def _name(request: dict[str, str]) -> str:
    return request["action"] or f"{request['method']} {request['path'].rpartition('/')[2]}"


def repair(project: Project) -> str:
    result = subprocess.run(
        [ROOT / ".venv/bin/mailstack", "repair", "--stack", project.stack],
        cwd=project.folder,
        env={**os.environ, **project.environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("point", POINTS)
def test_a_run_that_was_killed_is_repaired(project: Project, world: World, zone: str, zone_id: str, point: str) -> None:
    """Killed after any of these requests, the next run converges: no duplicates, no orphans, one access key."""
    domain = f"notify.{zone}"
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        domains={domain: {"protect": False, "wait": "require", "waitMinutes": 1}},
        senders={"notify": {"domain": domain}},
    )
    world.control("DELETE", "/requests")
    run = project.start("up", "--yes", "--skip-preview")
    _wait_for_request(world, point)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    time.sleep(0.5)  # the plugins live on for a moment: what they had sent is answered

    repair(project)
    project.up()
    assert project.outputs()["status"][domain]["status"] == "verified"
    names = Counter((record["name"], record["type"]) for record in world.records(zone_id))
    assert len(names) == 6
    assert set(names.values()) == {1}
    keys = world.aws("iam").list_access_keys(UserName=f"notify@{domain}")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in keys] == [project.outputs()["smtp"]["notify"]["username"]]
    project.preview("--expect-no-changes")
    assert repair(project).strip() == "nothing to repair"


def test_a_living_run_is_left_alone(project: Project, world: World, zone: str) -> None:
    """A repair refuses while the run that holds the lock is alive."""
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        domains={f"notify.{zone}": {"protect": False, "wait": "require", "waitMinutes": 5}},
        senders={"notify": {"domain": f"notify.{zone}"}},
    )
    world.control("PUT", f"/delegations/{zone}", {"name_servers": ["ns1.elsewhere.test"]})
    world.control("DELETE", "/requests")
    run = project.start("up", "--yes", "--skip-preview")
    try:
        _wait_for_request(world, "CreateEmailIdentity")
        result = subprocess.run(
            [ROOT / ".venv/bin/mailstack", "repair", "--stack", project.stack],
            cwd=project.folder, env={**os.environ, **project.environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 1
        assert "it is still running" in result.stderr
    finally:
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=60)


@pytest.mark.parametrize("lost", ["dns-_dmarc.{domain}-txt", "{domain}-eu-west-1-identity", "notify-user"])
def test_what_the_state_has_lost_is_taken_back(
    project: Project, world: World, zone: str, zone_id: str, lost: str
) -> None:
    """What exists with the stack's mark and is missing in its state is refused by `up`, and repair imports it."""
    domain = f"notify.{zone}"
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        defaults={"protect": False, "wait": "off"},
        senders={"notify": {"domain": domain}},
    )
    project.up()
    before = {record["id"] for record in world.records(zone_id)}
    name = f"mail-{lost.format(domain=domain)}"
    [urn] = [one["urn"] for one in project.resources() if one["urn"].endswith(f"::{name}")]
    project.run("state", "delete", urn, "--yes", "--target-dependents")
    up = project.up(check=False)
    assert up.returncode != 0
    assert "run `mailstack repair`" in " ".join((up.stdout + up.stderr).split())

    assert f"imported {name} (" in repair(project)
    project.up()
    assert {record["id"] for record in world.records(zone_id)} == before
    project.assert_unchanged()
    assert repair(project).strip() == "nothing to repair"


def test_what_another_stack_marked_is_not_taken(project: Project, world: World, zone: str, zone_id: str) -> None:
    """A record that carries another owner's id is somebody else's, whatever its text says."""
    domain = f"notify.{zone}"
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        defaults={"protect": False, "wait": "off"},
        senders={"notify": {"domain": domain}},
    )
    project.up()
    [urn] = [one["urn"] for one in project.resources() if one["urn"].endswith(f"-_dmarc.{domain}-txt")]
    project.run("state", "delete", urn, "--yes")
    [record] = [one for one in world.records(zone_id) if one["name"] == f"_dmarc.{domain}"]
    other = {"comment": "mailstack abcdefghijklmnop organization/mailstack/test"}
    world.cloudflare("PATCH", f"/zones/{zone_id}/dns_records/{record['id']}", json=other)
    assert repair(project).strip() == "nothing to repair"
    project.refuses(f"_dmarc.{domain}: TXT")
