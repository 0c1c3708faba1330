"""The CSV file, as a reader of RFC 4180 takes it."""

from __future__ import annotations

import csv
import io

from hypothesis import given

from mailstack.dns.formats import csv_table
from tests.mailstack.dns.formats.zone import RECORDS, TEXTS, ZONE, answers, txt


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_every_value_is_a_line() -> None:
    """Name and relative name, TTL, and an MX's priority stand in columns of their own."""
    rows = _rows(csv_table.render(RECORDS, ZONE))
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        value = f"{row['priority']} {row['value']}".strip()
        found.setdefault((row["name"], row["type"]), set()).add(value)
        assert row["name"] == (ZONE if row["relative"] == "@" else f"{row['relative']}.{ZONE}")
    assert found == answers()
    assert {row["ttl"] for row in rows if row["name"].startswith("bounce")} == {"300", ""}


def test_it_has_the_form_of_rfc_4180() -> None:
    """Lines end in CRLF, the first is the header, and a quote inside quotes is doubled (RFC 4180 section 2)."""
    text = csv_table.render([txt('say "hi", twice')], ZONE)
    assert text == (
        'name,relative,type,ttl,priority,value,purpose\r\nt.example.com,t,TXT,300,,"say ""hi"", twice",\r\n'
    )


@given(text=TEXTS)
def test_any_text_survives_csv(text: str) -> None:
    """Commas and quotes come back."""
    [row] = _rows(csv_table.render([txt(text)], ZONE))
    assert row["value"] == text
