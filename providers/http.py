"""HTTP for the vendors' APIs that have no SDK here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

_PATIENCE = 30  # seconds


def client(headers: Mapping[str, str]) -> httpx.Client:
    """Return a client that sends these headers with every request and keeps its connections."""
    # Where click and rich are installed httpx imports its own command line, which costs as much as all the rest of it.
    modules: dict[str, Any] = sys.modules
    modules.setdefault("httpx._main", None)
    import httpx

    return httpx.Client(headers=dict(headers), timeout=_PATIENCE)
