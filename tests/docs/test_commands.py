"""Every command of the README, run as it is there: against the mail cloud instead of the vendors."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import sandbox
from tests.engine.project import ROOT, Project, assert_quiet
from tests.engine.world import World

from . import readme
from .test_troubleshooting import LOCKED, PROTECTED

STACK = "prod"
UV = ROOT / ".tools" / "uv" / "bin"  # where the set-up puts uv on a machine that has none
INTO_THE_WORLD = 'eval "$(.venv/bin/mailstack sandbox env)"'
UV_SYNC = "uv sync --compile-bytecode"
LOCAL = ("make help", "make up", INTO_THE_WORLD, "make down", UV_SYNC, ". .venv/bin/activate")
SECRET = "pulumi config set --secret --path 'mailstack:secrets.senders.notify.password'"
REPAIR = "mailstack repair --stack prod"
ADOPT = "mailstack adopt --stack prod"
SPF_TREE = "mailstack spf example.com"
PLAN = "mailstack plan --stack prod"
REAL = (
    "pulumi login",
    "pulumi stack init prod",
    PLAN,
    "pulumi preview -s prod",
    "pulumi up -s prod",
    "mailstack bundle --stack prod --format env",
    "mailstack send notify --to you@example.net --stack prod",
    SECRET,
    "mailstack records --stack prod",
    "mailstack records --stack prod --format markdown",
    ADOPT,
    f"{ADOPT} --apply",
    "mailstack import-zone example.com",
    SPF_TREE,
    REPAIR,
)
BY_CI = ("make test",)


def shell(command: str, folder: Path, environment: Mapping[str, str], given: str = "") -> str:
    """Run a command as a shell does and return what it printed; fails the test where it fails, or says what failed."""
    result = _run(command, folder, environment, given)
    assert result.returncode == 0, f"{command}\n{result.stdout}"
    assert_quiet(result.stdout)
    return result.stdout


def _run(
    command: str, folder: Path, environment: Mapping[str, str], given: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=dict(environment), input=given,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_every_command_of_the_readme_is_run_by_a_test() -> None:
    """A command that no test below runs is none that the README may hold."""
    assert sorted(readme.commands()) == sorted([*LOCAL, *REAL, *BY_CI])


def test_ci_runs_what_the_readme_names() -> None:
    """All tests in one command is what CI runs."""
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make lint", *BY_CI]


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Iterator[Path]:
    """Copy what is under version control, as a clone would; a mail cloud that a failure left there is stopped."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(lambda name: (ROOT / name).is_file(), names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    yield tmp_path
    sandbox.stop(tmp_path / ".sandbox")


