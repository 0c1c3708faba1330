"""The table of replies: every row of the two guides' trouble-shooting parts has its cause and remedy."""

from __future__ import annotations

import socket
import ssl

import pytest

from mailstack.replies import explain_failure, explain_reply

SES = "email-smtp.eu-west-1.amazonaws.com"
GMAIL = "smtp.gmail.com"
UNVERIFIED = (
    "Message rejected: Email address is not verified. The following identities failed the check in region "
    "EU-WEST-1: hello@example.com, you@example.net"
)
DENIED = (
    "Access denied: User `arn:aws:iam::123456789012:user/x' is not authorized to perform `ses:SendRawEmail' on "
    "resource `arn:aws:ses:eu-west-1:123456789012:identity/example.com'"
)


@pytest.mark.parametrize(
    ("code", "text", "host", "cause", "remedy"),
    [
        (535, "Authentication failed", "smtp.example.com", "wrong username or password", "white space"),
        (535, "Authentication Credentials Invalid", SES, "SES does not know this login", "access key id"),
        (
            535,
            "Authentication Credentials Invalid",
            SES.replace("smtp.", "smtp-fips."),
            "SES",
            "derived for one region",
        ),
        (535, "Authentication Credentials Invalid", "email-smtp.cn-north-1.amazonaws.com.cn", "SES", "access key id"),
        (
            535,
            "5.7.8 Username and Password not accepted. For more information, go to\n"
            "5.7.8  https://support.google.com/mail/?p=BadCredentials",
            GMAIL,
            "no account password",
            "app password",
        ),
        (534, "5.7.9 Application-specific password required.", GMAIL, "no account password", "app password"),
        (502, "5.7.0 Your SMTP account is not yet activated.", "smtp-relay.brevo.com", "not activated", "support"),
        (450, "The example.com domain is not verified", "smtp.resend.com", "not seen", "caches"),
        (554, UNVERIFIED, SES, "eu-west-1 has not verified hello@example.com, you@example.net", "SES sandbox"),
        (554, DENIED, SES, "policy does not allow", "`sendAs`"),
        (
            421,
            "Domain sandbox1.mailgun.org is not allowed to send: Free accounts are for test purposes only.",
            "smtp.mailgun.org",
            "only to recipients that it knows",
            "authorise the recipient",
        ),
        (530, "Must issue a STARTTLS command first", SES, "wants TLS", '"starttls"'),
        (530, "Authentication required", SES, "wants a login", "`login: create`"),
        (454, "Throttling failure: Maximum sending rate exceeded.", SES, "quota", "slower"),
        (454, "Temporary authentication failure", SES, "temporary", "again"),
    ],
)
def test_a_reply_has_cause_and_remedy(code: int, text: str, host: str, cause: str, remedy: str) -> None:
    """A reply that the guides or SES's documentation name is explained as they explain it."""
    explanation = explain_reply(code, text, host)
    assert explanation is not None
    assert cause in explanation.cause
    assert remedy in explanation.remedy


@pytest.mark.parametrize(("code", "text"), [(550, "5.1.1 no such user"), (554, "5.7.1 spam"), (450, "greylisted")])
def test_other_replies_speak_for_themselves(code: int, text: str) -> None:
    """A reply that the table does not know gets no invented cause."""
    assert explain_reply(code, text, SES) is None


def test_a_name_that_only_looks_like_ses_is_not_ses() -> None:
    """SES's explanation is for SES's hosts, not for a name that contains one."""
    explanation = explain_reply(535, "no", f"{SES}.example.org")
    assert explanation is not None
    assert "SES" not in explanation.cause


@pytest.mark.parametrize(
    ("error", "port", "security", "cause", "remedy"),
    [
        (TimeoutError("timed out"), 25, "starttls", "wrong or blocked", "try port 587"),
        (TimeoutError("timed out"), 587, "starttls", "wrong or blocked", "2587"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), 587, "tls", "does not speak TLS", "465"),
        (ConnectionRefusedError(), 2525, "starttls", "nothing listens on smtp.example.com:2525", "sandbox start"),
        (socket.gaierror(-2, "Name or service not known"), 587, "tls", "cannot be found", "spelling"),
        (ssl.SSLCertVerificationError("bad"), 465, "tls", "cannot be trusted", "--ca-file"),
    ],
)
def test_a_failed_connection_has_cause_and_remedy(
    error: Exception, port: int, security: str, cause: str, remedy: str
) -> None:
    """A connection that fails is explained by its kind, with advice that fits port and TLS mode."""
    explanation = explain_failure(error, "smtp.example.com", port, security)
    assert explanation is not None
    assert cause in explanation.cause
    assert remedy in explanation.remedy
