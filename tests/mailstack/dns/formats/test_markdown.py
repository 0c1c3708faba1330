"""The ticket: what people who run a zone need, in a table that renders."""

from __future__ import annotations

import html
from collections.abc import Sequence

from hypothesis import given

from mailstack.dns.formats import ZoneRecord, markdown
from mailstack.dns.records import RecordSet
from tests.mailstack.dns.formats.zone import RECORDS, TEXTS, ZONE, answers, txt


def _rows(records: Sequence[ZoneRecord]) -> list[list[str]]:
    """Return the table's cells, which end at every pipe (GitHub Flavored Markdown 0.29, section 4.10)."""
    lines = [line for line in markdown.render(records, ZONE).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def _plain(cell: str) -> str:
    """Return what code shows: all between two backticks (CommonMark section 6.1), or HTML."""
    if cell.startswith("<code>"):
        return html.unescape(cell.removeprefix("<code>").removesuffix("</code>"))
    assert cell.count("`") == 2
    return cell.strip("`")


def test_the_table_holds_every_value() -> None:
    """Each value has a row with the name for the panel, the full name, and what it is for."""
    header, _, *rows = _rows(RECORDS)
    assert header == ["Name in the panel", "Full name", "Type", "TTL", "Priority", "Value", "What for"]
    found: dict[tuple[str, str], set[str]] = {}
    for relative, name, record_type, ttl, priority, value, _ in rows:
        assert _plain(name) == (ZONE if _plain(relative) == "@" else f"{_plain(relative)}.{ZONE}")
        assert ttl == "automatic" or ttl.isdigit()
        found.setdefault((_plain(name), record_type), set()).add(f"{priority} {_plain(value)}".strip())
    assert found == answers()


@given(text=TEXTS)
def test_any_text_survives_the_table(text: str) -> None:
    """Pipes and backticks do not end a cell or its code."""
    [row] = _rows([txt(text)])[2:]
    assert _plain(row[5]) == text


def test_it_warns_of_the_doubled_zone_and_shows_how_to_see_it() -> None:
    """Beside the warning stands the query whose answer betrays the mistake."""
    ticket = markdown.render(RECORDS, ZONE)
    assert "`k1._domainkey.notify.example.com.example.com` and never be found" in ticket
    assert "\ndig +short CNAME k1._domainkey.notify.example.com.example.com\n" in ticket


def test_every_record_can_be_checked() -> None:
    """There is one query for each name and type, and none that a shell would read as a pattern."""
    ticket = markdown.render(RECORDS, ZONE)
    for record in RECORDS:
        name = "'*._domainkey.old.example.com'" if "*" in record.name else record.name
        assert f"\ndig +short {record.type} {name}\n" in ticket


def test_notes_stand_only_where_they_matter() -> None:
    """A zone without CNAMEs and long texts is not told of proxies and splitting."""
    assert "proxy" in markdown.render(RECORDS, ZONE)
    assert "255 characters" in markdown.render(RECORDS, ZONE)
    short = markdown.render([txt("v=spf1 -all")], ZONE)
    assert "proxy" not in short
    assert "255" not in short
    address = ZoneRecord.of(RecordSet("a.example.com", "A", 300, ("192.0.2.1",)), ZONE)
    assert "quotes; add them" not in markdown.render([address], ZONE)
