"""The schema that editors check a stack's settings file against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # the package ships no types
import pytest
import yaml

from mailstack.settings import load
from mailstack.settings.schema import json_schema

EXAMPLE = """
config:
  aws:region: eu-west-1
  mailstack:stage: prod
  mailstack:dns:
    example.com: {host: cloudflare}
  mailstack:domains:
    notify.example.com:
      manage: true
      routes: {main: {provider: ses}, eu: {provider: ses, region: eu-west-1, returnPath: bounce-eu}}
      dmarc: {policy: quarantine, rua: ["mailto:dmarc@example.com"]}
      spf: {also: ["include:_spf.google.com"]}
      protect: true
      wait: warn
    shop.example.com:
  mailstack:senders:
    notify:
      domain: notify.example.com
      via: main
      from: {address: hello, name: Example}
      login: create
      sendAs: []
      recipients: []
  mailstack:defaults: {}
  mailstack:secrets: {}
"""


def mistakes(text: str) -> list[str]:
    schema: dict[str, Any] = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parents[3] / "stacks").glob("Pulumi.*.yaml")), ids=lambda file: file.name
)
def test_every_stack_of_the_project_fits(file: Path) -> None:
    """The stacks that come with the project are valid for an editor and for the program."""
    text = file.read_text()
    assert mistakes(text) == []
    config = yaml.safe_load(text)["config"]
    keys = {key.removeprefix("mailstack:"): value for key, value in config.items() if key.startswith("mailstack:")}
    assert load(keys, aws_region=config["aws:region"]).senders


def test_the_documented_example_fits() -> None:
    """The example of the settings page is valid."""
    assert mistakes(EXAMPLE) == []


@pytest.mark.parametrize(
    "text",
    [
        "config: {'mailstack:domains': {example.com: {dmarc: off, spf: off, wait: off}}}",
        "config: {'mailstack:domains': {example.com: {dmarc: 'off', spf: 'off', wait: 'off'}}}",
        "config: {'mailstack:secrets': {notify: {username: u, password: {secure: v1:abc}}}}",
        "config: {'mailstack:secrets': {secure: v1:abc}}",
        "config: {'mailstack:defaults': {wait: off, from: {name: Example}}, 'cloudflare:apiToken': {secure: v1:abc}}",
        "{encryptionsalt: v1:abc, config: {'other:key': [1]}}",
    ],
)
def test_what_is_allowed_fits(text: str) -> None:
    """Words that YAML 1.1 reads as booleans, encrypted values and other projects' keys are no mistakes."""
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config: {'mailstack:domains': {example.com: {dmarcc: off}}}", "'dmarcc' was unexpected"),
        ("config: {'mailstack:senders': {a: {domain: example.com, login: crete}}}", "'crete' is not one of"),
        ("config: {'mailstack:dns': {example.com: {}}}", "is not valid under any of the given schemas"),
        ("config: {'mailstack:domains': {example.com: {routes: {main: {port: 26}}}}}", "26 is not one of"),
        ("config: {'mailstack:defaults': {was: a}}", "'was' was unexpected"),
    ],
)
def test_what_is_not_allowed_is_marked(text: str, said: str) -> None:
    """An editor marks unknown keys, unknown words and missing keys."""
    assert any(said in message for message in mistakes(text)), mistakes(text)


def test_every_key_has_a_description() -> None:
    """An editor can explain each key where it is written."""
    silent = [
        f"{name}.{key}"
        for name, model in json_schema()["$defs"].items()
        for key, value in model.get("properties", {}).items()
        if "description" not in value and "$ref" not in value and name != "Secret"
    ]
    assert silent == []
