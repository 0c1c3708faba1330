"""`mailstack repair`: bring a stack back to where `pulumi up` can go on.

The engine writes down each operation before it starts. A run that was killed leaves its lock, and operations of which
nobody knows whether they were done. What they made is imported, an access key whose secret nobody has is deleted, and
the operations are cleared. A create whose answer was lost leaves no operation: what a preview would create although it
exists with the stack's mark is imported, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from cli.deployment import Deployment
from cli.engine import Engine, project_root
from cli.importing import content, import_resources
from cli.options import stack_option
from mailstack.errors import CommandError, EngineError

if TYPE_CHECKING:
    from cli.existing import Existing


_ROUNDS = 4  # an identity shows the names of its DKIM records, a user has a policy


@click.command(epilog="\b\nExample:\n  mailstack repair --stack prod && pulumi up --stack prod")
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def repair(stack: str | None, as_json: bool) -> None:
    """Repair a stack whose `pulumi up` was killed or lost an answer.

    It cancels the lock, imports what exists with this stack's mark and is missing in its state, deletes access keys
    that nobody can use, and clears the operations that never ended. It refuses while a run is still alive. Safe to
    repeat.
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
    deployment = Deployment.read(engine, choice)
    if not (deployment.pending or deployment.owners):
        return
    from cli.existing import Existing

    existing = Existing.of_stack(engine, choice)
    if deployment.pending:
        _end_operations(engine, choice, existing, deployment, tell)
    _take_back(engine, choice, existing, tell)


def _end_operations(
    engine: Engine, choice: Sequence[str], existing: Existing, deployment: Deployment, tell: Callable[[str], None]
) -> None:
    """Import what operations have made that never ended, and clear them."""
    from cli.leftovers import Leftovers

    leftovers = Leftovers(existing, deployment)
    creates = [step for step in deployment.pending if step.op == "creating"]
    for step in creates:
        for sentence in leftovers.delete_useless(step):
            tell(sentence)
    found = [(step, id_) for step in creates if (id_ := leftovers.id_of_pending(step)) is not None]
    _import(engine, choice, existing, content(found, [], deployment.urns), tell)
    engine.read("refresh", "--yes", "--clear-pending-creates", "--skip-preview", *choice)
    tell(f"cleared {len(deployment.pending)} operations that never ended; run `pulumi up` to go on")


def _take_back(engine: Engine, choice: Sequence[str], existing: Existing, tell: Callable[[str], None]) -> None:
    """Import what a preview would create although it exists with the stack's mark: an answer or the state was lost."""
    from cli.leftovers import Leftovers
    from cli.preview import preview

    for _ in range(_ROUNDS):
        deployment = Deployment.read(engine, choice)
        if not deployment.owners:
            return
        leftovers, steps = Leftovers(existing, deployment), preview(engine, choice, adopting=True)
        creates = [step for step in steps if step.op == "create"]
        found = [(step, id_) for step in creates if (id_ := leftovers.id_of(step)) is not None]
        if not found:
            return
        _import(engine, choice, existing, content(found, steps, deployment.urns), tell)
    raise CommandError(
        f"what was imported is created again by `pulumi preview`: {', '.join(step.name for step, _ in found)}; please "
        "report this"
    )


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


def _import(
    engine: Engine,
    choice: Sequence[str],
    existing: Existing,
    file: Mapping[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Import the resources of a file's content, where it has some."""
    entries = [one for one in file["resources"] if "id" in one]
    if not entries:
        return
    try:
        import_resources(engine, choice, file, existing)
    except EngineError as error:
        raise CommandError(f"what exists with this stack's mark could not be imported: {error.said}") from None
    for one in entries:
        tell(f"imported {one['name']} ({one['id']})")
