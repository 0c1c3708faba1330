"""Inputs of record sets for the plugin's tests."""

from __future__ import annotations

from typing import Any

ID = "route53/example.com/a.example.com/TXT"


def inputs(*values: str, **more: Any) -> dict[str, Any]:
    """Return the inputs of a TXT record set, or of another one."""
    name = {
        "host": "route53",
        "zone": "example.com",
        "zoneId": "Z1",
        "name": "a.example.com",
        "type": "TXT",
        "ttl": 300,
    }
    return {**name, "values": list(values), "beside": [], **more}
