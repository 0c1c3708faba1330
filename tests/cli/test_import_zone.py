"""`mailstack import-zone`: from a zone as it is to settings that load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli.import_zone import import_zone
from mailstack.errors import MailstackError
from mailstack.settings.load import load
from providers import catalog
from providers.dns import live

TOKENS = ["a" * 32, "b" * 32, "c" * 32]
ZONE = "\n".join(
    [
        "$ORIGIN example.com.",
        "$TTL 3600",
        "@ IN SOA ada.ns.cloudflare.com. dns.cloudflare.com. 1 10000 2400 604800 3600",
        "@ IN NS ada.ns.cloudflare.com.",
        "@ IN NS bob.ns.cloudflare.com.",
        '@ IN TXT "google-site-verification=abc"',
        '_dmarc IN TXT "v=DMARC1; p=reject"',
        *(f"{token}._domainkey.notify IN CNAME {token}.dkim.amazonses.com." for token in TOKENS),
        "mail.notify 300 IN MX 10 feedback-smtp.eu-central-1.amazonses.com.",
        'mail.notify 300 IN TXT "v=spf1 include:amazonses.com ~all"',
        '_dmarc.notify IN TXT "v=DMARC1;p=quarantine;rua=mailto:d@example.com"',
        'notify IN TXT "v=spf1 include:_spf.example.net include:amazonses.com -all"',
        '_smtp._tls.notify IN TXT "v=TLSRPTv1; rua=mailto:tls@example.com"',
        '_mta-sts.notify IN TXT "v=STSv1; id=1;"',
        "parked IN MX 0 .",
        'parked IN TXT "v=spf1 -all"',
        '_dmarc.parked IN TXT "v=DMARC1; p=reject"',
    ]
)


def run(*arguments: str) -> Any:
    """Run the command as a shell would."""
    return CliRunner().invoke(import_zone, list(arguments), catch_exceptions=False)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    path = tmp_path / "db.example.com"
    path.write_text(ZONE + "\n")
    return path


def test_a_zone_file_becomes_settings_that_reproduce_it(file: Path) -> None:
    """Host, region, return path, DMARC, SPF and reports are read; the very texts that differ are kept as found."""
    result = run(str(file))
    assert result.exit_code == 0
    config = yaml.safe_load(result.stdout)["config"]
    assert config["aws:region"] == "eu-central-1"
    assert config["mailstack:dns"] == {"example.com": {"host": "cloudflare"}}
    notify = config["mailstack:domains"]["notify.example.com"]
    assert notify["routes"] == {"main": {"region": "eu-central-1", "returnPath": "mail"}}
    assert notify["dmarc"] == {"policy": "quarantine", "rua": ["mailto:d@example.com"]}
    assert notify["spf"] == {"also": ["include:_spf.example.net"]}
    assert notify["tlsRpt"] == {"rua": ["mailto:tls@example.com"]}
    kept = {(one["name"], one["ttl"]): one["values"] for one in notify["records"]["asFound"]}
    assert kept == {
        ("_dmarc.notify.example.com", 3600): ["v=DMARC1;p=quarantine;rua=mailto:d@example.com"],
        ("notify.example.com", 3600): ["v=spf1 include:_spf.example.net include:amazonses.com -all"],
    }
    assert config["mailstack:domains"]["parked.example.com"]["sends"] is False


def test_the_proposal_loads(file: Path) -> None:
    """What is proposed are settings of the kit, and say of each domain what the zone says."""
    config = yaml.safe_load(run(str(file)).stdout)["config"]
    keys = {key.removeprefix("mailstack:"): value for key, value in config.items() if key.startswith("mailstack:")}
    settings = load(keys, catalog(), aws_region=config["aws:region"])
    assert {name: domain.sends for name, domain in settings.domains.items()} == {
        "notify.example.com": True,
        "parked.example.com": False,
    }
    assert settings.domains["notify.example.com"].routes["main"].mail_from("notify.example.com") == (
        "mail.notify.example.com"
    )


def test_what_cannot_be_said_by_settings_is_noted(file: Path) -> None:
    """A policy whose text is not in DNS, and a domain without a sign of SES, are left to people."""
    notes = "\n".join(json.loads(run(str(file), "--json").stdout)["notes"])
    assert "notify.example.com has an MTA-STS policy" in notes
    assert "\nexample.com shows no sign of Amazon SES" in f"\n{notes}"


def test_live_dns_is_asked_by_known_names_and_selectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that mail is known to use are asked for, and the selectors that are given."""
    answers = {
        ("example.org", "NS"): ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"],
        ("bounce.notify.example.org", "MX"): ["10 feedback-smtp.us-east-1.amazonses.com"],
        (f"{TOKENS[0]}._domainkey.notify.example.org", "CNAME"): [f"{TOKENS[0]}.dkim.amazonses.com"],
    }
    monkeypatch.setattr(live, "lookup", lambda name, kind: answers.get((name, kind), []))
    config = json.loads(run("example.org", "--selector", TOKENS[0], "--json").stdout)["config"]
    assert config["mailstack:dns"] == {"example.org": {"host": "route53"}}
    route = {"region": "us-east-1", "returnPath": "bounce"}
    assert config["mailstack:domains"] == {"notify.example.org": {"routes": {"main": route}, "dmarc": "off"}}


def test_a_file_that_is_no_zone_is_one_sentence(tmp_path: Path) -> None:
    """The sentence names the file and what dnspython found wrong with it."""
    path = tmp_path / "none"
    path.write_text("not a zone file\n")

    with pytest.raises(MailstackError, match=f"{path}: is no zone file: .*--zone NAME"):
        run(str(path))


def test_policy_records_are_known_by_name_and_grammar(tmp_path: Path) -> None:
    """Blanks hide no policy, and other texts at the same names, or at names where nobody looks, are none."""
    path = tmp_path / "db.example.com"
    lines = [
        *ZONE.splitlines()[:5],
        "mail 300 IN MX 10 feedback-smtp.eu-central-1.amazonses.com.",
        '_dmarc IN TXT "v = DMARC1 ; p = reject"',
        '_dmarc IN TXT "site-verification=1"',
        'default._bimi IN TXT "v = BIMI1 ; l = https://example.com/logo.svg"',
        '_smtp._tls IN TXT "rua=mailto:nobody@example.com"',
        '_smtp._tls IN TXT "v=TLSRPTv1 ; rua=mailto:tls@example.com"',
        '_mta-sts IN TXT "site-verification=2"',
        'ours._domainkey IN TXT "k=rsa; p = MIIB"',
        '@ IN TXT "v=spf10 -all"',
    ]
    path.write_text("\n".join(lines) + "\n")
    result = run(str(path))
    found = yaml.safe_load(result.stdout)["config"]["mailstack:domains"]["example.com"]
    assert found["dmarc"] == {"policy": "reject"}
    assert found["bimi"] == {"logo": "https://example.com/logo.svg"}
    assert found["tlsRpt"] == {"rua": ["mailto:tls@example.com"]}
    assert found["dkim"] == {"kind": "kept"}
    assert "spf" not in found
    assert "has an MTA-STS policy" not in result.output
    [kept] = [one for one in found["records"]["asFound"] if one["name"] == "_dmarc.example.com"]
    assert kept["values"] == ["v = DMARC1 ; p = reject"]
