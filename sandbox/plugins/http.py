"""One HTTP client for both vendors: few imports, retries as the vendors' own SDKs do them."""

from __future__ import annotations

import http.client
import random
import threading
import urllib.parse
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

_TIME_LIMIT: Final = 30.0  # seconds for one answer
_LONGEST_WAIT: Final = 60.0  # seconds; the SDKs ignore a Retry-After beyond it


@dataclass(frozen=True)
class Answer:
    """A vendor's answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


class UnreachableError(Exception):
    """No answer came; the message says from where and why."""


class StoppedError(Exception):
    """The engine asked the plugin to stop."""


@dataclass(frozen=True)
class Retries:
    """How often and when to try again: `attempts` in all, doubling waits from `first` to `longest` seconds."""

    attempts: int
    first: float
    longest: float
    statuses: Collection[int] = frozenset({408, 409, 429, 500, 502, 503, 504})
    # Some vendors say "try later" in the body of a 400.
    also: Callable[[Answer], bool] = lambda answer: False

    def wait(self, tried: int, answer: Answer | None) -> float:
        """Return the seconds to wait after the `tried`th attempt; Retry-After decides where it is given."""
        told = answer.headers.get("retry-after", "") if answer else ""
        if told.replace(".", "", 1).isdigit() and 0 < float(told) <= _LONGEST_WAIT:
            return float(told)
        longest = min(self.first * 2 ** (tried - 1), self.longest)
        return float(longest * random.uniform(0.75, 1.0))  # noqa: S311 - spreads load, guards nothing


class Client:
    """Sends requests until one is answered for good; `cancelled` ends a wait at once."""

    def __init__(self, retries: Retries, cancelled: threading.Event) -> None:
        self._retries, self._cancelled = retries, cancelled

    def send(
        self, method: str, url: str, body: bytes, headers: Callable[[], Mapping[str, str]] | Mapping[str, str]
    ) -> Answer:
        """Send one request; `headers` may be made anew for each attempt (signatures carry the time).

        Raises UnreachableError when no attempt was answered, StoppedError when the engine stops the plugin.
        """
        for tried in range(1, self._retries.attempts + 1):
            if self._cancelled.is_set():
                raise StoppedError("cancelled by the engine")
            answer: Answer | None = None
            try:
                answer = _once(method, url, body, headers() if callable(headers) else headers)
            except (OSError, http.client.HTTPException) as error:
                failure = UnreachableError(f'{method} "{url}": {error or type(error).__name__}')
            except ValueError:  # its words would show the value, which may be a token
                raise UnreachableError(f'{method} "{url}": invalid header field value') from None
            last = tried == self._retries.attempts
            if answer is not None and (last or not self._worth_another(answer)):
                return answer
            if last:
                raise failure
            self._cancelled.wait(self._retries.wait(tried, answer))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _worth_another(self, answer: Answer) -> bool:
        return answer.status in self._retries.statuses or self._retries.also(answer)


def _once(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIME_LIMIT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body or None, {name: value.encode() for name, value in headers.items()})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()
