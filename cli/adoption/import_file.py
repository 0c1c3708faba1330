"""The file that `pulumi import --file` reads: what is taken over, each under its own parent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.adoption.preview import Step
from cli.importing import plugin_version

Entry = dict[str, Any]


def content(imports: Sequence[tuple[Step, str]], steps: Sequence[Step]) -> dict[str, Any]:
    """Return the file's content: the resources with their ids, and the components above them that are new.

    Components are entries without an id; parents that stand in the state already are in the name table, by URN.
    """
    by_urn = {step.urn: step for step in steps}
    entries: dict[str, Entry] = {}
    table: dict[str, str] = {}
    for step, id in imports:
        parent = _parent(step, by_urn, entries, table)
        entries[step.urn] = {
            "type": step.type,
            "name": step.name,
            "id": id,
            "version": plugin_version(step.type),
            **parent,
        }
    return {"nameTable": table, "resources": list(entries.values())}


def _parent(step: Step, by_urn: Mapping[str, Step], entries: dict[str, Entry], table: dict[str, str]) -> dict[str, str]:
    above = by_urn.get(step.parent)
    if above is None or above.type == "pulumi:pulumi:Stack":
        return {}
    if above.op != "create":
        name = f"parent-{list(table.values()).index(above.urn) if above.urn in table.values() else len(table)}"
        table[name] = above.urn
        return {"parent": name}
    if above.urn not in entries:
        parent = _parent(above, by_urn, entries, table)
        entries[above.urn] = {"type": above.type, "name": above.name, "component": True, **parent}
    return {"parent": above.name}


def read(path: Path) -> dict[str, Any] | None:
    """Return what a file holds that an earlier run wrote, None where there is none."""
    return json.loads(path.read_text()) if path.exists() else None


def without(content: Mapping[str, Any], known: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Leave out what the state has already; `known` are type and name of its resources.

    A component that is left out is still needed as a parent: an import takes one that stands for unchanged.
    """
    resources = content["resources"]
    left = [one for one in resources if one.get("component") or (one["type"], one["name"]) not in known]
    return {**content, "resources": left if any(not one.get("component") for one in left) else []}


def text(content: Mapping[str, Any]) -> str:
    """Return the file's text."""
    return json.dumps(content, indent=2) + "\n"
