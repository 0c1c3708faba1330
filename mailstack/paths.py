"""Places in the settings, as sentences name them."""

from __future__ import annotations

import re
from collections.abc import Iterable

Part = str | int


def key_path(*parts: Part) -> str:
    """Write a place in the settings as `pulumi config set --path` takes it: mailstack:domains["example.com"].ttl."""
    return f"mailstack:{place(parts)}"


def place(parts: Iterable[Part]) -> str:
    """Write a place below a mapping: domains["example.com"].ttl."""
    return "".join(map(_step, parts)).removeprefix(".")


def _step(part: Part) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if re.fullmatch(r"[\w-]+", part) else f'["{part}"]'
