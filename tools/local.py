"""What `make up`, `preview`, `down` and `test` run: the stack `local` in the mail cloud on this machine."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

import sandbox
from tools import interrupts

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = ROOT / ".sandbox"
STACK = "local"
RECIPIENT = "you@example.net"


def main(command: str, *arguments: str) -> int:
    """Run one of the commands and return its exit code; only `test` takes arguments."""
    interrupts.allow()
    commands: dict[str, Callable[..., int]] = {"up": up, "preview": preview, "down": down, "test": test}
    if _plugins() not in ("standin", "real"):
        return _fail(f'MAILSTACK_PLUGINS is "{_plugins()}"; use "standin" or "real"')
    try:
        return commands[command](*arguments)
    except sandbox.SandboxError as error:
        return _fail(str(error))


def up() -> int:
    """Provision the stack, send one mail with its bundle and show what the receiver made of it."""
    environment = _start()
    _select(environment)
    if _was_killed(environment):
        say("the last run was killed in the middle; repairing what it left")
        if code := _run(environment, "mailstack", "repair", "--stack", STACK):
            return _fail("`mailstack repair` did not finish; run it by hand as its message says, then `make up`", code)
    if code := _run(environment, "pulumi", "up", "--yes", "--stack", STACK):
        return _fail("`pulumi up` failed as shown above; fix what it names and run `make up` again", code)
    outputs = json.loads(_read(environment, "pulumi", "stack", "output", "--json", "--stack", STACK))
    sender, subject = next(iter(outputs["revision"])), f"Test mail {secrets.token_hex(4)}"
    sent = subprocess.run(
        ["mailstack", "send", sender, "--to", RECIPIENT, "--subject", subject, "--stack", STACK],
        cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    if sent.returncode:
        return _fail("the stack is up, but the test mail was not taken: see the server's words above", 1)
    return _report(environment, outputs, sender, subject)


def preview() -> int:
    """Show what `up` would change."""
    environment = _start()
    _select(environment)
    return _run(environment, "pulumi", "preview", "--stack", STACK)


def down() -> int:
    """Destroy the stack, show that nothing of it is left, and stop the mail cloud."""
    if not sandbox.status(DIRECTORY)["running"]:
        say("nothing is running")
        return 0
    environment = _environment()
    _select(environment)
    if code := _run(environment, "pulumi", "destroy", "--yes", "--stack", STACK):
        return _fail("`pulumi destroy` failed as shown above; the mail cloud still runs", code)
    left = _left(environment)
    _table("left behind", ["where", "what"], left or [["everywhere", "nothing"]])
    sandbox.stop(DIRECTORY)
    say("the mail cloud is stopped")
    return 1 if left else 0


def test(*arguments: str) -> int:
    """Run the tests, two at a time, with the engine on PATH; `arguments` are further ones of pytest."""
    environment = {**os.environ, "PATH": engine_path(os.environ)}
    return _run(environment, "pytest", "-n", "2", "--dist", "worksteal", "-q", *arguments)


def _start() -> dict[str, str]:
    if not sandbox.status(DIRECTORY)["running"]:
        say("starting the mail cloud on this machine (about 5 s)")
        if sandbox.start(DIRECTORY).get("fresh"):
            say("it is a new, empty one: what an earlier one held is gone")
    return _environment()


def _environment() -> dict[str, str]:
    chosen = sandbox.environment(DIRECTORY, _plugins())
    environment = {**os.environ, **chosen}
    environment["PATH"] = engine_path(environment)
    return environment


def _plugins() -> str:
    return os.environ.get("MAILSTACK_PLUGINS", "standin")


def engine_path(environment: Mapping[str, str]) -> str:
    """Put the virtual environment, the engine where it was built here, and uv where it was fetched, into PATH.

    An installed Pulumi runs uv for this project; a uv of the user's own comes first.
    """
    engine = subprocess.run([ROOT / "tools/pulumi/build", "--print"], stdout=subprocess.PIPE, text=True, check=True)
    path = [str(ROOT / ".venv/bin"), engine.stdout.strip(), environment["PATH"], str(ROOT / ".tools/uv/bin")]
    return os.pathsep.join(filter(None, path))


def _select(environment: Mapping[str, str]) -> None:
    _read(environment, "pulumi", "stack", "select", "--create", STACK)


def _was_killed(environment: Mapping[str, str]) -> bool:
    """Tell whether an earlier run left a lock or operations that never ended."""
    if list((DIRECTORY / "state").glob(".pulumi/locks/**/*.json")):
        return True
    state = json.loads(_read(environment, "pulumi", "stack", "export", "--stack", STACK))
    return bool((state.get("deployment") or {}).get("pending_operations"))


def _report(environment: Mapping[str, str], outputs: Mapping[str, Any], sender: str, subject: str) -> int:
    """Show sender, domain, records, endpoint and the receiver's verdict; fail where the verdict is not a pass."""
    smtp = json.loads(_read(environment, "mailstack", "bundle", "--sender", sender, "--stack", STACK))
    verdict = _delivered(subject)
    domains = outputs["status"]
    records = outputs["records"]
    passed = all(verdict[check] == "pass" for check in ("spf", "dkim", "dmarc"))
    rows = [
        ["sender", f"{sender} <{smtp['fromAddress']}>"],
        *([name, state["status"]] for name, state in domains.items()),
        ["records", f"{len(records)} published: " + ", ".join(sorted({record["type"] for record in records}))],
        ["SMTP", f"{smtp['host']}:{smtp['port']} ({smtp['security']}), user {smtp['username']}"],
        ["receiver", f"SPF {verdict['spf']}, DKIM {verdict['dkim']}, DMARC {verdict['dmarc']}"],
        ["mail", os.path.relpath(verdict["path"], ROOT)],
    ]
    _table("stack local", ["what", "as it is"], rows)
    return 0 if passed else _fail("the receiver did not pass the mail: its Authentication-Results say why")


