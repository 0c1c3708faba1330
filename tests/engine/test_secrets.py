"""No secret is in plain text anywhere that a run writes to or shows."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from pathlib import Path
from urllib.parse import quote

from .project import Project
from .world import World

CANARY = "canary-5e4f/with+signs"


def spellings(secret: str) -> list[str]:
    """Return the forms in which a secret could leak."""
    return [secret, quote(secret, safe=""), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()]


class Arguments:
    """Every process argument on this machine while a command runs."""

    def __init__(self) -> None:
        """Start to look."""
        self.seen: set[str] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> str:
        """Stop looking and return all that was seen."""
        self._done.set()
        self._thread.join()
        return "\n".join(self.seen)

    def _look(self) -> None:
        while not self._done.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue


def test_no_secret_is_shown_or_stored_in_plain(project: Project, world: World, zone: str, tmp_path: Path) -> None:
    """Created keys, derived and given passwords stay out of previews, logs, outputs, state, history and arguments."""
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        defaults={"protect": False, "wait": "off"},
        senders={
            "notify": {"domain": f"notify.{zone}"},
            "given": {"domain": f"notify.{zone}", "login": "given"},
        },
    )
    for key, value in (("username", "user"), ("password", CANARY)):
        secret = tmp_path / "secret"
        secret.write_text(value)
        with secret.open() as stream:
            _set_secret(project, f"mailstack:secrets.senders.given.{key}", stream)
    arguments = Arguments()
    printed = [
        project.preview("--diff").stdout,
        project.run("up", "--yes", "--diff").stdout,
        project.preview("--json").stdout,
        project.up("--diff", "--json").stdout,
        project.run("stack", "output", "--json").stdout,
        project.run("stack", "export").stdout,
        project.run("refresh", "--yes", "--diff").stdout,
        project.run("stack", "history", "--json").stdout,
    ]
    seen = arguments.stop()
    outputs = project.outputs()
    token = world.environment["CLOUDFLARE_API_TOKEN"]
    secrets = [CANARY, outputs["smtp"]["notify"]["password"], _access_key(project), token]
    assert outputs["smtp"]["given"]["password"] == CANARY

    files = [path for path in project.folder.rglob("*") if path.is_file()]
    everywhere = "\n".join([*printed, seen, *(path.read_text(errors="replace") for path in files)])
    for secret in secrets:
        for spelling in spellings(secret):
            assert spelling not in everywhere


def test_a_refused_request_does_not_echo_a_secret(project: Project, world: World, zone: str) -> None:
    """A provider's error passes on its words, not what was sent with the request."""
    project.configure(
        dns={zone: {"host": "cloudflare"}},
        defaults={"protect": False},
        senders={"notify": {"domain": f"notify.{zone}"}},
    )
    token = "wrong-" + "x" * 40
    project.environment["CLOUDFLARE_API_TOKEN"] = token
    printed = project.refuses(f'mailstack:dns["{zone}"]: Cloudflare refused GET /zones: Invalid access token (9109)')
    assert token not in printed


def _access_key(project: Project) -> str:
    """Return the secret access key that the state holds sealed."""
    opened = json.loads(project.run("stack", "export", "--show-secrets").stdout)["deployment"]["resources"]
    [key] = [one for one in opened if one["type"] == "aws:iam/accessKey:AccessKey"]
    return str(json.loads(key["outputs"]["secret"]["plaintext"]))


def _set_secret(project: Project, key: str, stream: object) -> None:
    subprocess.run(
        ["pulumi", "config", "set", "--secret", "--path", key, "--non-interactive"],
        cwd=project.folder,
        env={**os.environ, **project.environment},
        stdin=stream,  # type: ignore[call-overload]  # an open text file
        check=True,
        capture_output=True,
    )
