"""What a plan and live DNS say before anything is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components import preflight
from components.mail_stack import MailStack
from components.zones import HostedZones
from mailstack import plan as planning
from mailstack.plan import Finding, Plan
from mailstack.settings.load import load
from providers import catalog
from providers.dns import live

from .mocks import Recorder

NAME = "example.com._report._dmarc.example.net"
NOWHERE: Any = None


def planned(**domain: Any) -> Plan:
    """Plan example.com with these keys."""
    settings = {"dns": {"example.com": {"host": "cloudflare"}}, "domains": {"example.com": domain}}
    return planning.require(planning.plan(load(settings, catalog(), aws_region="eu-west-1"), catalog()))


@pytest.fixture(name="warned")
def _warned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return what is warned of, each with the resource that it is shown at."""
    warned: list[tuple[str, Any]] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda sentence, resource: warned.append((sentence, resource)))
    return warned


@pytest.mark.parametrize(
    ("texts", "allowed"),
    [
        (["v=DMARC1;"], True),
        (["v=DMARC1"], True),
        (["site-verification=1", "v = DMARC1 ; rua = mailto:all@example.net"], True),  # RFC 9990 section 4
        (["v=DMARC10"], False),
        ([], False),
    ],
)
def test_a_permission_for_reports_is_read_with_blanks(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, warned: list[tuple[str, Any]], texts: list[str], allowed: bool
) -> None:
    """Reports to another domain are warned of unless that domain permits them in a record of its own."""
    monkeypatch.setattr(live, "lookup", lambda name, kind: texts if name == NAME else [])
    wanted = planned(dmarc={"rua": ["mailto:reports@example.net"]})
    recorder.run(lambda: preflight.warn(NOWHERE, wanted, HostedZones({}, {})))
    assert [NAME in sentence for sentence, _ in warned] == ([] if allowed else [True])


def test_a_zone_that_is_delegated_elsewhere_is_warned_of(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, warned: list[tuple[str, Any]]
) -> None:
    """Records at a host that nobody asks are of no use; what the host does not tell is not compared."""
    monkeypatch.setattr(live, "delegation", lambda zone: ["ns.elsewhere.example"])
    servers = {("example.com", "cloudflare"): ("a.ns.example",)}
    recorder.run(lambda: preflight.warn(NOWHERE, planned(), HostedZones({}, servers)))
    [(sentence, _)] = warned
    assert "example.com" in sentence
    assert "ns.elsewhere.example" in sentence
    recorder.run(lambda: preflight.warn(NOWHERE, planned(), HostedZones({}, {})))
    assert len(warned) == 1


@pytest.mark.parametrize(
    ("text", "asked"), [("v=spf10 include:ten.example -all", []), ("V=SPF1 include:one.example -all", ["one.example"])]
)
def test_a_text_that_is_no_spf_record_costs_no_question(
    monkeypatch: pytest.MonkeyPatch, warned: list[tuple[str, Any]], text: str, asked: list[str]
) -> None:
    """Only an SPF record is followed through what it includes; v=spf10 is none (RFC 7208 section 4.5)."""
    names: list[str] = []

    def lookup(name: str, kind: str) -> list[str]:
        names.append(name)
        return ["v=spf1 -all"]

    monkeypatch.setattr(live, "lookup", lookup)
    wanted = planned()
    record = replace(wanted.records[0], slot="text", name="example.com", type="TXT", values=(text,))
    preflight.check_spf(NOWHERE, replace(wanted, records=(record,)))
    assert names == asked


def test_the_record_of_a_return_path_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, warned: list[tuple[str, Any]]
) -> None:
    """It is the provider's own and costs what the provider makes it cost."""
    asked: list[str] = []

    def lookup(name: str, kind: str) -> list[str]:
        asked.append(name)
        return []

    monkeypatch.setattr(live, "lookup", lookup)
    preflight.check_spf(NOWHERE, planned())
    assert asked == []


def test_what_the_plan_warns_of_is_shown_once_at_the_component(
    monkeypatch: pytest.MonkeyPatch, warned: list[tuple[str, Any]]
) -> None:
    """Notes are for `mailstack plan`; a preview shows warnings alone."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    findings = (
        Finding("a", "warning", "mailstack:domains", "this is odd", "for a reason", "do that"),
        Finding("b", "note", "mailstack:domains", "this is good to know"),
    )
    plan = planning.plan
    monkeypatch.setattr(planning, "plan", lambda *given: replace(plan(*given), findings=findings))
    settings = {"dns": {"example.com": {"host": "cloudflare"}}, "domains": {"notify.example.com": {}}}
    made: list[MailStack] = []
    Recorder.install().run(lambda: made.append(MailStack("mail", settings)))
    assert warned == [("mailstack:domains: this is odd; for a reason; do that", made[0])]
