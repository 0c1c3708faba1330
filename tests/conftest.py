"""What every test runs under."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest

from tools import interrupts

from . import loopback

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

interrupts.allow()
loopback.only()

# What the tests start may keep the bytecode of sources that were edited since the set-up compiled them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A busy machine is no reason for a property test to fail.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"


@pytest.fixture(autouse=True)
def _only_loopback() -> Iterator[None]:
    """Fail a test that tried to reach another machine, although it caught the refusal."""
    loopback.refused.clear()
    yield
    assert loopback.refused == []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a test that skips."""
    return skips_fail((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Report a module that skips."""
    return skips_fail((yield))


def skips_fail(report: Report) -> Report:
    """Make a failure of a skip in CI, where a program that is missing must not leave the run green.

    Vendors' own files are not part of the repository: without their folder what is compared with them skips.
    """
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if "../shared/specs" in reason and not SPECS.is_dir():
            return report
        report.outcome, report.longrepr = "failed", f"in CI a skip is a failure: {reason}"
    return report
