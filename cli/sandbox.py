"""`mailstack sandbox`: the mail cloud on this machine that the stack `local` uses."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mailstack.errors import MailstackError

directory_option = click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where its files are. Default: .sandbox in the project's folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog='\b\nExample:\n  mailstack sandbox start\n  eval "$(mailstack sandbox env)"')
def sandbox() -> None:
    """Start, stop and look at the mail cloud on this machine.

    It answers as AWS, Cloudflare, DNS and SMTP for the stack `local` and for tests. It needs no account, listens on
    127.0.0.1 only, and forgets everything when it stops.
    """


@sandbox.command(epilog="\b\nExample:\n  mailstack sandbox start")
@directory_option
@json_option
def start(directory: Path | None, as_json: bool) -> None:
    """Start it, or do nothing where it runs."""
    with _library() as library:
        where = _directory(directory)
        if not library.status(where)["running"]:
            click.echo("starting the mail cloud on this machine (about 5 s)", err=True)
        info = library.start(where)
    if as_json:
        _print_json(info)
        return
    click.echo(f"the mail cloud runs, its files are in {where}; to use it in this shell:")
    click.echo('  eval "$(mailstack sandbox env' + (f" --dir {directory}" if directory else "") + ')"')


@sandbox.command(epilog="\b\nExample:\n  mailstack sandbox stop")
@directory_option
def stop(directory: Path | None) -> None:
    """Stop it; what it held is gone then."""
    with _library() as library:
        where = _directory(directory)
        running = library.status(where)["running"]
        if running:
            library.stop(where)
    click.echo("the mail cloud is stopped" if running else "the mail cloud was not running")


@sandbox.command(epilog="\b\nExample:\n  mailstack sandbox status --json")
@directory_option
@json_option
def status(directory: Path | None, as_json: bool) -> None:
    """Show whether it runs and where; exit 1 if not."""
    with _library() as library:
        info = library.status(_directory(directory))
    if as_json:
        _print_json(info)
    elif info["running"]:
        click.echo(f"the mail cloud runs (process {info['pid']})")
        for service, port in info["ports"].items():
            click.echo(f"  {service:<14} 127.0.0.1:{port}")
    else:
        click.echo("the mail cloud does not run; `mailstack sandbox start` starts it")
    if not info["running"]:
        raise click.exceptions.Exit(1)


@sandbox.command(epilog='\b\nExample:\n  eval "$(mailstack sandbox env)"')
@directory_option
@json_option
def env(directory: Path | None, as_json: bool) -> None:
    """Print the environment that leads Pulumi to it.

    With MAILSTACK_PLUGINS=real the engine takes the vendors' own plugins instead of the stand-ins.
    """
    import shlex

    from cli.engine import search_path

    plugins = os.environ.get("MAILSTACK_PLUGINS", "standin")
    if plugins not in ("standin", "real"):
        raise MailstackError(f'MAILSTACK_PLUGINS is "{plugins}"; use "standin" or "real"')
    with _library() as library:
        variables = dict(library.environment(_directory(directory), plugins))
    variables["PATH"] = search_path(variables.get("PATH", os.environ.get("PATH", os.defpath)))
    if as_json:
        _print_json(variables)
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@contextlib.contextmanager
def _library() -> Iterator[Any]:
    """Hand out the sandbox's library; what it refuses is told as every other refusal."""
    try:
        import sandbox as library
    except ImportError as error:
        raise MailstackError(f"the mail cloud needs the development packages ({error}): run `uv sync`") from None
    try:
        yield library
    except library.SandboxError as error:
        raise MailstackError(str(error)) from None


def _directory(given: Path | None) -> Path:
    """Return the sandbox's directory: the given one, else the project's."""
    if given is not None:
        return given.absolute()
    from cli.engine import project_root

    return project_root() / ".sandbox"


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
