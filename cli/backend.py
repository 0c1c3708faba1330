"""The file backend of a stack: whose lock it holds, and what a killed run was writing."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from cli.engine import Engine


@dataclass(frozen=True)
class Holder:
    """The run that holds a lock."""

    described: str
    alive: bool


@dataclass(frozen=True)
class FileBackend:
    """The files of one stack; other backends look after their own."""

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

    def drop_torn_attributes(self) -> bool:
        """Remove attribute files that a killed run was writing, and say whether there were any.

        The backend replaces a checkpoint in one step, but writes the attributes beside it (FILE.attrs) in place;
        while they are cut off, no command can read the stack. Without the file the attributes have their defaults.
        """
        torn = [path for path in self._attribute_files() if not _whole(path)]
        for path in torn:
            path.unlink()
        return bool(torn)

    def _attribute_files(self) -> Iterator[Path]:
        yield from (self.root / "stacks" / self.project).glob(f"{self.stack}.json*.attrs")
        yield from (self.root / "locks").glob(f"**/{self.project}/{self.stack}/*.attrs")


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
