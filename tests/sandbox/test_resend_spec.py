"""The played Resend against the vendor's OpenAPI file (github.com/resend/resend-openapi, resend.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema
import pytest
import yaml

from sandbox.resend import domains, keys
from sandbox.resend.api import ROUTES
from tests.conftest import SPECS
from tests.sandbox.resend_world import Api

# The file is the vendor's and not part of this repository; it lies in a folder that several checkouts share.
FILE = SPECS / "resend" / "resend.yaml"
# What recorded answers have beyond the file.
BEYOND = {("POST", "/domains"): {"object"}, ("POST", "/api-keys"): {"object"}}

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the vendor's OpenAPI file is not in ../shared/specs/resend")


@cache
def spec() -> dict[str, Any]:
    return dict(yaml.load(FILE.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def schema(reference: str) -> dict[str, Any]:
    return {"$ref": reference, "components": spec()["components"]}


def properties(name: str) -> dict[str, Any]:
    return dict(spec()["components"]["schemas"][name]["properties"])


def _reference(content: dict[str, Any]) -> str:
    return str(content["content"]["application/json"]["schema"]["$ref"])


def operation(method: str, path: str) -> dict[str, Any]:
    """Find the file's operation for a real path; one with a fixed path goes before one with a parameter."""
    for template in sorted(spec()["paths"], key=lambda one: "{" in one):
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in spec()["paths"][template]:
            return dict(spec()["paths"][template][method.lower()])
    raise AssertionError(f"the file has no {method} {path}")


class Checked(Api):
    """The API, with every successful exchange held against the file."""

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None, **more: Any) -> httpx.Response:
        answer = super().ask(method, path, body, token, **more)
        described = operation(method, path)
        success = described["responses"][str(answer.status_code)]
        reference = _reference(success)
        jsonschema.Draft202012Validator(schema(reference)).validate(answer.json())
        allowed = properties(reference.rpartition("/")[2]).keys() | BEYOND.get((method, path), set())
        assert answer.json().keys() <= allowed
        if body is not None:
            jsonschema.Draft202012Validator(schema(_reference(described["requestBody"]))).validate(body)
        return answer


@pytest.fixture(name="api")
def _api() -> Iterator[Checked]:
    yield Checked()


@pytest.mark.parametrize("generation", ["A", "C"])
def test_the_life_of_a_domain_is_as_the_file_describes(api: Checked, generation: str) -> None:
    """Every request and answer of a domain with all options, at each status, has the file's statuses and fields."""
    api.settings.generation = generation
    options: dict[str, Any] = {
        "region": "sa-east-1", "custom_return_path": "bounce", "open_tracking": True, "click_tracking": True,
        "tls": "enforced", "capabilities": {"sending": "enabled", "receiving": "enabled"},
        "tracking_subdomain": "links",
    }  # fmt: skip
    made = api.domain("mail.example.com", **options)
    api.ask("POST", f"/domains/{made['id']}/verify")
    seen = [api.get(made["id"])]
    api.publish(made)
    api.time += 1
    seen.append(api.get(made["id"]))
    api.dns.clear()
    seen.append(api.get(made["id"]))
    api.time += 72 * 3600
    seen.append(api.get(made["id"]))
    found = {record["status"] for domain in seen for record in domain["records"]}
    assert found == {"pending", "verified", "temporary_failure", "failed"}
    api.ask("GET", "/domains", params={"limit": 1})
    api.ask("PATCH", f"/domains/{made['id']}", {"open_tracking": False})
    api.ask("DELETE", f"/domains/{made['id']}")


def test_the_life_of_a_key_is_as_the_file_describes(api: Checked) -> None:
    """Created, listed before and after its use, renamed and deleted."""
    made = api.key(permission="sending_access", domain_id=api.domain()["id"])
    api.ask("GET", "/api-keys")
    api.ask("PATCH", f"/api-keys/{made['id']}", {"name": "new"})
    api.ask("DELETE", f"/api-keys/{made['id']}")


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (domains.CREATE, "CreateDomainRequest"),
        (domains.CHANGE, "UpdateDomainOptions"),
        (domains.CAPABILITIES, "DomainCapabilities"),
        (keys.CREATE, "CreateApiKeyRequest"),
        (keys.CHANGE, "UpdateApiKeyRequest"),
    ],
)
def test_a_request_has_the_fields_of_the_file(known: dict[str, Any], name: str) -> None:
    """No field is missing, and none is made up."""
    assert known.keys() == properties(name).keys()


def test_a_record_has_the_fields_of_the_file(api: Checked) -> None:
    """What a record shows is what the file names; only an MX has a priority."""
    made = api.domain(tracking_subdomain="links", capabilities={"receiving": "enabled"})
    for record in made["records"]:
        assert record.keys() == properties("DomainRecord").keys() - ({"priority"} if record["type"] != "MX" else set())


def test_every_operation_of_domains_and_keys_is_played_but_claims() -> None:
    """Whatever the file has for domains and keys is answered; taking a domain from another account is not played."""
    described = {
        (re.sub(r"\{[^}]+\}", "([^/]+)", path), method.upper())
        for path, methods in spec()["paths"].items()
        if path.startswith(("/domains", "/api-keys")) and "claim" not in path
        for method in methods
    }
    assert described == {(path, method) for path, methods in ROUTES.items() for method in methods}
