"""A stack's settings as its file holds them, read without the engine: for commands that need no state."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailstack.errors import CommandError, SettingsError

if TYPE_CHECKING:
    from mailstack.catalog import Catalog
    from mailstack.plan import Plan
    from mailstack.settings.model import Settings

NAMESPACE = "mailstack:"
# What an encrypted value is while nobody opens it. It has the form of an access key's id and of base64, so that it
# passes where either is asked for.
SEALED = "AKIAAAAAAAAAAAAAAAAA"


@dataclass(frozen=True)
class StackFile:
    """The file of one stack. root: the folder of Pulumi.yaml; config: the mapping under `config:`, as it is written."""

    root: Path
    stack: str
    path: Path
    config: Mapping[str, Any]

    def settings(self, catalog: Catalog) -> Settings:
        """Return the stack's settings; encrypted values stay closed. Raises SettingsError."""
        from mailstack.settings.load import load
        from mailstack.settings.stack_file import plain_secrets
        from providers.aws import region_of_environment

        written = {key: value for key, value in self.config.items() if key.startswith(NAMESPACE)}
        self._refuse_a_sealed_mapping(written)
        return load(
            {key.removeprefix(NAMESPACE): _opened(value) for key, value in written.items()},
            catalog,
            aws_region=self.config.get("aws:region") or region_of_environment(),
            secret_keys=[key.removeprefix(NAMESPACE) for key, value in written.items() if _holds_secrets(value)],
            plain_secrets=plain_secrets(written),
        )

    def plan(self) -> Plan:
        """Return what the stack wants; raises SettingsError that lists all that is wrong with it."""
        from mailstack.plan import plan, require
        from providers import catalog

        vendors = catalog()
        return require(plan(self.settings(vendors), vendors, self.root))

    def _refuse_a_sealed_mapping(self, written: Mapping[str, Any]) -> None:
        key = f"{NAMESPACE}secrets"
        if _is_sealed(written.get(key)):
            raise SettingsError(
                f"{key}: is one encrypted value in {self.path}, so that nobody without its key can tell which secrets "
                f"it holds; encrypt each of them: pulumi config set --secret --path '{key}.<key>'",
                path=key,
            )


def read(stack: str | None = None) -> StackFile:
    """Read the file of a stack: the given one, else PULUMI_STACK, else the one selected in this project.

    Raises CommandError where no stack is named or its file cannot be read.
    """
    from cli.engine import project_root

    root = project_root()
    project = _mapping(root / "Pulumi.yaml")
    name = (stack or os.environ.get("PULUMI_STACK") or _selected(root, project)).rpartition("/")[2]
    folder = root / str(project.get("stackConfigDir") or "")
    path = folder / f"Pulumi.{name}.yaml"
    if not path.is_file():
        there = sorted(each.name.removeprefix("Pulumi.").removesuffix(".yaml") for each in folder.glob("Pulumi.*.yaml"))
        known = f"there are {', '.join(there)}" if there else "there is none yet"
        raise CommandError(f"the stack {name} has no settings file {path} ({known}); name another one with --stack")
    config = _mapping(path).get("config") or {}
    if not isinstance(config, dict):
        raise CommandError(f"{path}: config: must be a mapping of keys such as mailstack:senders")
    return StackFile(root, name, path, {str(key): value for key, value in config.items()})


def _selected(root: Path, project: Mapping[str, Any]) -> str:
    """Return the stack that `pulumi stack select` chose; raises CommandError where it chose none.

    The engine notes it in a file named by the SHA-1 of the path of Pulumi.yaml (sdk/go/common/workspace/workspace.go).
    """
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    for folder in _spellings(root):
        of_path = sha1(str(folder / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
        try:
            noted = json.loads((home / "workspaces" / f"{project.get('name')}-{of_path}-workspace.json").read_text())
        except (OSError, ValueError):
            continue
        if isinstance(noted, dict) and isinstance(noted.get("stack"), str) and noted["stack"]:
            return str(noted["stack"])
    raise CommandError("no stack is selected: name it with --stack, or choose it once with `pulumi stack select`")


def _spellings(root: Path) -> Iterator[Path]:
    """Yield the project's folder as the shell spells it, which may pass a symbolic link, and as it is."""
    shell = Path(os.environ.get("PWD") or root)
    yield from (folder for folder in (shell, *shell.parents) if folder != root and folder.resolve() == root)
    yield root


def _mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; raises CommandError."""
    import yaml

    # The parser in C, where PyYAML has it: a file of 200 senders takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506  # both are safe loaders
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.YAMLError as error:
        raise CommandError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise CommandError(f"{path}: must hold a mapping such as {{config: {{...}}}}")
    return found


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"}


def _holds_secrets(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _is_sealed(value) or any(map(_holds_secrets, value.values()))
    return isinstance(value, list) and any(map(_holds_secrets, value))


def _opened(value: Any) -> Any:
    """Return a value as the engine hands it on: what is at the top and no mapping or list is text."""
    if isinstance(value, Mapping | list):
        return _plain(value)
    return value if value is None else _plain(str(value).lower() if isinstance(value, bool) else str(value))


def _plain(value: Any) -> Any:
    if _is_sealed(value):
        return SEALED
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
