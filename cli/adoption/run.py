"""Adoption from beginning to end: find what stands, write how it is kept, import it, prove that nothing changes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.adoption import identities, import_file, records
from cli.adoption.findings import Edit, Findings
from cli.adoption.preview import Step, preview
from cli.adoption.settings_file import SettingsFile
from cli.engine import Engine
from cli.existing import Standing
from cli.importing import import_resources
from mailstack import settings as model
from mailstack.errors import CommandError, EngineError
from providers.dns import cloudflare

# Each round of changes may show more: another return path has other records.
_ROUNDS = 5
# Properties that only say whose a thing is.
_MARKS = ("comment", "tags", "tagsAll")


@dataclass(frozen=True)
class Plan:
    """What an adoption would do: the settings as they would be, and the import file."""

    settings: SettingsFile
    edits: Sequence[Edit]
    imports: dict[str, Any]
    obstacles: Sequence[str]
    notes: Sequence[str]


class Adoption:
    """The adoption of one stack."""

    def __init__(self, engine: Engine, stack: str | None) -> None:
        """Take the project's engine, and the stack (default: the selected one)."""
        self._engine = engine
        self._stack = stack or engine.read("stack", "--show-name").strip()
        self._choice = ["--stack", self._stack]
        folder = self._folder()
        self.config_file = folder / f"Pulumi.{self._stack}.yaml"
        self.import_file = folder / f"adopt.{self._stack}.json"

    def plan(self) -> Plan:
        """Find what stands and how it is kept; nothing is changed. Raises CommandError, EngineError."""
        standing = Standing.of_stack(self._engine, self._choice)
        owner = f"{self._project()['name']}/{self._stack}"
        settings, edits = SettingsFile(self.config_file), list[Edit]()
        for _ in range(_ROUNDS):
            findings, steps = self._compare(settings, standing, owner)
            new = [one for one in findings.edits if one not in edits]
            if not new:
                return Plan(
                    settings, edits, import_file.content(findings.imports, steps), findings.obstacles, findings.notes
                )
            for edit in new:
                settings.set(edit.path, edit.value)
            edits += new
        raise CommandError(
            f"the settings do not come to rest after {_ROUNDS} rounds; the last changes were "
            f"{', '.join('.'.join(edit.path) for edit in new)}; please report this"
        )

    def write(self, plan: Plan) -> None:
        """Write settings and import file."""
        if plan.edits:
            self.config_file.write_text(plan.settings.text())
        if any(not one.get("component") for one in plan.imports["resources"]):
            self.import_file.write_text(import_file.text(plan.imports))

    def apply(self, content: dict[str, Any]) -> list[str]:
        """Import what the state does not have yet, and return the names of what was imported."""
        left = import_file.without(content, self._known())
        if not left["resources"]:
            return []
        try:
            import_resources(self._engine, self._choice, left)
        except EngineError as error:
            raise CommandError(f"the import failed: {error.said}; what was imported is kept, run it again") from None
        return [one["name"] for one in left["resources"] if not one.get("component")]

    def changes(self) -> list[Step]:
        """List the updates, replacements and deletions that a preview still shows, but for the ownership mark."""
        return [step for step in preview(self._engine, self._choice) if _changes(step)]

    def _compare(self, settings: SettingsFile, standing: Standing, owner: str) -> tuple[Findings, list[Step]]:
        findings = Findings()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / self.config_file.name
            path.write_text(settings.text())
            steps = preview(self._engine, self._choice, path, adopting=True)
            loaded = self._load(path, standing.region)
        identities.compare(loaded, steps, standing, owner, findings)
        identities.import_others(steps, standing, findings)
        tokens = identities.dkim_tokens(loaded, standing)
        records.compare(loaded, steps, standing, tokens, owner, findings)
        return findings, steps

    def _load(self, path: Path, region: str) -> model.Settings:
        values = json.loads(self._engine.read("config", "--json", *self._choice, "--config-file", str(path)))
        config = {
            key.partition(":")[2]: entry.get("objectValue", entry.get("value"))
            for key, entry in values.items()
            if key.startswith("mailstack:") and not entry.get("secret")
        }
        return model.load(_without_given_logins(config), aws_region=region)

    def _known(self) -> list[tuple[str, str]]:
        deployment = json.loads(self._engine.read("stack", "export", *self._choice)).get("deployment") or {}
        return [(one["type"], one["urn"].rsplit("::", 1)[1]) for one in deployment.get("resources") or []]

    def _project(self) -> dict[str, Any]:
        return dict(yaml.safe_load((self._engine.root / "Pulumi.yaml").read_text()))

    def _folder(self) -> Path:
        return self._engine.root / str(self._project().get("stackConfigDir") or ".")


def _without_given_logins(config: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only secrets complete: they are not read, and who logs in how is no matter of what stands."""
    senders = {
        key: {**one, "login": "create"} if isinstance(one, dict) and one.get("login") == "given" else one
        for key, one in (config.get("senders") or {}).items()
    }
    zones = {
        name: {key: value for key, value in zone.items() if key != "key"} if isinstance(zone, dict) else zone
        for name, zone in (config.get("dns") or {}).items()
    }
    return {**config, "senders": senders, "dns": zones}


def _changes(step: Step) -> bool:
    if step.op in ("same", "create", "read", "refresh") or not step.custom:
        return False
    if step.op != "update":
        return True
    return any(not _is_mark(path, step) for path in step.changed)


def _is_mark(path: str, step: Step) -> bool:
    """Tell whether a difference says only whose a thing is, or is the same text in other quotes.

    A property that is no input is the vendor's, as the time of a change is, and follows from the inputs.
    """
    key = path.partition(".")[0].partition("[")[0]
    if key in _MARKS or key not in {*step.inputs, *step.old_inputs}:
        return True
    if path == "content" and step.inputs.get("type") == "TXT":
        before, after = step.old_inputs.get("content"), step.inputs.get("content")
        return cloudflare.unquote(str(before)) == cloudflare.unquote(str(after))
    return False
