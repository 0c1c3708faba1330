"""Hand one mail to the server that a bundle names, and say in words what went wrong."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, localtime, make_msgid

from cli.conversation import connect, hide
from mailstack.errors import DeliveryError
from mailstack.mail.smtp import SmtpSettings
from mailstack.replies import explain_failure, explain_reply


def compose(settings: SmtpSettings, to: str, subject: str, text: str) -> EmailMessage:
    """Make a plain mail (RFC 5322) in 7-bit form with the bundle's From and headers; Message-ID is of From's domain."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = formataddr((settings.from_name or "", settings.from_address))
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=settings.from_address.rpartition("@")[2])
    message.set_content(text)
    for name, value in settings.headers.items():
        if name not in message:  # the bundle adds to a mail, it does not redirect it
            message[name] = value
    return message


def deliver(
    settings: SmtpSettings, message: EmailMessage, ca_file: str | None, timeout: float, tell: Callable[[str], None]
) -> tuple[int, str]:
    """Hand a message in and return the server's last reply (code, text); raises DeliveryError.

    "Taken" means that the server has it, not that it was delivered.
    """
    try:
        client = connect(settings, ca_file, timeout, tell)
        try:
            reply = _hand_in(client, settings.from_address, str(message["To"]), message.as_bytes())
            with contextlib.suppress(smtplib.SMTPException, OSError):  # the mail is the server's already
                client.quit()
        finally:
            client.close()
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise _explained(error, settings) from None
    return reply


def _hand_in(client: smtplib.SMTP, sender: str, to: str, message: bytes) -> tuple[int, str]:
    code, text = client.mail(sender)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, sender)
    code, text = client.rcpt(to)
    if code not in (250, 251):
        raise smtplib.SMTPRecipientsRefused({to: (code, text)})
    code, text = client.data(message)
    if code != 250:
        raise smtplib.SMTPDataError(code, text)
    return code, text.decode("utf-8", "replace")


def _explained(error: Exception, settings: SmtpSettings) -> DeliveryError:
    """Say what failed in one sentence: the server's words, the cause and the remedy where they are known."""
    name = settings.server_name or settings.host
    code, text = _reply(error)
    if code:
        text = hide(text, settings)
        said = f"{name} refused {_what(error)}: {code} {' '.join(text.split())}"
        explanation = explain_reply(code, text, name)
        return DeliveryError(f"{said} - {explanation}" if explanation else said, (code, text))
    if isinstance(error, UnicodeError):
        return DeliveryError("the login or an address holds other characters than ASCII, which SMTP cannot carry here")
    if (
        isinstance(error, smtplib.SMTPNotSupportedError)
        and settings.security == "starttls"
        and "STARTTLS" in str(error)
    ):
        return DeliveryError(
            f"{name} offers no STARTTLS, so nothing was sent: {settings.host}:{settings.port} may want TLS from the "
            'first byte (security "tls", usually port 465), or something on the way strips it'
        )
    cause = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
    failure = cause if isinstance(cause, OSError) else error
    explanation = explain_failure(failure, name if isinstance(failure, ssl.SSLError) else settings.host,
                                  settings.port, settings.security)  # fmt: skip
    said = hide(str(failure) or type(failure).__name__, settings)
    if explanation:
        return DeliveryError(f"{explanation} ({said})")
    return DeliveryError(f"{settings.host}:{settings.port} did not take the mail: {said}")


def _reply(error: Exception) -> tuple[int, str]:
    """Return the server's refusing reply that an error of smtplib carries; (0, "") where there is none."""
    code, text = 0, b""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, text = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
    return (code, text.decode("utf-8", "replace")) if code > 0 else (0, "")


def _what(error: Exception) -> str:
    """Name the step that was refused."""
    steps: tuple[tuple[type[Exception], str], ...] = (
        (smtplib.SMTPAuthenticationError, "the login"),
        (smtplib.SMTPSenderRefused, "the From address"),
        (smtplib.SMTPRecipientsRefused, "the recipient"),
        (smtplib.SMTPDataError, "the message"),
        (smtplib.SMTPConnectError, "the connection"),
    )
    return next((step for kind, step in steps if isinstance(error, kind)), "a command")
