"""SMTP submission as SES's endpoints speak it: STARTTLS or TLS, AUTH, and SES's replies."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.smtp.sending import Refusal, Submitted
from sandbox.smtp.service import Login

HOST = "email-smtp.amazonaws.com"
IDENT = "ESMTP SimpleEmailService"
DEFAULT_REGION = "eu-west-1"  # for a client that names no SES endpoint in its TLS handshake
ENDPOINT = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
BARE_LF = re.compile(rb"(?<!\r)\n")  # not allowed in SMTP (RFC 5321 section 2.3.8), sent all the same, and mended
LARGEST_MESSAGE = 40 * 1024 * 1024  # SES quota for a message, encoded

log = logging.getLogger("sandbox.smtp")


class TlsNames:
    """Remember which SES endpoint each TLS connection was opened for."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._names: WeakKeyDictionary[object, str] = WeakKeyDictionary()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(certificate, key)
        self.context.sni_callback = self._remember

    def region(self, connection: object) -> str:
        """Return the region of the endpoint that the client named, DEFAULT_REGION when it named none."""
        match = ENDPOINT.fullmatch(self._names.get(connection, ""))
        return match[1] if match else DEFAULT_REGION

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
        self._login = handler.login

    @property
    def region(self) -> str:
        """The region that this connection speaks to, known once TLS stands."""
        connection = self.transport.get_extra_info("ssl_object") if self.transport else None
        return self._names.region(connection) if connection is not None else DEFAULT_REGION

    async def check_auth_needed(self, caller_method: str) -> bool:
        """Answer 530 in SES's words to whoever has not signed in; greeting and HELP stay open."""
        if caller_method == "HELP" or (self.session is not None and self.session.authenticated):
            return False
        await self.push("530 Authentication required")
        return True

    def _sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Take an SMTP username with the password of the connection's region."""
        given: LoginPassword = data
        username, password = (part.decode("utf-8", "replace") for part in (given.login, given.password))
        login = self._login(username, password, self.region)
        if login is None:
            return AuthResult(success=False, handled=False, message="535 Authentication Credentials Invalid")
        return AuthResult(success=True, auth_data=login, message="235 Authentication successful.")


class Handler:
    """What a connection asks: who signs in, and whether the message goes."""

    def __init__(
        self,
        login: Callable[[str, str, str], Login | None],
        submit: Callable[[Submitted], str],
    ) -> None:
        self.login = login
        self._submit = submit

    async def handle_EHLO(  # noqa: N802  # aiosmtpd finds its hooks by these names
        self, server: Submission, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """List the extensions as SES does."""
        session.host_name = hostname
        return [line for line in responses[:-1] if not line.startswith("250-SIZE")] + ["250 Ok"]

    async def handle_DATA(self, server: Submission, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """Take the message, or refuse it with SES's reply; judging it asks DNS and so leaves the event loop."""
        login: Any = session.auth_data
        mail = Submitted(
            login=login,
            region=server.region,
            envelope_from=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            content=BARE_LF.sub(b"\r\n", bytes(envelope.original_content or b"")),
        )
        try:
            return f"250 Ok {await asyncio.to_thread(self._submit, mail)}"
        except Refusal as refusal:
            return " ".join(str(refusal).encode("ascii", "replace").decode().split())

    async def handle_exception(self, error: Exception) -> str:
        """Hide what went wrong in here from the client, as SES does, and keep it in the log."""
        log.error("a message or command could not be handled", exc_info=error)
        return "451 Temporary service failure"
