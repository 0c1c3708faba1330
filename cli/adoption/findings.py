"""What a comparison of plan and world leads to: changes of settings, things in the way, things to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.preview import Step


@dataclass(frozen=True)
class Edit:
    """A value for a key of the settings, and what was found that it reproduces."""

    path: tuple[str, ...]
    value: Any
    why: str


@dataclass
class Findings:
    """What was found so far; an obstacle is a sentence on what cannot be taken over as it is, and why."""

    edits: list[Edit] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    imports: list[tuple[Step, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def edit(self, path: Sequence[str], value: Any, why: str) -> None:
        """Note a change of the settings."""
        self.edits.append(Edit(tuple(path), value, why))
