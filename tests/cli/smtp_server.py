"""A real SMTP server on this machine: STARTTLS, TLS from the first byte or none, with a login."""

from __future__ import annotations

import socket
import ssl
from asyncio import WriteTransport
from email.message import Message
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class _Handler(MessageHandler):
    """Keep every mail and answer DATA as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []
        self.rcpt_reply = "250 OK"
        self.data_reply = "250 Ok 0102018f-000000"
        self.hangs_up = False

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await super().handle_DATA(server, session, envelope)
        return self.data_reply

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs_up and isinstance(server.transport, WriteTransport):
            server.transport.abort()
        return "221 Bye"

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


class SmtpServer:
    """The server, what it took (`mails`), and the name that each client asked for (`asked`, from TLS SNI)."""

    def __init__(self, certificate: trustme.LeafCert, tls: str, username: str, password: str) -> None:
        self.username, self.password = username, password
        self.asked: list[str | None] = []
        self.auth_reply: str | None = None
        self._handler = _Handler()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        context.sni_callback = lambda _socket, name, _context: self.asked.append(name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        modes: dict[str, dict[str, Any]] = {
            "starttls": {"tls_context": context, "require_starttls": True},
            "tls": {"ssl_context": context, "auth_require_tls": False},
            "none": {"auth_require_tls": False},
        }
        self._controller = Controller(
            self._handler,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self._authenticate,
            auth_required=True,
            **modes[tls],
        )
        self._controller.start()
        self.asked.clear()  # the controller's own first connection

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _name: str, login: Any
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        if (login.login, login.password) == (self.username.encode(), self.password.encode()):
            return AuthResult(success=True)
        if self.auth_reply:
            return AuthResult(success=False, handled=False, message=self.auth_reply)
        return AuthResult(success=False, handled=False)

    @property
    def mails(self) -> list[Message]:
        return self._handler.mails

    def answer_data(self, reply: str) -> None:
        """Answer the end of DATA so."""
        self._handler.data_reply = reply

    def answer_rcpt(self, reply: str) -> None:
        """Answer RCPT TO so."""
        self._handler.rcpt_reply = reply

    def hang_up(self) -> None:
        """Break the connection instead of answering QUIT."""
        self._handler.hangs_up = True

    def stop(self) -> None:
        self._controller.stop()
