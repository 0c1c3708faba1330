"""`mailstack repair`: bring a stack whose run was killed back to where `pulumi up` can go on.

The engine writes down each operation before it starts. A run that was killed leaves its lock, and operations of which
nobody knows whether they came about. What of them exists and carries our mark is imported, an access key whose secret
nobody has is deleted, and the notes are cleared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from cli.engine import Engine, project_root
from cli.importing import import_resources, plugin_version
from mailstack.errors import CommandError, EngineError


@dataclass(frozen=True)
class Pending:
    """One operation that never ended: `kind` is creating, updating, deleting, reading or importing."""

    kind: str
    type: str
    urn: str
    inputs: Mapping[str, Any]
    parent: str

    @property
    def name(self) -> str:
        """Return the logical name of its resource."""
        return self.urn.rsplit("::", 1)[1]


@click.command(epilog="\b\nExample:\n  mailstack repair --stack prod && pulumi up --stack prod")
@click.option("--stack", metavar="NAME", help="The stack. Default: the selected one, or PULUMI_STACK.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def repair(stack: str | None, as_json: bool) -> None:
    """Repair a stack whose `pulumi up` was killed.

    It cancels the lock, imports what the killed run made and marked as this stack's, deletes access keys that nobody
    can use, and clears the operations that never ended. It refuses while a run is still alive. Safe to repeat.
    """
    done: list[str] = []

    def tell(line: str) -> None:
        done.append(line)
        click.echo(line, err=as_json)

    run(Engine(project_root()), ["--stack", stack] if stack else [], tell)
    if not done:
        tell("nothing to repair")
    if as_json:
        click.echo(json.dumps({"done": done}, indent=2))


def run(engine: Engine, choice: Sequence[str], tell: Callable[[str], None]) -> None:
    """Do the repair of one stack; raises CommandError, EngineError and the providers' own errors."""
    _end_dead_run(engine, choice, tell)
    deployment = _deployment(engine, choice)
    pending = _pending(deployment)
    if not pending:
        return
    from cli.leftovers import Leftovers

    leftovers = Leftovers.of_stack(engine, choice, deployment)
    for operation in pending:
        if operation.kind == "creating":
            for sentence in leftovers.delete_useless(operation):
                tell(sentence)
    found = [(operation, id) for operation in pending if (id := leftovers.id_of(operation)) is not None]
    if found:
        _import(engine, choice, found)
        for operation, id in found:
            tell(f"imported {operation.name} ({id})")
    engine.read("refresh", "--yes", "--clear-pending-creates", "--skip-preview", *choice)
    tell(f"cleared {len(pending)} operations that never ended; run `pulumi up` to go on")


def _end_dead_run(engine: Engine, choice: Sequence[str], tell: Callable[[str], None]) -> None:
    """Remove the lock of a run that is dead; a lock whose process lives is a run that must be left alone."""
    from cli.backend import FileBackend

    backend = FileBackend.of(engine, choice)
    if backend is None:
        return
    held = backend.holder()
    if held is not None and held.alive:
        raise CommandError(f"{held.described}: it is still running; wait for it, or stop it, and run this again")
    if backend.drop_torn_attributes():
        tell("removed a file that the dead run was writing when it was killed")
    if held is not None:
        engine.read("cancel", "--yes", *_stack_name(choice))
        tell(f"removed the lock of a dead run ({held.described})")


def _stack_name(choice: Sequence[str]) -> list[str]:
    """`pulumi cancel` takes the stack as its argument, every other command as --stack."""
    return list(choice[1:])


def _deployment(engine: Engine, choice: Sequence[str]) -> dict[str, Any]:
    return dict(json.loads(engine.read("stack", "export", *choice)).get("deployment") or {})


def _pending(deployment: Mapping[str, Any]) -> list[Pending]:
    return [
        Pending(
            kind=operation["type"],
            type=operation["resource"]["type"],
            urn=operation["resource"]["urn"],
            inputs=operation["resource"].get("inputs") or {},
            parent=operation["resource"].get("parent") or "",
        )
        for operation in deployment.get("pending_operations") or []
    ]


def _import(engine: Engine, choice: Sequence[str], found: Sequence[tuple[Pending, str]]) -> None:
    """Import what was found, each under its own parent."""
    names = {operation.parent: f"parent-{number}" for number, (operation, _) in enumerate(found)}
    entries = [
        {
            "type": operation.type,
            "name": operation.name,
            "id": id,
            "parent": names[operation.parent],
            "version": plugin_version(operation.type),
        }
        for operation, id in found
    ]
    table = {name: urn for urn, name in names.items()}
    try:
        import_resources(engine, choice, {"nameTable": table, "resources": entries})
    except EngineError as error:
        raise CommandError(f"what the killed run made could not be imported: {error.said}") from None
