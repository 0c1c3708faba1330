"""DNS for a module whose ZONE says what it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import sandbox_dns


@pytest.fixture(scope="module", name="zone_port")
def _zone_port(request: pytest.FixtureRequest) -> Iterator[int]:
    with sandbox_dns.serving(request.module.ZONE) as port:
        yield port


@pytest.fixture(name="only_its_zone")
def _only_its_zone(zone_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look-up of a test go to the records of its module."""
    sandbox_dns.ask_only(zone_port, monkeypatch)
