"""Keys as APIs and as Pulumi spell them."""

from __future__ import annotations

import re
from typing import Any


def camel(value: Any) -> Any:
    """Turn an API's `created_on` into the property's `createdOn`, all the way down."""
    if isinstance(value, dict):
        return {_camel_key(key): camel(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [camel(item) for item in value]
    return value


def _camel_key(key: str) -> str:
    head, *tail = key.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def snake(value: Any) -> Any:
    """Turn a property's `flattenCname` into an API's `flatten_cname`, all the way down."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", r"_\g<0>", key).lower(): snake(item) for key, item in value.items()}
    return value
