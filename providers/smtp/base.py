"""What an SMTP provider can be asked about a domain, and how it says that it cannot answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """What a provider says of a domain: `dkim` and `mail_from` in its own words, "" for what is not configured."""

    dkim: str
    mail_from: str
    verified: bool
    detail: str


class SmtpProvider(Protocol):
    """A provider of SMTP sending, in the account and region that it was made for."""

    def status(self, domain: str, expect_mail_from: bool) -> DomainStatus:
        """Ask once whether the domain, and its MAIL FROM domain where expected, is verified; raises VendorError."""
