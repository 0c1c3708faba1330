"""Adoption from beginning to end: find what exists, write how it is kept, import it, prove that nothing changes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.adoption import identities, import_file, records
from cli.adoption.findings import Edit, Findings
from cli.adoption.settings_file import SettingsFile
from cli.deployment import Deployment
from cli.engine import Engine
from cli.existing import Existing
from cli.importing import content, import_resources
from cli.preview import Step, preview
from mailstack import plan as planning
from mailstack.errors import CommandError, EngineError
from providers import catalog
from providers.dns import cloudflare

# Each round of changes may show more: another return path has other records.
_ROUNDS = 5
# Properties that only say whose a thing is.
_MARKS = ("comment", "tags", "tagsAll")


@dataclass(frozen=True)
class Outcome:
    """What an adoption would do: the settings as they would be, and the import file."""

    settings: SettingsFile
    edits: Sequence[Edit]
    imports: dict[str, Any]
    obstacles: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True)
class Difference:
    """A change of something that exists: what the engine would do to which resource, for which of its inputs."""

    op: str
    name: str
    properties: Sequence[str]


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

    def look(self) -> Outcome:
        """Find what exists and how it is kept; nothing is changed.

        Raises CommandError, EngineError, SettingsError, VendorError.
        """
        deployment = Deployment.read(self._engine, self._choice)
        settings, edits = SettingsFile(self.config_file), list[Edit]()
        for _ in range(_ROUNDS):
            findings, steps = self._compare(settings, deployment)
            new = [one for one in findings.edits if one not in edits]
            if not new:
                imports = content(findings.imports, steps, deployment.urns)
                return Outcome(settings, edits, imports, findings.obstacles, findings.notes)
            for edit in new:
                settings.set(edit.path, edit.value)
            edits += new
        raise CommandError(
            f"the settings still change after {_ROUNDS} rounds; the last changes were "
            f"{', '.join('.'.join(edit.path) for edit in new)}; please report this"
        )

    def write(self, outcome: Outcome) -> None:
        """Write settings and import file."""
        if outcome.edits:
            self.config_file.write_text(outcome.settings.text())
        if any(not one.get("component") for one in outcome.imports["resources"]):
            self.import_file.write_text(import_file.text(outcome.imports))

    def apply(self, imports: dict[str, Any]) -> list[str]:
        """Import what the state does not have yet, and return the names of what was imported."""
        known = Deployment.read(self._engine, self._choice).names
        left = import_file.without(imports, known)
        if not left["resources"]:
            return []
        try:
            existing = Existing.of_stack(self._engine, self._choice, self.config_file)
            import_resources(self._engine, self._choice, left, existing)
        except EngineError as error:
            raise CommandError(f"the import failed: {error.said}; what was imported is kept, run it again") from None
        return [one["name"] for one in left["resources"] if not one.get("component")]

    def changes(self) -> list[Difference]:
        """List the updates, replacements and deletions that a preview still shows, but for the ownership mark."""
        return differences(preview(self._engine, self._choice))

    def _compare(self, settings: SettingsFile, deployment: Deployment) -> tuple[Findings, list[Step]]:
        """Compare what the settings ask for with what exists."""
        findings = Findings()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / self.config_file.name
            path.write_text(settings.text())
            steps = preview(self._engine, self._choice, path, adopting=True)
            existing = Existing.of_stack(self._engine, self._choice, path)
        plan = planning.require(planning.plan(existing.settings, catalog(), self._engine.root))
        identities.compare(plan, steps, existing, deployment.owners, findings)
        identities.import_others(steps, existing, findings)
        tokens = identities.dkim_tokens(plan, existing)
        records.Comparison(plan, existing, deployment.owners, findings).compare(steps, tokens)
        return findings, steps

    def _project(self) -> dict[str, Any]:
        return dict(yaml.safe_load((self._engine.root / "Pulumi.yaml").read_text()))

    def _folder(self) -> Path:
        return self._engine.root / str(self._project().get("stackConfigDir") or ".")


def differences(steps: Sequence[Step]) -> list[Difference]:
    """List the steps that change something that exists, but for those that write the ownership mark alone."""
    return [Difference(step.op, step.name, _inputs_changed(step)) for step in steps if _changes(step)]


def _changes(step: Step) -> bool:
    """Tell whether a step changes something that exists; providers are notes of the engine alone."""
    if not step.custom or step.type.startswith("pulumi:providers:"):
        return False
    if step.op in ("same", "create", "read", "refresh"):
        return False
    return step.op != "update" or bool(_inputs_changed(step))


def _inputs_changed(step: Step) -> list[str]:
    """List the paths of the inputs that an update changes, without the mark and without other spellings of a text.

    A provider names properties, too, that it computes from the mark, such as the time of the last change.
    """
    inputs = {*step.inputs, *step.old_inputs} - {*_MARKS}
    changed = [path for path in step.changed if path.partition(".")[0].partition("[")[0] in inputs]
    return [path for path in changed if not (path == "content" and _is_same_text(step))]


def _is_same_text(step: Step) -> bool:
    return step.inputs.get("type") == "TXT" and cloudflare.value_of(step.inputs) == cloudflare.value_of(step.old_inputs)
