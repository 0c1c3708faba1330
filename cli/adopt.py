"""`mailstack adopt`: take over the identity and the records of a domain whose mail already works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.options import stack_option
from mailstack.errors import CommandError

if TYPE_CHECKING:
    from cli.adoption.run import Adoption, Difference, Outcome


@click.command(
    epilog="\b\nExamples:\n"
    "  mailstack adopt --stack prod --dry-run\n"
    "  mailstack adopt --stack prod            # writes the settings and the import file, to be committed\n"
    "  mailstack adopt --stack prod --apply    # imports, then proves that the next up changes nothing"
)
@stack_option
@click.option("--dry-run", is_flag=True, help="Show what would be written; write and import nothing.")
@click.option("--apply", is_flag=True, help="Import, too; from the committed file where there is one.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found and done as JSON.")
def adopt(stack: str | None, dry_run: bool, apply: bool, as_json: bool) -> None:
    """Take over what exists already: the settings that reproduce it, and the ids to import it by.

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
    with working("looking for what exists already"):
        outcome = adoption.look()
    report: dict[str, Any] = _report(outcome)
    if not as_json:
        _show(outcome, adoption, dry_run)
    if outcome.obstacles:
        _end(report, as_json, 1)
    if committed is not None and outcome.edits:
        keys = ", ".join(".".join(edit.path) for edit in outcome.edits)
        raise CommandError(
            f"{adoption.config_file.name} does not reproduce what exists any more: {keys}; run `mailstack adopt` again "
            "and commit what it writes"
        )
    if not dry_run:
        adoption.write(outcome)
    if apply:
        with working("importing"):
            report["imported"] = adoption.apply(committed or outcome.imports)
        with working("checking that nothing would change"):
            changes = adoption.changes()
        report["changes"] = [{"op": one.op, "name": one.name, "properties": one.properties} for one in changes]
        if not as_json:
            _show_result(report["imported"], changes)
        _end(report, as_json, 1 if changes else 0)
    _end(report, as_json, 0)


def _end(report: dict[str, Any], as_json: bool, code: int) -> None:
    import json

    if as_json:
        click.echo(json.dumps(report, indent=2))
    raise click.exceptions.Exit(code)


def _report(outcome: Outcome) -> dict[str, Any]:
    return {
        "settings": [{"key": list(edit.path), "value": edit.value, "why": edit.why} for edit in outcome.edits],
        "import": [one for one in outcome.imports["resources"] if not one.get("component")],
        "obstacles": list(outcome.obstacles),
        "notes": list(outcome.notes),
    }


def _show(outcome: Outcome, adoption: Adoption, dry_run: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console, found = Console(), [one for one in outcome.imports["resources"] if not one.get("component")]
    if outcome.edits:
        console.print(f"settings ({adoption.config_file.name}), as they reproduce what exists:")
        click.echo(outcome.settings.diff())
    if found:
        table = Table("taken over", "id")
        for one in found:
            table.add_row(escape(one["name"]), escape(one["id"]))
        console.print(table)
    for note in outcome.notes:
        click.echo(f"note: {note}")
    for obstacle in outcome.obstacles:
        click.echo(f"in the way: {obstacle}", err=True)
    if not (outcome.edits or found or outcome.obstacles):
        click.echo("nothing to take over: no record or identity exists where this stack would create one")
    elif dry_run:
        click.echo("nothing was written (--dry-run)")
    elif not outcome.obstacles and found:
        click.echo(f"wrote {adoption.import_file.name}; commit it, then run `mailstack adopt --apply`")


def _show_result(imported: list[str], changes: list[Difference]) -> None:
    click.echo(f"imported {len(imported)} resources" if imported else "nothing was left to import")
    for one in changes:
        click.echo(f"would {one.op} {one.name}: {', '.join(one.properties) or 'all of it'}", err=True)
    if not changes:
        click.echo("the next `pulumi up` changes nothing that exists but the mark of whose it is")
