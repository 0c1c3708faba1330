"""`pulumi import --file`: what exists becomes part of a stack."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.engine import Engine
from cli.preview import Step

if TYPE_CHECKING:
    from cli.existing import Existing

Entry = dict[str, Any]
STACK = "pulumi:pulumi:Stack"
_OWN = "mailstack"


def content(found: Sequence[tuple[Step, str]], steps: Sequence[Step], known: Collection[str]) -> dict[str, Any]:
    """Return the content of an import file: what was found, with the ids to import it by.

    steps: the preview's. known: the URNs of the state. Each resource is under its own parent: one that is new is
    an entry without id, any other is in the name table.
    """
    file = _File({step.urn: step for step in steps}, frozenset(known))
    for step, id_ in found:
        file.add(step, id_)
    return {"nameTable": file.table, "resources": list(file.entries.values())}


@dataclass
class _File:
    """An import file while it is written; `table` maps names to URNs, `entries` are by URN."""

    steps: Mapping[str, Step]
    known: frozenset[str]
    table: dict[str, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, step: Step, id_: str) -> None:
        """Write an entry, and those of its parents that are new."""
        package = step.type.partition(":")[0]
        # Its own provider would have the credentials of the last run; an import gets those that hold now.
        installed = {} if package == _OWN else {"version": version(f"pulumi_{package}"), **self._provider(step)}
        parent = self._parent(step.parent)
        self.entries[step.urn] = {"type": step.type, "name": step.name, "id": id_, **installed, **parent}

    def _provider(self, step: Step) -> Entry:
        """Name the provider that the program gives a resource, where the state has it."""
        urn = step.provider.rpartition("::")[0]
        is_default = urn.rpartition("::")[2].startswith("default")
        return {} if is_default or urn not in self.known else {"provider": self._in_table(urn)}

    def _parent(self, urn: str) -> Entry:
        step = self.steps.get(urn)
        if not urn or urn.split("::")[2].rpartition("$")[2] == STACK:
            return {}
        if step is None or step.op != "create":
            return {"parent": self._in_table(urn)}
        if urn not in self.entries:
            parent = self._parent(step.parent)
            # Components may share a name; a parent is looked for by the name of its entry.
            name = f"component-{sum('component' in one for one in self.entries.values())}"
            self.entries[urn] = {
                "type": step.type, "name": name, "logicalName": step.name, "component": True, **parent,
            }  # fmt: skip
        return {"parent": self.entries[urn]["name"]}

    def _in_table(self, urn: str) -> str:
        names = {known: name for name, known in self.table.items()}
        name = names.get(urn, f"known-{len(self.table)}")
        self.table[name] = urn
        return name


def import_resources(engine: Engine, choice: Sequence[str], file: Mapping[str, Any], existing: Existing) -> None:
    """Import the resources of a file's content, unprotected: the program's next `up` decides that.

    Raises EngineError.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "import.json"
        path.write_text(json.dumps(file))
        config: list[str] = []
        if any(one["type"].startswith(f"{_OWN}:") and "id" in one for one in file["resources"]):
            config = _with_credentials(engine, choice, existing, Path(folder))
        options = ("--yes", "--skip-preview", "--generate-code=false", "--protect=false")
        engine.read("import", "--file", str(path), *options, *choice, *config)


def _with_credentials(engine: Engine, choice: Sequence[str], existing: Existing, folder: Path) -> list[str]:
    """Write the plugin's credentials, sealed, into a copy of the stack's file; return the options that name it."""
    import yaml

    copy = folder / existing.config_file.name
    written = yaml.safe_load(existing.config_file.read_text()) or {}
    others = {key: value for key, value in (written.get("config") or {}).items() if not key.startswith(f"{_OWN}:")}
    copy.write_text(yaml.safe_dump({**written, "config": others}))
    options = ["--config-file", str(copy)]
    given = json.dumps(existing.credentials)
    engine.read("config", "set", "--secret", f"{_OWN}:credentials", *choice, *options, given=given)
    return options
