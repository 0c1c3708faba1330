"""SMTP submission: STARTTLS or TLS, AUTH, and the replies of SES, or of the vendor whose login it is."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.smtp.sending import Refusal, Submitted
from sandbox.smtp.ses import region
from sandbox.smtp.vendor import Vendor

HOST = "email-smtp.amazonaws.com"
IDENT = "ESMTP SimpleEmailService"
BARE_LF = re.compile(rb"(?<!\r)\n")  # not allowed in SMTP (RFC 5321 section 2.3.8), sent all the same, and corrected
LARGEST_MESSAGE = 40 * 1024 * 1024  # SES quota for a message, encoded

log = logging.getLogger("sandbox.smtp")


class TlsNames:
    """Remember which host each TLS connection was opened for."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._names: WeakKeyDictionary[object, str] = WeakKeyDictionary()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(certificate, key)
        self.context.sni_callback = self._remember

    def of(self, connection: object) -> str:
        """Return the host that the client named, "" when it named none."""
        return self._names.get(connection, "")

    def _remember(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        self._names[connection] = (name or "").lower()


class Submission(SMTP):
    """One SMTP connection as SES answers it; the replies are its texts."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, handler: Handler, names: TlsNames, *, implicit_tls: bool) -> None:
        super().__init__(
            handler,
            hostname=HOST,
            ident=IDENT,
            data_size_limit=LARGEST_MESSAGE,
            tls_context=None if implicit_tls else names.context,
            require_starttls=not implicit_tls,
            auth_require_tls=not implicit_tls,
            authenticator=self._sign_in,
            timeout=60,
            loop=asyncio.get_running_loop(),
        )
        self._names = names
        self._vendor = handler.vendor

    @property
    def server_name(self) -> str:
        """The host that this connection was opened for, known once TLS is up."""
        connection = self.transport.get_extra_info("ssl_object") if self.transport else None
        return self._names.of(connection) if connection is not None else ""

    async def check_auth_needed(self, caller_method: str) -> bool:
        """Answer 530 in SES's words to whoever has not signed in; greeting and HELP stay open."""
        if caller_method == "HELP" or (self.session is not None and self.session.authenticated):
            return False
        await self.push("530 Authentication required")
        return True

    def _sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Let the vendor whose login it is check it."""
        given: LoginPassword = data
        username, password = (part.decode("utf-8", "replace") for part in (given.login, given.password))
        vendor = self._vendor(self.server_name, username)
        try:
            login = vendor.sign_in(username, password, self.server_name)
        except Refusal as refusal:
            return AuthResult(success=False, handled=False, message=str(refusal))
        return AuthResult(success=True, auth_data=(vendor, login), message=vendor.welcome)


class Handler:
    """What a connection asks: who signs in, and whether the message goes."""

    def __init__(self, vendors: Sequence[Vendor], submit: Callable[[Vendor, Submitted], str]) -> None:
        self._vendors = vendors
        self._submit = submit

    def vendor(self, server_name: str, username: str) -> Vendor:
        """Return whose login it is; the first vendor's where none can tell."""
        surely = (vendor for vendor in self._vendors if vendor.serves(server_name, username))
        return next(surely, self._vendors[0])

    async def handle_EHLO(  # noqa: N802  # aiosmtpd finds its hooks by these names
        self, server: Submission, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """List the extensions as SES does."""
        session.host_name = hostname
        return [line for line in responses[:-1] if not line.startswith("250-SIZE")] + ["250 Ok"]

    async def handle_DATA(self, server: Submission, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """Take the message, or refuse it with the vendor's reply; judging it asks DNS and so leaves the event loop."""
        signed_in: Any = session.auth_data
        vendor, login = signed_in
        mail = Submitted(
            login=login,
            region=region(server.server_name),
            envelope_from=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            content=BARE_LF.sub(b"\r\n", bytes(envelope.original_content or b"")),
        )
        try:
            return f"250 Ok {await asyncio.to_thread(self._submit, vendor, mail)}"
        except Refusal as refusal:
            return " ".join(str(refusal).encode("ascii", "replace").decode().split())

    async def handle_exception(self, error: Exception) -> str:
        """Hide what went wrong in here from the client, as SES does, and keep it in the log."""
        log.error("a message or command could not be handled", exc_info=error)
        return "451 Temporary service failure"
