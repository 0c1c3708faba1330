"""What `make up` says before it starts anything, and the PATH that it gives the engine."""

from __future__ import annotations

import os

import pytest

from tools import local


@pytest.mark.parametrize("command", ["up", "preview", "down", "test"])
def test_a_wrong_choice_of_plugins_is_one_sentence(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that is no choice is refused by the variable's name, before a mail cloud is started."""
    monkeypatch.setenv("MAILSTACK_PLUGINS", "fake")
    monkeypatch.setattr("sandbox.start", lambda *_: pytest.fail("a mail cloud was started"))
    assert local.main(command) == 1
    assert capsys.readouterr().err == 'error: MAILSTACK_PLUGINS is "fake"; use "standin" or "real"\n'


def test_the_engine_finds_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed Pulumi runs uv for the project: the one that the set-up fetched is on PATH, after the user's own."""
    path = local.engine_path({"PATH": "/users/own"}).split(os.pathsep)
    assert path[0] == str(local.ROOT / ".venv/bin")
    assert path[-2:] == ["/users/own", str(local.ROOT / ".tools/uv/bin")]


def test_a_long_path_is_shown_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The table folds what does not fit a line, so that nothing of a file's name is lost."""
    monkeypatch.setenv("COLUMNS", "60")
    name = ".sandbox/mail/0001-" + "0123456789" * 6 + ".eml"
    local._table("stack local", ["what", "as it is"], [["mail", name]])
    printed = capsys.readouterr().out
    assert name in "".join(line.split("│")[2].strip() for line in printed.splitlines() if line.startswith("│"))
