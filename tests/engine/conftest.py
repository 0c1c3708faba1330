"""Fixtures of the engine tests: one sandbox per worker, one project and one zone per test."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox

from .project import ROOT, Project
from .world import World

_numbers = itertools.count(1)


@pytest.fixture(scope="session", name="world")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    engine = subprocess.run([ROOT / "tools/pulumi/build"], capture_output=True, text=True, check=True)
    path = os.pathsep.join([str(ROOT / ".venv/bin"), engine.stdout.strip().splitlines()[-1], os.environ["PATH"]])
    directory = tmp_path_factory.mktemp("sandbox")
    sandbox.start(directory)
    try:
        environment = sandbox.environment(directory, os.environ.get("MAILSTACK_PLUGINS", "standin"))
        environment["PATH"] = path
        yield World(directory, environment)
    finally:
        sandbox.stop(directory)


@pytest.fixture(name="zone")
def _zone(world: World) -> str:
    """Add a zone that only this test uses and return its name."""
    name = f"test{os.getpid()}-{next(_numbers)}.example"
    world.add_zone(name)
    return name


@pytest.fixture(name="zone_id")
def _zone_id(world: World, zone: str) -> str:
    return str(world.cloudflare("GET", "/zones", params={"name": zone})[0]["id"])


@pytest.fixture(name="project")
def _project(world: World, tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "project", world.environment)
    yield project
    shutil.rmtree(project.folder, ignore_errors=True)
