"""Which zone at Cloudflare a name means, and what may exist at the zone's own name beside the stack's records."""

from __future__ import annotations

import itertools
import os
from typing import Any

import idna
import pytest

from .project import Project
from .world import World

_numbers = itertools.count(1)


def settings(zone: str, domain: str, **more: Any) -> dict[str, Any]:
    """Return the settings of one unprotected sender."""
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "defaults": {"protect": False, "wait": "off"},
        "senders": {"notify": {"domain": domain}},
        **more,
    }


def test_two_zones_of_one_name_are_refused_until_the_settings_name_one(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """Cloudflare allows one name in several accounts: the preview names both ids, and zoneId is the way on."""
    former = world.add_zone(zone, account="former")
    project.configure(**settings(zone, f"notify.{zone}"))
    printed = " ".join(project.refuses(f"Cloudflare has 2 zones named {zone}: ").split())
    assert f"{zone_id} (active, name servers ada.ns.cloudflare.com, bob.ns.cloudflare.com)" in printed
    assert f"{former} (moved, name servers cleo.ns.cloudflare.com, dan.ns.cloudflare.com)" in printed
    assert ".zoneId to the id of the one that the domain is delegated to" in printed
    assert project.up(check=False).returncode != 0
    assert (world.records(zone_id), world.records(former)) == ([], [])

    project.configure(**settings(zone, f"notify.{zone}", dns={zone: {"host": "cloudflare", "zoneId": zone_id}}))
    project.up()
    assert world.dns(f"_dmarc.notify.{zone}", "TXT") == ["v=DMARC1; p=none"]
    assert world.records(former) == []
    project.assert_unchanged()


@pytest.mark.parametrize("in_unicode", [True, False], ids=["Unicode", "A-label"])
def test_a_zone_of_an_international_name_is_found_however_it_is_written(
    project: Project, world: World, *, in_unicode: bool
) -> None:
    """Cloudflare shows such a zone in Unicode: settings in Unicode and in A-labels both mean it."""
    name = f"m\u00fcnchen{os.getpid()}-{next(_numbers)}.example"
    a_label = idna.encode(name).decode()
    world.add_zone(a_label)
    written = name if in_unicode else a_label
    project.configure(**settings(written, f"notify.{written}"))
    project.up()
    assert world.dns(f"_dmarc.notify.{a_label}", "TXT") == ["v=DMARC1; p=none"]
    assert world.dns(f"bounce.notify.{a_label}", "MX") == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    project.assert_unchanged()


@pytest.mark.parametrize("proxied", [True, False])
def test_a_web_site_at_the_apex_is_no_conflict(
    project: Project, world: World, zone: str, zone_id: str, *, proxied: bool
) -> None:
    """Cloudflare answers a CNAME at the apex with addresses: SPF and MX are published beside it, and it stays."""
    site = world.add_record(zone_id, "CNAME", zone, "site.hosting.example", proxied=proxied)
    project.configure(**settings(zone, zone, domains={zone: {"spf": {"also": []}, "inbound": "main"}}))
    project.preview()
    project.up()
    assert world.dns(zone, "TXT") == ["v=spf1 include:amazonses.com ~all"]
    assert world.dns(zone, "MX") == ["10 inbound-smtp.eu-west-1.amazonaws.com"]
    project.assert_unchanged()
    project.destroy()
    assert [one["id"] for one in world.records(zone_id)] == [site]


def test_an_alias_below_the_apex_is_a_conflict_unless_it_is_proxied(
    project: Project, world: World, zone: str, zone_id: str
) -> None:
    """An alias that DNS shows allows nothing else at its name (RFC 1034 section 3.6.2); a proxied one is not shown."""
    name = f"notify.{zone}"
    alias = world.add_record(zone_id, "CNAME", name, "site.hosting.example")
    project.configure(**settings(zone, name, domains={name: {"spf": {"also": []}, "inbound": "main"}}))
    project.refuses(f'{name}: CNAME "site.hosting.example" already exists')
    assert project.up(check=False).returncode != 0
    assert [one["type"] for one in world.records(zone_id) if one["name"] == name] == ["CNAME"]

    world.cloudflare("PATCH", f"/zones/{zone_id}/dns_records/{alias}", json={"proxied": True})
    project.up()
    assert world.dns(name, "MX") == ["10 inbound-smtp.eu-west-1.amazonaws.com"]
    assert world.dns(name, "TXT") == ["v=spf1 include:amazonses.com ~all"]
