"""Commands that are started where SIGINT is ignored can be interrupted all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tools.local import ROOT

SEES = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
STARTS = f"import subprocess; subprocess.run({[sys.executable, '-c', SEES]})"
ALLOWS = f"from tools import interrupts; interrupts.allow(); {STARTS}"


def _ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _printed(program: str, before: Callable[[], None] | None = None) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, preexec_fn=before).stdout


@pytest.mark.parametrize(("program", "default"), [(STARTS, "False\n"), (ALLOWS, "True\n")])
def test_what_is_started_can_be_interrupted(program: str, default: str) -> None:
    """In a background shell SIGINT is ignored, by children too; with the default back, children have it."""
    assert _printed(program, _ignored) == default


def test_what_the_tests_start_can_be_interrupted() -> None:
    """The session took the default back, however it was started."""
    assert _printed(SEES) == "True\n"
