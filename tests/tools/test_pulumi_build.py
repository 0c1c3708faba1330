"""tools/pulumi/build with a `go` that only pretends: when it builds, what is left after a failure, what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "tools" / "pulumi" / "build"
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python",
           "python/dist/pulumi-analyzer-policy-python")  # fmt: skip
PROGRAMS = {"pulumi", "pulumi-language-python", *(Path(script).name for script in SCRIPTS)}
PRETENDED_GO = """#!/bin/sh
case "$1 $2" in
"version ") echo "go version $GO_VERSION linux/amd64"; exit 0 ;;
esac
echo "$@" >> {log}
case "$1 $2" in
"mod download") echo '{download}' ;;
"build "*)
    sleep {seconds}
    [ -z "{failure}" ] || {{ echo "{failure}" >&2; exit 1; }}
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho v3.220.0\\n' > "$2/${{3##*/}}"
    chmod +x "$2/${{3##*/}}" ;;
esac
"""


class Machine:
    """A machine with a home of its own, and on PATH only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.cache, self.calls = folder / "bin", folder / "cache", folder / "calls"
        self.bin.mkdir()
        self.sdk = folder / "sdk"
        for script in SCRIPTS:
            (self.sdk / script).parent.mkdir(parents=True, exist_ok=True)
            (self.sdk / script).write_text(f"# {script}\n")
        self.environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(self.cache),
            "GO_VERSION": "go1.26.8",
        }
        self.target = self.cache / "mailstack" / "pulumi-3.220.0" / "bin"

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def go(self, seconds: float = 0, failure: str = "") -> None:
        """Put a `go` on PATH whose builds take that long, and fail with these words."""
        download = json.dumps({"Dir": str(self.sdk)})
        self.program("go", PRETENDED_GO.format(log=self.calls, download=download, seconds=seconds, failure=failure))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the script."""
        # sys.executable, because the python3 on PATH may be a shim that needs more than this environment
        return subprocess.Popen(
            [sys.executable, BUILD, *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def build(self, *arguments: str) -> tuple[int, str, str]:
        """Run the script and return exit code, standard output and standard error."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=30)
        return process.returncode, output, errors

    def left(self) -> set[str]:
        """Return what stands in the cache beside log and lock."""
        return {path.name for path in (self.cache / "mailstack").iterdir() if path.suffix not in (".log", ".lock")}


@pytest.fixture(name="machine")
def _machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_builds_once(machine: Machine) -> None:
    """The first run builds all five programs and says where; the next only says where."""
    machine.go()
    code, output, errors = machine.build()
    assert (code, output) == (0, f"{machine.target}\n"), errors
    assert {path.name for path in machine.target.iterdir()} == PROGRAMS
    assert all(os.access(path, os.X_OK) for path in machine.target.iterdir())
    assert machine.left() == {"pulumi-3.220.0"}
    calls = machine.calls.read_text()
    assert machine.build() == (0, f"{machine.target}\n", "")
    assert machine.calls.read_text() == calls


def test_it_says_beforehand_what_it_does_and_how_to_skip_it(machine: Machine) -> None:
    """Before the first compile the user reads where, how long, how large, and what to install instead."""
    machine.go()
    errors = machine.build()[2]
    head = errors.partition("building pulumi v3.220.0\n")[0]
    for part in (str(machine.target), "2-6 minutes", "110 MB", "Ctrl-C", "https://www.pulumi.com/docs/install/"):
        assert part in head


def test_it_builds_the_locked_modules(machine: Machine) -> None:
    """The CLI and the host are built from their packages, stamped with their versions (facts of the release build)."""
    machine.go()
    machine.build()
    cli, host, scripts = machine.calls.read_text().splitlines()
    stamp = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v"
    assert cli.startswith(f"build -trimpath -tags osusergo grpcnotrace -ldflags -s -w -X {stamp}3.220.0 -o ")
    assert cli.endswith(" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")
    assert f"{stamp}3.79.0" in host
    assert host.endswith(" github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python")
    assert scripts == "mod download -json github.com/pulumi/pulumi/sdk/v3@v3.220.0"


def test_two_runs_at_once_build_once(machine: Machine) -> None:
    """A second run waits for the first, says so, and uses what it made."""
    machine.go(seconds=0.5)
    first = machine.start()
    deadline = time.monotonic() + 10
    while not machine.calls.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    code, output, errors = machine.build()
    assert first.communicate(timeout=30)[0] == output == f"{machine.target}\n"
    assert code == first.returncode == 0
    assert errors == "another run is building Pulumi right now; waiting for it\n"
    assert len(machine.calls.read_text().splitlines()) == 3


