"""Records as an octoDNS zone file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mailstack.dns.formats.base import APEX, ZoneRecord, absolute
from mailstack.dns.records import Mx
from mailstack.errors import RecordError


def render(records: Sequence[ZoneRecord], zone: str) -> str:
    r"""Write records as octoDNS' YamlProvider reads them (octodns/provider/yaml.py, version 1.22).

    Names are relative, "" at the zone itself, in natural order, which the provider enforces. Semicolons are escaped,
    as its `escaped_semicolons: true` wants it (the default of all 1.x). A TTL that the host chooses is left to
    `default_ttl`. Raises RecordError for a TXT value that holds `\;`, which octoDNS cannot express.
    """
    lines = [
        f"# Mail records of {zone}: add them to config/{zone}.yaml, or give this file to a source of its own.",
        "# Semicolons are escaped: the YamlProvider needs escaped_semicolons: true.",
        "---",
    ]
    ordered = sorted(records, key=lambda record: (_natural(_key(record)), record.type))
    for key, group in groupby(ordered, key=_key):
        lines.append(f"{json.dumps(key)}:")
        for record in group:
            lines += _record(record)
    return "\n".join(lines) + "\n"


def _key(record: ZoneRecord) -> str:
    return "" if record.relative == APEX else record.relative


def _natural(name: str) -> list[str | int]:
    """Sort numbers inside names by their value, as octoDNS does (natsort's default)."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _record(record: ZoneRecord) -> Iterator[str]:
    yield f"- # {record.purpose}" if record.purpose else "-"
    if record.ttl is not None:
        yield f"  ttl: {record.ttl}"
    yield f"  type: {record.type}"
    if record.type == "CNAME":
        yield f"  value: {json.dumps(absolute(str(record.values[0])))}"
        return
    yield "  values:"
    for value in record.values:
        if isinstance(value, Mx):
            yield f"  - exchange: {json.dumps(absolute(value.host))}"
            yield f"    preference: {value.preference}"
        else:
            yield f"  - {json.dumps(_txt(record, value) if record.type == 'TXT' else value)}"


def _txt(record: ZoneRecord, text: str) -> str:
    r"""Escape a TXT value for octoDNS (octodns/record/chunked.py).

    It unescapes `\;`, takes a value that starts with a quote for a quoted one, and joins strings at `" "`. A quoted
    value whose quotes are each followed by such a joint comes out as it was meant.
    """
    if "\\;" in text:
        raise RecordError(f"{record.type} record {record.name}: octoDNS cannot hold a value with \\; in it")
    if text.startswith('"') or '" "' in text:
        text = '"' + text.replace('"', '"" "') + '"'
    return text.replace(";", "\\;")
