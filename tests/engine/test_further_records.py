"""records.also at Cloudflare, which keeps values apart: entries are edited, reordered and taken out."""

from __future__ import annotations

from typing import Any

import pytest

from .project import Project
from .world import World


def settings(zone: str, also: list[dict[str, Any]], *, protect: bool) -> dict[str, Any]:
    """Return the settings of a domain that does not send and has further records."""
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "domains": {f"notify.{zone}": {"sends": False, "protect": protect, "records": {"also": also}}},
    }


@pytest.mark.parametrize("protect", [False, True])
def test_entries_can_be_edited(project: Project, world: World, zone: str, protect: bool) -> None:
    """A changed CNAME, a changed text and one taken out of the middle are what DNS answers after one up."""
    domain = f"notify.{zone}"

    def texts(*values: str) -> dict[str, Any]:
        return {"name": "@", "type": "TXT", "values": list(values)}

    def alias(target: str) -> dict[str, Any]:
        return {"name": "shop", "type": "CNAME", "values": [target]}

    project.configure(**settings(zone, [texts("a=1", "b=1", "c=1"), alias("one.example.net")], protect=protect))
    project.up()
    assert set(world.dns(domain, "TXT")) == {"v=spf1 -all", "a=1", "b=1", "c=1"}
    project.configure(**settings(zone, [texts("b=1", "c=2"), alias("two.example.net")], protect=protect))
    project.preview()
    project.up()
    assert set(world.dns(domain, "TXT")) == {"v=spf1 -all", "b=1", "c=2"}
    assert world.dns(f"shop.{domain}", "CNAME") == ["two.example.net"]
    for values in (("b=1",), ("b=2",), ("a=1", "b=2"), ("b=2",)):
        project.configure(**settings(zone, [texts(*values), alias("two.example.net")], protect=protect))
        project.up()
        assert set(world.dns(domain, "TXT")) == {"v=spf1 -all", *values}
    project.assert_unchanged()


def test_a_text_becomes_an_alias_and_back(project: Project, world: World, zone: str) -> None:
    """Other data and an alias exclude each other: the old record goes before the new one comes, in one up."""
    name = f"shop.notify.{zone}"
    text, alias = ({"name": "shop", "type": kind, "values": [value]} for kind, value in _TEXT_AND_ALIAS)
    project.configure(**settings(zone, [text], protect=False))
    project.up()
    project.configure(**settings(zone, [alias], protect=False))
    project.up()
    assert world.dns(name, "CNAME") == ["one.example.net"]
    project.configure(**settings(zone, [text], protect=False))
    project.up()
    assert world.dns(name, "TXT") == ["hello"]


_TEXT_AND_ALIAS = (("TXT", "hello"), ("CNAME", "one.example.net"))
