"""The JSON Schema of a stack's settings file, for editors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from mailstack.catalog import Catalog, SmtpProvider
from mailstack.descriptions import Described
from mailstack.settings.fields import ENCRYPTED, LABEL_SCHEMA
from mailstack.settings.load import KEYS
from mailstack.settings.model import DomainKeys, Login, RouteKeys, SenderKeys

Schema = dict[str, Any]

_NOTHING: Schema = {"type": "null"}


def json_schema(catalog: Catalog) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a whole Pulumi.<stack>.yaml file.

    It accepts what the loader accepts, as far as one key alone shows it: names of domains, and keys that contradict
    each other, are checked by the loader only. Keys of other projects and providers are left alone.
    """
    models = _models(catalog)
    defaults = {**models["DomainKeys"]["properties"], **models["SenderKeys"]["properties"]}
    defaults.pop("was")
    defaults["routes"] = _routes(defaults["routes"], of_defaults=True)
    ours = {
        "stage": _or_nothing({**LABEL_SCHEMA, "description": "A label for tags and comments; nothing depends on it."}),
        "formerly": {
            "type": ["string", "null"],
            "description": "The name that this stack had before, for one `pulumi up` after it was renamed.",
        },
        "dns": _by_name("Zone", "The zones that this stack may write to."),
        "domains": _by_name("DomainKeys", "The domains that mail is from."),
        # Without a value it is refused, since that would delete the login of every sender.
        "senders": {
            **_by_name("SenderKeys", "The senders, by the key that names their outputs."),
            "type": "object",
            "propertyNames": LABEL_SCHEMA,
        },
        "defaults": {
            "type": ["object", "null"],
            "properties": defaults,
            "additionalProperties": False,
            "description": "What holds for every domain and sender that does not say otherwise.",
        },
        "secrets": {
            "anyOf": [ENCRYPTED, {"$ref": "#/$defs/Secrets"}],
            "description": "Given logins, and the credentials of DNS hosts and providers: all encrypted.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of a mailstack stack",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {
                    "aws:region": {"type": "string", "description": "The AWS region of routes that name none."},
                    **{f"mailstack:{key}": ours[key] for key in KEYS},
                },
                "patternProperties": {f"^mailstack:(?!({'|'.join(KEYS)})$)": False},
            }
        },
        "$defs": models,
    }


def _models(catalog: Catalog) -> dict[str, Schema]:
    """Return the schemas of all mappings below the top keys, by name."""
    providers, hosts = list(catalog.providers.values()), list(catalog.hosts.values())
    options = {provider.name: provider.options for provider in providers}
    keys = {host.name: host.keys for host in hosts}
    secrets = {host.name: host.secrets for host in hosts if host.secrets}
    of_providers = {provider.name: provider.secrets for provider in providers if provider.secrets}
    parts: list[type[BaseModel]] = [DomainKeys, SenderKeys, RouteKeys, Login]
    every = dict.fromkeys([*parts, *options.values(), *keys.values(), *secrets.values(), *of_providers.values()])
    refs, found = models_json_schema([(model, "validation") for model in every], schema_generator=Described)
    models = {name: _with_nothing(_plain(schema)) for name, schema in found["$defs"].items() if name != "BaseModel"}
    named = {model: refs[model, "validation"]["$ref"].rpartition("/")[2] for model in every}
    models["SenderKeys"].pop("required")  # the domain may be in mailstack:defaults
    for name in ("DomainKeys", "SenderKeys"):
        models[name]["type"] = ["object", "null"]
    models["DomainKeys"]["properties"]["routes"] = _routes(models["DomainKeys"]["properties"]["routes"])
    models["Route"] = _route(
        models.pop("RouteKeys"), providers, {name: named[model] for name, model in options.items()}
    )
    models["Host"] = _one_of_hosts({name: models.pop(named[model]) for name, model in keys.items()})
    models["Zone"] = _zone(models["Host"])
    models["Login"]["oneOf"] = [
        _without(("username", "password"), ["accessKeyId", "secretAccessKey"]),
        _without(("accessKeyId", "secretAccessKey"), ["username", "password"]),
    ]
    of_zone = {
        key: value for model in secrets.values() for key, value in models.pop(named[model])["properties"].items()
    }
    models["Secrets"] = _mapping(
        {
            "senders": {**_by_name("Login", "Given logins, by sender."), "propertyNames": LABEL_SCHEMA},
            "dns": {
                "type": ["object", "null"],
                "additionalProperties": {**_mapping(of_zone), "type": ["object", "null"]},
                "description": "What a zone's host logs in or signs with, by zone.",
            },
            "providers": {
                **_mapping({name: {"$ref": f"#/$defs/{named[model]}"} for name, model in of_providers.items()}),
                "description": "What the providers' APIs log in with, by provider.",
            },
        }
    )
    return models


