"""What the engine would do, step by step, as `pulumi preview --json` tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.engine import Engine, words
from mailstack.errors import EngineError
from mailstack.marks import ADOPTING

# What the engine writes in place of an input that is not known before the first `up`.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Step:
    """One resource and what would become of it, or what was being done with it when a run was killed.

    provider: the reference of its provider, "<urn>::<id>". changed: the paths of the properties that differ.
    """

    op: str
    urn: str
    type: str
    parent: str
    inputs: Mapping[str, Any]
    custom: bool = True
    provider: str = ""
    changed: tuple[str, ...] = ()
    old_inputs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_state(cls, op: str, state: Mapping[str, Any], **more: Any) -> Step:
        """Read a resource as the engine writes it into states and previews."""
        return cls(
            op=op,
            urn=str(state["urn"]),
            type=str(state["type"]),
            parent=str(state.get("parent") or ""),
            inputs=state.get("inputs") or {},
            custom=bool(state.get("custom")),
            provider=str(state.get("provider") or ""),
            **more,
        )

    @property
    def name(self) -> str:
        """Return the logical name of the resource."""
        return self.urn.rsplit("::", 1)[1]


def preview(
    engine: Engine, choice: Sequence[str], config_file: Path | None = None, *, adopting: bool = False
) -> list[Step]:
    """List the steps of a preview by URN; with `adopting` nothing looks for what exists already.

    Raises EngineError with what the engine said.
    """
    arguments = ["preview", "--json", *choice, *(["--config-file", str(config_file)] if config_file else [])]
    result = engine.run(*arguments, more={ADOPTING: "1"} if adopting else {})
    answer = _json(result.stdout)
    if result.returncode or "steps" not in answer:
        said = _diagnostics(answer) or words(result.stderr or result.stdout)
        raise EngineError(f"`pulumi preview` failed: {said}", said)
    # The engine lists them as they came about; what is written from them has to be the same each time.
    return sorted(map(_step, answer["steps"]), key=lambda step: step.urn)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _diagnostics(answer: Mapping[str, Any]) -> str:
    """Join what the engine and the program reported as errors, each once."""
    found = [one for one in answer.get("diagnostics") or [] if one.get("severity") == "error"]
    return words("\n".join(dict.fromkeys(str(one.get("message") or "").strip() for one in found)))


def _step(one: Mapping[str, Any]) -> Step:
    return Step.of_state(
        str(one["op"]),
        {"urn": one["urn"], "type": "", **(one.get("newState") or one.get("oldState") or {})},
        changed=tuple(one.get("detailedDiff") or one.get("diffReasons") or ()),
        old_inputs=(one.get("oldState") or {}).get("inputs") or {},
    )
