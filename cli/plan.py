"""`mailstack plan`: what a stack wants, from its settings alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.options import stack_option

if TYPE_CHECKING:
    from rich.table import Table

    from cli.stack_file import StackFile
    from mailstack.plan import Plan, PlannedRecord


@click.command(epilog="\b\nExamples:\n  mailstack plan --stack prod\n  mailstack plan --stack prod --json")
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(stack: str | None, as_json: bool) -> None:
    """Show the records, routes and senders that the settings of a stack ask for.

    It reads the stack's file and nothing else: no engine, network or credentials. A part in <angle brackets> is known
    after the first `pulumi up`. Exit code 1: the settings are wrong.
    """
    from cli import stack_file

    file = stack_file.read(stack)
    found = file.plan()
    if as_json:
        click.echo(json.dumps(_as_json(file, found), indent=2, ensure_ascii=False))
    else:
        _show(file, found)


def _show(file: StackFile, plan: Plan) -> None:
    from rich.text import Text

    from cli.tables import console

    screen = console()
    for zone, hosts in plan.zones.items():
        screen.print(Text(f"zone {zone} at {', '.join(hosts)}", style="bold"))
        screen.print(_records([record for record in plan.records if record.zone == zone]))
    if plan.routes:
        screen.print(Text("routes", style="bold"))
        screen.print(_routes(plan))
    if plan.settings.senders:
        screen.print(Text("senders", style="bold"))
        screen.print(_senders(plan))
    pending = sum(not record.is_known for record in plan.records)
    later = f"; {pending} of them are known in full after the first `pulumi up`" if pending else ""
    click.echo(f"stack {file.stack} publishes {len(plan.records)} records{later}")
    for finding in plan.findings:
        click.echo(f"{finding.level}: {finding}", err=True)


def _records(records: list[PlannedRecord]) -> Table:
    from rich.text import Text

    from cli.tables import table

    made = table("name", "type", "ttl", "value", "what for")
    for record in records:
        values = "\n".join(map(str, record.values))
        ttl = "auto" if record.ttl == 1 else str(record.ttl)
        purpose = f"{record.purpose} (as found)" if record.kept else record.purpose
        made.add_row(*map(Text, (str(record.name), record.type, ttl, values, purpose)))
    return made


def _routes(plan: Plan) -> Table:
    from rich.text import Text

    from cli.tables import table

    made = table("domain", "route", "provider", "region")
    for route in plan.routes.values():
        made.add_row(*map(Text, (route.domain, route.name, route.settings.provider, route.region)))
    return made


def _senders(plan: Plan) -> Table:
    from rich.text import Text

    from cli.tables import table

    made = table("sender", "from", "route", "login")
    for sender in plan.settings.senders.values():
        made.add_row(*map(Text, (sender.key, sender.from_address, plan.logins[sender.key].route, sender.login)))
    return made


def _as_json(file: StackFile, plan: Plan) -> dict[str, Any]:
    return {
        "stack": file.stack,
        "zones": {zone: list(hosts) for zone, hosts in plan.zones.items()},
        "records": [
            {
                "slot": record.slot,
                "name": str(record.name),
                "type": record.type,
                "ttl": record.ttl,
                "values": [str(value) for value in record.values],
                "purpose": record.purpose,
                "zone": record.zone,
                "hosts": list(record.hosts),
                "domain": record.domain,
                "route": record.route,
                "known": record.is_known,
                "asFound": record.kept,
            }
            for record in plan.records
        ],
        "routes": [
            {"route": route.key, "provider": route.settings.provider, "region": route.region}
            for route in plan.routes.values()
        ],
        "senders": [
            {"sender": key, "from": sender.from_address, "route": plan.logins[key].route, "login": sender.login}
            for key, sender in plan.settings.senders.items()
        ],
        "policies": dict(plan.policies),
        "findings": [
            {"id": one.id, "level": one.level, "where": one.where, "sentence": str(one)} for one in plan.findings
        ],
    }
