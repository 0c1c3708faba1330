"""Component tests have a recorder and a region, and ask no DNS but what they name."""

from __future__ import annotations

import pytest

from providers.dns import live

from .guarded import World
from .mocks import Recorder


@pytest.fixture(autouse=True)
def _silent_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "lookup", lambda name, record_type: [])
    monkeypatch.setattr(live, "delegation", lambda zone: ["a.ns.example", "b.ns.example"])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("MAILSTACK_SES_SMTP_ENDPOINTS", raising=False)


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    return Recorder.install()


@pytest.fixture(name="world")
def _world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(live, "lookup", lambda name, kind: [world.texts[name]] if name in world.texts else [])
    return world