def _delivered(subject: str) -> dict[str, Any]:
    """Wait a moment for the receiver and return its verdict of one message; SES gives it a Message-ID of its own."""
    url = f"http://127.0.0.1:{sandbox.status(DIRECTORY)['ports']['control']}/mail"
    for _ in range(50):
        with urllib.request.urlopen(url, timeout=10) as answer:
            received = json.load(answer)
        for mail in received:
            if mail["subject"] == subject:
                return dict(mail)
        time.sleep(0.1)
    raise sandbox.SandboxError("the mail was taken, but not received; see .sandbox/sandbox.log")


def _left(environment: Mapping[str, str]) -> list[list[str]]:
    """List what AWS and Cloudflare of the mail cloud still hold."""
    import boto3
    import httpx

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=environment["AWS_REGION"],
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    ses, iam = client("sesv2"), client("iam")
    left = [["SES", item["IdentityName"]] for item in ses.list_email_identities()["EmailIdentities"]]
    left += [["SES", name] for name in ses.list_configuration_sets()["ConfigurationSets"]]
    left += [["IAM", user["UserName"]] for user in iam.list_users(PathPrefix="/mailstack/")["Users"]]
    headers = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    with httpx.Client(base_url=environment["CLOUDFLARE_BASE_URL"], headers=headers) as cloudflare:
        for zone in cloudflare.get("/zones").json()["result"]:
            found = cloudflare.get(f"/zones/{zone['id']}/dns_records", params={"per_page": 5000}).json()["result"]
            left += [["Cloudflare", f"{record['type']} {record['name']}"] for record in found]
    return left


def _run(environment: Mapping[str, str], *command: str) -> int:
    return subprocess.run(command, cwd=ROOT, env=dict(environment), check=False).returncode


def _read(environment: Mapping[str, str], *command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False)
    if result.returncode:
        raise sandbox.SandboxError(f"`{' '.join(command)}` failed: {' '.join((result.stderr + result.stdout).split())}")
    return result.stdout


def _table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    # Folded, not cut: a path that ends in dots cannot be opened.
    table = Table(*(Column(column, overflow="fold") for column in columns), title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def say(sentence: str) -> None:
    """Tell the user what goes on, on standard error."""
    click.echo(f"mailstack: {sentence}", err=True)


def _fail(sentence: str, code: int = 1) -> int:
    click.echo(f"error: {sentence}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
