"""`mailstack records`: the DNS records of a stack, to look at or as a file for a zone that somebody else runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import stack_option
from mailstack.dns.formats import FORMATS, Format, ZoneRecord
from mailstack.dns.records import RecordSet, joined, value
from mailstack.errors import CommandError, EngineError

if TYPE_CHECKING:
    from mailstack.plan import PlannedRecord

MANUAL = "manual"
# What pulumi says of a stack that was never brought up (CLI 3.220.0).
NOT_UP_YET = r"does not have output property|no stack named"


@dataclass(frozen=True)
class Zone:
    """The records of one zone, in the stack's order, and the hosts that serve it.

    pending: records whose name or value is known only after the first `pulumi up`, as text.
    """

    name: str
    hosts: tuple[str, ...]
    records: tuple[ZoneRecord, ...]
    pending: tuple[PlannedRecord, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Tell whether somebody has to make the records."""
        return MANUAL in self.hosts


@click.command(
    epilog="\b\nExamples:\n"
    "  mailstack records --stack prod\n"
    "  mailstack records --stack prod --planned\n"
    "  mailstack records --stack prod --only manual --format markdown --output tickets/"
)
@stack_option
@click.option("--zone", "zone_name", metavar="ZONE", help="Only the records of this zone.")
@click.option("--only", type=click.Choice([MANUAL]), help="Only zones whose records are made by hand.")
@click.option("--planned", is_flag=True, help="What the settings ask for, whatever the last `pulumi up` published.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", *FORMATS]),
    default="table",
    show_default=True,
    help="bind: a piece of a zone file; markdown: a ticket to those who run the zone; csv: one line for each value; "
    "terraform: resources of hashicorp/dns; octodns: a zone's YAML; dnscontrol: D_EXTEND.",
)
@click.option(
    "--output",
    metavar="PATH",
    help="Write to this file; in a folder (one that exists, or a path that ends in /), one file for each zone.",
)
def records(
    stack: str | None, zone_name: str | None, only: str | None, planned: bool, form: str, output: str | None
) -> None:
    """Show the DNS records of a stack, or write them as files.

    Before the first `pulumi up` they are those that the settings ask for; what only the provider knows is missing in
    files then. Each name is shown twice: whole, and as the zone's own panel and files want it, "@" for the zone itself.
    """
    zones = choose(_planned(stack) if planned else read(stack), zone_name, only)
    if form == "table":
        if output is not None:
            raise CommandError(f"--output: a table is for the screen; say with --format what {output} is to hold")
        _show(zones)
        return
    zones = _with_known_records(zones)
    if form == "json":
        _put(json.dumps([entry for zone in zones for entry in _entries(zone)], indent=2) + "\n", output)
    else:
        _write(zones, form, output)


def read(stack: str | None) -> list[Zone]:
    """Return the zones of a stack's `records` output, or of its plan while there is no such output.

    Raises CommandError with what to do.
    """
    from cli import bundles
    from cli.engine import Engine, project_root

    root = project_root()
    choice = ["--stack", stack] if stack else []
    try:
        printed = Engine(root).read("stack", "output", "records", "--json", *choice)
    except EngineError as error:
        if re.search(NOT_UP_YET, error.said):
            zones = _planned(stack)
            click.echo(
                f"note: the stack has published nothing yet (pulumi: {error.said}); these are the records that its "
                "settings ask for",
                err=True,
            )
            return zones
        raise CommandError(bundles.explain(error, root)) from None
    try:
        return _zones(json.loads(printed))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(
            "the stack's output records is not the list of records that this version writes: run `pulumi up` with this "
            "version of mailstack"
        ) from None


def _planned(stack: str | None) -> list[Zone]:
    """Return the zones of a stack's plan; raises CommandError or SettingsError."""
    from cli import stack_file

    plan = stack_file.read(stack).plan()
    return [_zone(name, hosts, [one for one in plan.records if one.zone == name]) for name, hosts in plan.zones.items()]


def _zone(name: str, hosts: tuple[str, ...], records: Sequence[PlannedRecord]) -> Zone:
    known = joined(record.record_set() for record in records if record.is_known)
    pending = tuple(record for record in records if not record.is_known)
    return Zone(name, hosts, tuple(ZoneRecord.of(record, name) for record in known), pending)


def _zones(listed: Sequence[Mapping[str, Any]]) -> list[Zone]:
    found: dict[str, list[RecordSet]] = {}
    hosts: dict[str, tuple[str, ...]] = {}
    for entry in listed:
        found.setdefault(entry["zone"], []).append(_record_set(entry))
        hosts[entry["zone"]] = tuple(entry["host"].split(", "))
    return [
        Zone(name, hosts[name], tuple(ZoneRecord.of(record, name) for record in joined(found[name])))
        for name in sorted(found)
    ]


