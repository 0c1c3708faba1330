"""The DNSControl file, read call by call: its strings are JSON's, which JavaScript shares."""

from __future__ import annotations

import json
import re

from hypothesis import given

from mailstack.dns.formats import dnscontrol
from tests.mailstack.dns.formats.zone import RECORDS, TEXTS, ZONE, answers, txt

Calls = list[tuple[str, list[str | int], int | None]]


def _calls(text: str) -> Calls:
    """Return each record's function, its arguments and its TTL; fails on what is not one call in a line."""
    lines = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("//")]
    assert lines[0] == f'D_EXTEND("{ZONE}",'
    assert lines[-1] == "END);"  # ES5, which DNSControl's engine speaks, has no comma before a parenthesis
    calls: Calls = []
    for line in lines[1:-1]:
        function, arguments, ttl = re.fullmatch(r"([A-Z]+)\((.*?)(?:, TTL\((\d+)\))?\),", line).groups()  # type: ignore[union-attr]
        calls.append((function, json.loads(f"[{arguments}]"), int(ttl) if ttl else None))
    return calls


def test_every_record_is_one_call() -> None:
    """Names are relative ("@" for the zone), targets end in a dot (docs.dnscontrol.org: TXT, MX, CNAME)."""
    found: dict[tuple[str, str], set[str]] = {}
    for function, (name, *contents), _ in _calls(dnscontrol.render(RECORDS, ZONE)):
        whole = ZONE if name == "@" else f"{name}.{ZONE}"
        value = " ".join(str(part) for part in contents)
        if function in ("CNAME", "MX"):
            assert value.endswith(".")
            value = value.removesuffix(".")
        found.setdefault((whole, function), set()).add(value)
    assert found == answers()


def test_the_ttl_is_a_modifier() -> None:
    """A TTL that the host chooses has no TTL(), so that DefaultTTL holds."""
    ttls = {(name, function): ttl for function, (name, *_), ttl in _calls(dnscontrol.render(RECORDS, ZONE))}
    assert ttls["@", "TXT"] == 3600
    assert ttls["bounce.notify", "TXT"] is None


def test_a_preference_is_a_number() -> None:
    """MX takes its priority as a number, not as text."""
    [mx] = [arguments for function, arguments, _ in _calls(dnscontrol.render(RECORDS, ZONE)) if function == "MX"]
    assert mx == ["bounce.notify", 10, "feedback-smtp.eu-west-1.amazonses.com."]


@given(text=TEXTS)
def test_any_text_survives_javascript(text: str) -> None:
    """A text of any length is one string; DNSControl splits it itself (docs.dnscontrol.org: TXT)."""
    assert _calls(dnscontrol.render([txt(text)], ZONE)) == [("TXT", ["t", text], 300)]
