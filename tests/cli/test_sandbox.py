"""`mailstack sandbox`: what it hands to the sandbox's library and what it shows of the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import main


class SandboxError(Exception):
    """The library's own error."""


class FakeSandbox(SimpleNamespace):
    """The sandbox's library as its interface says, without a mail cloud behind it."""

    SandboxError = SandboxError

    def __init__(self) -> None:
        super().__init__(running=False, asked=[])

    def status(self, directory: Path) -> dict[str, Any]:
        self.asked.append(directory)
        if not self.running:
            return {"running": False}
        return {"running": True, "pid": 4711, "ports": {"aws": 40001, "dns": 40002}}

    def start(self, directory: Path) -> dict[str, Any]:
        if self.asked[-1] != directory:
            raise SandboxError("started elsewhere than asked")
        self.running = True
        return self.status(directory)

    def stop(self, directory: Path) -> None:
        self.running = False

    def environment(self, directory: Path, plugins: str) -> dict[str, str]:
        if not self.running:
            raise SandboxError("the mail cloud does not run; start it with `mailstack sandbox start`")
        return {"PLUGINS": plugins, "DIRECTORY": str(directory), "WORD": "it's $HOME", "PATH": os.environ["PATH"]}


@pytest.fixture(name="library")
def _library(project: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSandbox:
    library = FakeSandbox()
    monkeypatch.setitem(sys.modules, "sandbox", library)
    return library


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sandbox", *arguments])


def test_start_says_that_it_takes_a_moment_and_how_to_go_on(library: FakeSandbox, project: Path) -> None:
    """Starting tells its duration beforehand and ends with the line that a shell needs; again it only confirms."""
    first, second = _run("start"), _run("start")
    assert first.exit_code == second.exit_code == 0
    assert "about 5 s" in first.stderr
    assert 'eval "$(mailstack sandbox env)"' in first.stdout
    assert second.stderr == ""
    assert set(library.asked) == {project / ".sandbox"}


def test_another_directory_may_be_given(library: FakeSandbox, tmp_path: Path) -> None:
    """--dir needs no project, and the hint repeats it."""
    result = _run("start", "--dir", str(tmp_path / "cloud"))
    assert set(library.asked) == {tmp_path / "cloud"}
    assert f'eval "$(mailstack sandbox env --dir {tmp_path / "cloud"})"' in result.stdout


def test_status_exits_1_where_it_does_not_run(library: FakeSandbox) -> None:
    """A script can ask by the exit code, a person by the sentence, a program by JSON."""
    assert _run("status").exit_code == 1
    assert "does not run" in _run("status").stdout
    library.running = True
    assert _run("status").exit_code == 0
    assert "aws            127.0.0.1:40001" in _run("status").stdout
    assert json.loads(_run("status", "--json").stdout)["pid"] == 4711


def test_stop_is_no_mistake_where_nothing_runs(library: FakeSandbox) -> None:
    """Stopping twice is fine and says which it was."""
    library.running = True
    assert _run("stop").stdout == "the mail cloud is stopped\n"
    assert _run("stop").stdout == "the mail cloud was not running\n"


def test_env_is_read_by_a_shell_as_it_was_meant(library: FakeSandbox, project: Path) -> None:
    """`eval "$(mailstack sandbox env)"` sets exactly the library's variables."""
    library.running = True
    lines = _run("env").stdout
    shown = subprocess.run(
        ["sh", "-c", lines + 'printf "%s|" "$PLUGINS" "$DIRECTORY" "$WORD"'], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"standin|{project / '.sandbox'}|it's $HOME|"
    assert json.loads(_run("env", "--json").stdout)["WORD"] == "it's $HOME"


def test_env_puts_the_engine_that_was_built_here_on_path(library: FakeSandbox, tmp_path: Path) -> None:
    """Where no Pulumi is installed, the shell finds the one that `tools/pulumi/build` made, and this Python."""
    library.running = True
    folder = tmp_path / "cache" / "mailstack" / "pulumi-3.220.0" / "bin"
    assert str(folder) not in json.loads(_run("env", "--json").stdout)["PATH"]
    folder.mkdir(parents=True)
    (folder / "pulumi").touch(mode=0o755)
    path = json.loads(_run("env", "--json").stdout)["PATH"].split(os.pathsep)
    assert path[:2] == [str(Path(sys.executable).parent), str(folder)]


def test_the_kind_of_plugins_is_the_callers_choice(library: FakeSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """MAILSTACK_PLUGINS chooses, and a value that is no choice is refused."""
    library.running = True
    monkeypatch.setenv("MAILSTACK_PLUGINS", "real")
    assert json.loads(_run("env", "--json").stdout)["PLUGINS"] == "real"
    monkeypatch.setenv("MAILSTACK_PLUGINS", "fake")
    result = _run("env")
    assert (result.exit_code, result.stderr) == (1, 'error: MAILSTACK_PLUGINS is "fake"; use "standin" or "real"\n')


def test_what_the_library_refuses_is_one_sentence(library: FakeSandbox) -> None:
    """A refusal of the library is told like every other."""
    result = _run("env")
    assert result.exit_code == 1
    assert result.stderr == "error: the mail cloud does not run; start it with `mailstack sandbox start`\n"
