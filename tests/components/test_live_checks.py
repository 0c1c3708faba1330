"""What live DNS says about a plan before anything is made."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from components import preflight as live_checks
from components.planned import PlannedRecord
from mailstack.settings import Settings, load
from providers.dns import live

NAME = "example.com._report._dmarc.example.net"


@pytest.fixture(name="settings")
def _settings() -> Settings:
    dns = {"example.com": {"host": "cloudflare"}}
    domains = {"example.com": {"dmarc": {"rua": ["mailto:reports@example.net"]}}}
    return load({"dns": dns, "domains": domains}, aws_region="eu-west-1")


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
    monkeypatch: pytest.MonkeyPatch, settings: Settings, texts: list[str], allowed: bool
) -> None:
    """Reports to another domain are warned of unless that domain permits them in a record of its own."""
    monkeypatch.setattr(live, "lookup", lambda name, kind: texts if name == NAME else [])
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda sentence, component: warned.append(sentence))
    live_checks.Warnings(settings, {}).show(cast(Any, None))
    assert [NAME in sentence for sentence in warned] == ([] if allowed else [True])


def test_a_text_that_is_no_spf_record_costs_no_question(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Only an SPF record is followed through what it includes; v=spf10 is none (RFC 7208 section 4.5)."""
    asked: list[str] = []

    def lookup(name: str, kind: str) -> list[str]:
        asked.append(name)
        return ["v=spf1 -all"]

    monkeypatch.setattr(live, "lookup", lookup)
    monkeypatch.setattr(pulumi.log, "warn", lambda sentence, component: None)
    domain = settings.domains["example.com"]
    for text in ("v=spf10 include:ten.example -all", "V=SPF1 include:one.example -all"):
        planned = PlannedRecord.fixed("example.com", "TXT", domain, text, "SPF")
        live_checks.check_spf(cast(Any, None), settings, [planned])
    assert asked == ["one.example"]
