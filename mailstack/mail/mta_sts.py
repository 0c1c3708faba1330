"""MTA-STS (RFC 8461): the policy by which others deliver a domain's mail over TLS, and the record that announces it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from mailstack.dns.records import domain_name
from mailstack.errors import MtaStsError, RecordError

Mode = Literal["testing", "enforce", "none"]
MODES: tuple[Mode, ...] = ("testing", "enforce", "none")
MAX_AGE_LIMIT = 31_557_600  # a year in seconds: RFC 8461 section 3.2
PATH = "/.well-known/mta-sts.txt"  # RFC 8461 section 3.3


@dataclass(frozen=True)
class Policy:
    """A policy: `mx` are host names or *.example.com, `max_age` is in seconds. Raises MtaStsError."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise MtaStsError(f'MTA-STS mode: "{self.mode}" is not a mode; use testing, enforce or none')
        if not 0 <= self.max_age <= MAX_AGE_LIMIT:
            raise MtaStsError(f"MTA-STS max_age: {self.max_age} is not 0 to {MAX_AGE_LIMIT} seconds (a year)")
        if self.mode != "none" and not self.mx:
            raise MtaStsError(f"MTA-STS mx: mode {self.mode} needs at least one host that takes the domain's mail")
        for pattern in self.mx:
            if mx_pattern(pattern) != pattern:
                raise MtaStsError(f'MTA-STS mx: write "{mx_pattern(pattern)}" for "{pattern}"')

    def __str__(self) -> str:
        """Return the text to be served at https://mta-sts.<domain>/.well-known/mta-sts.txt, lines ended by CRLF."""
        lines = [
            "version: STSv1",
            f"mode: {self.mode}",
            *(f"mx: {pattern}" for pattern in self.mx),
            f"max_age: {self.max_age}",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    @property
    def id(self) -> str:
        """Return what changes whenever the policy does: 32 hex digits of its hash, as section 3.1 allows."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:32]

    @property
    def record(self) -> str:
        """Return the TXT value that announces the policy (section 3.1)."""
        return f"v=STSv1; id={self.id};"

    def allows(self, host: str) -> bool:
        """Tell whether mail may be delivered to a host: `*` matches exactly one label (section 4.1)."""
        above = host.lower().partition(".")[2]
        return host.lower() in self.mx or f"*.{above}" in self.mx


def mx_pattern(text: str) -> str:
    """Return a host name or *.example.com in its one spelling (section 3.2); raises MtaStsError."""
    wildcard = "*." if text.startswith("*.") else ""
    try:
        return wildcard + domain_name(text.removeprefix("*."))
    except RecordError as error:
        hint = '; "*" is allowed as the first label only, as in *.example.com' if "*" in text else ""
        raise MtaStsError(f"MTA-STS mx: {error}{hint}") from None


def record_name(domain: str) -> str:
    """Return the name of the record that announces a domain's policy (section 3.1)."""
    return f"_mta-sts.{domain}"


def host_name(domain: str) -> str:
    """Return the host that must serve a domain's policy over HTTPS (section 3.3)."""
    return f"mta-sts.{domain}"
