"""What a killed run leaves in the file backend."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from cli.backend import FileBackend


@pytest.fixture(name="backend")
def _backend(tmp_path: Path) -> FileBackend:
    (tmp_path / "stacks/mailstack").mkdir(parents=True)
    (tmp_path / "locks/organization/mailstack/prod").mkdir(parents=True)
    return FileBackend(tmp_path, "mailstack", "prod")


def lock(backend: FileBackend, pid: int, hostname: str) -> None:
    """Write a lock as the engine does."""
    text = {"pid": pid, "username": "me", "hostname": hostname, "timestamp": "2026-01-01T00:00:00Z"}
    (backend.root / "locks/organization/mailstack/prod/one.json").write_text(json.dumps(text))


def test_torn_attributes_are_removed_and_whole_ones_stay(backend: FileBackend) -> None:
    """Only the attribute file that was cut off goes: the stack's own file and other stacks' are not touched."""
    folder = backend.root / "stacks/mailstack"
    for name, text in (
        ("prod.json", "{}"), ("prod.json.attrs", ""), ("prod.json.bak.attrs", "{}"), ("dev.json.attrs", ""),
    ):  # fmt: skip
        (folder / name).write_text(text)
    assert backend.drop_torn_attributes()
    assert {path.name for path in folder.iterdir()} == {"prod.json", "prod.json.bak.attrs", "dev.json.attrs"}
    assert not backend.drop_torn_attributes()


def test_nobody_holds_a_stack_without_a_lock(backend: FileBackend) -> None:
    """No lock, no holder."""
    assert backend.holder() is None


def test_a_lock_of_a_living_process_is_alive(backend: FileBackend) -> None:
    """The lock of a process that runs on this machine is a run that must be left alone."""
    lock(backend, os.getpid(), socket.gethostname())
    held = backend.holder()
    assert held is not None
    assert held.alive


def test_a_lock_of_a_dead_process_is_dead(backend: FileBackend) -> None:
    """The lock of a process that is gone may be removed."""
    process = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(process, 0)
    lock(backend, process, socket.gethostname())
    held = backend.holder()
    assert held is not None
    assert not held.alive


def test_a_lock_of_another_machine_counts_as_alive(backend: FileBackend) -> None:
    """Nothing here can tell whether a process of another machine lives."""
    lock(backend, 1, "elsewhere")
    held = backend.holder()
    assert held is not None
    assert held.alive
    assert "on elsewhere" in held.described
