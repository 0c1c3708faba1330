"""DKIM keys of one's own: the selector of each generation, and a key's DNS record, live or revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from mailstack.errors import DkimError
from mailstack.mail import tag_list

Algorithm = Literal["rsa", "ed25519"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("rsa", "ed25519")
RSA_BITS: Final = (1024, 2048)
# An empty p= says that the key is withdrawn (RFC 6376 section 3.6.1); mail that it signed fails from then on.
REVOKED: Final = "v=DKIM1; p="


def selector(generation: int) -> str:
    """Return the selector of a domain's key; the routes of a domain share it. Raises DkimError below generation 1."""
    if generation < 1:
        raise DkimError(f"generation {generation} of a DKIM key does not exist; the first one is 1")
    return f"mailstack-{generation}"


def record_name(of_selector: str, domain: str) -> str:
    """Return the name that receivers ask for a selector's key (RFC 6376 section 3.6.2.1)."""
    return f"{of_selector}._domainkey.{domain}"


def record(algorithm: Algorithm, public_key: str) -> str:
    """Return the TXT text of a live key.

    `public_key` is base64: of the DER SubjectPublicKeyInfo for RSA (RFC 6376 section 3.6.1), of the bare 32 octets
    for Ed25519 (RFC 8463 section 4).
    """
    return f"v=DKIM1; k={algorithm}; p={public_key}"


def public_key(text: str) -> str | None:
    """Return the base64 key of a key record, "" where it is revoked; None where the text is no such record.

    Folding white space in the key means nothing, and a `v` comes first (RFC 6376 section 3.6.1).
    """
    parts, tags = tag_list.parts(text), tag_list.read(text)
    if "p" not in tags or any(value is None for _, value in parts):
        return None
    version_first = "v" not in tags or parts[0] == ("v", "DKIM1")
    return "".join(tags["p"].split()) if version_first else None


def grace_is_over(superseded_at: str, grace_days: float, now: datetime) -> bool:
    """Tell whether mail that a superseded key signed has had its days to arrive; `superseded_at` is ISO 8601 in UTC."""
    return now >= datetime.fromisoformat(superseded_at) + timedelta(days=grace_days)
