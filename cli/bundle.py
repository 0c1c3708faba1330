"""`mailstack bundle`: the SMTP settings of a stack in the form that an application reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from cli.options import stack_option

if TYPE_CHECKING:
    from mailstack.mail.smtp import SmtpSettings


@click.command(
    epilog="\b\nExamples:\n"
    "  mailstack bundle --stack prod --sender notify\n"
    "  mailstack bundle --stack prod --format env > .env"
)
@click.option(
    "--sender", metavar="KEY", help="The sender's key under mailstack:senders. Not needed where there is one."
)
@stack_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "env", "uri"]),
    default="json",
    show_default=True,
    help="json: an object by sender, or the one of --sender; env: SMTP_* lines for a shell or a .env file; "
    "uri: one connection URI.",
)
def bundle(sender: str | None, stack: str | None, form: str) -> None:
    """Print a stack's SMTP settings, with the password."""
    import json

    from cli.bundles import pick, read
    from mailstack.mail.smtp import SmtpSettings

    bundles = read(stack)
    if form == "json":
        click.echo(json.dumps(pick(bundles, sender) if sender else bundles, indent=2, ensure_ascii=False))
        return
    settings = SmtpSettings.from_dict(pick(bundles, sender))
    click.echo(settings.uri() if form == "uri" else "\n".join(env_lines(settings)))


def env_lines(settings: SmtpSettings) -> list[str]:
    """Return `NAME=value` lines that a POSIX shell and a .env reader take alike; what is not set has no line."""
    values: Mapping[str, Any] = {
        "SMTP_HOST": settings.host,
        "SMTP_PORT": settings.port,
        "SMTP_SECURITY": settings.security,
        "SMTP_USERNAME": settings.username,
        "SMTP_PASSWORD": settings.password,
        "SMTP_FROM_ADDRESS": settings.from_address,
        "SMTP_FROM_NAME": settings.from_name,
        "SMTP_URL": settings.uri(),
    }
    return [f"{name}={quoted(str(value))}" for name, value in values.items() if value not in (None, "")]


def quoted(value: str) -> str:
    r"""Quote a value for a POSIX shell, and in a way that .env readers share wherever there is one.

    Safe text stays bare (docker's --env-file keeps quotes), the rest is in single quotes. An apostrophe needs
    double quotes, and beside one of `"$\` or a backtick only a shell can read it.
    """
    import shlex

    if "'" in value and not any(character in '"$`\\' for character in value):
        return f'"{value}"'
    return shlex.quote(value)