def _route(keys: Schema, providers: Sequence[SmtpProvider], options: Mapping[str, str]) -> Schema:
    """Return the schema of a route: the keys of all, and for each provider its ports and no other's options."""
    names = [provider.name for provider in providers]
    properties = {
        **keys["properties"],
        "provider": {**keys["properties"]["provider"], "enum": [*names, None], "default": names[0]},
        **{
            provider.name: {
                "anyOf": [{"$ref": f"#/$defs/{options[provider.name]}"}, _NOTHING],
                "description": f"What only {provider.title} has.",
            }
            for provider in providers
        },
    }
    del properties["provider"]["type"]
    rules = []
    for provider in providers:
        default = provider.name == names[0]
        chosen = {"properties": {"provider": {"enum": [provider.name, *([None] if default else [])]}}}
        allowed = {
            "port": {"enum": [*provider.ports, None]},
            **({} if provider.has_regions else {"region": {"enum": ["", None]}}),
            **{name: _NOTHING for name in names if name != provider.name},
        }
        rules.append(
            {"if": chosen if default else {**chosen, "required": ["provider"]}, "then": {"properties": allowed}}
        )
    return {**_mapping(properties), "type": ["object", "null"], "description": keys["description"], "allOf": rules}


def _routes(described: Schema, *, of_defaults: bool = False) -> Schema:
    """Return the schema of the routes of a domain; it may take out one of the defaults."""
    route: Schema = {"$ref": "#/$defs/Route"}
    # Not anyOf, so that an editor says what is wrong about a route, not only that it is neither.
    or_off = {"if": {"type": ["object", "null"]}, "then": route, "else": {"enum": ["off", False]}}
    return {
        "type": ["object", "null"],
        "additionalProperties": route if of_defaults else or_off,
        "propertyNames": LABEL_SCHEMA,
        "description": described["description"],
    }


def _one_of_hosts(keys: Mapping[str, Schema]) -> Schema:
    """Return the schema of a host and its keys: the keys of all, and for each host what it has of them."""
    every = {key: value for schema in keys.values() for key, value in schema["properties"].items()}
    return {
        **_mapping({"host": {"enum": list(keys), "description": "Who serves the zone."}, **every}),
        "required": ["host"],
        "allOf": [
            {
                "if": {"properties": {"host": {"const": name}}, "required": ["host"]},
                "then": {
                    "properties": {**dict.fromkeys(every, _NOTHING), **schema["properties"]},
                    "required": schema.get("required", []),
                },
            }
            for name, schema in keys.items()
        ],
    }


def _zone(host: Schema) -> Schema:
    """Return the schema of a zone: one host and its keys, or several hosts and nothing beside them."""
    several = {
        "type": "array",
        "items": {"anyOf": [{"enum": host["properties"]["host"]["enum"]}, {"$ref": "#/$defs/Host"}]},
        "minItems": 1,
        "description": "Several hosts while a zone moves: the records are published at each of them.",
    }
    return {
        **host,
        "properties": {**host["properties"], "hosts": several},
        "oneOf": [{"required": ["host"]}, {"required": ["hosts"]}],
        "allOf": [
            *host["allOf"],
            {"if": {"required": ["hosts"]}, "then": {"properties": {"hosts": True}, "additionalProperties": False}},
        ],
        "required": [],
    }


def _mapping(properties: Mapping[str, Any]) -> Schema:
    return {"type": ["object", "null"], "properties": dict(properties), "additionalProperties": False}


def _without(absent: Sequence[str], required: Sequence[str]) -> Schema:
    return {"properties": dict.fromkeys(absent, _NOTHING), "required": list(required)}


def _by_name(model: str, description: str) -> Schema:
    return {
        "type": ["object", "null"],
        "additionalProperties": {"$ref": f"#/$defs/{model}"},
        "description": description,
    }


def _with_nothing(model: Schema) -> Schema:
    """Let every key that has a default be written without a value: `dmarc:` and nothing behind the colon."""
    required = model.get("required", [])
    properties = {
        key: value if key in required else _or_nothing(value) for key, value in model.get("properties", {}).items()
    }
    return {**model, "properties": properties}


def _or_nothing(value: Schema) -> Schema:
    """Allow a value to be left empty."""
    about: Schema = {key: value[key] for key in ("description", "default") if key in value}
    rule = {key: each for key, each in value.items() if key not in about}
    if "enum" in rule:
        return {"enum": [*rule["enum"], None], **about}
    if isinstance(named := rule.get("additionalProperties"), dict):
        rule["additionalProperties"] = _or_nothing(named)
    if isinstance(rule.get("type"), str):
        return {**rule, "type": [rule["type"], "null"], **about}
    if set(rule) == {"anyOf"}:
        return {"anyOf": [*(each for each in rule["anyOf"] if each != _NOTHING), _NOTHING], **about}
    return {"anyOf": [rule, _NOTHING], **about}


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
