"""`mailstack bundle`: what it asks of pulumi, what it prints, and what it says when there is no bundle."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner, Result

from cli import main
from cli.bundle import env_lines, quoted
from mailstack.mail.smtp import SmtpSettings
from tests.cli.conftest import BUNDLE, CANARY, FakePulumi

OTHER = {**BUNDLE, "username": "AKIAOTHER", "fromName": None}


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bundle", *arguments])


def _refused(result: Result) -> str:
    """Return the sentence of a refusal and see that it is one, without traceback or secret."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert CANARY not in result.stderr
    return result.stderr


def test_the_secret_output_is_asked_for_without_a_prompt(pulumi: FakePulumi) -> None:
    """The bundle is read by one `pulumi stack output`, with the stack named where it is given."""
    pulumi.bundles(notify=BUNDLE)
    _run("--stack", "prod")
    assert pulumi.calls() == ["stack output smtp --json --show-secrets --stack prod --non-interactive --color never"]


def test_json_has_all_senders_or_the_named_one(pulumi: FakePulumi) -> None:
    """JSON is the whole output, or with --sender that sender's object as it is in the output."""
    pulumi.bundles(notify=BUNDLE, billing=OTHER)
    assert json.loads(_run().stdout) == {"notify": BUNDLE, "billing": OTHER}
    assert json.loads(_run("--sender", "billing").stdout) == OTHER


def test_uri_is_one_line(pulumi: FakePulumi) -> None:
    """The uri form is a single connection URI whose parts decode to the login."""
    pulumi.bundles(notify=BUNDLE)
    printed = _run("--format", "uri").stdout
    parts = urlsplit(printed.strip())
    assert printed.count("\n") == 1
    assert (parts.scheme, parts.hostname, parts.port) == ("smtp", BUNDLE["host"], 587)
    assert (parts.username, unquote(parts.password or "")) == (BUNDLE["username"], CANARY)


@pytest.mark.parametrize("name", ["Example & Söhne", 'Say "hi" $HOME `id`', "O'Neill", "a b#c", "back\\slash", "'\"$"])
def test_env_lines_are_read_by_a_shell_as_they_were_meant(name: str) -> None:
    """Sourcing the env form sets exactly the bundle's values, whatever characters they have."""
    settings = SmtpSettings.from_dict({**BUNDLE, "fromName": name})
    script = "\n".join(["set -a", *env_lines(settings), "env -0"])
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    seen = dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)
    assert {key: value for key, value in seen.items() if key.startswith("SMTP_")} == {
        "SMTP_HOST": "email-smtp.eu-west-1.amazonaws.com",
        "SMTP_PORT": "587",
        "SMTP_SECURITY": "starttls",
        "SMTP_USERNAME": "AKIAIOSFODNN7EXAMPLE",
        "SMTP_PASSWORD": CANARY,
        "SMTP_FROM_ADDRESS": "hello@notify.example.com",
        "SMTP_FROM_NAME": name,
        "SMTP_URL": BUNDLE["uri"],
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("AKIA/+=", "AKIA/+="),  # bare: docker's --env-file would keep quotes
        ("Example Ltd", "'Example Ltd'"),
        ("O'Neill", '"O\'Neill"'),  # .env readers know no '\'' inside single quotes
    ],
)
def test_env_values_are_quoted_as_dotenv_readers_read_them(value: str, written: str) -> None:
    """A value is quoted only where it must be, and in a way that .env readers share with the shell."""
    assert quoted(value) == written


def test_a_value_that_is_not_set_has_no_line(pulumi: FakePulumi) -> None:
    """A sender without a From name has no SMTP_FROM_NAME."""
    pulumi.bundles(billing=OTHER)
    assert "SMTP_FROM_NAME" not in _run("--format", "env").stdout


@pytest.mark.parametrize("form", ["env", "uri"])
def test_several_senders_need_a_choice(pulumi: FakePulumi, form: str) -> None:
    """A form that holds one sender names the senders where there are more."""
    pulumi.bundles(notify=BUNDLE, billing=OTHER)
    assert "say which with --sender (notify, billing)" in _refused(_run("--format", form))


def test_an_unknown_sender_is_named_with_the_nearest(pulumi: FakePulumi) -> None:
    """A mistyped sender is answered with the one that was meant and all there are."""
    pulumi.bundles(notify=BUNDLE, billing=OTHER)
    sentence = _refused(_run("--sender", "notfy"))
    assert 'no bundle for sender "notfy": did you mean "notify"? it has notify, billing' in sentence


def test_a_stack_without_logins_says_so(pulumi: FakePulumi) -> None:
    """A stack whose senders have no login is told apart from one that was never brought up."""
    pulumi.bundles()
    assert "no sender has an SMTP login" in _refused(_run("--format", "uri"))


