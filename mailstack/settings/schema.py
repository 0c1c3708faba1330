"""The JSON Schema of a stack's settings file, for editors."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from mailstack.settings.model import DomainKeys, Login, SenderKeys
from mailstack.settings.zones import HostSecrets, Zone

_ENCRYPTED = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a whole Pulumi.<stack>.yaml file.

    Keys of other projects and providers are left alone. Names that stand under mailstack:dns, domains, senders and
    secrets are the writer's own; everything below them is known.
    """
    _, found = models_json_schema(
        [(model, "validation") for model in (DomainKeys, SenderKeys, Zone, Login, HostSecrets)]
    )
    models = _plain(found["$defs"])
    del models["SenderKeys"]["required"]  # the domain may stand in mailstack:defaults
    models["Zone"]["oneOf"] = [{"required": ["host"]}, {"required": ["hosts"]}]
    for name in ("DomainKeys", "SesRoute", "SenderKeys"):
        models[name] = _or_nothing(models[name])
    defaults = {**models["DomainKeys"]["properties"], **models["SenderKeys"]["properties"]}
    defaults.pop("was")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of a mailstack stack",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {
                    "aws:region": {"type": "string", "description": "The AWS region of routes that name none."},
                    "mailstack:stage": {
                        "type": "string",
                        "pattern": "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
                        "description": "A label for tags and comments; nothing else depends on it.",
                    },
                    "mailstack:dns": _by_name("Zone", "The zones that this stack may write to."),
                    "mailstack:domains": _by_name("DomainKeys", "The domains that mail is from."),
                    "mailstack:senders": _by_name("SenderKeys", "The senders, by the key that names their outputs."),
                    "mailstack:defaults": {
                        "type": ["object", "null"],
                        "properties": defaults,
                        "additionalProperties": False,
                        "description": "What stands under every domain and sender that does not say otherwise.",
                    },
                    "mailstack:secrets": {
                        # A zone's name has a dot, a sender's key has none.
                        "anyOf": [
                            _ENCRYPTED,
                            {**_by_name("Login", ""), "patternProperties": {r"\.": {"$ref": "#/$defs/HostSecrets"}}},
                        ],
                        "description": "Given logins, by sender, and the keys of DNS hosts, by zone: all secrets.",
                    },
                },
            }
        },
        "$defs": {**models, "Secret": {"anyOf": [{"type": "string"}, _ENCRYPTED]}},
    }


def _by_name(model: str, description: str) -> dict[str, Any]:
    about = {"description": description} if description else {}
    return {"type": ["object", "null"], "additionalProperties": {"$ref": f"#/$defs/{model}"}, **about}


def _or_nothing(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a mapping whose keys all have defaults stand empty: `example.com:` and nothing behind the colon."""
    return {**schema, "type": ["object", "null"]}


def _is_noise(key: str, value: Any) -> bool:
    """Tell what editors would show to nobody's use: generated titles, and defaults that are empty or whole mappings."""
    if key == "default":
        return value in ("", None) or isinstance(value, dict | list)
    return key == "title" and isinstance(value, str)


def _plain(schema: Any) -> Any:
    """Return a schema without noise."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if not _is_noise(key, value)}
    return [_plain(value) for value in schema] if isinstance(schema, list) else schema
