"""What the engine would do, step by step, as `pulumi preview --json` tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.engine import Engine, words
from mailstack import names
from mailstack.errors import EngineError

# What the engine writes in place of an input that is not known before the first `up`.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Step:
    """One resource and what would become of it; `changed` are the paths of the inputs that differ."""

    op: str
    urn: str
    type: str
    parent: str
    inputs: Mapping[str, Any]
    custom: bool = True
    changed: tuple[str, ...] = ()
    old_inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the logical name of the resource."""
        return self.urn.rsplit("::", 1)[1]


def preview(
    engine: Engine, choice: Sequence[str], config_file: Path | None = None, *, adopting: bool = False
) -> list[Step]:
    """List the steps of a preview; with `adopting` the checks for what stands already are silent.

    Raises EngineError with what the engine said.
    """
    arguments = ["preview", "--json", *choice, *(["--config-file", str(config_file)] if config_file else [])]
    result = engine.run(*arguments, more={names.ADOPTING: "1"} if adopting else {})
    answer = _json(result.stdout)
    if result.returncode or "steps" not in answer:
        said = _diagnostics(answer) or words(result.stderr or result.stdout)
        raise EngineError(f"`pulumi preview` failed: {said}", said)
    return [_step(one) for one in answer["steps"]]


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
    state = one.get("newState") or one.get("oldState") or {}
    detailed = one.get("detailedDiff") or {}
    return Step(
        op=str(one["op"]),
        urn=str(one["urn"]),
        type=str(state.get("type") or ""),
        parent=str(state.get("parent") or ""),
        inputs=state.get("inputs") or {},
        custom=bool(state.get("custom")),
        changed=tuple(detailed or one.get("diffReasons") or ()),
        old_inputs=(one.get("oldState") or {}).get("inputs") or {},
    )
