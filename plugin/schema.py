"""The package schema: types, functions and configuration, in the form that Pulumi's tools read."""

from __future__ import annotations

from typing import Any

from . import configuration
from .functions import FUNCTIONS
from .inputs import properties
from .lifecycle import Types


def package(types: Types, version: str) -> dict[str, Any]:
    """Return the schema of the package with these resource types."""
    from .resources.readiness_inputs import ReadinessInputs

    variables, nested = configuration.schema()
    return {
        "name": "mailstack",
        "version": version,
        "description": "What mailstack needs of the engine and no published provider has.",
        "config": {"variables": variables},
        "provider": {"description": "The credentials of all vendors.", "inputProperties": variables},
        "types": {**properties(ReadinessInputs)[1], **nested},
        "functions": {token: dict(function.schema) for token, function in FUNCTIONS.items()},
        "resources": {token: dict(one.schema) for token, one in types.items()},
    }
