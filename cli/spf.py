"""`mailstack spf`: what a domain's SPF record costs receivers, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailstack.errors import RecordError

if TYPE_CHECKING:
    from rich.tree import Tree

    from mailstack.mail.spf_budget import Budget, Node

_UNBROKEN = 10_000  # columns in a file or a pipe, where a name that is broken in two cannot be searched for


@click.command(epilog="\b\nExample:\n  mailstack spf example.com")
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print the count as JSON.")
def spf(domain: str, as_json: bool) -> None:
    """Show where the DNS look-ups of a domain's SPF record go.

    Receivers stop at 10 look-ups, and after 2 that find nothing (RFC 7208 section 4.6.4). Exit code 1: the domain has
    no SPF record, or one that does not work.
    """
    import json

    from cli.progress import working
    from mailstack.dns.records import record_name
    from mailstack.mail.spf_budget import count, published
    from providers.dns import live

    try:
        name = record_name(domain)
    except RecordError as error:
        raise click.BadParameter(str(error), param_hint="DOMAIN") from None
    with working(f"asking DNS about {name}"):
        budget = count(name, published(name, live.lookup), live.lookup)
    if as_json:
        click.echo(json.dumps(_as_json(budget), indent=2))
    else:
        _show(budget)
    raise click.exceptions.Exit(1 if budget.problems else 0)


def _show(budget: Budget) -> None:
    from rich.console import Console

    from mailstack.mail.spf import LOOKUP_LIMIT
    from mailstack.mail.spf_budget import VOID_LIMIT

    console = Console()
    if not console.is_terminal:
        console.width = _UNBROKEN
    console.print(_tree(budget.tree))
    click.echo(
        f"{budget.lookups} of {LOOKUP_LIMIT} look-ups, {len(budget.voids)} of {VOID_LIMIT} that find nothing, "
        f"{len(budget.record)} octets"
    )
    for sentence in budget.unknown:
        click.echo(f"not known: {sentence}", err=True)
    for sentence in budget.warnings:
        click.echo(f"warning: {sentence}", err=True)
    for sentence in budget.problems:
        click.echo(f"problem: {sentence}", err=True)


def _tree(node: Node) -> Tree:
    from rich.markup import escape
    from rich.tree import Tree

    notes = f" [dim]({escape('; '.join(node.notes))})[/dim]" if node.notes else ""
    tree = Tree(f"{escape(node.text)} [bold]{node.lookups}[/bold]{notes}")
    for child in node.children:
        tree.children.append(_tree(child))
    return tree


def _as_json(budget: Budget) -> dict[str, Any]:
    return {
        "domain": budget.name,
        "record": budget.record,
        "lookups": budget.lookups,
        "voids": budget.voids,
        "octets": len(budget.record),
        "problems": budget.problems,
        "warnings": budget.warnings,
        "unknown": budget.unknown,
        "tree": _node_as_json(budget.tree),
    }


def _node_as_json(node: Node) -> dict[str, Any]:
    below = [_node_as_json(child) for child in node.children]
    return {"text": node.text, "lookups": node.lookups, "notes": node.notes, "below": below}
