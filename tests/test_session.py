"""What the session itself refuses: other machines, and in CI tests that skip."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import conftest, loopback

ELSEWHERE = "192.0.2.1"  # RFC 5737: no machine has this address


@pytest.fixture(autouse=True)
def _expected(_only_loopback: None) -> Iterator[None]:
    yield
    loopback.refused.clear()


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection((ELSEWHERE, 25), 1),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (ELSEWHERE, 53)),
        lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443)),
        lambda: socket.getaddrinfo("example.com", 443),
        lambda: socket.gethostbyname("example.com"),
    ],
)
def test_another_machine_is_out_of_reach(reach: Callable[[], object]) -> None:
    """Connections, datagrams and look-ups that leave the machine are refused, and remembered against the test."""
    with pytest.raises(loopback.NetworkRefused):
        reach()
    assert len(loopback.refused) == 1


def test_this_machine_is_in_reach(tmp_path: Path) -> None:
    """Loopback, by name or number, and sockets in files stay usable."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
    assert loopback.refused == []


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_in_ci_a_skip_is_a_failure(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str) -> None:
    """A machine of CI that lacks a program proves nothing; elsewhere the test is skipped."""
    monkeypatch.setenv("CI", ci)
    skipped = pytest.TestReport("test", ("test.py", 1, "test"), {}, "skipped", ("test.py", 1, "no named"), "call")
    report = conftest.skips_fail(skipped)
    assert report.outcome == outcome
    assert (report.longrepr == "in CI a skip is a failure: no named") is (ci == "true")


@pytest.mark.parametrize(("is_there", "outcome"), [(True, "failed"), (False, "skipped")])
def test_in_ci_only_files_of_vendors_may_be_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_there: bool, outcome: str
) -> None:
    """Their folder is not part of the repository; where it is there, a file that is missing from it is a failure."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(conftest, "SPECS", tmp_path if is_there else tmp_path / "none")
    place = ("test.py", 1, "the vendor's file is not in ../shared/specs/resend")
    skipped = pytest.TestReport("test", ("test.py", 1, "test"), {}, "skipped", place, "call")
    assert conftest.skips_fail(skipped).outcome == outcome
