"""The zones of a plan: where each record set goes, and what the hosts of its zone refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailstack.catalog import Catalog
from mailstack.dns.records import check_in_zone, longest_zone
from mailstack.errors import RecordError
from mailstack.paths import key_path
from mailstack.settings.model import Settings

from .checks import record_set, to_blame
from .drafts import Draft
from .model import Finding
from .records import Pending
from .sets import Sets


def zone_of(draft: Draft, settings: Settings) -> str | None:
    """Return the longest zone that contains a record, by the known end of a pending name; None where there is none."""
    return longest_zone(_known_end(draft), settings.dns)


def _known_end(draft: Draft) -> str:
    return draft.name.suffix.lstrip(".") if isinstance(draft.name, Pending) else draft.name


def hosts_of(zone: str, settings: Settings) -> tuple[str, ...]:
    """Return the names of the hosts that serve a zone."""
    return tuple(host.host for host in settings.dns[zone].hosts)


def problems(sets: Sets, settings: Settings, catalog: Catalog) -> Iterator[Finding]:
    """Find record sets outside every zone, names that end in their zone twice, and what a host refuses."""
    for drafts in sets.values():
        zone = zone_of(drafts[0], settings)
        if zone is None:
            yield _outside(drafts[0], settings)
        else:
            yield from _refused(drafts, zone, settings, catalog)


def _outside(draft: Draft, settings: Settings) -> Finding:
    known = ", ".join(settings.dns) or "it is empty"
    return Finding(
        "zone-missing",
        "error",
        draft.at,
        f"{draft.what} is in no zone of mailstack:dns ({known})",
        remedy="add the zone that contains it",
    )


def _refused(drafts: Sequence[Draft], zone: str, settings: Settings, catalog: Catalog) -> Iterator[Finding]:
    at = to_blame(drafts).at
    try:
        check_in_zone(_known_end(drafts[0]), zone)
    except RecordError as error:
        yield Finding("zone-twice", "error", at, str(error))
        return
    try:
        wanted = record_set(drafts)
    except RecordError:
        return  # found by the checks that hold at every host
    for name in hosts_of(zone, settings):
        host = catalog.hosts[name]
        try:
            host.check(wanted)
        except RecordError as error:
            yield Finding(
                "host-refuses", "error", at, str(error), f"{zone} is at {host.title} ({key_path('dns', zone)})"
            )
