"""`mailstack records`: what it asks of pulumi, what it shows and writes, and what it says where there is nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cli import main
from tests.cli.conftest import FakePulumi


def _record(name: str, record_type: str, value: str, zone: str, host: str, **other: Any) -> dict[str, Any]:
    """Return a record as the stack's output `records` lists it (README, "Outputs")."""
    plain = {"ttl": 300, "values": [value], "purpose": "for mail"}
    return {"name": name, "type": record_type, "zone": zone, "host": host, **plain, **other}


BY_HAND = [
    _record("k1._domainkey.notify.example.com", "CNAME", "k1.dkim.amazonses.com", "example.com", "manual"),
    _record("bounce.notify.example.com", "MX", "10 feedback-smtp.eu-west-1.amazonses.com", "example.com", "manual"),
]
MOVING = _record("_dmarc.example.org", "TXT", "v=DMARC1; p=none", "example.org", "cloudflare, manual", ttl=1)
PUBLISHED = _record("_dmarc.example.net", "TXT", "v=DMARC1; p=none", "example.net", "cloudflare")
ALL = [PUBLISHED, *BY_HAND, MOVING]


def _run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(main, ["records", *arguments])


def _refused(result: Result) -> str:
    """Return the sentence of a refusal and see that it is one, without traceback."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


@pytest.fixture(name="deployed")
def _deployed(pulumi: FakePulumi) -> FakePulumi:
    pulumi.answer(json.dumps(ALL))
    return pulumi


def test_the_plain_output_is_asked_for(deployed: FakePulumi) -> None:
    """The records are read by one `pulumi stack output`, without the secrets, for the stack that is named."""
    assert _run("--stack", "prod").exit_code == 0
    assert deployed.calls() == ["stack output records --json --stack prod --non-interactive --color never"]


def test_the_table_has_both_names_and_warns_where_people_type(deployed: FakePulumi) -> None:
    """Each zone says who makes its records; the doubled suffix is told of where that is a person."""
    shown = " ".join(_run().stdout.split())
    assert "example.com: these records are to be made by hand" in shown
    assert "example.net: the stack publishes these records at cloudflare" in shown
    assert "example.org: the stack publishes these records at cloudflare; these records are to be made by hand" in shown
    for text in ("k1._domainkey.notify ", "k1._domainkey.notify.example.com ", "10 feedback-smtp.eu-west-1", "auto"):
        assert text in shown
    assert "_dmarc.example.org.example.org" in shown
    assert "_dmarc.example.net.example.net" not in shown


def test_a_value_is_shown_as_it_is(pulumi: FakePulumi) -> None:
    """Square brackets are no markup of the table's."""
    pulumi.answer(json.dumps([_record("example.com", "TXT", "verify=[bold]1[/bold]", "example.com", "manual")]))
    assert "verify=[bold]1[/bold]" in _run().stdout


def test_json_lists_every_record_with_both_names(deployed: FakePulumi) -> None:
    """JSON is for other programs: values as text, the hosts as a list, no TTL where the host chooses."""
    listed = json.loads(_run("--format", "json").stdout)
    assert [entry["zone"] for entry in listed] == ["example.com", "example.com", "example.net", "example.org"]
    assert listed[-1] == {
        "zone": "example.org",
        "name": "_dmarc.example.org",
        "relative": "_dmarc",
        "type": "TXT",
        "ttl": None,
        "values": ["v=DMARC1; p=none"],
        "purpose": "for mail",
        "hosts": ["cloudflare", "manual"],
    }


def test_only_manual_leaves_out_what_the_stack_publishes(deployed: FakePulumi) -> None:
    """A zone that is at several hosts counts as made by hand where one of them is."""
    listed = json.loads(_run("--only", "manual", "--format", "json").stdout)
    assert [entry["name"] for entry in listed] == [*(record["name"] for record in BY_HAND), MOVING["name"]]


def test_a_zone_can_be_chosen(deployed: FakePulumi) -> None:
    """--zone leaves one zone, which is enough for formats that hold one."""
    printed = _run("--zone", "example.com", "--format", "bind").stdout
    assert "$ORIGIN example.com." in printed
    assert "bounce.notify 300 IN MX 10 feedback-smtp.eu-west-1.amazonses.com." in printed
    assert "_dmarc" not in printed


