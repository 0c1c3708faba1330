"""`mailstack send`: one mail with a stack's bundle, and the server's own words."""

from __future__ import annotations

import re

import click

from cli.options import stack_option
from mailstack.errors import DeliveryError

# Dot-string of RFC 5321 section 4.1.2 at a domain of at least two labels; quoted local parts are not asked for.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?=.{{1,254}}$)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+")
TEXT = "This is a test mail of mailstack.\n\nWho reads it knows that the SMTP settings of this sender work."


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not ADDRESS.fullmatch(value):
        raise click.BadParameter(
            f'"{value}" is not an e-mail address; write it bare and in ASCII, like you@example.net'
        )
    return value


def _one_line(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if "\r" in value or "\n" in value:
        raise click.BadParameter("a subject is one line")
    return value


@click.command(epilog="\b\nExample:\n  mailstack send notify --to you@example.net --stack prod")
@click.argument("sender")
@click.option("--to", required=True, metavar="ADDRESS", callback=_address, help="Who gets the mail.")
@stack_option
@click.option("--subject", default="Test mail", show_default=True, callback=_one_line, help="The subject.")
@click.option("--text", default=TEXT, help="The text. Default: two lines that say it is a test.")
@click.option(
    "--ca-file",
    envvar="MAILSTACK_CA_FILE",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Certificates (PEM) to trust beside this machine's own.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds to wait for each answer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; the conversation goes to stderr.")
def send(
    sender: str, to: str, stack: str | None, subject: str, text: str, ca_file: str | None, timeout: float, as_json: bool
) -> None:
    """Send one mail as SENDER and show what the server says.

    The server's certificate is checked as an application would check it. The exit code is 0 when the server took the
    mail.
    """
    from cli.bundles import pick, read
    from cli.delivery import compose, deliver
    from mailstack.mail.smtp import SmtpSettings

    settings = SmtpSettings.from_dict(pick(read(stack), sender))
    message = compose(settings, to, subject, text)
    message_id = str(message["Message-ID"])

    def tell(line: str) -> None:
        click.echo(line, err=as_json)

    where = f"{settings.host}:{settings.port} ({settings.security})"
    tell(f"connecting to {where}" + (f" as {settings.server_name}" if settings.server_name else ""))
    if not settings.verify and settings.security != "none":
        tell("the certificate is not checked, because the bundle says so")
    try:
        code, reply = deliver(settings, message, ca_file, timeout, tell)
    except DeliveryError as error:
        if as_json:
            _print_json(message_id, error.reply, error)
        raise
    if as_json:
        _print_json(message_id, (code, reply), None)
        return
    click.echo(f"Message-ID: {message_id}")
    click.echo("accepted by the server; check the inbox or the provider's events to see whether it arrived")


def _print_json(message_id: str, reply: tuple[int, str] | None, error: DeliveryError | None) -> None:
    import json

    result = {
        "sent": error is None,
        "messageId": message_id,
        "reply": {"code": reply[0], "text": reply[1]} if reply else None,
        "error": str(error) if error else None,
    }
    click.echo(json.dumps(result, indent=2, ensure_ascii=False))