def test_a_failed_build_leaves_nothing_half_and_says_how_to_go_on(machine: Machine) -> None:
    """A failure shows Go's last words, the log and both ways on; the next run starts clean."""
    machine.go(failure="dial tcp: no route to host")
    code, output, errors = machine.build()
    assert (code, output) == (1, "")
    assert "  dial tcp: no route to host\n" in errors
    assert "error: building pulumi v3.220.0 failed after 0 s" in errors
    assert str(machine.cache / "mailstack" / "pulumi-3.220.0.log") in errors
    assert "or install Pulumi 3.220.0 or later" in errors
    assert machine.left() == set()
    machine.go()
    assert machine.build()[0] == 0


def test_ctrl_c_leaves_nothing_half(machine: Machine) -> None:
    """An interrupted build exits 130, ends its compiler and leaves no part of itself."""
    machine.go(seconds=20)
    process = machine.start()
    deadline = time.monotonic() + 10
    while not machine.calls.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, output) == (130, "")
    assert "Traceback" not in errors
    assert machine.left() == set()


def test_a_part_that_is_missing_is_built_again(machine: Machine) -> None:
    """A cache that somebody thinned out is not taken for a whole one."""
    machine.go()
    machine.build()
    (machine.target / "pulumi-language-python-exec").unlink()
    assert machine.build()[0] == 0
    assert {path.name for path in machine.target.iterdir()} == PROGRAMS


def test_without_go_and_pulumi_it_is_one_sentence(machine: Machine) -> None:
    """A machine with neither is told what to install, and nothing is written."""
    code, output, errors = machine.build()
    assert (code, output) == (1, "")
    assert errors.startswith("error: there is neither `pulumi` nor `go` on PATH: install Pulumi 3.220.0 or later")
    assert errors.count("\n") == 1
    assert not machine.cache.exists()


def test_an_old_pulumi_without_go_is_one_sentence(machine: Machine) -> None:
    """A Pulumi that is too old is named where there is no Go to build a newer one with."""
    machine.program("pulumi", "#!/bin/sh\necho v3.150.0\n")
    code, _, errors = machine.build()
    assert code == 1
    assert errors.startswith(f"error: {machine.bin}/pulumi is too old or lacks its Python language host, and there is ")
    assert errors.count("\n") == 1


def test_a_go_without_toolchains_is_too_old(machine: Machine) -> None:
    """Go before 1.21 cannot fetch the toolchain that the modules ask for, and is told apart."""
    machine.go()
    machine.environment["GO_VERSION"] = "go1.19.8"
    code, _, errors = machine.build()
    assert code == 1
    assert "is too old to build Pulumi (go version go1.19.8 linux/amd64)" in errors


def test_a_cache_that_cannot_be_written_is_one_sentence(machine: Machine) -> None:
    """Where the cache cannot be made, the reason and the setting that moves it are said."""
    machine.go()
    machine.cache.write_text("a file, not a folder")
    code, _, errors = machine.build()
    assert code == 1
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert "XDG_CACHE_HOME" in errors


@pytest.mark.parametrize("version", ["v3.220.0", "v3.272.1", "v4.0.0"])
def test_an_installed_pulumi_is_used(machine: Machine, version: str) -> None:
    """Where Pulumi is new enough nothing is built: --print has nothing to add to PATH."""
    machine.program("pulumi", f"#!/bin/sh\necho {version}\n")
    machine.program("pulumi-language-python", "#!/bin/sh\n")
    assert machine.build("--print") == (0, "", "")
    assert machine.build() == (0, f"{machine.bin}\n", "")
    assert not machine.cache.exists()


@pytest.mark.parametrize(("version", "host"), [("v3.219.9", True), ("v3.220.0", False), ("", True)])
def test_an_old_or_partial_pulumi_is_not(machine: Machine, version: str, host: bool) -> None:
    """An older `pulumi`, one without its Python language host, or one that says no version is not used."""
    machine.program("pulumi", f"#!/bin/sh\necho {version}\n")
    if host:
        machine.program("pulumi-language-python", "#!/bin/sh\n")
    assert machine.build("--print") == (0, f"{machine.target}\n", "")
