"""Zones whose DNSSEC is broken, as every resolver that validates sees them: SERVFAIL, unless checking is disabled."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Dnssec:
    """Which zones do not validate, such as after a move to a host with other keys than the DS record names."""

    def __init__(self) -> None:
        self._broken: set[str] = set()
        self._lock = threading.Lock()

    def set_broken(self, zone: str, broken: bool) -> None:
        """Break a zone's DNSSEC, or fix it."""
        with self._lock:
            (self._broken.add if broken else self._broken.discard)(zone.rstrip(".").lower())

    def breaks(self, name: str) -> bool:
        """Say whether a name lies in a zone that does not validate."""
        with self._lock:
            return any(f".{name.rstrip('.').lower()}".endswith(f".{zone}") for zone in self._broken)

    def validated(self, resolve: Callable[[str, str], list[str]]) -> Callable[[str, str], list[str]]:
        """Return a look-up that sees nothing where DNSSEC is broken, as Amazon's resolvers do."""
        return lambda name, kind: [] if self.breaks(name) else resolve(name, kind)
