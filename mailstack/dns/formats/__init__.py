"""Records as files, for zones that people or other programs run: one module for each format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailstack.dns.formats import bind, csv_table, dnscontrol, markdown, octodns, terraform
from mailstack.dns.formats.base import ZoneRecord


@dataclass(frozen=True, slots=True)
class Format:
    """How the records of one zone become a file; `joins` tells whether files of several zones may be put together."""

    render: Callable[[Sequence[ZoneRecord], str], str]
    suffix: str
    joins: bool


FORMATS = {
    "bind": Format(bind.render, "zone", joins=False),
    "markdown": Format(markdown.render, "md", joins=True),
    "csv": Format(csv_table.render, "csv", joins=False),
    "terraform": Format(terraform.render, "tf", joins=True),
    "octodns": Format(octodns.render, "yaml", joins=False),
    "dnscontrol": Format(dnscontrol.render, "js", joins=True),
}

__all__ = ["FORMATS", "Format", "ZoneRecord"]
