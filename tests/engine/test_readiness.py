"""The wait for a domain: it ends when the provider is content, explains itself when it is not, and stops when told."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from .project import Project
from .world import World


def settings(zone: str, **domain: Any) -> dict[str, Any]:
    """Return the settings of one sender at notify.<zone> with a short wait."""
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "domains": {f"notify.{zone}": {"protect": False, "waitMinutes": 0.1, **domain}},
        "senders": {"notify": {"domain": f"notify.{zone}"}},
    }


def state_of(project: Project) -> dict[str, Any]:
    """Return the outputs of the stack's one Readiness."""
    [readiness] = project.resources("mailstack:index:Readiness")
    return dict(readiness["outputs"])


def test_a_zone_that_is_delegated_elsewhere_is_named(project: Project, world: World, zone: str) -> None:
    """A wait that timed out says which records are missing, and that other name servers answer for the zone."""
    world.control("PUT", f"/delegations/{zone}", {"name_servers": ["ns1.elsewhere.test", "ns2.elsewhere.test"]})
    project.configure(**settings(zone, wait="require"))
    failed = project.up(check=False)
    printed = " ".join((failed.stdout + failed.stderr).split())
    assert failed.returncode != 0
    assert "ns1.elsewhere.test" in printed
    assert f"bounce.notify.{zone}" in printed
    assert "Traceback" not in printed

    world.control("DELETE", f"/delegations/{zone}")
    project.up()
    assert state_of(project)["status"] == "verified"
    project.preview("--expect-no-changes")


def test_with_warn_a_pending_domain_withholds_nothing_and_changes_nothing(
    project: Project, world: World, zone: str
) -> None:
    """The bundle comes out while the domain is pending; later runs ask once and see it verified."""
    world.control("PUT", f"/delegations/{zone}", {"name_servers": ["ns1.elsewhere.test"]})
    project.warns += ["is delegated to ns1.elsewhere.test", "is not verified after"]
    project.configure(**settings(zone))
    project.up()
    outputs = project.outputs()
    assert outputs["status"][f"notify.{zone}"]["status"] == "pending"
    assert outputs["smtp"]["notify"]["username"]
    assert outputs["status"][f"notify.{zone}"]["routes"]["main"]["missing"]
    project.preview("--expect-no-changes")

    world.control("DELETE", f"/delegations/{zone}")
    project.up()
    assert project.outputs()["status"][f"notify.{zone}"]["status"] == "verified"
    project.preview("--expect-no-changes")


def test_a_domain_that_lost_its_verification_is_seen_and_waited_for_again(
    project: Project, world: World, zone: str
) -> None:
    """A refresh shows the loss, and the next up waits until the domain is verified again."""
    project.configure(**settings(zone, wait="require", waitMinutes=0.5))
    project.up()
    world.control("PUT", f"/delegations/{zone}", {"name_servers": ["ns1.elsewhere.test"]})
    project.run("refresh", "--yes")
    assert state_of(project)["status"] == "lost"
    world.control("DELETE", f"/delegations/{zone}")
    project.up()
    assert state_of(project)["status"] == "verified"
    project.assert_unchanged()


def test_ctrl_c_ends_a_wait_and_keeps_what_was_made(project: Project, world: World, zone: str) -> None:
    """An interrupt during the wait ends the run within seconds; the next up goes on from there."""
    world.control("PUT", f"/delegations/{zone}", {"name_servers": ["ns1.elsewhere.test"]})
    project.configure(**settings(zone, wait="require", waitMinutes=5))
    run = project.start("up", "--yes", "--skip-preview")
    deadline = time.monotonic() + 60
    while not project.resources("cloudflare:index/dnsRecord:DnsRecord") or not _identity_asked(world):
        assert time.monotonic() < deadline, "the wait did not begin"
        time.sleep(0.3)
    time.sleep(1.5)
    os.kill(run.pid, signal.SIGINT)
    started = time.monotonic()
    printed, _ = run.communicate(timeout=30)
    assert time.monotonic() - started < 10, printed
    assert len(project.resources("cloudflare:index/dnsRecord:DnsRecord")) == 6

    world.control("DELETE", f"/delegations/{zone}")
    project.up()
    assert state_of(project)["status"] == "verified"


def _identity_asked(world: World) -> bool:
    """Tell whether SES has been asked for an identity more often than its creation takes."""
    asked = [
        one for one in world.control("GET", "/requests")
        if one["service"] == "aws" and one["method"] == "GET" and "/v2/email/identities/notify." in one["path"]
    ]  # fmt: skip
    return len(asked) > 3
