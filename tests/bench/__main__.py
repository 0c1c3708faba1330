"""Compare the kit with a hand-written program in one run: `make bench`, or `python -m tests.bench [SENDERS ...]`.

Both programs declare the same resources against the same sandbox. `up` makes them once. Each round of `preview` runs
both, one after the other, so that a machine whose speed drifts slows both; figures are the medians of the rounds, and
ratios those of the rounds' ratios. CPU time is that of all processes of a run. Both run with the bytecode that
`make bench` compiled, and end at once, as SIGINT is not ignored.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

import sandbox
from tests.engine.project import ROOT, Project
from tests.engine.world import World
from tools import interrupts
from tools.local import engine_path

ROUNDS = {1: 7, 20: 7}  # by number of senders; one more, the first, warms the caches of both
FEW_ROUNDS = 3
WIDTH = 120  # of the table, whatever the terminal's is: one row is one line
WRITTEN_ONCE = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
PATIENCE = 1800.0  # seconds; 200 senders are some 2,400 resources
COLUMNS = ("senders", "run", "wall s", "ratio", "CPU s", "ratio", "memory", "requests/sender", "resources")


@dataclass(frozen=True)
class Run:
    """What one run of the engine took: seconds, CPU seconds, peak memory of the program in KiB, requests."""

    wall: float
    cpu: float
    memory: int
    requests: int


Pairs = Sequence[tuple[Run, Run]]


def main(sizes: list[int]) -> None:
    """Print two rows per number of senders; "a / b" is the kit and the program by hand."""
    table = Table(*COLUMNS, box=None)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "sandbox"
        sandbox.start(directory)
        try:
            environment = sandbox.environment(directory, os.environ.get("MAILSTACK_PLUGINS", "standin"))
            environment["PATH"] = engine_path({**os.environ, **environment})
            world = World(directory, environment)
            for senders in sizes:
                for row in _compare(Path(folder), world, senders):
                    Console(stderr=True, width=WIDTH).print(" | ".join(row))
                    table.add_row(*row)
        finally:
            sandbox.stop(directory)
    Console(width=WIDTH).print(table)


def _compare(folder: Path, world: World, senders: int) -> list[list[str]]:
    kit, by_hand = _kit(folder, world, senders), _by_hand(folder, world, senders)
    made = [(_up(kit, world), _up(by_hand, world))]
    looked = [(_preview(kit, world), _preview(by_hand, world)) for _ in range(ROUNDS.get(senders, FEW_ROUNDS) + 1)]
    resources = f"{_count(kit)}+{_components(kit)} / {_count(by_hand)}"
    return [
        [str(senders), "up", *_figures(made, senders), resources],
        [str(senders), "preview", *_figures(looked[1:], senders), resources],
    ]


def _figures(pairs: Pairs, senders: int) -> list[str]:
    def both(value: Callable[[Run], float]) -> str:
        return " / ".join(f"{statistics.median(value(pair[side]) for pair in pairs):.2f}" for side in (0, 1))

    def ratio(value: Callable[[Run], float]) -> str:
        return f"{statistics.median(value(kit) / value(by_hand) for kit, by_hand in pairs):.2f}"

    def wall(run: Run) -> float:
        return run.wall

    def cpu(run: Run) -> float:
        return run.cpu

    requests = both(lambda run: run.requests / senders)
    return [both(wall), ratio(wall), both(cpu), ratio(cpu), ratio(lambda run: run.memory), requests]


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


def _up(project: Project, world: World) -> Run:
    """Make everything; the checkpoint is written once, not after each of thousands of steps."""
    project.environment |= WRITTEN_ONCE
    run = _run(project, world, "up", "--yes", "--skip-preview")
    for name in WRITTEN_ONCE:
        del project.environment[name]
    return run


def _preview(project: Project, world: World) -> Run:
    """Preview what has not changed."""
    return _run(project, world, "preview", "--expect-no-changes")


def _run(project: Project, world: World, *arguments: str) -> Run:
    world.control("DELETE", "/requests")
    peak, used = Peak(), _used()
    started = time.perf_counter()
    process = project.start(*arguments)
    peak.watch(process.pid)
    printed = process.communicate(timeout=PATIENCE)[0]
    wall, cpu = time.perf_counter() - started, _used() - used
    peak.stop()
    if process.returncode:
        raise SystemExit(printed)
    return Run(wall, cpu, peak.kib, len(world.control("GET", "/requests")))


def _used() -> float:
    """Return the CPU seconds of the processes that have ended below this one."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


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
    main([int(size) for size in sys.argv[1:]] or [1, 20, 200])
