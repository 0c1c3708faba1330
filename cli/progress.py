"""A sign of life while a command works for longer than a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on standard error what is being done: a spinner at a terminal, one line elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        click.echo(f"{what} ...", err=True)
        yield
        return
    with console.status(f"{what} ..."):
        yield
