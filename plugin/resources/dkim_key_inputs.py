"""The inputs of a DkimKey: their defaults, their validation and the type's schema."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from mailstack.dns.records import domain_name
from mailstack.errors import RecordError
from mailstack.mail.dkim import ALGORITHMS, RSA_BITS
from plugin.wire import Values, is_unknown

REQUIRED: Final = ("domain", "selector")
DEFAULTS: Final[Mapping[str, Any]] = {"algorithm": "rsa", "bits": 2048, "superseded": False, "graceDays": 7}
# What SES takes as selector, the pattern of its API: one label (RFC 6376 section 3.1 would allow several).
_SELECTOR: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def kind(inputs: Values) -> str:
    """Name a kind of key in a sentence."""
    return "Ed25519" if inputs["algorithm"] == "ed25519" else f"RSA of {inputs['bits']} bits"


def problems(inputs: Values) -> dict[str, str]:
    """Return what is wrong with inputs, by key; unknown values are passed."""
    known = (*REQUIRED, *DEFAULTS)
    found = {key: f"{key}: not an input of DkimKey; it takes {', '.join(known)}" for key in inputs if key not in known}
    found |= {key: f"{key}: missing; give it" for key in REQUIRED if key not in inputs}
    for key, value in inputs.items():
        if key not in found and not is_unknown(value) and (reason := _problem(key, value)):
            found[key] = f"{key}: {reason}"
    return found


def _problem(key: str, value: Any) -> str | None:
    match key:
        case "domain":
            return _domain_problem(value)
        case "selector" if not isinstance(value, str) or not _SELECTOR.fullmatch(value):
            return f"{value!r} was given; give one label of lower-case letters, digits and inner hyphens"
        case "algorithm" if value not in ALGORITHMS:
            return f"{value!r} was given; give {' or '.join(ALGORITHMS)}"
        case "bits" if value not in RSA_BITS:
            return f"{value!r} was given; give {' or '.join(map(str, RSA_BITS))}"
        case "superseded" if not isinstance(value, bool):
            return f"{value!r} was given; give true or false"
        case "graceDays" if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            return f"{value!r} was given; give days, 0 or more"
    return None


def _domain_problem(value: Any) -> str | None:
    try:
        written = domain_name(value) if isinstance(value, str) else ""
    except RecordError as error:
        return str(error)
    return None if written == value else f"{value!r} was given; give a domain name in lower case"


_INPUTS: Final[dict[str, Any]] = {
    "domain": {"type": "string", "description": "The domain whose mail the key signs."},
    "selector": {"type": "string", "description": "The key's selector, one label."},
    "algorithm": {"type": "string", "description": "rsa or ed25519."},
    "bits": {"type": "integer", "description": "The length of an RSA key: 1024 or 2048."},
    "superseded": {"type": "boolean", "description": "Another key signs now; this one is to be revoked."},
    "graceDays": {"type": "number", "description": "How long a superseded key stays published, in days."},
}
_OUTPUTS: Final[dict[str, Any]] = {
    "privateKey": {"type": "string", "secret": True, "description": "Base64 of the PKCS #8 DER."},
    "publicKey": {"type": "string", "description": "The public half as DNS has it."},
    "record": {"type": "string", "description": "The TXT text to publish: live, or revoked after the grace."},
    "supersededAt": {"type": "string", "description": "When the key was superseded, ISO 8601 in UTC."},
}
SCHEMA: Final[Mapping[str, Any]] = {
    "description": "A DKIM key pair of a domain's own, and its DNS record.",
    "inputProperties": {
        key: {**value, **({"default": DEFAULTS[key]} if key in DEFAULTS else {})} for key, value in _INPUTS.items()
    },
    "requiredInputs": list(REQUIRED),
    "properties": {**_INPUTS, **_OUTPUTS},
    "required": [*_INPUTS, "record"],
}
