"""The schema that editors check a stack's settings file against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # the package ships no types
import pytest
import yaml

from mailstack.errors import SettingsError
from mailstack.settings.load import load
from mailstack.settings.schema import json_schema
from mailstack.settings.stack_file import plain_secrets
from providers import catalog

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
    schema: dict[str, Any] = json_schema(catalog())
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
    assert load(keys, catalog(), aws_region=config["aws:region"]).senders


def test_the_documented_example_fits() -> None:
    """The example of the settings page is valid."""
    assert mistakes(EXAMPLE) == []


@pytest.mark.parametrize(
    "text",
    [
        "config: {'mailstack:domains': {example.com: {dmarc: off, spf: off, wait: off}}}",
        "config: {'mailstack:domains': {example.com: {dmarc: 'off', spf: 'off', wait: 'off'}}}",
        "config: {'mailstack:secrets': {senders: {notify: {username: {secure: v1:abd}, password: {secure: v1:abc}}}}}",
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
        for name, model in json_schema(catalog())["$defs"].items()
        for key, value in model.get("properties", {}).items()
        if "description" not in value and "$ref" not in value and name != "Secret"
    ]
    assert silent == []


ONE = "mailstack:dns: {example.com: {host: cloudflare}}\n"
GOOD = [
    "",
    "routes: {main: {provider: ses, port: 465, ses: {tls: require, configurationSet: off, tags: {a: b}}}}",
    "routes: {main: , eu: {region: eu-central-1, returnPath: b, port: , ses: }}",
    "routes: {main: {ses: {tls: , tags: {a: }, permissionsBoundary: }}}",
    "dmarc: , spf: , dkim: , bimi: , inbound: , mtaSts: , tlsRpt: , records: , protect: , wait: , waitMinutes: , ttl: ",
    "dmarc: {policy: , rua: , psd: n}",
    "inbound: main, mtaSts: {mode: enforce, mx: , maxAge: 0}",
    "inbound: off",
    "ttl: 1",
    "ttl: 30",
    "ttl: 86400",
    "dkim: {kind: own, bits: 1024, generation: 9999, graceDays: 365}",
    "wait: off, waitMinutes: 0.5",
    "records: {also: [{name: '@', type: TXT, ttl: , values: [a]}], asFound: }",
    "sends: false",
    "manage: false",
]
BAD = [
    "routes: []",
    "routes: {main: ses}",
    "routes: {Main: {}}",
    "routes: {main: {provider: sess}}",
    "routes: {main: {provider: 1}}",
    "routes: {main: {port: 26}}",
    "routes: {main: {port: '587'}}",
    "routes: {main: {regoin: eu-west-1}}",
    "routes: {main: {options: {}}}",
    "routes: {main: {ses: {tsl: require}}}",
    "routes: {main: {ses: []}}",
    "routes: {main: {ses: {tags: {a: 1}}}}",
    "dmarc: {policy: rejct}",
    "dmarc: on",
    "spf: {also: mx}",
    "bimi: {}",
    "tlsRpt: {}",
    "tlsRpt: {rua: []}",
    "mtaSts: {maxAge: -1}",
    "inbound: Main",
    "ttl: 5",
    "ttl: 86401",
    "ttl: '300'",
    "dkim: {kind: own, generation: 0}",
    "dkim: {kind: own, generation: 10000}",
    "dkim: {graceDays: 366}",
    "dkim: {bits: 4096}",
    "wait: required",
    "waitMinutes: 0",
    "waitMinutes: 1441",
    "records: {also: [{name: '@', type: NS, values: [a]}]}",
    "records: {also: [{name: '@', type: TXT, values: []}]}",
    "records: {also: [{name: '@', type: TXT}]}",
    "records: {also: [null]}",
    "name: example.com",
    "protect: 1",
]
FILES = {
    **{f"{ONE}mailstack:domains: {{example.com: {{{keys}}}}}": True for keys in GOOD},
    **{f"{ONE}mailstack:domains: {{example.com: {{{keys}}}}}": False for keys in BAD},
    **{f"mailstack:dns: {{example.com: {zone}}}\nmailstack:domains: {{a.org: {{manage: false}}}}": True for zone in (
        "{host: cloudflare}",
        "{host: cloudflare, zoneId: }",
        "{hosts: [cloudflare, {host: route53}]}",
        "{hosts: [manual, {host: rfc2136, server: ns1.example.com, port: }]}",
        "{host: lexicon, provider: powerdns, options: {a: b}}",
        "{host: rfc2136, server: ns1.example.com, port: 5353, key: }",
    )},
    **{f"mailstack:dns: {{example.com: {zone}}}\nmailstack:domains: {{a.org: {{manage: false}}}}": False for zone in (
        "",
        "{}",
        "cloudflare",
        "{host: }",
        "{host: cloudfare}",
        "{hosts: []}",
        "{hosts: cloudflare}",
        "{hosts: [cloudfare]}",
        "{hosts: [{host: rfc2136}]}",
        "{hosts: [{server: ns1.example.com}]}",
        "{host: cloudflare, hosts: [route53]}",
        "{host: cloudflare, server: ns1.example.com}",
        "{host: rfc2136}",
        "{host: rfc2136, server: ns1.example.com, port: 0}",
        "{host: lexicon}",
        "{host: manual, zoneId: '1'}",
        "{host: manual, zoneid: '1'}",
    )},
    **{f"{ONE}{text}": True for text in (
        "mailstack:senders: {a: {domain: example.com}}",
        "mailstack:senders: {a: {domain: example.com, via: , from: , login: , sendAs: , recipients: , was: }}",
        "mailstack:senders: {a: }\nmailstack:defaults: {domain: example.com}",
        "mailstack:senders: {}\nmailstack:domains: {example.com: }",
        "mailstack:domains: {example.com: }\nmailstack:defaults: \nmailstack:secrets: \nmailstack:stage: ",
        "mailstack:domains: {example.com: }\nmailstack:defaults: {ttl: , wait: , routes: {main: {port: 465}}, from: }",
        "mailstack:domains: {example.com: {routes: {eu: off}}}\n"
        "mailstack:defaults: {routes: {main: , eu: {region: eu-central-1, returnPath: eu}}}",
        "mailstack:domains: {example.com: }\nmailstack:formerly: acme/mail/prod\nmailstack:stage: prod",
        "mailstack:senders: {a: {domain: example.com, login: given}}\n"
        "mailstack:secrets: {senders: {a: {username: {secure: a}, password: {secure: b}}}}",
        "mailstack:senders: {a: {domain: example.com, login: given}}\nmailstack:secrets:\n"
        "  {senders: {a: {accessKeyId: {secure: a}, secretAccessKey: {secure: b}, username: }}, dns: , providers: }",
    )},
    **{f"{ONE}{text}": False for text in (
        "mailstack:domains: {example.com: }\nmailstack:senders: ",
        "mailstack:domains: []",
        "mailstack:sender: {a: {domain: example.com}}",
        "mailstack:senders: {A: {domain: example.com}}",
        "mailstack:senders: {a: {domain: example.com, login: crete}}",
        "mailstack:senders: {a: {domain: example.com, was: A}}",
        "mailstack:senders: {a: {domain: example.com, key: a}}",
        "mailstack:senders: {a: {domain: example.com, from: hello}}",
        "mailstack:domains: {example.com: }\nmailstack:stage: Prod",
        "mailstack:domains: {example.com: }\nmailstack:formerly: [prod]",
        "mailstack:domains: {example.com: }\nmailstack:defaults: {was: a}",
        "mailstack:domains: {example.com: }\nmailstack:defaults: {ttl: 5}",
        "mailstack:domains: {example.com: }\nmailstack:defaults: {routes: {main: {port: 26}}}",
        "mailstack:domains: {example.com: }\nmailstack:defaults: {routes: {main: off}}",
        "mailstack:senders: {a: {domain: example.com, login: given}}\n"
        "mailstack:secrets: {senders: {a: {username: {secure: a}, password: b}}}",
        "mailstack:senders: {a: {domain: example.com, login: given}}\n"
        "mailstack:secrets: {senders: {a: {username: {secure: a}, secretAccessKey: {secure: b}}}}",
        "mailstack:senders: {a: {domain: example.com, login: given}}\n"
        "mailstack:secrets: {senders: {a: {username: {secure: a}}}}",
        "mailstack:senders: {a: {domain: example.com, login: given}}\n"
        "mailstack:secrets: {a: {username: {secure: a}, password: {secure: b}}}",
        "mailstack:domains: {example.com: }\nmailstack:secrets: {providers: {ses: {key: {secure: b}}}}",
    )},
}  # fmt: skip


def decrypted(value: Any) -> Any:
    """Return what the engine makes of a file: the text behind every `secure:`."""
    if isinstance(value, dict):
        return value["secure"] if set(value) == {"secure"} else {key: decrypted(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize("text", FILES)
def test_an_editor_and_the_program_accept_the_same(text: str) -> None:
    """Whatever one key alone shows to be wrong is marked where it is written, and nothing that the loader takes is."""
    config = yaml.safe_load(text)
    keys = {key.removeprefix("mailstack:"): decrypted(value) for key, value in config.items()}
    try:
        load(keys, catalog(), aws_region="eu-west-1", plain_secrets=plain_secrets(config))
        loads = ""
    except SettingsError as error:
        loads = str(error)
    schema = json_schema(catalog())
    marked = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors({"config": config})]
    assert (not loads, not marked) == (FILES[text], FILES[text]), (loads, marked)
