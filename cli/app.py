"""The top of the command: its sub-commands, and how a mistake and Ctrl-C end it."""

from __future__ import annotations

import importlib
from typing import Any

import click

from mailstack.errors import MailstackError

# One file per command. A file is read when its command runs or help is asked for, so each keeps its heavy imports
# inside functions.
COMMANDS = {
    "adopt": "cli.adopt:adopt",
    "bundle": "cli.bundle:bundle",
    "import-zone": "cli.import_zone:import_zone",
    "plan": "cli.plan:plan",
    "records": "cli.records:records",
    "repair": "cli.repair:repair",
    "sandbox": "cli.sandbox:sandbox",
    "schema": "cli.schema:schema",
    "send": "cli.send:send",
    "spf": "cli.spf:spf",
}
INTERRUPTED = 130  # 128 + SIGINT, what a shell reports for Ctrl-C


class Refusal(click.ClickException):
    """Print a MailstackError as one line on standard error and exit 1."""

    def show(self, file: Any = None) -> None:
        """Print `error: <sentence>`."""
        click.echo(f"error: {self.format_message()}", file=file, err=True)


class Commands(click.Group):
    """A group that reads a command's module when the command is asked for (click, "Lazily Loading Subcommands")."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, read or not."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Read a command's module and return the command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]} is not a click command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a refusal becomes one sentence, Ctrl-C the exit code that a shell expects."""
        try:
            return super().invoke(ctx)
        except MailstackError as error:
            raise Refusal(str(error)) from None
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExample:\n  mailstack send notify --to you@example.net --stack local",
)
@click.version_option(package_name="mailstack")
def main() -> None:
    """SMTP senders for a domain, as code: what `pulumi up` does not do by itself."""
