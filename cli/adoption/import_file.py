"""The import file that `adopt` writes next to the settings, to be committed with them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any


def read(path: Path) -> dict[str, Any] | None:
    """Return what a file holds that an earlier run wrote, None where there is none."""
    return json.loads(path.read_text()) if path.exists() else None


def without(content: Mapping[str, Any], known: Collection[tuple[str, str]]) -> dict[str, Any]:
    """Leave out what the state has already; `known` are type and name of its resources.

    A component that is left out is still needed as a parent: an import takes one that exists for unchanged.
    """
    resources = content["resources"]
    left = [one for one in resources if one.get("component") or (one["type"], one["name"]) not in known]
    return {**content, "resources": left if any(not one.get("component") for one in left) else []}


def text(content: Mapping[str, Any]) -> str:
    """Return the file's text."""
    return json.dumps(content, indent=2) + "\n"