def test_an_unknown_zone_is_named_with_the_nearest(deployed: FakePulumi) -> None:
    """A mistyped zone is answered with the one that was meant and all there are."""
    sentence = _refused(_run("--zone", "exampel.com"))
    assert 'no records in "exampel.com": did you mean "example.com"?' in sentence
    assert "it has example.com (manual), example.net (cloudflare), example.org (cloudflare, manual)" in sentence


@pytest.mark.parametrize("form", ["bind", "csv", "octodns"])
def test_a_file_of_one_zone_is_not_joined(deployed: FakePulumi, form: str) -> None:
    """Where a file cannot hold several zones, the ways to several files are named."""
    sentence = _refused(_run("--format", form))
    assert "a file holds one zone, and there are 3 (example.com, example.net, example.org)" in sentence
    assert "--zone" in sentence
    assert "--output records/" in sentence


@pytest.mark.parametrize("form", ["markdown", "terraform", "dnscontrol"])
def test_other_files_hold_all_zones(deployed: FakePulumi, form: str) -> None:
    """Tickets and code for several zones stand behind each other."""
    printed = _run("--format", form).stdout
    assert all(zone in printed for zone in ("example.com", "example.net", "example.org"))


def test_a_folder_gets_a_file_for_each_zone(deployed: FakePulumi, project: Path) -> None:
    """A path that ends in a slash is made; octoDNS finds its files by the zone's name."""
    assert _run("--format", "octodns", "--output", "config/").stdout == (
        "wrote config/example.com.yaml\nwrote config/example.net.yaml\nwrote config/example.org.yaml\n"
    )
    assert '"_dmarc":' in (project / "config" / "example.org.yaml").read_text()
    assert _run("--format", "markdown", "--output", "config").exit_code == 0
    assert (project / "config" / "example.com.md").is_file()


def test_a_file_has_the_line_ends_of_its_format(deployed: FakePulumi, project: Path) -> None:
    """CSV keeps its CRLF (RFC 4180 section 2), on the screen and in a file."""
    _run("--format", "csv", "--zone", "example.com", "--output", "records.csv")
    written = (project / "records.csv").read_bytes()
    assert written.count(b"\r\n") == written.count(b"\n") == 3
    assert _run("--format", "csv", "--zone", "example.com").stdout_bytes == written
    [_, key, mx] = csv.reader(written.decode().splitlines())
    assert (key[0], mx[4]) == ("k1._domainkey.notify.example.com", "10")


def test_a_table_is_not_written(deployed: FakePulumi, project: Path) -> None:
    """--output without a format asks for one and writes nothing."""
    assert "say with --format what records.txt is to hold" in _refused(_run("--output", "records.txt"))
    assert not (project / "records.txt").exists()


def test_a_place_that_cannot_be_written_is_named(deployed: FakePulumi, project: Path) -> None:
    """A file in the way of a folder is one sentence with the system's own words."""
    (project / "taken").write_text("")
    sentence = _refused(_run("--format", "json", "--output", "taken/records.json"))
    assert "--output: taken cannot be written: " in sentence


@pytest.fixture(name="settings")
def _settings(project: Path) -> Path:
    """Write the settings of the stack prod, whose zone is run by hand."""
    path = project / "Pulumi.prod.yaml"
    domains = {"notify.example.com": {"spf": {"also": []}, "records": {"also": [SITE]}}}
    config = {
        "aws:region": "eu-west-1",
        "mailstack:dns": {"example.com": {"host": "manual"}},
        "mailstack:domains": domains,
        "mailstack:senders": {"notify": {"domain": "notify.example.com"}},
    }
    path.write_text(yaml.safe_dump({"config": config}))
    return path


SITE = {"name": "@", "type": "TXT", "values": ["site-verification=abc"]}
PENDING = ", ".join(f"CNAME <DKIM token {n} of eu-west-1>._domainkey.notify.example.com" for n in (1, 2, 3))


@pytest.mark.parametrize(
    "said", ["current stack does not have output property 'records'", "no stack named 'prod' found"]
)
def test_before_the_first_up_the_records_are_the_planned_ones(pulumi: FakePulumi, settings: Path, said: str) -> None:
    """Who runs the zone can begin at once (pulumi 3.220.0's words); what SES alone knows is shown as such."""
    pulumi.answer(stderr=f"error: {said}\n", code=255)
    result = _run("--stack", "prod")
    assert result.exit_code == 0
    assert f"note: the stack has published nothing yet (pulumi: {said})" in result.stderr
    shown = " ".join(result.stdout.split())
    assert "│ bounce.notify.example.com │" in shown
    assert "│ 10 feedback-smtp.eu-west-1.amazonses.com │" in shown
    assert "<DKIM token 2 of eu-west-1>._domainkey.notify.example.com" in shown
    assert "DKIM key 2 of 3; known after the first `pulumi up`" in shown


