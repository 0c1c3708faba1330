"""What the SMTP side needs of AWS, as protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Login(Protocol):
    """Who signed in: the IAM user behind an SMTP username and password."""

    @property
    def account(self) -> str:
        """The account id."""


class Identity(Protocol):
    """A verified identity with what the envelope sender depends on; statuses in the words of the SES API."""

    name: str
    mail_from_domain: str | None
    mail_from_status: str | None
    behavior_on_mx_failure: str


class Verdict(Protocol):
    """Whether a message may go; if not, why, in AWS's words."""

    @property
    def allowed(self) -> bool:
        """True when it may."""

    @property
    def why(self) -> str:
        """The text behind `554 `."""


class DkimKey(Protocol):
    """A key pair that signs."""

    @property
    def pem(self) -> bytes:
        """The private half."""


class MailService(Protocol):
    """What submission asks of the sandbox's AWS (sandbox.aws.server.AwsWorld), and no more.

    Logins and identities only pass through here: AWS gets back what it gave, hence Any where it takes them.
    """

    @property
    def amazonses_selector(self) -> str:
        """The selector of the service's own signature; its key is among dkim_keys."""

    def smtp_login(self, username: str, password: str, region: str) -> Login | None:
        """Return who signs in with this SMTP username and this region's password, None for nobody."""

    def verified_identity(self, account: str, region: str, address: str) -> Identity | None:
        """Return the most specific verified identity that covers an address."""

    def may_send(
        self,
        login: Any,
        region: str,
        from_address: str,
        recipients: Sequence[str],
        identity: Any,
        configuration_set: str | None,
    ) -> Verdict:
        """Judge account, configuration set (None: the identity's default), recipients and the user's policies."""

    def signing_key(self, identity: Any) -> tuple[str, DkimKey] | None:
        """Return selector and key for an identity's mail, None where it is not signed."""

    def dkim_keys(self) -> Mapping[str, DkimKey]:
        """Return the key pair behind each token."""

    def count_sent(self, account: str, region: str, mails: int = 1) -> None:
        """Count what was taken, for the account's quota."""
