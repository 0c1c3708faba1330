"""`mailstack spf`: a tree of look-ups, and an exit code that pipelines can use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from mailstack.cli.spf import spf
from mailstack.errors import MailstackError
from providers.dns import live

ZONE = {
    ("example.com", "TXT"): ["v=spf1 include:_spf.example.net a -all", "site-verification=1"],
    ("_spf.example.net", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
    ("example.com", "A"): ["192.0.2.1"],
    ("broken.example", "TXT"): ["v=spf1 include:none.example -all"],
}


@pytest.fixture(autouse=True)
def _dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "lookup", lambda name, kind: ZONE.get((name, kind), []))


def run(*arguments: str) -> Any:
    """Run the command as a shell would."""
    return CliRunner().invoke(spf, list(arguments))


def test_the_tree_and_the_sums_are_shown() -> None:
    """Each term has its count, the last line what counts."""
    result = run("Example.com.")
    assert result.exit_code == 0
    assert "include:_spf.example.net 1" in result.stdout
    assert "2 of 10 look-ups, 0 of 2 that find nothing, 38 octets" in result.stdout


def test_a_record_that_does_not_work_ends_with_1() -> None:
    """The problem is a sentence on standard error, for people, and the exit code, for pipelines."""
    result = run("broken.example")
    assert result.exit_code == 1
    assert "problem: include:none.example: none.example has no SPF record" in result.stderr


def test_machines_get_json() -> None:
    """The same as an object."""
    found = json.loads(run("example.com", "--json").stdout)
    assert (found["lookups"], found["problems"]) == (2, [])
    assert [below["text"] for below in found["tree"]["below"]] == ["include:_spf.example.net", "a"]


def test_a_domain_without_a_record_is_one_sentence() -> None:
    """There is nothing to show."""
    result = run("none.example")
    assert isinstance(result.exception, MailstackError)
    assert str(result.exception) == "none.example has no SPF record"
