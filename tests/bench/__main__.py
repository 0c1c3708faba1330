"""Compare the kit with a hand-written program in one run: `make bench`, or `python -m tests.bench [SENDERS ...]`.

Both programs declare the same resources against the same sandbox. Each round previews both, one after the other, so
that a machine whose speed drifts slows both; the ratio is the median of the rounds' ratios. Both run with the bytecode
that `make bench` compiled, and end at once, as SIGINT is not ignored.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

import sandbox
from tests.engine.project import ROOT, Project
from tests.engine.world import World
from tools import interrupts
from tools.local import engine_path

ROUNDS = 7
WRITTEN_ONCE = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
UP_PATIENCE = 1800.0  # seconds; 200 senders are some 2,400 resources


def main(sizes: list[int]) -> None:
    """Print one row per number of senders; "a / b" is the kit and the program by hand."""
    table = Table(
        "senders",
        "resources",
        "requests per sender, up",
        "preview",
        "preview, kit",
        "by hand",
        "ratio",
        "memory ratio",
    )
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "sandbox"
        sandbox.start(directory)
        try:
            environment = sandbox.environment(directory, os.environ.get("MAILSTACK_PLUGINS", "standin"))
            environment["PATH"] = engine_path({**os.environ, **environment})
            world = World(directory, environment)
            for senders in sizes:
                row = _compare(Path(folder), world, senders)
                Console(stderr=True).print(" | ".join(row))
                table.add_row(*row)
        finally:
            sandbox.stop(directory)
    Console().print(table)


def _compare(folder: Path, world: World, senders: int) -> list[str]:
    kit, by_hand = _kit(folder, world, senders), _by_hand(folder, world, senders)
    made = [_requests(world, partial(_up, project)) / senders for project in (kit, by_hand)]
    asked = [_requests(world, partial(_preview, project)) / senders for project in (kit, by_hand)]
    times: list[tuple[float, float]] = []
    memory: list[tuple[int, int]] = []
    for number in range(ROUNDS + 1):
        ours, theirs = _preview(kit), _preview(by_hand)
        if number:  # the first round warms the caches of both
            times.append((ours[0], theirs[0]))
            memory.append((ours[1], theirs[1]))
    resources = f"{_count(kit)} + {_components(kit)} of the kit's own / {_count(by_hand)}"
    return [
        str(senders),
        resources,
        "{:.1f} / {:.1f}".format(*made),
        "{:.1f} / {:.1f}".format(*asked),
        f"{statistics.median(ours for ours, _ in times):.2f} s",
        f"{statistics.median(theirs for _, theirs in times):.2f} s",
        f"{statistics.median(ours / theirs for ours, theirs in times):.2f}",
        f"{statistics.median(ours / theirs for ours, theirs in memory):.2f}",
    ]


def _requests(world: World, run: Callable[[], object]) -> int:
    """Count the API requests that a run sends to the providers."""
    world.control("DELETE", "/requests")
    run()
    return len(world.control("GET", "/requests"))


def _kit(folder: Path, world: World, senders: int) -> Project:
    zone = f"kit{senders}.example"
    world.add_zone(zone)
    project = Project(folder / f"kit{senders}", world.environment)
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        defaults={"protect": False},
        senders={
            f"notify{number}": {"domain": f"sender{number}.{zone}", "from": {"address": "hello"}}
            for number in range(senders)
        },
    )
    return project


def _by_hand(folder: Path, world: World, senders: int) -> Project:
    zone = f"hand{senders}.example"
    world.add_zone(zone)
    project = Project(folder / f"hand{senders}", world.environment)
    source = ROOT / "tests/bench/handwritten"
    (project.folder / "__main__.py").write_text((source / "__main__.py").read_text())
    (project.folder / "Pulumi.yaml").write_text((source / "Pulumi.yaml").read_text() + "stackConfigDir: stacks\n")
    project.configure(handwritten__zone=zone, handwritten__senders=senders)
    return project


def _up(project: Project) -> None:
    """Make everything; the checkpoint is written once, not after each of thousands of steps."""
    project.environment |= WRITTEN_ONCE
    project.run("up", "--yes", "--skip-preview", timeout=UP_PATIENCE)
    for name in WRITTEN_ONCE:
        del project.environment[name]


def _preview(project: Project) -> tuple[float, int]:
    """Return the wall time in seconds and the program's peak memory in KiB of one preview without changes."""
    peak = Peak()
    started = time.perf_counter()
    process = project.start("preview", "--expect-no-changes")
    peak.watch(process.pid)
    printed = process.communicate()[0]
    elapsed = time.perf_counter() - started
    peak.stop()
    if process.returncode:
        raise SystemExit(printed)
    return elapsed, peak.kib


class Peak:
    """The peak memory of the Python program that an engine process runs, read from /proc."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.kib = 0
        self._done = threading.Event()

    def watch(self, engine: int) -> None:
        """Look every 20 ms at the programs in the engine's session until `stop`."""
        self._thread = threading.Thread(target=self._look, args=(engine,))
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._done.set()
        self._thread.join()

    def _look(self, engine: int) -> None:
        while not self._done.wait(0.05):
            for folder in Path("/proc").glob("[0-9]*"):
                self.kib = max(self.kib, _program_memory(folder, engine))


def _program_memory(folder: Path, session: int) -> int:
    """Return the peak memory in KiB of a process that is the program of an engine's session, 0 for any other."""
    try:
        ours = os.getsid(int(folder.name)) == session
        if not ours or b"pulumi-language-python-exec" not in (folder / "cmdline").read_bytes():
            return 0
        status = (folder / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _count(project: Project) -> int:
    return sum(1 for one in project.resources() if one["custom"] and "mailstack" not in one["type"])


def _components(project: Project) -> int:
    return len(project.resources()) - _count(project)


if __name__ == "__main__":
    interrupts.allow()
    main([int(size) for size in sys.argv[1:]] or [1, 20])
