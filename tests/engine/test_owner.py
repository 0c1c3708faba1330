"""Whose a thing is only this stack's own state knows: equal names make nobody an owner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .project import Project
from .world import World


def settings(zone: str, **more: Any) -> dict[str, Any]:
    """Return the settings of one unprotected sender at notify.<zone>."""
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "defaults": {"protect": False, "wait": "off"},
        "senders": {"notify": {"domain": f"notify.{zone}"}},
        **more,
    }


@pytest.fixture(name="clone")
def _clone(world: World, tmp_path: Path) -> Project:
    """Return a second clone of the project: the same project and stack name, a backend of its own."""
    return Project(tmp_path / "clone", world.environment)


def policies(world: World, name: str) -> list[str]:
    """Return the policy records that DNS answers at a name."""
    return [text for text in world.dns(name, "TXT") if text.startswith("v=")]


def test_a_second_clone_with_the_same_names_is_refused(
    project: Project, clone: Project, world: World, zone: str, zone_id: str
) -> None:
    """Two clones share project, stack and zone names: the second one's preview names what exists, nothing changes."""
    project.configure(**settings(zone))
    project.up()
    before = world.records(zone_id)
    parked = settings(zone, senders={}, domains={f"notify.{zone}": {"sends": False}})
    for wanted in (parked, settings(zone)):
        clone.configure(**wanted)
        clone.refuses("already exist")
        assert clone.run("up", "--yes", check=False).returncode != 0
        assert clone.up(check=False).returncode != 0
        assert world.records(zone_id) == before
    assert policies(world, f"_dmarc.notify.{zone}") == ["v=DMARC1; p=none"]
    assert len(policies(world, f"bounce.notify.{zone}")) == 1
    project.assert_unchanged()
    project.destroy()
    assert world.records(zone_id) == []


def test_a_stack_that_lost_its_state_owns_nothing(
    project: Project, clone: Project, world: World, zone: str, zone_id: str
) -> None:
    """With a new backend everything that the stack made is foreign: the preview says so for identity and records."""
    project.configure(**settings(zone))
    project.up()
    before = world.records(zone_id)
    clone.configure(**settings(zone))
    printed = " ".join(clone.refuses("already exist").split())
    assert f"SES identity notify.{zone}" in printed or f"_dmarc.notify.{zone}" in printed
    assert world.records(zone_id) == before


TWO = """
import pulumi
from components.mail_stack import MailStack
from mailstack.errors import MailstackError

settings = {"dns": {"%(zone)s": {"host": "cloudflare"}}, "defaults": {"protect": False, "wait": "off"}}
MailStack("one", {**settings, "senders": {"notify": {"domain": "notify.%(zone)s"}}})
try:
    MailStack("two", {**settings, "domains": {"notify.%(zone)s": {"sends": False}}})
except MailstackError as error:
    raise pulumi.RunError(str(error)) from None
"""


def test_two_mail_stacks_of_one_program_cannot_want_one_domain(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """The second MailStack on a domain is refused when it is constructed, and nothing is made."""
    project.configure(**settings(zone))
    (project.folder / "__main__.py").write_text(TWO % {"zone": zone})
    project.refuses(f'MailStack "two": the domain notify.{zone} is already declared by MailStack "one"')
    assert world.records(zone_id) == []


def test_a_renamed_stack_says_so_once(project: Project, world: World, zone: str, zone_id: str) -> None:
    """State made for another stack is refused with both ways on; `formerly` takes it over and nothing is replaced."""
    project.configure(**settings(zone))
    project.up()
    ids = {record["id"] for record in world.records(zone_id)}
    marks = {record["comment"] for record in world.records(zone_id)}
    project.run("stack", "rename", "renamed")
    project.use("renamed")
    printed = " ".join(project.refuses("was made for").split())
    assert "mailstack:formerly" in printed
    assert "copied" in printed
    project.configure(**settings(zone, formerly="organization/mailstack/test"))
    project.up()
    records = world.records(zone_id)
    assert {record["id"] for record in records} == ids
    assert {record["comment"] for record in records} != marks
    assert all(record["comment"].endswith("mailstack/renamed") for record in records)
    project.configure(**settings(zone))
    project.preview("--expect-no-changes")
    project.destroy()
    assert world.records(zone_id) == []


def test_destroy_names_what_still_carries_the_mark(project: Project, world: World, zone: str, zone_id: str) -> None:
    """A record that the state lost is named by the destroy, which keeps the owner's id until it is gone."""
    project.configure(**settings(zone))
    project.up()
    dmarc = next(one["urn"] for one in project.resources() if one["urn"].endswith(f"_dmarc.notify.{zone}-txt"))
    project.run("state", "delete", dmarc, "--yes")
    printed = project.run("destroy", "--yes", check=False)
    assert printed.returncode != 0
    said = " ".join((printed.stdout + printed.stderr).split())
    assert f"_dmarc.notify.{zone}" in said
    [left] = world.records(zone_id)
    world.cloudflare("DELETE", f"/zones/{zone_id}/dns_records/{left['id']}")
    project.destroy()
    assert project.resources() == []
