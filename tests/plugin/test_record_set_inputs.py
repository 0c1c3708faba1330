"""Inputs of RecordSet: what is refused in a preview, and what the schema says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from .fakes import FakeHost
from .harness import UNKNOWN, Served
from .record_sets import inputs


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        (
            {"host": "bind"},
            "",
            '"bind" is not a DNS host that mailstack knows; use route53, cloudflare, manual',
        ),
        (
            {"host": "cloudflare"},
            "",
            "host: cloudflare is not written to by RecordSet: a resource of its own provider publishes its records",
        ),
        ({"host": "manual"}, "", "host: manual is not written to by RecordSet: people publish them"),
        (
            {"type": "SRV"},
            "",
            'record a.example.com: unknown type "SRV"; use one of A, AAAA, CNAME, MX, TXT',
        ),
        ({"values": []}, "", "TXT record a.example.com: no value; give at least one"),
        (
            {"values": ["grün"]},
            "",
            "TXT record a.example.com: character 'ü' at position 3 is not printable ASCII; take out line breaks and "
            "typographic quotes or dashes",
        ),
        (
            {"type": "MX", "values": ["mail.example.net"]},
            "",
            '"mail.example.net" is no MX value: write its preference and its host, such as 10 mail.example.com',
        ),
        (
            {"name": "a.example.net"},
            "",
            "a.example.net is not in the zone example.com: a record's name is example.com or ends in .example.com",
        ),
        ({"ttl": 5}, "", "TXT record a.example.com: a TTL is 1 (automatic) or 30 to 2147483647 seconds, not 5"),
        ({"ttl": "long"}, "ttl", "ttl: 'long' was given; give a whole number"),
        ({"values": "one=1"}, "values", "values: 'one=1' was given; give a list"),
        ({"values": [1]}, "values", "values[0]: 1 was given; give text"),
        (
            {"comment": "x"},
            "comment",
            "comment: not an input of RecordSet; it takes host, zone, zoneId, name, type, ttl, values, beside",
        ),
    ],
)
def test_a_wrong_input_is_refused_in_a_preview(plugin: Served, change: dict[str, Any], key: str, sentence: str) -> None:
    """One sentence, at its input or at all of them together."""
    assert plugin.check({**inputs("one=1"), **change}) == {key: sentence}


def test_unknown_inputs_are_passed_and_missing_ones_are_not(plugin: Served, host: FakeHost) -> None:
    """A DKIM name is not known before the identity is made."""
    wanted = inputs("one=1")
    for unknown in ({"name": UNKNOWN}, {"values": [UNKNOWN]}, {"beside": [UNKNOWN]}, {"host": UNKNOWN}):
        assert plugin.check({**wanted, **unknown}) == {}
        plugin.create({**wanted, **unknown}, preview=True)
    assert host.asked == []
    assert plugin.check({"host": "route53", "name": UNKNOWN}) == {
        key: f"{key}: missing; give it" for key in ("zone", "zoneId", "type", "ttl", "values")
    }


def test_the_schema_describes_the_inputs(plugin: Served) -> None:
    """Pulumi's tools and importers read it."""
    schema = json.loads(plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    kind: Mapping[str, Any] = schema["resources"]["mailstack:index:RecordSet"]
    assert kind["requiredInputs"] == ["host", "zone", "zoneId", "name", "type", "ttl", "values"]
    assert kind["inputProperties"]["values"] == {
        "type": "array",
        "items": {"type": "string"},
        "description": 'Unquoted text; an MX as "10 mail.example.com".',
    }
    assert kind["inputProperties"]["ttl"]["type"] == "integer"
