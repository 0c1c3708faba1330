"""Cloudflare's API v4: the token, retries as in Cloudflare's SDK, and its errors in its own words."""

from __future__ import annotations

import http.client
import json
import os
import re
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .http import Client, Retries, UnreachableError
from .resource import VendorError

BASE_URL: Final = "https://api.cloudflare.com/client/v4"
RETRIES: Final = Retries(attempts=3, first=0.5, longest=8.0)
_TOKEN: Final = re.compile(r"[0-9A-Za-z\-_]{40,80}")


class CloudflareError(VendorError):
    """Cloudflare answered with an error."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Cloudflare:
    """Cloudflare as one token sees it; unusable until `configure`."""

    def __init__(self, cancelled: threading.Event, retries: Retries = RETRIES) -> None:
        self._client = Client(retries, cancelled)
        self._base, self._headers = BASE_URL, {"Content-Type": "application/json"}

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the token and the API's address; like the real plugin asks Cloudflare nothing.

        Raises VendorError for a setting that is no token. What the environment holds is sent as it is, and the API
        refuses it.
        """
        given = config.get("apiToken")
        if given and not _TOKEN.fullmatch(given):
            raise VendorError(
                "Invalid Attribute Value Match: Attribute api_token API tokens must only contain characters a-z, A-Z, "
                "0-9, hyphens and underscores"
            )
        if token := given or os.environ.get("CLOUDFLARE_API_TOKEN"):
            self._headers["Authorization"] = f"Bearer {token}"
        self._base = str(config.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL") or BASE_URL).rstrip("/")

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """Send one request and return the whole answer; raises CloudflareError, UnreachableError."""
        text = urllib.parse.urlencode({key: _text(value) for key, value in query.items() if value is not None})
        url = f"{self._base}/{path}" + (f"?{text}" if text else "")
        payload = b"" if body is None else json.dumps(body).encode()
        try:
            answer = self._client.send(method, url, payload, self._headers)
        except UnreachableError as error:
            raise UnreachableError(f"failed to make http request: {error}") from None
        if answer.status >= 400:
            phrase = http.client.responses.get(answer.status, "")
            words = " ".join(answer.text.split())
            message = f'failed to make http request: {method} "{url}": {answer.status} {phrase} {words}'
            raise CloudflareError(message, answer.status)
        return dict(json.loads(answer.body)) if answer.body.strip() else {}

    def result(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one request and return the answer's `result`."""
        return dict(self.request(method, path, body).get("result") or {})

    def listed(self, path: str, limit: int, **query: Any) -> Iterator[dict[str, Any]]:
        """Go through a list page by page until one is empty, up to `limit` items."""
        given, page = 0, 1
        while given < limit:
            answer = self.request("GET", path, None, **query, page=page if page > 1 else None)
            items = answer.get("result") or []
            if not items:
                return
            yield from items[: limit - given]
            given, page = given + len(items), page + 1


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def segment(text: str) -> str:
    """Percent-encode one segment of a path."""
    return urllib.parse.quote(text, safe="")
