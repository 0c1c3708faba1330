"""`mailstack spf`: a tree of look-ups, and an exit code that pipelines can use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cli.spf import spf
from mailstack.errors import MailstackError
from providers.dns import live

ZONE = {
    ("example.com", "TXT"): ["v=spf1 include:_spf.example.net a -all", "site-verification=1"],
    ("_spf.example.net", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
    ("example.com", "A"): ["192.0.2.1"],
    ("broken.example", "TXT"): ["v=spf1 include:none.example -all"],
}


@pytest.fixture(autouse=True, name="zone")
def _zone(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], list[str]]:
    zone = dict(ZONE)
    monkeypatch.setattr(live, "lookup", lambda name, kind: zone.get((name, kind), []))
    return zone


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


def test_two_records_are_a_problem_too(zone: dict[tuple[str, str], list[str]]) -> None:
    """Receivers take neither (RFC 7208 section 4.5)."""
    zone["two.example", "TXT"] = ["v=spf1 -all", "v=spf1 mx -all"]
    assert "two.example has 2 SPF records" in str(run("two.example").exception)


def test_what_is_no_domain_is_bad_usage() -> None:
    """Exit code 2, as for any wrong argument."""
    result = run("exa mple.com")
    assert result.exit_code == 2
    assert "DOMAIN" in result.stderr


def test_help_shows_an_example() -> None:
    """The form to copy."""
    assert "mailstack spf example.com" in run("--help").stdout


def test_names_stay_whole_in_a_pipe(zone: dict[tuple[str, str], list[str]]) -> None:
    """A name that is broken in two cannot be searched for."""
    name = "a-name-of-sixty-letters-is-nothing-special-for-a-vendor-now.spf.mail.example.net"
    zone["long.example", "TXT"] = [f"v=spf1 include:{name} include:{name} -all"]
    zone[name, "TXT"] = ["v=spf1 -all"]
    assert f"v=spf1 include:{name} include:{name} -all 2\n" in run("long.example").stdout


def test_dns_that_is_silent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known is no problem of the record, and no success that hides it."""

    def lookup(name: str, kind: str) -> list[str]:
        if name == "example.com" and kind == "TXT":
            return ["v=spf1 include:_spf.example.net -all"]
        raise MailstackError(f"DNS gave no answer for {kind} {name}")

    monkeypatch.setattr(live, "lookup", lookup)
    result = run("example.com")
    assert result.exit_code == 0
    assert "not known: DNS gave no answer for TXT _spf.example.net" in result.stderr
