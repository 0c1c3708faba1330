"""The SMTP ports and the receiver behind them, in an event loop of their own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.smtp.receiver import Receiver
    from sandbox.smtp.sending import Submitted
    from sandbox.smtp.service import MailService
    from sandbox.smtp.vendor import Vendor

START_SECONDS = STOP_SECONDS = 10.0


class SmtpWorld:
    """The vendors' SMTP endpoints, and the mailbox provider that gets what they accept.

    Two ports on 127.0.0.1: STARTTLS and implicit TLS. The name in the client's TLS handshake tells SES's region; the
    user name tells SES's logins from those of `others`.
    """

    def __init__(
        self,
        aws: MailService,
        dns_port: int,
        mail_dir: Path,
        certificate: Path,
        key: Path,
        *,
        others: Sequence[Vendor] = (),
        starttls_port: int = 0,
        tls_port: int = 0,
    ) -> None:
        self.starttls_port = starttls_port
        self.tls_port = tls_port
        self._aws = aws
        self._others = others
        self._dns_port = dns_port
        self._mail_dir = mail_dir
        self._certificate = certificate
        self._key = key
        self._receiver: Receiver | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._servers: list[asyncio.Server] = []

    def start(self) -> None:
        """Open both ports (0 takes a free one); OSError when a given port is in use."""
        from sandbox.smtp.lookup import Lookup
        from sandbox.smtp.receiver import Receiver

        for chatter in ("mail.log", "aiosmtpd"):
            logging.getLogger(chatter).setLevel(logging.ERROR)
        self._receiver = Receiver(Lookup(self._dns_port), self._mail_dir)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-smtp", daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close the ports and every connection."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()
        self._loop = self._thread = None

    def mail(self) -> list[dict[str, Any]]:
        """Return what was delivered, oldest first; see Receiver.mail for the keys."""
        return self._receiver.mail() if self._receiver else []

    async def _listen(self) -> None:
        from sandbox.smtp.ses import SesMail
        from sandbox.smtp.submission import Handler, Submission, TlsNames

        loop = asyncio.get_running_loop()
        names = TlsNames(self._certificate, self._key)
        handler = Handler([*self._others, SesMail(self._aws)], self._submit)
        starttls = await loop.create_server(
            lambda: Submission(handler, names, implicit_tls=False), "127.0.0.1", self.starttls_port
        )
        self._servers.append(starttls)
        tls = await loop.create_server(
            lambda: Submission(handler, names, implicit_tls=True), "127.0.0.1", self.tls_port, ssl=names.context
        )
        self._servers.append(tls)
        self.starttls_port = starttls.sockets[0].getsockname()[1]
        self.tls_port = tls.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _submit(self, vendor: Vendor, mail: Submitted) -> str:
        """Send a message on and return its id; Refusal when the vendor would not take it."""
        assert self._receiver is not None  # noqa: S101  # connections exist only between start and stop
        out = vendor.send(mail)
        self._receiver.deliver(out.content, out.message_id, out.envelope_from, out.recipients, out.helo)
        return out.message_id
