"""Bad input is one clear sentence, and nothing has changed."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest

from .project import Project
from .world import World

GOOD: dict[str, Any] = {"senders": {"notify": {"domain": "notify.{zone}"}}, "dns": {"{zone}": {"host": "cloudflare"}}}


def filled(value: Any, zone: str) -> Any:
    """Put the test's zone into settings that say {zone}."""
    if isinstance(value, dict):
        return {filled(key, zone): filled(item, zone) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, zone) for item in value]
    return value.replace("{zone}", zone) if isinstance(value, str) else value


def domain(**keys: Any) -> dict[str, Any]:
    """Return settings with keys of the domain."""
    return {**GOOD, "domains": {"notify.{zone}": keys}}


_numbers = itertools.count(1)

TWO_ROUTES = {"main": {}, "us": {"region": "us-east-1"}}
CASES = [
    ({**GOOD, "sender": {}}, "mailstack:sender: unknown key"),
    (domain(dmarcc="off"), "dmarcc: unknown key"),
    (domain(wait=7), "wait"),
    ({**GOOD, "senders": {"notify": {"domain": "not a domain"}}}, "mailstack:senders.notify.domain"),
    (domain(routes={"main": {"returnPath": "notify.{zone}"}}), "returnPath"),
    (domain(routes={"main": {"returnPath": "bounce.elsewhere.example"}}), "returnPath"),
    ({**GOOD, "dns": {"absent-{zone}": {"host": "cloudflare"}}}, "notify.{zone}"),
    (
        {"dns": {"absent.example": {"host": "cloudflare"}}, "senders": {"a": {"domain": "a.absent.example"}}},
        'mailstack:dns["absent.example"]: Cloudflare shows no zone absent.example',
    ),
    ({**GOOD, "senders": {"notify": {"domain": "x.{zone}.{zone}"}}}, "{zone}.{zone}"),
    ({**GOOD, "dns": {"{zone}": {"host": "cloudfare"}}}, "did you mean cloudflare?"),
    (domain(dmarc={"policy": "refuse"}), "policy"),
    (domain(spf={"also": [f"include:_spf{n}.example.net" for n in range(10)]}), "10"),
    (domain(routes={"main": {"region": "eu-nowhere-9"}}), "eu-nowhere-9"),
    ({**domain(routes=TWO_ROUTES), "senders": {"notify": {"domain": "notify.{zone}", "via": "main"}}}, "returnPath"),
    (
        {**GOOD, "domains": {"{zone}": {"dmarc": {"policy": "reject"}}, "notify.{zone}": {}}},
        "set dmarc: off",
    ),
]  # fmt: skip


@pytest.fixture(scope="module", name="mistaken")
def _mistaken(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """Give one project and zone to all mistakes: none of them may leave anything behind.

    A worker that takes a test over from another may set this up a second time.
    """
    world.add_zone(zone := f"mistaken{os.getpid()}-{next(_numbers)}.example")
    return Project(tmp_path_factory.mktemp("mistaken") / "project", world.environment), zone


@pytest.mark.parametrize(("settings", "sentence"), CASES, ids=[sentence for _, sentence in CASES])
def test_a_mistake_in_the_settings_is_one_sentence(
    mistaken: tuple[Project, str], world: World, settings: dict[str, Any], sentence: str
) -> None:
    """The preview says which key is wrong, without a traceback, and makes nothing."""
    project, zone = mistaken
    project.configure(**filled(settings, zone))
    project.refuses(filled(sentence, zone))
    zone_id = world.cloudflare("GET", "/zones", params={"name": zone})[0]["id"]
    assert world.records(zone_id) == []
    assert not project.resources()


def test_a_secret_outside_its_place_is_refused_without_being_shown(project: Project, zone: str) -> None:
    """A secure value under another key than mailstack:secrets is named by its key only."""
    project.configure(**filled(GOOD, zone))
    project.run("config", "set", "--secret", "--path", "mailstack:senders.notify.from.name", "canary-name")
    printed = project.refuses("mailstack:senders: holds a secret outside mailstack:secrets")
    assert "canary-name" not in printed


def test_a_wrong_cloudflare_token_is_said_with_cloudflares_words(project: Project, zone: str) -> None:
    """A token that Cloudflare does not know fails before anything is made."""
    project.configure(**filled(GOOD, zone))
    project.environment["CLOUDFLARE_API_TOKEN"] = "x" * 40
    project.refuses(f'mailstack:dns["{zone}"]: Cloudflare refused GET /zones: Invalid access token (9109)')


def test_a_wrong_aws_key_is_one_sentence(project: Project, zone: str, zone_id: str, world: World) -> None:
    """An access key that AWS does not know fails before anything is made."""
    project.configure(**filled(GOOD, zone))
    project.environment["AWS_ACCESS_KEY_ID"] = "AKIAUNKNOWNUNKNOWN00"
    project.refuses("The configured AWS credentials are invalid or have expired.")
    assert world.records(zone_id) == []
