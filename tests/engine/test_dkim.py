"""Own DKIM keys in a real run: published before they sign, rotated without a gap, revoked after the grace."""

from __future__ import annotations

import base64
import json
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from .mailer import send
from .project import Project
from .test_secrets import Arguments, spellings
from .world import World

KEY = "mailstack:index:DkimKey"
REVOKED = ["v=DKIM1; p="]  # RFC 6376 section 3.6.1


@pytest.fixture(name="settings")
def _settings(zone: str) -> dict[str, Any]:
    domain = {"dmarc": {"policy": "reject"}, "wait": "require", "waitMinutes": 1, "dkim": {"kind": "own"}}
    return {
        "dns": {zone: {"host": "cloudflare"}},
        "domains": {f"notify.{zone}": domain},
        "defaults": {"protect": False},
        "senders": {"notify": {"domain": f"notify.{zone}", "from": {"address": "hello"}}},
    }


def record(world: World, zone: str, generation: int) -> list[str]:
    """Ask DNS for the key of a generation."""
    return world.dns(f"mailstack-{generation}._domainkey.notify.{zone}", "TXT")


def signed_by(world: World, project: Project) -> str:
    """Send a mail that must pass; return the selector of the domain's own signature, as the receiver verified it."""
    mail = send(world, project.outputs()["smtp"]["notify"], "someone@example.net")
    assert (mail["spf"], mail["dkim"], mail["dmarc"]) == ("pass", "pass", "pass")
    received = message_from_bytes(Path(mail["path"]).read_bytes(), policy=policy.default)
    results = " ".join(received["Authentication-Results"].split())
    domain = mail["from"].rpartition("@")[2].rstrip(">")
    [selector] = re.findall(rf"dkim=pass[^;]* header\.d={re.escape(domain)} header\.s=([\w-]+)", results)
    return str(selector)


def private_keys(project: Project) -> list[str]:
    """Return the private halves in the state, as an export with secrets shows them."""
    exported = json.loads(project.run("stack", "export", "--show-secrets").stdout)
    found = [
        one["outputs"]["privateKey"]
        for one in exported["deployment"]["resources"]
        if one["type"] == KEY and "privateKey" in one["outputs"]
    ]
    return [json.loads(one["plaintext"]) for one in found]


def test_an_own_key_signs_is_rotated_and_revoked(
    project: Project, world: World, zone: str, settings: dict[str, Any]
) -> None:
    """Mail passes with each generation's selector; both records exist for the grace, then the old one is revoked."""
    dkim = settings["domains"][f"notify.{zone}"]["dkim"]
    project.configure(**settings)
    project.run("up", "--yes")
    [first] = record(world, zone, 1)
    [private] = private_keys(project)
    public = load_der_private_key(base64.b64decode(private), password=None).public_key()
    text = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert first == f"v=DKIM1; k=rsa; p={text}"
    assert len(first) > 255
    assert world.dns(f"mailstack-1._domainkey.notify.{zone}", "CNAME") == []
    assert signed_by(world, project) == "mailstack-1"
    project.assert_unchanged()

    dkim["generation"] = 2
    project.configure(**settings)
    project.run("up", "--yes")
    [second] = record(world, zone, 2)
    assert (record(world, zone, 1), second != first) == ([first], True)
    assert signed_by(world, project) == "mailstack-2"
    project.assert_unchanged()

    dkim["graceDays"] = 0
    project.configure(**settings)
    project.up()
    assert (record(world, zone, 1), record(world, zone, 2)) == (REVOKED, [second])
    assert signed_by(world, project) == "mailstack-2"
    project.assert_unchanged()

    dkim["generation"] = 3
    project.configure(**settings)
    project.up()
    assert (record(world, zone, 1), record(world, zone, 2)) == ([], [second])
    assert signed_by(world, project) == "mailstack-3"
    project.up()  # no grace: the update after the one that superseded it
    assert record(world, zone, 2) == REVOKED
    project.assert_unchanged()

    project.destroy()
    assert [record(world, zone, number) for number in (1, 2, 3)] == [[], [], []]


def test_a_new_key_signs_only_once_its_record_is_seen(
    project: Project, world: World, zone: str, zone_id: str, settings: dict[str, Any]
) -> None:
    """Where people make the records, an update fails until DNS shows the new key, and the old one goes on signing."""
    domain = settings["domains"][f"notify.{zone}"]
    domain.update({"wait": "warn", "dkim": {"kind": "own", "bits": 1024}})
    settings["dns"] = {zone: {"host": "manual"}}

    def publish_missing() -> None:
        existing = {(one["name"], one["type"]) for one in world.records(zone_id)}
        for one in project.outputs()["records"]:
            if (one["name"], one["type"]) not in existing:
                priority, _, host = one["values"][0].partition(" ") if one["type"] == "MX" else ("", "", "")
                more = {"priority": int(priority)} if priority else {}
                world.add_record(zone_id, one["type"], one["name"], host or one["values"][0], **more)

    project.configure(**settings)
    project.up()
    publish_missing()
    assert signed_by(world, project) == "mailstack-1"

    domain["dkim"]["generation"] = 2
    project.configure(**settings)
    failed = project.up(check=False)
    printed = " ".join((failed.stdout + failed.stderr).split())
    assert failed.returncode != 0
    assert f"mailstack-2._domainkey.notify.{zone}: DNS does not show this DKIM key yet" in printed
    assert signed_by(world, project) == "mailstack-1"

    made = {one["outputs"]["selector"]: one["outputs"]["record"] for one in project.resources(KEY)}
    world.add_record(zone_id, "TXT", f"mailstack-2._domainkey.notify.{zone}", made["mailstack-2"])
    project.up()
    assert signed_by(world, project) == "mailstack-2"


def test_no_private_key_is_shown_or_stored_in_plain(
    project: Project, world: World, zone: str, settings: dict[str, Any]
) -> None:
    """Previews, diffs, events, exports, history, outputs and process arguments of a rotation hold no private half."""
    dkim = settings["domains"][f"notify.{zone}"]["dkim"]
    dkim["bits"] = 1024
    arguments = Arguments()
    printed = []
    for generation in (1, 2):
        dkim["generation"] = generation
        project.configure(**settings)
        printed += [
            project.preview("--diff").stdout,
            project.up("--diff", "--json").stdout,
            project.run("refresh", "--yes", "--diff").stdout,
            project.preview("--json").stdout,
            project.run("stack", "export").stdout,
        ]
    printed += [project.run("stack", "output", "--json").stdout, project.run("stack", "history", "--json").stdout]
    printed += [arguments.stop(), json.dumps(project.state())]
    keys = private_keys(project)
    assert len(keys) == 2
    for private in keys:
        for secret in (*spellings(private), private[100:160], private[-80:-20]):
            assert not [text for text in printed if secret in text]


def test_a_protected_domain_is_rotated_one_generation_at_a_time(
    project: Project, world: World, zone: str, settings: dict[str, Any]
) -> None:
    """Protection allows every rotation, but no jump and no way back, which would drop a key in use."""
    dkim = settings["domains"][f"notify.{zone}"]["dkim"]
    dkim["bits"] = 1024
    settings["defaults"] = {"protect": True}
    for generation in (1, 2, 3):
        dkim["generation"] = generation
        project.configure(**settings)
        project.up()
    assert [len(record(world, zone, number)) for number in (1, 2, 3)] == [0, 1, 1]
    for generation in (5, 2):
        dkim["generation"] = generation
        project.configure(**settings)
        project.refuses("cannot be deleted because it is protected")
    assert signed_by(world, project) == "mailstack-3"
