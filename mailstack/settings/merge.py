"""Defaults under given values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(defaults: Any, given: Any) -> Any:
    """Lay given settings over defaults: mappings merge key by key, everything else replaces."""
    if not isinstance(defaults, Mapping) or not isinstance(given, Mapping):
        return given
    return {
        key: merged(defaults[key], given[key]) if key in defaults and key in given else {**defaults, **given}[key]
        for key in {**defaults, **given}
    }


def without_empty(value: Any) -> Any:
    """Drop keys that were written without a value, so that they mean their defaults."""
    if isinstance(value, Mapping):
        return {key: without_empty(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [without_empty(each) for each in value]
    return value
