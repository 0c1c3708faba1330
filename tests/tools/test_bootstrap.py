"""tools/bootstrap with a `uv` that only pretends: when it runs, and what it says when it cannot."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "tools" / "bootstrap"


class Checkout:
    """A checkout with a lock, and a PATH on which only a test's programs come before the system's."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin, self.calls = folder / "checkout", folder / "bin", folder / "calls"
        (self.root / "tools").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(BOOTSTRAP, self.root / "tools" / "bootstrap")
        (self.root / "pyproject.toml").touch()
        (self.root / "uv.lock").touch()
        self.program("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def uv(self, version: str = "0.13.8", code: int = 0, python: Path = Path("/bin/true")) -> None:
        """Put a `uv` on PATH that makes a virtual environment, or fails in its own words."""
        self.program(
            "uv",
            f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "uv {version}"; exit; }}\necho "$@" >> {self.calls}\n'
            f"[ {code} = 0 ] || {{ echo 'the lockfile needs to be updated' >&2; exit {code}; }}\n"
            f"mkdir -p .venv/bin; ln -sf {python} .venv/bin/python\n",
        )

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script from another folder."""
        return subprocess.run(
            [self.root / "tools" / "bootstrap"],
            cwd="/",
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.root.parent), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def syncs(self) -> int:
        """Count how often uv was asked to sync."""
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_syncs_once_to_the_lock(checkout: Checkout) -> None:
    """The first run syncs to the lock and says how long that takes; the next does nothing and says nothing."""
    checkout.uv()
    first = checkout.run()
    assert first.returncode == 0, first.stderr
    assert "about 1 minute" in first.stderr
    assert checkout.calls.read_text() == "sync --locked --compile-bytecode --quiet\n"
    second = checkout.run()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert checkout.syncs() == 1


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml"])
def test_a_changed_lock_is_synced_again(checkout: Checkout, name: str) -> None:
    """What is newer than the last sync is synced."""
    checkout.uv()
    checkout.run()
    later = (checkout.root / ".venv" / ".locked").stat().st_mtime + 5
    os.utime(checkout.root / name, (later, later))
    checkout.run()
    assert checkout.syncs() == 2


def test_a_removed_environment_is_made_again(checkout: Checkout) -> None:
    """Deleting .venv is enough to start over."""
    checkout.uv()
    checkout.run()
    shutil.rmtree(checkout.root / ".venv")
    checkout.run()
    assert checkout.syncs() == 2


def test_a_failed_sync_keeps_uvs_words_and_is_tried_again(checkout: Checkout) -> None:
    """The words of uv stand before the advice, and the next run does not take the failure for done."""
    checkout.uv(code=2)
    result = checkout.run()
    assert result.returncode == 1
    assert "the lockfile needs to be updated\nerror: uv could not make .venv" in result.stderr
    checkout.uv()
    assert checkout.run().returncode == 0
    assert checkout.syncs() == 2


def test_an_old_python_is_refused(checkout: Checkout) -> None:
    """A python3 before 3.11 is named with its version."""
    checkout.program("python3", '#!/bin/sh\n[ "$1" = --version ] && { echo Python 3.10.13; exit; }\nexit 1\n')
    result = checkout.run()
    assert result.returncode == 1
    assert f"{checkout.bin / 'python3'} is Python 3.10.13, but mailstack needs Python 3.11 or later" in result.stderr
    assert checkout.syncs() == 0


def test_a_missing_uv_comes_from_the_package_index(checkout: Checkout) -> None:
    """Without a uv one is installed; where that fails the way on is said and nothing is left."""
    result = checkout.run(PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="0", PIP_NO_INDEX="1")
    assert result.returncode == 1
    assert "fetching uv 0.13.8 from PyPI into .tools/uv" in result.stderr
    assert "error: pip could not install uv, its words are above" in result.stderr
    assert checkout.syncs() == 0
    assert not (checkout.root / ".tools" / "uv").exists()


def test_an_old_uv_is_not_used(checkout: Checkout) -> None:
    """A uv that is too old for the lock is left alone, and the pinned one is installed and used instead."""
    checkout.uv(version="0.7.22")
    checkout.program("pinned-uv", (checkout.bin / "uv").read_text().replace("0.7.22", "0.13.8"))
    checkout.program(
        "python3",
        f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"\nmkdir -p "$3/bin"\n'
        f'printf \'#!/bin/sh\\necho "$@" >> %s.pip\\ncp %s/pinned-uv "$(dirname "$0")/uv"\\n\' '
        f'{checkout.calls} {checkout.bin} > "$3/bin/pip"\nchmod +x "$3/bin/pip"\n',
    )
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    assert "fetching uv 0.13.8 from PyPI into .tools/uv" in result.stderr
    assert "uv==0.13.8" in Path(f"{checkout.calls}.pip").read_text()
    assert checkout.syncs() == 1


@pytest.mark.parametrize("version", ["0.8.0", "0.13.8", "0.14.1", "1.0.0"])
def test_a_uv_that_is_new_enough_is_used(checkout: Checkout, version: str) -> None:
    """Versions are compared by their numbers, so that 0.14 is newer than 0.8."""
    checkout.uv(version=version)
    assert checkout.run().returncode == 0
    assert checkout.syncs() == 1


def test_the_rooms_have_bytecode_where_python_writes_none(checkout: Checkout) -> None:
    """Bytecode is compiled although the environment forbids it in passing, and anew where a source changed."""
    checkout.uv(python=checkout.bin / "python3")
    source = checkout.root / "mailstack" / "model.py"
    source.parent.mkdir()
    source.write_text("ANSWER = 41\n")
    assert checkout.run(PYTHONDONTWRITEBYTECODE="1").returncode == 0
    compiled = Path(importlib.util.cache_from_source(str(source)))
    first = compiled.read_bytes()
    source.write_text("ANSWER = 1000\n")
    os.utime(source, (later := source.stat().st_mtime + 5, later))
    assert checkout.run(PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert compiled.read_bytes() != first
    assert checkout.syncs() == 1


def test_a_source_that_does_not_compile_is_left_to_what_imports_it(checkout: Checkout) -> None:
    """The set-up is not where a half-written file is reported."""
    checkout.uv(python=checkout.bin / "python3")
    (checkout.root / "mailstack").mkdir()
    (checkout.root / "mailstack" / "model.py").write_text("def half(:\n")
    checkout.run()
    again = checkout.run()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
