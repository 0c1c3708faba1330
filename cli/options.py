"""Options that several commands have."""

from __future__ import annotations

import click

stack_option = click.option(
    "-s", "--stack", metavar="NAME", help="The stack. Default: the selected one, or PULUMI_STACK."
)
