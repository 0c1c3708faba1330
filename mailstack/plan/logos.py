"""The check of the logo files that the settings name (BIMI)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailstack.mail import bimi
from mailstack.paths import key_path
from mailstack.settings.model import Domain, Settings

from .domains import managed
from .model import Finding


def problems(settings: Settings, root: Path) -> Iterator[Finding]:
    """Find copies of logos that cannot be read or that no mailbox provider would show; their paths start at `root`."""
    for domain in managed(settings):
        if domain.bimi and domain.bimi.file:
            yield from _problems(domain, domain.bimi.file, root)


def _problems(domain: Domain, file: str, root: Path) -> Iterator[Finding]:
    at = key_path("domains", domain.name, "bimi", "file")
    try:
        broken = bimi.check_svg((root / file).read_bytes())
    except OSError as error:
        yield Finding(
            "logo", "error", at, f"{file} cannot be read: {error.strerror}", remedy="write the path of a copy"
        )
        return
    if broken:
        yield Finding(
            "logo",
            "error",
            at,
            f"{file} is not an SVG Tiny PS file, so that no mailbox would show it: {'; '.join(broken)}",
        )
