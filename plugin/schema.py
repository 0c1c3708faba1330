"""The package schema: the plugin's types and its configuration, in the form that Pulumi's tools read."""

from __future__ import annotations

from typing import Any

from .configuration import SCHEMA
from .hosts import STANDING, STANDING_SCHEMA
from .lifecycle import Types


def package(types: Types, version: str) -> dict[str, Any]:
    """Return the schema of the package with these resource types."""
    from .resources.readiness_schema import TYPES

    return {
        "name": "mailstack",
        "version": version,
        "description": "What mailstack needs of the engine and no published provider has.",
        "config": {"variables": dict(SCHEMA)},
        "provider": {"description": "The account that is asked.", "inputProperties": dict(SCHEMA)},
        "types": dict(TYPES),
        "functions": {STANDING: STANDING_SCHEMA},
        "resources": {token: dict(one.schema) for token, one in types.items()},
    }
