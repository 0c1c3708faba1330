"""The file backend of a stack: whose lock it holds, and the checkpoint that a killed run may have cut off."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from mailstack.cli.engine import Engine


@dataclass(frozen=True)
class Holder:
    """The run that holds a lock."""

    described: str
    alive: bool


@dataclass(frozen=True)
class FileBackend:
    """The files of one stack; other backends write whole checkpoints and end the lock of a dead run themselves."""

    root: Path
    project: str
    stack: str

    @classmethod
    def of(cls, engine: Engine, choice: Sequence[str]) -> FileBackend | None:
        """Return the files of a stack, None where its state is kept elsewhere."""
        url = json.loads(engine.read("whoami", "--json")).get("url") or os.environ.get("PULUMI_BACKEND_URL", "")
        parts = urlsplit(url)
        if parts.scheme != "file":
            return None
        stack = choice[1] if choice else engine.read("stack", "--show-name").strip()
        project = yaml.safe_load((engine.root / "Pulumi.yaml").read_text())["name"]
        return cls(Path(unquote(parts.path)) / ".pulumi", project, stack)

    def holder(self) -> Holder | None:
        """Return who holds the stack's lock, None where nobody does.

        A lock of another machine counts as alive, since nothing here can tell.
        """
        for path in sorted((self.root / "locks").glob(f"**/{self.project}/{self.stack}/*.json")):
            lock = json.loads(path.read_text())
            here = lock.get("hostname") == socket.gethostname()
            who = f"process {lock['pid']} of {lock['username']} on {lock['hostname']}"
            return Holder(
                described=f"{who}, since {lock['timestamp']}",
                alive=not here or _lives(int(lock["pid"])),
            )
        return None

    def restore_checkpoint(self) -> bool:
        """Put the last whole checkpoint in the place of one that was cut off while it was written; say whether.

        The engine keeps the one before beside it. What it does not know yet is at most the step that was being
        written down: one that had not begun, or one that it still holds as pending.
        """
        checkpoint = self.root / "stacks" / self.project / f"{self.stack}.json"
        before = checkpoint.with_name(checkpoint.name + ".bak")
        if _whole(checkpoint) or not _whole(before):
            return False
        shutil.copyfile(before, checkpoint)
        return True


def _whole(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text()), dict)
    except (OSError, ValueError):
        return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
