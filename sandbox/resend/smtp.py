"""What Resend's SMTP endpoint decides of logins and messages, and how it sends a message on.

resend.com/docs/send-with-smtp; the replies are those that clients saw.
"""

from __future__ import annotations

from email.utils import getaddresses

from sandbox.certificate import RESEND
from sandbox.resend import verification
from sandbox.resend.records import NETWORK_HOSTS, OWN_NETWORK, SELECTOR
from sandbox.resend.state import Account, Domain, Key
from sandbox.smtp.sending import Outgoing, Refusal, Submitted, new_message_id, service_domain
from sandbox.smtp.signing import Signer, outgoing, split

USERNAME = "resend"


class ResendMail:
    """Resend behind the submission ports (see sandbox.smtp.vendor.Vendor)."""

    welcome = "235 Authentication successful"

    def __init__(self, account: Account) -> None:
        self._account = account

    def serves(self, server_name: str, username: str) -> bool:
        """Say whether a login is surely for Resend: by its host, or by its user name."""
        return server_name == RESEND or username == USERNAME

    def sign_in(self, username: str, password: str, server_name: str) -> Key:
        """Check a login; the user name is compared byte by byte and refused only when the password was given."""
        if username != USERNAME:
            raise Refusal("535 Invalid username")
        key = self._account.key_of(password)
        if key is None:
            raise Refusal("535 Authentication credentials invalid")
        return key

    def send(self, mail: Submitted) -> Outgoing:
        """Decide whether a message may go; it is signed for its domain and sent from the domain's return path."""
        name = _author_domain(mail.content)
        with self._account.lock:
            domain = self._sender(mail.login, name)
            message_id = new_message_id(domain.region)
            signer = Signer(domain.name, SELECTOR, domain.dkim.pem)
            # Resend sends through SES, whose message ids its mail carries.
            content = outgoing(mail.content, message_id, domain.region, [signer])
            envelope_from = f"{message_id}@{domain.envelope_domain}"
            return Outgoing(message_id, envelope_from, mail.recipients, content, _host(domain))

    def _sender(self, key: Key, name: str) -> Domain:
        domain = self._account.domain_named(name)
        if key.domain_id is not None and (domain is None or domain.id != key.domain_id):
            raise Refusal(f"550 This API key is not authorized to send emails from {name}")
        if domain is not None:
            verification.refresh(self._account, domain)
        if domain is None or not domain.may_send:
            raise Refusal(
                f"450 The {name} domain is not verified. Please, add and verify your domain on "
                "https://resend.com/domains"
            )
        return domain


def _author_domain(content: bytes) -> str:
    """Give the domain of the one address in From; the envelope's sender does not count."""
    written = [field.value for field in split(content)[0] if field.name == "from"]
    addresses = [address for _, address in getaddresses(written) if address]
    local, _, domain = addresses[0].rpartition("@") if len(addresses) == 1 else ("", "", "")
    if not local or not domain:
        raise Refusal(
            "550 Invalid `from` field. The email address needs to follow the `email@example.com` or "
            "`Name <email@example.com>` format."
        )
    return domain.lower()


def _host(domain: Domain) -> str:
    if domain.generation == "A":
        return f"smtp-out.{service_domain(domain.region)}"
    return f"{NETWORK_HOSTS[domain.region]}.{OWN_NETWORK}"
