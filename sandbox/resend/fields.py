"""The fields of a request's body: which there may be, and what they may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.wrappers import Request

from sandbox.resend.errors import ApiError, invalid, missing_field

# Reads a field's value, given the field's name.
Read = Callable[[str, Any], Any]

LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
HOST_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.IGNORECASE)


def body(request: Request) -> dict[str, Any]:
    """Read a body as a JSON object."""
    try:
        given = json.loads(request.get_data())
    except ValueError:
        raise ApiError(400, "validation_error", "The request body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise invalid("The request body must be a JSON object.")
    return given


def read(given: Mapping[str, Any], known: Mapping[str, Read], required: Sequence[str] = ()) -> dict[str, Any]:
    """Read the fields that are given; a field that Resend does not know is refused, where Resend may pass over it."""
    for name in required:
        if name not in given:
            raise missing_field(name)
    if unknown := sorted(given.keys() - known.keys()):
        raise invalid(f"Unknown field: {', '.join(f'`{name}`' for name in unknown)}.")
    return {name: known[name](name, value) for name, value in given.items()}


def text(longest: int) -> Read:
    """Read a text that is not empty and not too long."""

    def reader(name: str, value: Any) -> str:
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= len(value) <= longest:
            raise invalid(f"The `{name}` field must be a string of 1 to {longest} characters.")
        return value

    return reader


def string(name: str, value: Any) -> str:
    """Read a text whose content is looked at later."""
    if not isinstance(value, str):
        raise invalid(f"The `{name}` field must be a string.")
    return value


def flag(name: str, value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise invalid(f"The `{name}` field must be a boolean.")
    return value


def label(name: str, value: Any) -> str:
    """Read one label below the domain (resend.com/docs/api-reference/domains/create-domain, custom_return_path)."""
    if not isinstance(value, str) or not LABEL.fullmatch(value):
        raise invalid(f"The `{name}` field must be one label: a letter, then letters, digits and hyphens, at most 63.")
    return value.lower()


def host_name(name: str, value: Any) -> str:
    """Read a domain's name."""
    if not isinstance(value, str) or len(value) > 253 or not HOST_NAME.fullmatch(value):
        raise invalid(f"The `{name}` field must be a domain name.")
    return value.lower()


def one_of(*allowed: str, refusal: Callable[[], ApiError] | None = None) -> Read:
    """Read one of a few words; another word has a refusal of its own where the vendor has one for it."""

    def reader(name: str, value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        if refusal is not None and isinstance(value, str):
            raise refusal()
        raise invalid(f"The `{name}` field must be {' or '.join(allowed)}.")

    return reader


def group(known: Mapping[str, Read]) -> Read:
    """Read an object with fields of its own."""

    def reader(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid(f"The `{name}` field must be an object.")
        return read(value, known)

    return reader