# The words of pulumi 3.220.0, run with --non-interactive on a file backend.
@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("error: no stack selected; please use `pulumi stack select` to choose one", "name it with --stack"),
        ("error: no stack named 'prod' found", "`pulumi stack ls` lists those there are"),
        ("error: current stack does not have output property 'smtp'", "run `pulumi up` on it"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "`pulumi login`"),
        (
            'error: constructing secrets manager of type "passphrase": constructing secrets manager: passphrase must '
            "be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
            "need a passphrase",
        ),
        (
            "error: getting stack configuration: get stack secrets manager: incorrect passphrase",
            "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one that the stack was made with",
        ),
        ("error: unable to open bucket file:///gone: no such file or directory", "see PULUMI_BACKEND_URL"),
    ],
)
def test_what_pulumi_refuses_is_explained_in_its_words(pulumi: FakePulumi, said: str, remedy: str) -> None:
    """Each refusal says what to do and keeps pulumi's own words."""
    pulumi.answer(stderr=said + "\n", code=255)
    sentence = _refused(_run("--stack", "prod"))
    assert remedy in sentence
    assert said.removeprefix("error: ") in sentence


def test_a_passphrase_that_opens_nothing_is_told_apart(pulumi: FakePulumi) -> None:
    """Pulumi 3.220.0 answers `null`, and success, when the passphrase is wrong; that is no empty bundle."""
    pulumi.answer("null\n")
    assert "the passphrase does not open the stack's secrets" in _refused(_run())


def test_an_unknown_failure_of_pulumi_is_passed_on(pulumi: FakePulumi) -> None:
    """A failure without an explanation is told in pulumi's words alone."""
    pulumi.answer(stderr="error: the moon is in the wrong house\n", code=255)
    assert _refused(_run()) == "error: `pulumi stack output` failed: the moon is in the wrong house\n"


def test_the_local_clouds_environment_is_pointed_at(pulumi: FakePulumi, project: Path) -> None:
    """Where a mail cloud runs here but the shell does not speak to it, the refusal says how."""
    (project / ".sandbox").mkdir()
    (project / ".sandbox" / "sandbox.json").write_text("{}")
    pulumi.answer(stderr="error: no stack named 'local' found\n", code=255)
    assert 'eval "$(mailstack sandbox env)"' in _refused(_run("--stack", "local"))


@pytest.mark.parametrize("printed", ["", "warning: {", '"text"', '{"notify": 3}'])
def test_another_programs_output_is_refused(pulumi: FakePulumi, printed: str) -> None:
    """An output that is no object of senders is refused, and not shown, since it may be a secret."""
    pulumi.answer(printed)
    assert "is not an object of senders" in _refused(_run())


def test_no_pulumi_says_how_to_get_one(project: Path) -> None:
    """Without a `pulumi` the two ways to get one are named."""
    sentence = _refused(_run())
    assert "install Pulumi 3.220.0 or later" in sentence
    assert "tools/pulumi/build" in sentence


def test_a_pulumi_that_cannot_be_run_is_said(pulumi: FakePulumi) -> None:
    """A program for another machine is one sentence that names it."""
    pulumi.program.write_bytes(b"\x7fELF\x00")
    result = CliRunner().invoke(main, ["bundle"])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {pulumi.program} cannot be run: ")


def test_an_old_pulumi_is_refused(pulumi: FakePulumi) -> None:
    """A `pulumi` older than the project's requirement is refused with both versions."""
    pulumi.answer(version="v3.219.9")
    sentence = _refused(_run())
    assert f"{pulumi.program} is version v3.219.9, but the project needs 3.220.0 or later" in sentence


def test_the_engine_built_here_is_used_when_none_is_installed(pulumi: FakePulumi, tmp_path: Path) -> None:
    """What `tools/pulumi/build` made serves where PATH has no `pulumi`."""
    pulumi.bundles(notify=BUNDLE)
    folder = tmp_path / "cache" / "mailstack" / "pulumi-3.220.0" / "bin"
    folder.mkdir(parents=True)
    pulumi.program.rename(folder / "pulumi")
    assert json.loads(_run("--sender", "notify").stdout) == BUNDLE


def test_a_subfolder_of_the_project_will_do(pulumi: FakePulumi, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is the nearest folder upwards with a Pulumi.yaml, and pulumi runs there."""
    pulumi.program.write_text(
        f"#!/bin/sh\n[ $1 = version ] && echo v3.220.0 || {{ pwd >> {pulumi.log}; echo {{}}; }}\n"
    )
    monkeypatch.chdir(project / "stacks")
    assert _run().exit_code == 0
    assert pulumi.calls() == [os.fspath(project)]
