"""Records as a ticket to the people who run a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailstack.dns.formats.base import ZoneRecord, split_mx
from mailstack.dns.formats.notes import doubled_suffix, example
from mailstack.dns.records import Mx
from mailstack.dns.txt import strings

_HEADER = ("Name in the panel", "Full name", "Type", "TTL", "Priority", "Value", "What for")


def render(records: Sequence[ZoneRecord], zone: str) -> str:
    """Write a ticket in GitHub's Markdown: what to add to a zone and why, what to mind, and how to check it."""
    shown = example(records, zone)
    rows = [_HEADER, *(_row(record, value) for record in records for value in record.values)]
    rows.insert(1, ("---",) * len(_HEADER))
    lines = [
        f"# DNS records to add to {zone}", "",
        f"Please add these records to the zone `{zone}`, so that its mail is accepted and can be verified.", "",
        *(f"| {' | '.join(row)} |" for row in rows), "",
        "## Mind", "", *(f"- {note}" for note in _notes(records, zone)), "",
        "## Check", "", "Each must show the value above, a name with a dot at its end, a text in quotes:", "",
        "```sh", *(f"dig +short {record.type} {_shell(record.name)}" for record in records), "```", "",
        "This must show nothing:", "",
        "```sh", f"dig +short {shown.type} {_shell(f'{shown.name}.{zone}')}", "```",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(record: ZoneRecord, value: str | Mx) -> tuple[str, ...]:
    priority, content = split_mx(value)
    ttl = "automatic" if record.ttl is None else str(record.ttl)
    return (
        _code(record.relative), _code(record.name), record.type, ttl,
        "" if priority is None else str(priority), _code(content), _cell(record.purpose),
    )  # fmt: skip


def _notes(records: Sequence[ZoneRecord], zone: str) -> Iterator[str]:
    yield doubled_suffix(records, zone)
    yield (
        "Leave what is there. Where a name has a CNAME or an MX already, or a text that starts as the new one does "
        "(`v=spf1`, `v=DMARC1`), add nothing: answer with what it is, and it will be taken into account."
    )
    types = {record.type for record in records}
    if "CNAME" in types:
        yield "A CNAME must be answered as it is: switch off any proxy or flattening for it."
    if "TXT" in types:
        yield "Texts are shown here without quotes; add them only where the panel asks for them."
    if any(len(strings(str(value))) > 1 for record in records if record.type == "TXT" for value in record.values):
        yield (
            "A text of more than 255 characters is stored as several strings. Enter it whole; only where the panel "
            'refuses that, split it: `"first 255 characters" "the rest"`.'
        )


def _code(text: str) -> str:
    """Write text as code in a table; what would end the code or the cell is written as HTML, letter by letter."""
    if not set("`|") & set(text) and text == text.strip():
        return f"`{text}`"
    return f"<code>{re.sub(r'[^a-zA-Z0-9 .=:;/-]', lambda letter: f'&#{ord(letter[0])};', text)}</code>"


def _cell(text: str) -> str:
    return text.replace("|", "&#124;")


def _shell(name: str) -> str:
    """Quote the one character of a record's name that a shell would take for a pattern."""
    return f"'{name}'" if "*" in name else name