def _record_set(entry: Mapping[str, Any]) -> RecordSet:
    """Check what is to be written to files against the rules of the model, such as no line break in a text."""
    values = tuple(value(entry["type"], str(text)) for text in entry["values"])
    return RecordSet(entry["name"], entry["type"], int(entry["ttl"]), values, entry["purpose"])


def choose(zones: Sequence[Zone], name: str | None, only: str | None) -> list[Zone]:
    """Return the zones that were asked for; raises CommandError that names those there are."""
    import difflib

    known = ", ".join(f"{zone.name} ({', '.join(zone.hosts)})" for zone in zones)
    if not zones:
        raise CommandError("the stack publishes no records: none of its domains has `manage: true`")
    if name is not None and name not in (zone.name for zone in zones):
        near = difflib.get_close_matches(name, [zone.name for zone in zones], n=1)
        advice = f'did you mean "{near[0]}"? ' if near else ""
        raise CommandError(f'--zone: the stack has no records in "{name}": {advice}it has {known}')
    chosen = [zone for zone in zones if name in (None, zone.name) and (only is None or zone.by_hand)]
    if not chosen:
        raise CommandError(f"--only {only}: no record is left to be made by hand; the stack's zones are {known}")
    return chosen


def _entries(zone: Zone) -> list[dict[str, Any]]:
    return [
        {
            "zone": zone.name,
            "name": record.name,
            "relative": record.relative,
            "type": record.type,
            "ttl": record.ttl,
            "values": [str(value) for value in record.values],
            "purpose": record.purpose,
            "hosts": list(zone.hosts),
        }
        for record in zone.records
    ]


def _write(zones: Sequence[Zone], form: str, output: str | None) -> None:
    made = FORMATS[form]
    if output is not None and (output.endswith("/") or Path(output).is_dir()):
        for zone in zones:
            _put(made.render(zone.records, zone.name), str(Path(output) / f"{zone.name}.{made.suffix}"))
        return
    _put(_joined(zones, form, made), output)


def _joined(zones: Sequence[Zone], form: str, made: Format) -> str:
    if len(zones) > 1 and not made.joins:
        names = ", ".join(zone.name for zone in zones)
        raise CommandError(
            f"--format {form}: a file holds one zone, and there are {len(zones)} ({names}): choose one with --zone, or "
            "give a folder as --output, such as --output records/"
        )
    return "\n".join(made.render(zone.records, zone.name) for zone in zones)


def _put(text: str, output: str | None) -> None:
    """Print a text, or write it to a file and say so; line ends stay as the format has them."""
    if output is None:
        click.echo(text, nl=False)
        return
    path = Path(output)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
    except OSError as error:
        raise CommandError(f"--output: {error.filename or path} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {path}")


def _with_known_records(zones: Sequence[Zone]) -> list[Zone]:
    """Return the zones that a file can hold now, and tell which records it cannot, so that nobody takes it for all."""
    pending = [record for zone in zones for record in zone.pending]
    if pending:
        names = ", ".join(f"{record.type} {record.name}" for record in pending)
        click.echo(
            f"note: {len(pending)} records are known only after the first `pulumi up` and are left out: {names}; write "
            "the file again then",
            err=True,
        )
    return [zone for zone in zones if zone.records]


def _show(zones: Sequence[Zone]) -> None:
    from rich.text import Text

    from cli.tables import console, table
    from mailstack.dns.formats.notes import doubled_suffix

    screen = console()
    for zone in zones:
        made = table("name in the panel\nfull name", "type", "ttl", "value", "what for")
        for record in zone.records:
            values = "\n".join(map(str, record.values))
            ttl = "auto" if record.ttl is None else str(record.ttl)
            name = Text.assemble((record.relative, "bold"), "\n", record.name)
            made.add_row(name, *(Text(cell) for cell in (record.type, ttl, values, record.purpose)))
        for one in zone.pending:
            values = "\n".join(map(str, one.values))
            purpose = f"{one.purpose}; known after the first `pulumi up`"
            made.add_row(*map(Text, (str(one.name), one.type, str(one.ttl), values, purpose)))
        screen.print(Text(f"{zone.name}: {_state(zone)}", style="bold"))
        screen.print(made)
        if zone.by_hand and zone.records:
            screen.print(Text(doubled_suffix(zone.records, zone.name).replace("`", '"')))


def _state(zone: Zone) -> str:
    others = ", ".join(host for host in zone.hosts if host != MANUAL)
    stack = f"the stack publishes these records at {others}" if others else ""
    hand = "these records are to be made by hand" if zone.by_hand else ""
    return "; ".join(filter(None, (stack, hand)))