def test_the_local_stack_comes_and_goes(checkout: Path) -> None:
    """In a fresh checkout `make up` prints what the README shows, and `make down` leaves nothing."""
    path = [part for part in os.environ["PATH"].split(os.pathsep) if part != str(ROOT / ".venv/bin")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AWS_"))}
    environment = {**kept, "PATH": os.pathsep.join([*path, str(UV)])}
    listed = shell("make help", checkout, environment)
    assert all(f"  {command} " in listed for command in readme.commands() if command.startswith("make "))

    printed = shell("make up", checkout, environment)
    [shown] = readme.blocks("text")
    seen = {_shape(line) for line in printed.splitlines()}
    assert [line for line in shown.splitlines() if line != "..." and _shape(line) not in seen] == []
    assert "verified" in shell(f"{INTO_THE_WORLD} && pulumi stack output status --stack local", checkout, environment)
    assert "everywhere nothing" in _shape(shell("make down", checkout, environment))

    shell(UV_SYNC, checkout, environment)
    told = shell(". .venv/bin/activate && command -v mailstack", checkout, environment)
    assert told.strip() == str(checkout / ".venv/bin/mailstack")


def _shape(line: str) -> str:
    """Blur what differs from run to run: numbers, keys, the width of a table."""
    blurred = re.sub(r"\bAKIA\w+|\d[\d.]*", "#", line)
    return " ".join(re.sub(r"[─━│┃]+", " ", blurred).split())


def test_the_way_to_a_real_domain(world: World, tmp_path: Path) -> None:
    """The README's commands in their order take stacks/Pulumi.prod.yaml as it is from nothing to a delivered mail."""
    project = Project(tmp_path / "project", world.environment, STACK)
    config = project.folder / "stacks" / f"Pulumi.{STACK}.yaml"
    shutil.copyfile(ROOT / "stacks" / config.name, config)
    # Who confirms by hand is asked; a test cannot be.
    environment = {**os.environ, **project.environment, "PULUMI_SKIP_CONFIRMATIONS": "true"}
    printed = {}
    for command in filter(lambda command: command in REAL, readme.commands()):
        if command == SPF_TREE:
            record = {"name": "example.com", "type": "TXT", "ttl": 300, "values": ["v=spf1 -all"]}
            world.control("POST", "/records", record)
        if command == REPAIR:
            _lock(project)
            assert LOCKED in _run("pulumi up", project.folder, environment).stdout
        before = config.read_text()
        printed[command] = shell(command, project.folder, environment, "not-a-real-secret\n")
        if command == SECRET:  # half of a login, which no stack takes
            sealed = config.read_text()
            config.write_text(before)
        if command == "pulumi up -s prod":
            assert set(project.outputs()) | {"sendPolicy", "policies"} == _documented_outputs()
            _assert_protected(project, environment)

    assert "│ _dmarc.notify.example.com" in printed[PLAN]
    assert "to create" in printed["pulumi preview -s prod"]
    assert re.findall(r"^SMTP_(\w+)=.+$", printed["mailstack bundle --stack prod --format env"], re.MULTILINE) == [
        "HOST", "PORT", "SECURITY", "USERNAME", "PASSWORD", "FROM_ADDRESS", "FROM_NAME", "URL",
    ]  # fmt: skip
    [mail] = world.mail()
    assert (mail["to"], mail["spf"], mail["dkim"], mail["dmarc"]) == (["you@example.net"], "pass", "pass", "pass")
    assert sealed.startswith("# yaml-language-server: $schema=settings.schema.json\n")  # pulumi wrote it
    assert "not-a-real-secret" not in sealed
    assert set(yaml.safe_load(sealed)["config"]["mailstack:secrets"]["senders"]["notify"]["password"]) == {"secure"}
    assert "removed the lock of a dead run" in printed[REPAIR]
    assert "_dmarc.notify.example.com" in printed["mailstack records --stack prod --format markdown"]
    assert "nothing to take over" in printed[ADOPT]
    assert "0 of 10 look-ups" in printed[SPF_TREE]


def _assert_protected(project: Project, environment: Mapping[str, str]) -> None:
    """See that the engine refuses to delete what was left out by accident, in the words that the README quotes."""
    config = project.folder / "stacks" / f"Pulumi.{STACK}.yaml"
    whole = config.read_text()
    without = re.sub(r"dmarc: \{.*\}", "dmarc: off", whole)
    assert without != whole
    config.write_text(without)
    refused = _run("pulumi preview", project.folder, environment)
    assert refused.returncode != 0
    assert PROTECTED in " ".join(refused.stdout.split()), refused.stdout
    config.write_text(whole)


def _documented_outputs() -> set[str]:
    return {name for cell, _ in readme.table("Outputs") for name in readme.code(cell)}


def _lock(project: Project) -> None:
    """Leave the lock that a run leaves that was killed."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    lock: dict[str, Any] = {"pid": dead.pid, "username": "root", "hostname": socket.gethostname()}
    folder = project.folder / "state" / ".pulumi" / "locks" / "organization" / "mailstack" / STACK
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dead.json").write_text(json.dumps({**lock, "timestamp": "2026-01-01T00:00:00Z"}))
