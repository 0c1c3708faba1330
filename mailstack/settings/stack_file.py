"""What only a stack's file shows: which of its secrets are not encrypted.

The engine hands a mapping with one encrypted value on as a secret in whole, so that a plain value beside it looks
encrypted to the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailstack.paths import Part, key_path


def plain_secrets(config: Mapping[str, Any]) -> list[str]:
    """List the paths below mailstack:secrets that the `config:` of a stack's file holds in plain text."""
    root = key_path("secrets")
    return [key_path("secrets", *at).removeprefix(root) for at in _plain(config.get(root), ())]


def _plain(value: Any, at: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    if isinstance(value, Mapping):
        if set(value) != {"secure"}:
            for key, each in value.items():
                yield from _plain(each, (*at, str(key)))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _plain(each, (*at, index))
    elif value is not None:
        yield at
