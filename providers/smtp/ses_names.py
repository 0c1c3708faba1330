"""Names of what the kit makes at AWS: derived from domain and sender, never from stack or stage.

A promotion or a renamed stack must not replace anything, and an orphan must be findable by its name.
"""

from __future__ import annotations

import hashlib


def configuration_set(domain: str) -> str:
    """Name a domain's configuration set: letters, digits, `_` and `-`, at most 64 (SES API, ConfigurationSetName)."""
    return _fit(domain.replace(".", "_"), 64)


def iam_user(sender: str, domain: str) -> str:
    """Name a sender's IAM user: at most 64 of letters, digits and `+=,.@_-` (IAM API, UserName)."""
    return _fit(f"{sender}@{domain}", 64)


def _fit(name: str, limit: int) -> str:
    """Shorten a name that is too long and keep it unique by a digest of the whole."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
