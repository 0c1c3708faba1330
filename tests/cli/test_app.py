"""The command as a whole: help, exit codes, and what it may load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from cli.app import COMMANDS
from tests.cli.conftest import FakePulumi

HEAVY = ("boto3", "botocore", "pulumi", "moto", "rich", "httpx", "dns", "pydantic", "grpc", "yaml")
RUN = [sys.executable, "-c", "from cli import main; main()"]


def test_help_loads_nothing_heavy() -> None:
    """`mailstack --help` answers without loading a library that a start-up would pay for."""
    script = (
        "import sys\nfrom cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Commands:" in result.stdout
    assert result.stderr.strip() == "[]"


def _commands() -> list[list[str]]:
    return [[name] for name in COMMANDS] + [["sandbox", name] for name in ("start", "stop", "status", "env")]


@pytest.mark.parametrize("command", [[], *_commands()], ids=" ".join)
def test_every_help_has_an_example(command: list[str]) -> None:
    """Each command's help exits 0 and shows a line that can be typed."""
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    example = result.output.partition("Example")[2]
    assert " ".join(["mailstack", *command]) in example


@pytest.mark.parametrize("arguments", [["nothing"], ["send"], ["bundle", "--format", "xml"], ["schema", "--what"]])
def test_a_usage_mistake_exits_2(arguments: list[str]) -> None:
    """A command line that click cannot read exits 2, as every Unix command's."""
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_a_refusal_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    """What the kit refuses is told as `error: <sentence>` on stderr, and the exit code is 1."""
    result = subprocess.run([*RUN, "bundle"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"error: neither {tmp_path} nor a folder above it holds a Pulumi.yaml; "
        "run this in the folder of your mailstack project\n"
    )


def test_ctrl_c_exits_130(pulumi: FakePulumi) -> None:
    """Ctrl-C ends a command with the code a shell expects of SIGINT, and without a traceback."""
    pulumi.program.write_text(f"#!/bin/sh\ntouch {pulumi.log}\nexec sleep 20\n")
    process = subprocess.Popen(
        [*RUN, "bundle"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    deadline = time.monotonic() + 10
    while not pulumi.log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors == "stopped\n"


def test_schema_is_json_schema_of_a_settings_file() -> None:
    """`mailstack schema` prints a JSON Schema that describes the settings under `config`."""
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    assert "mailstack:senders" in json.loads(result.stdout)["properties"]["config"]["properties"]
