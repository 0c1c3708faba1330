"""What SMTP replies and failed connections mean, and what to do about them."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """Why a server or a connection refused, and the way on."""

    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.remedy}"


SES = re.compile(r"(^|\.)email-smtp(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
ANY_HOST = re.compile("")

# (reply codes, pattern in the server's words, pattern of the host, explanation); the first that fits is the answer, so
# the narrower ones come first. Sources: FusionAuth "Configure the SMTP server" and Ory "Use a custom SMTP server"
# (trouble-shooting parts), Amazon SES developer guide "Amazon SES SMTP issues" and "SMTP response codes".
REPLIES: tuple[tuple[set[int], str, re.Pattern[str], Explanation], ...] = (
    (
        {534, 535},
        r"BadCredentials|application-specific password",
        ANY_HOST,
        Explanation(
            "Google takes no account password here",
            "switch 2-step verification on, create an app password and use that (its spaces do no harm)",
        ),
    ),
    (
        {535},
        "",
        SES,
        Explanation(
            "SES does not know this login in this region",
            "the username is the access key id (not the IAM user's name) and the SMTP password is derived for one "
            "region; a key made this minute may need some seconds, a deleted or inactive one needs `pulumi up`",
        ),
    ),
    (
        {535},
        "",
        ANY_HOST,
        Explanation(
            "wrong username or password",
            "compare both with the provider's, without white space before or after; then set the secret and run "
            "`pulumi up`",
        ),
    ),
    (
        {530},
        r"STARTTLS",
        ANY_HOST,
        Explanation("the server wants TLS before anything else", 'use security "starttls", on port 587'),
    ),
    (
        {530},
        "",
        ANY_HOST,
        Explanation("the server wants a login and the bundle has none", "give the sender `login: create` or `given`"),
    ),
    (
        {502},
        r"not yet activated",
        ANY_HOST,
        Explanation(
            "the provider has not activated the account for SMTP", "ask its support to activate transactional mail"
        ),
    ),
    (
        {450},
        r"not verified",
        ANY_HOST,
        Explanation(
            "the provider has not seen the domain's records yet",
            "see what is missing in the stack's output status, publish it, wait for caches and start the verification "
            "again",
        ),
    ),
    (
        {421},
        r"not allowed to send|test purposes only",
        ANY_HOST,
        Explanation(
            "the provider's test domain sends only to recipients that it knows",
            "authorise the recipient at the provider, or use an own domain or a paid plan",
        ),
    ),
    (
        {554},
        r"Access denied|not authorized to perform",
        ANY_HOST,
        Explanation(
            "the login's policy does not allow this From address or recipient",
            "add the address to the sender's `sendAs`, or the recipient to its `recipients`, and run `pulumi up`; in "
            "the SES sandbox set `ses.sandboxAccount: true`",
        ),
    ),
    (
        {454},
        r"quota|rate exceeded|throttl",
        ANY_HOST,
        Explanation("the account's sending quota is used up", "send later or slower, or ask the provider for more"),
    ),
    (
        {454},
        "",
        ANY_HOST,
        Explanation("the server has a temporary problem with the login", "try again in some minutes"),
    ),
)
_UNVERIFIED = re.compile(r"not verified\..*?region\s+(?P<region>[A-Za-z0-9-]+):\s*(?P<identities>.+)", re.DOTALL)


def explain_reply(code: int, text: str, host: str) -> Explanation | None:
    """Return what a refusing reply of `host` means, or None where the server's words must do."""
    if code == 554 and (unverified := _UNVERIFIED.search(text)):
        region, identities = unverified["region"].lower(), unverified["identities"].strip()
        return Explanation(
            f"SES in {region} has not verified {identities}",
            "if that is the From address, wait until the domain is verified in that region (stack output status); if "
            "it is the recipient, the account is in the SES sandbox: verify it too, or ask AWS for production access",
        )
    for codes, pattern, hosts, explanation in REPLIES:
        if code in codes and hosts.search(host) and re.search(pattern, text, re.IGNORECASE):
            return explanation
    return None


def explain_failure(error: Exception, host: str, port: int, security: str) -> Explanation | None:
    """Return what a connection that failed (an OSError of sockets or TLS) means, or None."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Explanation(
            f"the certificate of {host} cannot be trusted",
            "no mail and no password was sent; if its authority is your own, give its certificate with --ca-file or "
            "MAILSTACK_CA_FILE, and if only the name differs set the bundle's server name",
        )
    if isinstance(error, ssl.SSLError):
        return _mode(port, security, f"{host}:{port} does not speak TLS the way the bundle says ({security})")
    if isinstance(error, socket.gaierror):
        return Explanation(f"the name {host} cannot be found", "check the host's spelling and this machine's DNS")
    if isinstance(error, TimeoutError):
        return _mode(port, security, f"{host}:{port} did not answer in time: the port is wrong or blocked on the way")
    if isinstance(error, ConnectionRefusedError):
        return Explanation(
            f"nothing listens on {host}:{port}", "check host and port; for the local stack, `mailstack sandbox start`"
        )
    return None


def _mode(port: int, security: str, cause: str) -> Explanation:
    """Advise on port and TLS mode, which are mixed up more often than anything else."""
    usual = '"tls" from the first byte belongs to ports 465 and 2465, "starttls" to 25, 587 and 2587'
    if security == "starttls" and port == 587:
        return Explanation(cause, f"many networks block mail ports, so try another network or port 2587; {usual}")
    return Explanation(cause, f'try port 587 with "starttls"; {usual}')
