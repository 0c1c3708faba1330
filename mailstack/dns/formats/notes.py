"""What people who enter records by hand get wrong, told with the zone's own names."""

from __future__ import annotations

from collections.abc import Sequence

from mailstack.dns.formats.base import ZoneRecord


def doubled_suffix(records: Sequence[ZoneRecord], zone: str) -> str:
    """Warn of panels that put the zone behind every name; `records` are at least one."""
    one = example(records, zone)
    return (
        f"Most panels add `{zone}` to the name themselves. There enter `{one.relative}`, not `{one.name}`, which "
        f"would become `{one.name}.{zone}` and never be found."
    )


def example(records: Sequence[ZoneRecord], zone: str) -> ZoneRecord:
    """Return the first record below the zone, or the first of all: the one that advice is shown on."""
    return next((record for record in records if record.name != zone), records[0])
