"""The schema of `mailstack:index:Readiness`, as `pulumi package get-schema` and importers read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .readiness_inputs import DEFAULTS, REQUIRED

_TEXTS: Final = {"type": "array", "items": {"type": "string"}}
_INPUTS: Final[dict[str, Any]] = {
    "provider": {"type": "string", "description": "The SMTP provider: ses."},
    "domain": {"type": "string", "description": "The domain that is to be verified."},
    "region": {"type": "string", "description": "The provider's region."},
    "mailFrom": {"type": "boolean", "description": "Whether a MAIL FROM domain is expected to be verified, too."},
    "wait": {
        "type": "string",
        "description": "off asks once, warn waits when something changed and then warns, require fails the update.",
    },
    "waitSeconds": {"type": "number", "description": "How long a wait may take."},
    "manual": {"type": "boolean", "description": "The records are made by hand: ask once, never wait."},
    "records": {
        "type": "array",
        "items": {"type": "ref", "$ref": "#/types/mailstack:index:WantedRecord"},
        "description": "The records that DNS should show.",
    },
    "nameServers": {
        "type": "object",
        "additionalProperties": _TEXTS,
        "description": "The name servers that the records were written to, by zone.",
    },
    "hosts": {
        "type": "object",
        "additionalProperties": _TEXTS,
        "description": "The DNS hosts that publish the records, by zone: one is dropped when no delegation names it.",
    },
}
_OUTPUTS: Final[dict[str, Any]] = {
    "status": {"type": "string", "description": "verified, pending, manual or lost."},
    "dkim": {"type": "string", "description": "The provider's word on DKIM."},
    "mailFromStatus": {"type": "string", "description": "The provider's word on the MAIL FROM domain."},
    "missing": {**_TEXTS, "description": "Why the domain is not verified, one sentence each."},
}

SCHEMA: Final[Mapping[str, Any]] = {
    "description": "The wait until a provider reports a domain verified.",
    "inputProperties": {
        key: {**value, **({"default": DEFAULTS[key]} if isinstance(DEFAULTS.get(key), bool | int | str) else {})}
        for key, value in _INPUTS.items()
    },
    "requiredInputs": list(REQUIRED),
    "properties": {**_INPUTS, **_OUTPUTS},
    "required": [*_INPUTS, *_OUTPUTS],
}
TYPES: Final[Mapping[str, Any]] = {
    "mailstack:index:WantedRecord": {
        "type": "object",
        "description": "A record set that DNS should show.",
        "properties": {
            "name": {"type": "string"},
            "type": {"type": "string"},
            "values": {**_TEXTS, "description": 'Unquoted text; an MX as "10 mail.example.com".'},
            "zone": {"type": "string"},
            "purpose": {"type": "string"},
        },
        "required": ["name", "type", "values"],
    }
}
