"""The README's table of settings, the schema for editors and the settings themselves say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from mailstack.settings.load import load
from mailstack.settings.schema import json_schema
from providers import catalog
from tests.engine.project import ROOT

from . import readme

PLACEHOLDERS = {
    "dns": "<zone>",
    "domains": "<domain>",
    "routes": "<route>",
    "senders": "<sender>",
}
SCHEMA = json_schema(catalog())


def settings() -> dict[str, Any]:
    """Return every key that can be written, by its path, with its schema; keys of mappings of keys are left out."""
    keys = SCHEMA["properties"]["config"]["properties"]
    return {path: schema for name, key in keys.items() for path, schema in _leaves(name, key)}


def _leaves(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    below = [found for branch in _branches(schema) for found in _below(path, branch)]
    yield from below or [(path, schema)]


def _branches(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Follow references and alternatives; the form of an encrypted value is no key of ours."""
    if "$ref" in schema:
        yield from _branches(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    for branch in [*schema.get("anyOf", []), *schema.get("oneOf", []), *filter(None, [schema.get("then")])]:
        yield from _branches(branch)
    if "properties" in schema or isinstance(schema.get("additionalProperties"), dict):
        yield schema


def _below(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if path == "mailstack:defaults" or set(schema.get("properties", {})) == {"secure"}:
        return  # the defaults' keys are those of domains and senders
    for name, key in schema.get("properties", {}).items():
        yield from _leaves(f"{path}.{name}", key)
    named = schema.get("additionalProperties")
    if isinstance(named, dict) and any(set(one.get("properties", {})) != {"secure"} for one in _branches(named)):
        last = path.replace(":", ".").rpartition(".")[2]
        yield from _leaves(f"{path}.{PLACEHOLDERS[last]}", named)


def table() -> dict[str, str]:
    """Return the README's keys by their whole path, each with what stands as its default."""
    found, above = {}, ""
    for keys, default, _ in readme.table("Settings"):
        for key in readme.code(keys):
            above = above if key.startswith(".") else key
            found[above + key if key.startswith(".") else key] = default
    return found


def test_every_setting_is_in_the_table_and_no_other() -> None:
    """Each key of the schema has a row, and each row is a key of the schema or the mapping above some."""
    written, known = set(table()), set(settings())
    assert known - written == set()
    assert {path for path in written - known if not any(key.startswith(f"{path}.") for key in known)} == set()


def test_the_defaults_in_the_table_are_the_settings_defaults() -> None:
    """Where a setting has a plain default, the table shows it as it would be written."""
    written = table()
    for path, schema in settings().items():
        if "default" in schema:
            assert [yaml.safe_load(text) for text in readme.code(written[path])] == [schema["default"]], path


def test_what_is_said_to_be_enough_is_enough() -> None:
    """The README's smallest settings make a whole stack."""
    [text] = readme.blocks("yaml")
    config = yaml.safe_load(text)["config"]
    keys = {key.removeprefix("mailstack:"): value for key, value in config.items() if key.startswith("mailstack:")}
    assert [
        sender.from_address for sender in load(keys, catalog(), aws_region=config["aws:region"]).senders.values()
    ] == ["notify@notify.example.com"]


def test_the_schema_beside_the_stacks_is_the_settings_own() -> None:
    """The file that editors read is what `make schema` writes now, and every stack refers to it."""
    written = json.loads((ROOT / "stacks" / "settings.schema.json").read_text())
    assert json.dumps(written) == json.dumps(SCHEMA)  # in the same order, each time
    for stack in (ROOT / "stacks").glob("Pulumi.*.yaml"):
        assert stack.read_text().startswith("# yaml-language-server: $schema=settings.schema.json\n"), stack.name
