"""`pulumi import --file`: what stands becomes part of a stack."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cli.engine import Engine


def import_resources(engine: Engine, choice: Sequence[str], content: Mapping[str, Any]) -> None:
    """Import the resources of a file's content, unprotected: the program's next `up` decides that.

    Raises EngineError.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "import.json"
        path.write_text(json.dumps(content))
        engine.read(
            "import",
            "--file",
            str(path),
            "--yes",
            "--skip-preview",
            "--generate-code=false",
            "--protect=false",
            *choice,
        )


def plugin_version(type_token: str) -> str:
    """Return the version of the plugin that reads a resource, that of the installed SDK."""
    return version("pulumi_" + type_token.partition(":")[0])
