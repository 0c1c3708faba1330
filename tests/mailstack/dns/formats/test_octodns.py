"""The octoDNS file, loaded and validated by octoDNS' own YamlProvider."""

from __future__ import annotations

import string
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from octodns.provider.yaml import YamlProvider  # type: ignore[import-untyped] # it has no types
from octodns.zone import Zone  # type: ignore[import-untyped] # it has no types

from mailstack.dns.formats import ZoneRecord, octodns
from mailstack.errors import RecordError
from tests.mailstack.dns.formats.zone import RECORDS, TEXTS, ZONE, answers, txt


def _load(records: Sequence[ZoneRecord]) -> list[Any]:
    """Return the records that octoDNS finds; it raises where the file breaks one of its rules."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{ZONE}.yaml").write_text(octodns.render(records, ZONE))
        provider = YamlProvider("config", folder, default_ttl=7200, escaped_semicolons=True, supports_root_ns=False)
        zone = Zone(f"{ZONE}.", [])
        provider.populate(zone, lenient=False)
    return list(zone.records)


def _values(record: Any) -> set[str]:
    if record._type == "TXT":
        return {value.to_raw_text() for value in record.values}
    if record._type == "MX":
        return {f"{value.preference} {value.exchange.removesuffix('.')}" for value in record.values}
    return {record.value.removesuffix(".")} if record._type == "CNAME" else set(record.values)


def test_octodns_finds_every_value() -> None:
    """OctoDNS validates the file and has each value at its name, with its TTL or the provider's own."""
    found = {(record.fqdn.removesuffix("."), record._type): record for record in _load(RECORDS)}
    assert {key: _values(record) for key, record in found.items()} == answers()
    assert {key: record.ttl for key, record in found.items()} == {
        (record.name, record.type): record.ttl or 7200 for record in RECORDS
    }


@given(text=TEXTS)
def test_any_text_survives_octodns(text: str) -> None:
    """What octoDNS reads specially in a text (semicolons, quotes at its start, quotes around a blank) comes back."""
    assume("\\;" not in text)
    [record] = _load([txt(text)])
    assert _values(record) == {text}


@given(names=st.sets(st.text("_-ab01" + string.digits, min_size=1, max_size=8), min_size=2, max_size=12))
@settings(max_examples=50)
def test_names_stand_in_the_order_that_octodns_enforces(names: set[str]) -> None:
    """Whatever digits the names have, octoDNS does not refuse the file for its order."""
    plain = {name for name in names if not (name.startswith("-") or name.endswith("-"))}
    assert len(_load([txt("x", f"{name}.{ZONE}") for name in plain])) == len(plain) if plain else True


def test_what_octodns_cannot_hold_is_refused() -> None:
    r"""OctoDNS has no way to write a backslash before a semicolon, so that the record is named."""
    with pytest.raises(RecordError, match=r"TXT record t\.example\.com: octoDNS cannot hold"):
        octodns.render([txt("a\\;b")], ZONE)
