"""TLS-RPT records (RFC 8460): where servers report that a domain's mail could not be delivered over TLS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailstack.errors import TlsRptError

# RFC 8460 section 3: a URI (RFC 3986) in which "!", "," and ";" are percent-encoded.
_CHARACTER = r"(?:[A-Za-z0-9._~:/?#@$&'()*+=\[\]-]|%[0-9A-Fa-f]{2})"
_URI = re.compile(rf"mailto:[^@?/]+@(?=[^@?]+(?:\?|$)){_CHARACTER}+|https://(?=[^/?#]){_CHARACTER}+", re.IGNORECASE)
_ALLOWED = re.compile(rf"{_CHARACTER}+")


@dataclass(frozen=True)
class TlsRpt:
    """A TLS-RPT record: `rua` are mailto: and https: URIs, at least one. Raises TlsRptError."""

    rua: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.rua:
            raise TlsRptError("TLS-RPT rua: no address; write at least one, such as mailto:tls@example.com")
        for address in self.rua:
            if not is_report_uri(address):
                raise TlsRptError(
                    f'TLS-RPT rua: "{address}" is no report address; write mailto:tls@example.com or an https: URL, '
                    'with "!", "," and ";" as %21, %2C and %3B'
                )

    def __str__(self) -> str:
        return f"v=TLSRPTv1; rua={','.join(self.rua)}"


def is_report_uri(address: str) -> bool:
    """Tell whether reports can be sent to a URI: mailto: or https: (RFC 8460 section 3)."""
    return _URI.fullmatch(address) is not None and _ALLOWED.fullmatch(address) is not None


def record_name(domain: str) -> str:
    """Return the name of a domain's TLS-RPT record (RFC 8460 section 3)."""
    return f"_smtp._tls.{domain}"
