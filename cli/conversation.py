"""One SMTP session that tells what was said on both sides, and never tells a credential."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from mailstack.errors import MailstackError
from mailstack.mail.smtp import SmtpSettings

Tell = Callable[[str], None]
# Commands that may be shown whole. AUTH and the answers to its challenges are not among them.
SHOWN = {"EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"}
HIDDEN = "[hidden]"


class NamedContext(ssl.SSLContext):
    """A client context that asks for and verifies one name, whatever host was dialled.

    smtplib hands TLS the host that it dialled; a server behind another address has its certificate for `server_name`.
    """

    server_name = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap a socket under `server_name`."""
        return super().wrap_socket(sock, *args, **{**options, "server_hostname": self.server_name})


def tls_context(settings: SmtpSettings, ca_file: str | None) -> NamedContext:
    """Return a context that trusts this machine's authorities and those of `ca_file` (PEM)."""
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = settings.server_name or settings.host
    context.load_default_certs()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise MailstackError(
                f"the CA file {ca_file} cannot be used ({error}); give a file that holds certificates in PEM"
            ) from None
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Telling(smtplib.SMTP):
    """smtplib's client, telling each command and each line of a reply as it passes."""

    tell: Tell
    settings: SmtpSettings

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command and tell it; of a login only that it happens."""
        verb = cmd.upper().split(" ")[0]
        if verb in SHOWN:
            self.tell(f"> {cmd.upper()} {args}".rstrip())
        else:
            self.tell(f"> AUTH {args.split(' ')[0]} {HIDDEN}" if verb == "AUTH" else f"> {HIDDEN}")
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply and tell its lines."""
        code, text = super().getreply()
        *first, last = hide(text.decode("utf-8", "replace"), self.settings).split("\n")
        for line in first:
            self.tell(f"< {code}-{line}")
        self.tell(f"< {code} {last}")
        return code, text


class _TellingTls(_Telling, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def connect(settings: SmtpSettings, ca_file: str | None, timeout: float, tell: Tell) -> smtplib.SMTP:
    """Connect, secure and log in as the bundle says; raises what smtplib, socket and ssl raise.

    STARTTLS is required where the bundle says so: a server without it is refused, nothing is sent in the clear.
    `timeout` is in seconds, for each wait.
    """
    context = tls_context(settings, ca_file)
    # Without a host the constructor does not dial, so that `tell` is set before the first reply.
    client = _TellingTls(timeout=timeout, context=context) if settings.security == "tls" else _Telling(timeout=timeout)
    client.tell, client.settings = tell, settings
    try:
        greeting = client.connect(settings.host, settings.port)
        if greeting[0] != 220:
            raise smtplib.SMTPConnectError(*greeting)
        if settings.security == "starttls":
            client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
        if settings.username is not None and settings.password is not None:
            client.login(settings.username, settings.password)
    except BaseException:
        client.close()
        raise
    return client


def hide(text: str, settings: SmtpSettings) -> str:
    """Take the password out of a text, in every form in which AUTH PLAIN and AUTH LOGIN write it."""
    if not settings.password:
        return text
    plain = f"\0{settings.username}\0{settings.password}"
    for secret in (
        *(base64.b64encode(form.encode()).decode() for form in (plain, settings.password)),
        settings.password,
    ):
        text = text.replace(secret, HIDDEN)
    return text
