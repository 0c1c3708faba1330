"""`mailstack adopt`: take over the identity and the records of a domain whose mail already works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailstack.errors import CommandError

if TYPE_CHECKING:
    from cli.adoption.preview import Step
    from cli.adoption.run import Adoption, Plan


@click.command(
    epilog="\b\nExamples:\n"
    "  mailstack adopt --stack prod --dry-run\n"
    "  mailstack adopt --stack prod            # writes the settings and the import file, to be committed\n"
    "  mailstack adopt --stack prod --apply    # imports, then proves that the next up changes nothing"
)
@click.option("--stack", metavar="NAME", help="The stack. Default: the selected one, or PULUMI_STACK.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write and import nothing.")
@click.option("--apply", is_flag=True, help="Import, too; from the committed file where there is one.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found and done as JSON.")
def adopt(stack: str | None, dry_run: bool, apply: bool, as_json: bool) -> None:
    """Take over what stands already: the settings that reproduce it, and the ids to import it by.

    Nothing changes at SES or in DNS but the mark that says whose a thing is, with the next `pulumi up`. Exit code 0:
    nothing is in the way, and with --apply the preview shows no update, replacement or deletion. Safe to repeat.
    """
    if dry_run and apply:
        raise click.UsageError("--dry-run and --apply contradict each other; choose one")
    from cli.adoption import import_file
    from cli.adoption.run import Adoption
    from cli.engine import Engine, project_root
    from cli.progress import working

    adoption = Adoption(Engine(project_root()), stack)
    committed = import_file.read(adoption.import_file) if apply else None
    with working("looking for what stands already"):
        plan = adoption.plan()
    report: dict[str, Any] = _report(plan)
    if not as_json:
        _show(plan, adoption, dry_run)
    if plan.obstacles:
        _end(report, as_json, 1)
    if committed is not None and plan.edits:
        keys = ", ".join(".".join(edit.path) for edit in plan.edits)
        raise CommandError(
            f"{adoption.config_file.name} does not reproduce what stands any more: {keys}; run `mailstack adopt` again "
            "and commit what it writes"
        )
    if not dry_run:
        adoption.write(plan)
    if apply:
        with working("importing"):
            report["imported"] = adoption.apply(committed or plan.imports)
        with working("looking whether anything would change"):
            changes = adoption.changes()
        report["changes"] = [{"op": step.op, "name": step.name, "properties": list(step.changed)} for step in changes]
        if not as_json:
            _show_result(report["imported"], changes)
        _end(report, as_json, 1 if changes else 0)
    _end(report, as_json, 0)


def _end(report: dict[str, Any], as_json: bool, code: int) -> None:
    import json

    if as_json:
        click.echo(json.dumps(report, indent=2))
    raise click.exceptions.Exit(code)


def _report(plan: Plan) -> dict[str, Any]:
    return {
        "settings": [{"key": list(edit.path), "value": edit.value, "why": edit.why} for edit in plan.edits],
        "import": [one for one in plan.imports["resources"] if not one.get("component")],
        "obstacles": list(plan.obstacles),
        "notes": list(plan.notes),
    }


def _show(plan: Plan, adoption: Adoption, dry_run: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console, found = Console(), [one for one in plan.imports["resources"] if not one.get("component")]
    if plan.edits:
        console.print(f"settings ({adoption.config_file.name}), as they reproduce what stands:")
        click.echo(plan.settings.diff())
    if found:
        table = Table("taken over", "id")
        for one in found:
            table.add_row(escape(one["name"]), escape(one["id"]))
        console.print(table)
    for note in plan.notes:
        click.echo(f"note: {note}")
    for obstacle in plan.obstacles:
        click.echo(f"in the way: {obstacle}", err=True)
    if not (plan.edits or found or plan.obstacles):
        click.echo("nothing to take over: no record or identity stands where this stack would make one")
    elif dry_run:
        click.echo("nothing was written (--dry-run)")
    elif not plan.obstacles and found:
        click.echo(f"wrote {adoption.import_file.name}; commit it, then run `mailstack adopt --apply`")


def _show_result(imported: list[str], changes: list[Step]) -> None:
    click.echo(f"imported {len(imported)} resources" if imported else "nothing was left to import")
    for step in changes:
        click.echo(f"would {step.op} {step.name}: {', '.join(step.changed) or 'the whole of it'}", err=True)
    if not changes:
        click.echo("the next `pulumi up` changes nothing that stands but the mark that says whose it is")
