"""The SMTP settings bundle: all that an application needs to send mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import quote, urlencode

from mailstack.errors import SmtpError

Security = Literal["starttls", "tls", "none"]
SECURITIES = ("starttls", "tls", "none")


@dataclass(frozen=True, kw_only=True)
class SmtpSettings:
    """Where and how to hand in mail.

    `security` is "starttls" (required, never opportunistic), "tls" (from the first byte) or "none". `server_name` is
    the name that the certificate must carry where it is not `host`. The password never shows in a repr.
    """

    host: str
    port: int
    security: Security
    verify: bool = True
    server_name: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    from_address: str
    from_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.host or any(character.isspace() or character in "/@?#" for character in self.host):
            raise SmtpError(f'host "{self.host}" is not a host name; write it alone, without scheme, port or path')
        if not 1 <= self.port <= 65535:
            raise SmtpError(f"port {self.port} is not a port; 587 is usual for starttls and 465 for tls")
        if self.security not in SECURITIES:
            raise SmtpError(f'security "{self.security}" is unknown; use one of {", ".join(SECURITIES)}')
        if (self.username is None) != (self.password is None):
            raise SmtpError(f"{self.host}: a login has a username and a password; give both or neither")
        local, at, domain = self.from_address.rpartition("@")
        if not (local and at and domain):
            raise SmtpError(f'from address "{self.from_address}" is not an e-mail address such as hello@example.com')
        self._refuse_line_breaks()

    def _refuse_line_breaks(self) -> None:
        """Refuse CR, LF and NUL: they would start another header or SMTP command (RFC 5321 section 2.3.8)."""
        for name, value in self.headers.items():
            if not name or not all("!" <= character <= "~" and character != ":" for character in name):
                raise SmtpError(f'header name "{name}" is not allowed: printable ASCII without space and ":"')
            _refuse_line_break(f"header {name}", value)
        for what, text in (
            ("username", self.username),
            ("password", self.password),
            ("from address", self.from_address),
            ("from name", self.from_name),
        ):
            _refuse_line_break(what, text or "")

    def uri(self) -> str:
        """Return the connection URI: `smtp:` for STARTTLS and cleartext, `smtps:` for TLS from the first byte.

        The query says what is not the default: `skip_ssl_verify`, `disable_starttls`, `server_name` (Ory's forms).
        Login and password keep unreserved characters (RFC 3986 section 2.3) and percent-encode the rest.
        """
        scheme = "smtps" if self.security == "tls" else "smtp"
        login = ""
        if self.username is not None and self.password is not None:
            login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = urlencode(self._query())
        return f"{scheme}://{login}{host}:{self.port}/" + (f"?{query}" if query else "")

    def _query(self) -> dict[str, str]:
        if self.security == "none":
            return {"disable_starttls": "true"}
        query = {} if self.verify else {"skip_ssl_verify": "true"}
        return query | ({"server_name": self.server_name} if self.server_name else {})

    def as_dict(self) -> dict[str, Any]:
        """Return the bundle as the output `smtp` holds it; `serverName` and `verify` only where not the default."""
        unusual: dict[str, Any] = {} if self.verify else {"verify": False}
        if self.server_name:
            unusual["serverName"] = self.server_name
        return {
            "host": self.host,
            "port": self.port,
            "security": self.security,
            **unusual,
            "username": self.username,
            "password": self.password,
            "fromAddress": self.from_address,
            "fromName": self.from_name,
            "headers": dict(self.headers),
            "uri": self.uri(),
        }

    @classmethod
    def from_dict(cls, bundle: Mapping[str, Any]) -> SmtpSettings:
        """Read a bundle as `as_dict` writes it; raises SmtpError that names a missing key, never a value."""
        missing = [key for key in ("host", "port", "security", "fromAddress") if bundle.get(key) is None]
        if missing:
            raise SmtpError(f"the bundle has no {', '.join(missing)}; it is one entry of the stack output smtp")
        return cls(
            host=str(bundle["host"]),
            port=int(bundle["port"]),  # a number comes back from the engine as 587.0
            security=cast(Security, bundle["security"]),
            verify=bundle.get("verify") is not False,
            server_name=bundle.get("serverName"),
            username=bundle.get("username"),
            password=bundle.get("password"),
            from_address=str(bundle["fromAddress"]),
            from_name=bundle.get("fromName"),
            headers=dict(bundle.get("headers") or {}),
        )


def _refuse_line_break(what: str, text: str) -> None:
    if any(character in "\r\n\0" for character in text):
        raise SmtpError(f"{what} holds a line break or NUL; take it out")