def test_a_file_leaves_out_what_is_not_known_yet_and_says_so(pulumi: FakePulumi, settings: Path) -> None:
    """A ticket with a placeholder would be entered as it is; the note on stderr says that more will come."""
    pulumi.answer(stderr="error: current stack does not have output property 'records'\n", code=255)
    result = _run("--stack", "prod", "--format", "bind")
    assert "bounce.notify 300 IN MX 10 feedback-smtp.eu-west-1.amazonses.com." in result.stdout
    assert "<" not in result.stdout
    assert f"3 records are known only after the first `pulumi up` and are left out: {PENDING}" in result.stderr


def test_the_plan_can_be_asked_for(deployed: FakePulumi, settings: Path) -> None:
    """--planned shows what the settings say now, and asks no engine."""
    listed = json.loads(_run("--stack", "prod", "--planned", "--format", "json").stdout)
    assert [entry["name"] for entry in listed] == [
        "_dmarc.notify.example.com", "notify.example.com", "bounce.notify.example.com", "bounce.notify.example.com",
    ]  # fmt: skip
    assert not deployed.log.exists()


def test_the_values_of_one_set_are_one_entry(pulumi: FakePulumi, settings: Path) -> None:
    """Files of other tools hold a set once, whether the stack publishes it in one piece or in several."""
    listed = json.loads(_run("-s", "prod", "--planned", "--format", "json").stdout)
    wanted = ["v=spf1 include:amazonses.com ~all", "site-verification=abc"]
    assert [entry["values"] for entry in listed if entry["name"] == "notify.example.com"] == [wanted]
    pieces = [_record("notify.example.com", "TXT", value, "example.com", "manual") for value in wanted]
    pulumi.answer(json.dumps(pieces))
    assert [entry["values"] for entry in json.loads(_run("--format", "json").stdout)] == [wanted]


def test_a_value_is_never_broken_in_a_pipe(pulumi: FakePulumi) -> None:
    """A program that reads the table finds a long value whole."""
    pulumi.answer(json.dumps([_record("example.com", "TXT", "x" * 400, "example.com", "manual")]))
    assert "x" * 400 in _run().stdout


def test_what_pulumi_refuses_is_explained(pulumi: FakePulumi) -> None:
    """Any other refusal says what to do, as for the bundle."""
    pulumi.answer(stderr="error: no stack selected; please use `pulumi stack select` to choose one\n", code=255)
    assert "name it with --stack" in _refused(_run())


def test_a_stack_that_publishes_nothing_says_so(pulumi: FakePulumi) -> None:
    """A stack whose domains are all referenced has no records."""
    pulumi.answer("[]")
    assert "none of its domains has `manage: true`" in _refused(_run("--format", "json"))


def test_nothing_by_hand_is_said(pulumi: FakePulumi) -> None:
    """--only manual on a stack that publishes everything names its zones and hosts."""
    pulumi.answer(json.dumps([PUBLISHED]))
    sentence = _refused(_run("--only", "manual", "--format", "markdown"))
    assert "no record is left to be made by hand; the stack's zones are example.net (cloudflare)" in sentence


@pytest.mark.parametrize(
    "printed",
    ["", "null", '"[secret]"', '[{"name": "a.example.com"}]', '{"a": 1}', '["x"]'],
)
def test_another_versions_output_is_refused(pulumi: FakePulumi, printed: str) -> None:
    """An output that is no list of records with their zones asks for an `up` with this version."""
    pulumi.answer(printed)
    assert "run `pulumi up` with this version of mailstack" in _refused(_run())


def test_what_no_zone_can_hold_reaches_no_file(pulumi: FakePulumi) -> None:
    """A value with a line break, which could add lines to a file, is refused with the record's name."""
    pulumi.answer(json.dumps([_record("a.example.com", "TXT", "x\n@ NS evil.example.", "example.com", "manual")]))
    assert "TXT record a.example.com: character '\\n'" in _refused(_run("--format", "bind"))
