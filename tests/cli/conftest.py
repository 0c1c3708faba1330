"""Fixtures of the command's tests: a project folder, a `pulumi` that answers as told, and a real SMTP server."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.cli.smtp_server import SmtpServer

# What the stack output holds for one sender (the keys of mailstack.smtp.SmtpSettings.as_dict). The password has
# characters that a URI, a shell and base64 each write in their own way.
CANARY = "canary/pass+word="
BUNDLE = {
    "host": "email-smtp.eu-west-1.amazonaws.com",
    "port": 587,
    "security": "starttls",
    "username": "AKIAIOSFODNN7EXAMPLE",
    "password": CANARY,
    "fromAddress": "hello@notify.example.com",
    "fromName": "Example & Söhne",
    "headers": {"X-SES-CONFIGURATION-SET": "notify_example_com"},
    "uri": "smtp://AKIAIOSFODNN7EXAMPLE:canary%2Fpass%2Bword%3D@email-smtp.eu-west-1.amazonaws.com:587/",
}


class FakePulumi:
    """A `pulumi` on PATH that prints what a test sets, and writes down its arguments and PULUMI_STACK."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "calls"
        self.program = folder / "bin" / "pulumi"
        self.program.parent.mkdir()
        self.answer("{}")

    def answer(self, stdout: str = "", stderr: str = "", code: int = 0, version: str = "v3.220.0") -> None:
        """Set what every command but `version` prints and how it ends."""
        self.program.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = version ]; then echo {shlex.quote(version)}; exit 0; fi\n'
            f'echo "$@" >> {shlex.quote(str(self.log))}\n'
            f"printf %s {shlex.quote(stdout)}\n"
            f"printf %s {shlex.quote(stderr)} >&2\n"
            f"exit {code}\n"
        )
        self.program.chmod(0o755)

    def bundles(self, **bundles: dict[str, Any]) -> None:
        """Answer with a stack output `smtp` of these senders."""
        self.answer(json.dumps(bundles))

    def calls(self) -> list[str]:
        """Return the arguments of each command that was run."""
        return self.log.read_text().splitlines()


@pytest.fixture(name="project")
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: mailstack\nruntime: python\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{os.defpath}:/usr/bin:/bin")
    for name in ("PULUMI_STACK", "PULUMI_BACKEND_URL", "MAILSTACK_CA_FILE", "MAILSTACK_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(name="pulumi")
def _pulumi(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    fake = FakePulumi(tmp_path)
    monkeypatch.setenv("PATH", f"{fake.program.parent}:{os.environ['PATH']}")
    return fake


@pytest.fixture(name="authority", scope="session")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="ca_file")
def _ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(name="smtp_server")
def _smtp_server(authority: trustme.CA) -> Iterator[Callable[..., SmtpServer]]:
    """Start SMTP servers whose certificate carries the names that a test gives."""
    servers: list[SmtpServer] = []

    def start(*names: str, tls: str = "starttls") -> SmtpServer:
        servers.append(SmtpServer(authority.issue_cert(*(names or ("127.0.0.1",))), tls, "AKIA", CANARY))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
