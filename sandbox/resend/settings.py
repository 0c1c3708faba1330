"""What tests may set of the played Resend: which records it asks for, and its limits and waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

GENERATIONS = ("A", "C")
HOURS_72 = 72 * 3600.0
LONGEST_WAIT = 10 * HOURS_72


@dataclass
class Settings:
    """The settings, as they are at first.

    `generation` is of the records that a new domain gets: "A" until the middle of 2026, "C" since about September.
    `domain_limit` and `rate_limit` (requests in a second) are None for no limit. A verification that was asked for
    looks into DNS after `verification_delay` seconds, and gives up after `patience` seconds: Resend's 72 hours.
    `held_elsewhere` are domains that another account has.
    """

    generation: str = "A"
    domain_limit: int | None = None
    rate_limit: int | None = None
    verification_delay: float = 0.2
    patience: float = HOURS_72
    held_elsewhere: tuple[str, ...] = ()

    def update(self, given: Mapping[str, Any]) -> None:
        """Take over what is given, all of it or, where something is wrong, nothing; ValueError says what."""
        for name, value in given.items():
            if name not in _CHECKS:
                raise ValueError(f"Resend has no setting {name}; it has {', '.join(_CHECKS)}")
            allowed, check = _CHECKS[name]
            if not check(value):
                raise ValueError(f"Resend's {name} is {allowed}")
        for name, value in given.items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)


def _limit(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _wait(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LONGEST_WAIT


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


_CHECKS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "generation": ('"A" or "C"', lambda value: value in GENERATIONS),
    "domain_limit": ("a number from 0, or null for none", _limit),
    "rate_limit": (
        "a number of requests in a second from 1, or null for none",
        lambda value: _limit(value) and value != 0,
    ),
    "verification_delay": ("a number of seconds from 0", _wait),
    "patience": ("a number of seconds from 0", _wait),
    "held_elsewhere": ("a list of domain names", _names),
}
