"""Keeps secrets out of what the plugin says: errors, log lines, and a provider's words that echo them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from urllib.parse import quote

_LEAST = 4  # a shorter text would be found in ordinary words, and its place would give it away
_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "CLOUDFLARE_API_TOKEN")


class Redactor:
    """Replaces known secrets in text by "[secret]"."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the secrets; those of the environment that the clients use are always known."""
        self._given = frozenset(secrets)
        known = {*self._given, *(os.environ.get(name, "") for name in _VARIABLES)}
        forms = {form for secret in known if len(secret) >= _LEAST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without any secret."""
        for form in self._forms:
            text = text.replace(form, "[secret]")
        return text

    def also(self, secrets: Iterable[str]) -> Redactor:
        """Return one that knows these secrets, too."""
        return Redactor({*self._given, *secrets})


def _forms(secret: str) -> set[str]:
    """Return a secret as it may appear in a message: plain, in a URL, in JSON or in a Python literal."""
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
