"""Send one mail with a bundle as an application would, and return the receiver's verdict."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from typing import Any

from .world import World


class _Named(ssl.SSLContext):
    """A context that checks the certificate against a name other than the address that was dialled."""

    name: str | None = None

    def wrap_socket(self, sock: Any, *args: Any, **kwargs: Any) -> Any:
        return super().wrap_socket(sock, *args, **{**kwargs, "server_hostname": self.name or kwargs["server_hostname"]})


def send(world: World, bundle: Mapping[str, Any], recipient: str) -> dict[str, Any]:
    """Send with certificate checks on; raises smtplib's errors for what the server refuses."""
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(world.environment["MAILSTACK_CA_FILE"])
    context.name = bundle.get("serverName")
    message = EmailMessage()
    message["From"] = formataddr((bundle.get("fromName") or "", bundle["fromAddress"]))
    message["To"] = recipient
    message["Subject"] = make_msgid()  # what the mail is found by: SES writes a Message-ID of its own
    message.set_content("Hello.")
    before = len(world.mail())
    with _connect(bundle, context) as smtp:
        smtp.login(bundle["username"], bundle["password"])
        smtp.send_message(message)
    return _verdict(world, message["Subject"], before)


def _connect(bundle: Mapping[str, Any], context: ssl.SSLContext) -> smtplib.SMTP:
    if bundle["security"] == "tls":
        return smtplib.SMTP_SSL(bundle["host"], bundle["port"], context=context, timeout=20)
    smtp = smtplib.SMTP(bundle["host"], bundle["port"], timeout=20)
    smtp.starttls(context=context)
    return smtp


def _verdict(world: World, subject: str, before: int) -> dict[str, Any]:
    for _ in range(100):
        for mail in world.mail()[before:]:
            if mail["subject"] == subject:
                return mail
        time.sleep(0.05)
    raise AssertionError("the mail was taken and did not reach the receiver")
