"""Tables for people: as wide as the screen, and never broken in a file or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNBROKEN = 10_000  # columns in a file or a pipe, where a value that is broken in two cannot be searched for


def console() -> Console:
    """Return where tables are printed."""
    from rich.console import Console

    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen.width = _UNBROKEN
    return screen


def table(*columns: str) -> Table:
    """Return an empty table. What is too wide is folded, not cut: a value that ends in dots cannot be copied."""
    from rich.table import Column, Table

    return Table(*(Column(name, overflow="fold") for name in columns))
