"""Outputs among plain settings: set aside while the settings are validated, put back where they are used.

A caller of MailStack may give zone ids, tags, ARNs and secrets as outputs of other resources; all else decides which
resources exist and must be known before the first preview.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi
from pydantic import SecretStr

from mailstack.errors import SettingsError

_ALLOWED = re.compile(
    r"dns\..+\.zoneId|(domains\..+\.routes\.[^.]+|defaults\.routes\.[^.]+)\.ses\.(permissionsBoundary|tags\..+)|secrets\..+"
)
# Markers have the shape of what they replace, so that they pass where a zone id (of any host) or an ARN is asked for.
_ZONE_ID = "{:032d}"
# Base64 too, as a TSIG secret is.
_HIDDEN = "pulumiOutput{:08d}"
_ARN = "arn:aws:iam::000000000000:policy/pulumi-output-{}"


class Arguments:
    """The outputs of one component's arguments and the markers in their place."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        """Replace every output in `arguments`; raises SettingsError where an output is not taken."""
        self._outputs: dict[str, pulumi.Output[Any]] = {}
        self.plain: dict[str, Any] = self._replace(arguments, "")

    def restore(self, value: Any) -> Any:
        """Return the output that a marker replaces, any other value as it is; secrets become secret outputs."""
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            return pulumi.Output.secret(self._outputs.get(secret, secret))
        if isinstance(value, Mapping):
            return {key: self.restore(item) for key, item in value.items()}
        return self._outputs.get(value, value) if isinstance(value, str) else value

    def _replace(self, value: Any, path: str) -> Any:
        if isinstance(value, pulumi.Output):
            return self._set_aside(value, path)
        if isinstance(value, Mapping):
            return {key: self._replace(item, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._replace(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return value

    def _set_aside(self, output: pulumi.Output[Any], path: str) -> str:
        if not _ALLOWED.fullmatch(path):
            raise SettingsError(
                f"mailstack:{path}: an output was given; only zone ids, tags, ARNs and secrets may be outputs, "
                "since all else decides which resources exist; give a plain value",
                path=f"mailstack:{path}",
            )
        shape = _ZONE_ID if path.endswith(".zoneId") else _HIDDEN if path.startswith("secrets.") else _ARN
        marker = shape.format(len(self._outputs))
        self._outputs[marker] = output
        return marker
