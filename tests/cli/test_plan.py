"""`mailstack plan`: what a stack wants, from its file alone."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cli import main

CONFIG: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "mailstack:dns": {"example.com": {"host": "cloudflare"}},
    "mailstack:senders": {"notify": {"domain": "notify.example.com", "from": {"address": "hello"}}},
}
# What a command that needs neither engine nor network has no use for.
NEEDLESS = (
    "pulumi", "pulumi_aws", "pulumi_cloudflare", "grpc", "boto3", "botocore", "httpx", "dns", "lexicon", "sandbox",
)  # fmt: skip


@pytest.fixture(name="stack")
def _stack(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the file of the stack prod and return its path."""
    (project / "Pulumi.yaml").write_text("name: mailstack\nruntime: python\nstackConfigDir: stacks\n")
    monkeypatch.setenv("PULUMI_HOME", str(project / "home"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    path = project / "stacks" / "Pulumi.prod.yaml"
    _write(path, CONFIG)
    return path


def _write(path: Path, config: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump({"config": config}))


def _run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(main, ["plan", *arguments])


def _refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    return result.stderr


def test_the_table_shows_records_routes_and_senders(stack: Path) -> None:
    """Each zone has a table with its hosts; what only SES knows is readable."""
    shown = " ".join(_run("--stack", "prod").stdout.split())
    assert "zone example.com at cloudflare" in shown
    for text in (
        "│ _dmarc.notify.example.com │ TXT │ 300 │ v=DMARC1; p=none │ DMARC policy │",
        "│ <DKIM token 1 of eu-west-1>._domainkey.notify.example.com │ CNAME │ 300 │",
        "│ <DKIM token 1 of eu-west-1>.dkim.amazonses.com │ DKIM key 1 of 3 │",
        "│ bounce.notify.example.com │ MX │ 300 │ 10 feedback-smtp.eu-west-1.amazonses.com │",
        "│ notify.example.com │ main │ ses │ eu-west-1 │",
        "│ notify │ hello@notify.example.com │ notify.example.com/main │ create │",
        "stack prod publishes 6 records; 3 of them are known in full after the first `pulumi up`",
    ):
        assert text.replace(" │", "").replace("│ ", "") in shown.replace(" │", "").replace("│ ", ""), text


def test_json_is_for_other_programs(stack: Path) -> None:
    """Records with their slots, zones with their hosts, routes, senders and findings."""
    found = json.loads(_run("-s", "prod", "--json").stdout)
    assert (found["stack"], found["zones"]) == ("prod", {"example.com": ["cloudflare"]})
    assert found["records"][-1] == {
        "slot": "bounce.notify.example.com-txt-spf",
        "name": "bounce.notify.example.com",
        "type": "TXT",
        "ttl": 300,
        "values": ["v=spf1 include:amazonses.com ~all"],
        "purpose": "return path: SPF",
        "zone": "example.com",
        "hosts": ["cloudflare"],
        "domain": "notify.example.com",
        "route": "notify.example.com/main",
        "known": True,
        "asFound": False,
    }
    assert found["routes"] == [{"route": "notify.example.com/main", "provider": "ses", "region": "eu-west-1"}]
    assert found["senders"] == [
        {"sender": "notify", "from": "hello@notify.example.com", "route": "notify.example.com/main", "login": "create"}
    ]
    assert found["findings"] == []


def test_no_engine_and_no_network_is_loaded(stack: Path) -> None:
    """The plan is pure: a pipeline runs it for each commit, without credentials."""
    script = (
        "import sys\nfrom cli import main\n"
        "try:\n    main(['plan', '--stack', 'prod'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {NEEDLESS!r} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "DMARC policy" in result.stdout
    assert result.stderr.strip() == "[]"


def test_wrong_settings_are_told_by_their_keys(stack: Path) -> None:
    """Each mistake is a sentence, nothing is shown of a plan that would be refused, and the exit code is 1."""
    _write(stack, {**CONFIG, "mailstack:senders": {"notify": {"domain": "notify.example.com", "vai": "main"}}})
    assert "error: mailstack:senders.notify.vai: unknown key; did you mean via?" in _refused(_run("-s", "prod"))


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_errors_of_the_plan_are_told_all_at_once(stack: Path, form: list[str]) -> None:
    """What settings allow by themselves may still contradict what the kit publishes."""
    also = [
        {"name": "bounce", "type": "MX", "values": ["20 mail.example.net"]},
        {"name": "_dmarc", "type": "CNAME", "values": ["d.example.net"]},
    ]
    _write(stack, {**CONFIG, "mailstack:domains": {"notify.example.com": {"records": {"also": also}}}})
    told = _refused(_run("-s", "prod", *form))
    assert 'mailstack:domains["notify.example.com"].records.also[0]: MX 20 mail.example.net would be beside' in told
    assert 'mailstack:domains["notify.example.com"].records.also[1]: CNAME _dmarc.notify.example.com' in told


def test_notes_are_shown_beside_the_plan(stack: Path) -> None:
    """What others must do is no mistake of the settings."""
    dmarc = {"rua": ["mailto:d@reports.example.net"]}
    _write(stack, {**CONFIG, "mailstack:domains": {"notify.example.com": {"dmarc": dmarc}}})
    result = _run("-s", "prod")
    assert result.exit_code == 0
    assert 'note: mailstack:domains["notify.example.com"].dmarc: receivers send reports about' in result.stderr


def test_the_stack_is_that_of_the_environment(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PULUMI_STACK names it where --stack does not, with its organisation and project or without."""
    monkeypatch.setenv("PULUMI_STACK", "organization/mailstack/prod")
    assert json.loads(_run("--json").stdout)["stack"] == "prod"


@pytest.mark.parametrize("link", [False, True])
def test_the_stack_is_the_selected_one(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: bool
) -> None:
    """`pulumi stack select` (CLI 3.220.0) notes it in PULUMI_HOME, under the path as the shell spells it."""
    root = stack.parent.parent
    if link:
        root = tmp_path / "link"
        root.symlink_to(stack.parent.parent)
        (root / "below").mkdir()
        monkeypatch.chdir(root / "below")
        monkeypatch.setenv("PWD", str(root / "below"))
    noted = f"mailstack-{sha1(f'{root}/Pulumi.yaml'.encode(), usedforsecurity=False).hexdigest()}-workspace.json"
    (stack.parent.parent / "home" / "workspaces").mkdir(parents=True)
    path = stack.parent.parent / "home" / "workspaces" / noted
    path.write_text('{\n    "stack": "organization/mailstack/prod"\n}')
    assert json.loads(_run("--json").stdout)["stack"] == "prod"
    path.write_text("{")
    assert "no stack is selected: name it with --stack" in _refused(_run())


def test_a_stack_without_a_file_is_told_with_those_that_have_one(stack: Path) -> None:
    """A mistyped stack is answered with all there are."""
    told = _refused(_run("--stack", "prdo"))
    assert f"the stack prdo has no settings file {stack.parent}/Pulumi.prdo.yaml (there are prod)" in told


def test_the_file_is_beside_the_project_where_no_folder_is_named(stack: Path) -> None:
    """Without stackConfigDir the engine looks beside Pulumi.yaml."""
    (stack.parent.parent / "Pulumi.yaml").write_text("name: mailstack\nruntime: python\n")
    stack.rename(stack.parent.parent / stack.name)
    assert json.loads(_run("-s", "prod", "--json").stdout)["stack"] == "prod"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"config: [\n", "is not YAML: "),
        (b"config: \xff\n", "is not UTF-8: invalid start byte at byte 8"),
        (b"- config\n", "must hold a mapping such as {config: {...}}"),
        (b"config: x\n", "config: must be a mapping of keys such as mailstack:senders"),
    ],
)
def test_a_broken_file_is_one_sentence(stack: Path, content: bytes, sentence: str) -> None:
    """Where it is and what is wrong, without a traceback."""
    stack.write_bytes(content)
    told = _refused(_run("-s", "prod"))
    assert f"{stack}" in told
    assert sentence in told
    assert len(told.splitlines()) == 1


def test_the_region_of_the_environment_counts(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the AWS provider of the program."""
    _write(stack, {key: value for key, value in CONFIG.items() if key != "aws:region"})
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert json.loads(_run("-s", "prod", "--json").stdout)["routes"][0]["region"] == "us-east-1"


def test_a_label_that_looks_like_a_number_is_text(stack: Path) -> None:
    """The engine hands every plain value on as text (`pulumi config set mailstack:stage 2024`)."""
    _write(stack, {**CONFIG, "mailstack:stage": 2024})
    assert _run("-s", "prod").exit_code == 0


GIVEN = {**CONFIG, "mailstack:senders": {"notify": {"domain": "notify.example.com", "login": "given"}}}
SEALED = {"secure": "v1:abc"}


@pytest.mark.parametrize(
    "secrets",
    [
        {"senders": {"notify": {"username": SEALED, "password": SEALED}}},
        {"senders": {"notify": {"accessKeyId": SEALED, "secretAccessKey": SEALED}}},
    ],
)
def test_encrypted_values_stay_closed(stack: Path, secrets: dict[str, Any]) -> None:
    """No passphrase is asked for: that there is a secret is enough for a plan."""
    _write(stack, {**GIVEN, "mailstack:secrets": secrets})
    assert json.loads(_run("-s", "prod", "--json").stdout)["senders"][0]["login"] == "given"


def test_the_key_of_a_name_server_stays_closed(stack: Path) -> None:
    """A TSIG secret is checked to be base64 where it is open."""
    dns = {"example.com": {"host": "rfc2136", "server": "ns1.example.com", "key": "mailstack"}}
    secrets = {"dns": {"example.com": {"tsigSecret": SEALED}}}
    _write(stack, {**CONFIG, "mailstack:dns": dns, "mailstack:secrets": secrets})
    assert json.loads(_run("-s", "prod", "--json").stdout)["zones"] == {"example.com": ["rfc2136"]}


def test_a_secret_in_plain_text_is_refused(stack: Path) -> None:
    """The engine would take it for encrypted where one beside it is; the sentence does not repeat it."""
    login = {"username": SEALED, "password": "canary-in-plain"}
    _write(stack, {**GIVEN, "mailstack:secrets": {"senders": {"notify": login}}})
    told = _refused(_run("-s", "prod"))
    assert "mailstack:secrets.senders.notify.password: is not encrypted in the stack's file" in told
    assert "canary" not in told


def test_secrets_that_are_encrypted_as_a_whole_are_refused(stack: Path) -> None:
    """Which ones there are cannot be told then."""
    _write(stack, {**GIVEN, "mailstack:secrets": SEALED})
    assert "mailstack:secrets: is one encrypted value in" in _refused(_run("-s", "prod"))


@pytest.mark.parametrize("value", [SEALED, {"notify": {"domain": SEALED}}])
def test_an_encrypted_value_elsewhere_is_refused(stack: Path, value: Any) -> None:
    """Only what is under mailstack:secrets may be encrypted."""
    _write(stack, {**CONFIG, "mailstack:senders": value})
    assert "mailstack:senders: holds a secret outside mailstack:secrets" in _refused(_run("-s", "prod"))
