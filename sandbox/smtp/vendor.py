"""The vendors behind the submission ports, as submission sees them."""

from __future__ import annotations

from typing import Any, Protocol

from sandbox.smtp.sending import Outgoing, Submitted


class Vendor(Protocol):
    """A mail vendor: who signs in, and what becomes of a message. Logins only pass through here, hence Any."""

    @property
    def welcome(self) -> str:
        """The reply to a good login."""

    def serves(self, server_name: str, username: str) -> bool:
        """Say whether a login is this vendor's, by the name in the TLS handshake ("" for none) and the user name."""

    def sign_in(self, username: str, password: str, server_name: str) -> Any:
        """Check a login and return whose it is; Refusal carries the reply."""

    def send(self, mail: Submitted) -> Outgoing:
        """Decide whether a message may go, and write it as it goes; Refusal carries the reply."""
