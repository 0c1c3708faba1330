"""SES behind the submission ports."""

from __future__ import annotations

import re

from sandbox.smtp.sending import Outgoing, Refusal, Submitted, send
from sandbox.smtp.service import Login, MailService

DEFAULT_REGION = "eu-west-1"  # for a client that names no SES endpoint in its TLS handshake
ENDPOINT = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
ACCESS_KEY = re.compile(r"A[KS]IA[A-Z0-9]+")


class SesMail:
    """SES's SMTP endpoints of all regions (see sandbox.smtp.vendor.Vendor)."""

    welcome = "235 Authentication successful."

    def __init__(self, aws: MailService) -> None:
        self._aws = aws

    def serves(self, server_name: str, username: str) -> bool:
        """Say whether a login is surely for SES: by its endpoint, or by an access key in the place of the user name."""
        return ENDPOINT.fullmatch(server_name) is not None or ACCESS_KEY.fullmatch(username) is not None

    def sign_in(self, username: str, password: str, server_name: str) -> Login:
        """Take an SMTP user name with the password of the endpoint's region."""
        login = self._aws.smtp_login(username, password, region(server_name))
        if login is None:
            raise Refusal("535 Authentication Credentials Invalid")
        return login

    def send(self, mail: Submitted) -> Outgoing:
        """Decide as SES does."""
        return send(self._aws, mail)


def region(server_name: str) -> str:
    """Return the region of the endpoint that a client named, DEFAULT_REGION when it named none."""
    match = ENDPOINT.fullmatch(server_name)
    return match[1] if match else DEFAULT_REGION
