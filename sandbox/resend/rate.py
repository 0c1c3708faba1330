"""The limit of requests in a second, and the headers of every answer that tell of it (recorded, October 2025)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sandbox.resend.errors import ApiError

WINDOW = 1.0
# What the headers say while there is no limit: clients that pace themselves by them are not slowed down.
UNLIMITED = 1000


class Rate:
    """The requests of the last second; the team's, whichever key they came with."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._taken: deque[float] = deque()

    def take(self, limit: int | None) -> None:
        """Count a request; ApiError where there were too many. One that is refused does not count."""
        self._forget()
        if limit is not None and len(self._taken) >= limit:
            raise ApiError(
                429,
                "rate_limit_exceeded",
                "Too many requests. Please limit the number of requests per second. "
                "Or contact support to increase rate limit.",
            )
        self._taken.append(self._now())

    def headers(self, limit: int | None) -> dict[str, str]:
        """Give the headers of an answer; all names are in lower case."""
        self._forget()
        whole = UNLIMITED if limit is None else limit
        left = whole - 1 if limit is None else max(0, limit - len(self._taken))
        return {
            "ratelimit-limit": str(whole),
            "ratelimit-policy": f"{whole};w={WINDOW:g}",
            "ratelimit-remaining": str(left),
            "ratelimit-reset": f"{WINDOW:g}",
        }

    def _forget(self) -> None:
        while self._taken and self._now() - self._taken[0] >= WINDOW:
            self._taken.popleft()
