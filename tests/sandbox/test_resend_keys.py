"""Resend's API keys: made, shown once, renamed and deleted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sandbox.resend_world import NOBODY, Api


@pytest.fixture(name="api")
def _api() -> Api:
    return Api()


def test_a_new_key_is_answered_with_its_token(api: Api) -> None:
    """201 with id, token and, as recorded, the object "list"; the token looks like the vendor's."""
    made = api.key()
    assert made == {"object": "list", "id": made["id"], "token": made["token"]}
    assert re.fullmatch(r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}", made["token"])


def test_a_token_is_shown_once(api: Api) -> None:
    """The list has id, name and times, and no token."""
    made = api.key("notify")
    listed = api.ask("GET", "/api-keys")
    newest = listed.json()["data"][0]
    assert newest == {
        "id": made["id"], "name": "notify", "created_at": "2026-05-13 20:30:29.829957+00", "last_used_at": None,
    }  # fmt: skip
    assert made["token"] not in json.dumps(listed.json())


def test_a_key_has_full_access_unless_told(api: Api) -> None:
    """Without a permission a key may do everything; its use is noted."""
    token = api.key("full")["token"]
    assert api.ask("GET", "/domains", token=token).status_code == 200
    assert api.ask("GET", "/api-keys").json()["data"][0]["last_used_at"] == "2026-05-13 20:30:29.829957+00"


@pytest.mark.parametrize(("length", "status"), [(0, 422), (1, 201), (50, 201), (51, 422)])
def test_a_name_has_up_to_50_characters(api: Api, length: int, status: int) -> None:
    """The vendor's page allows 50, and a name there must be."""
    assert api.ask("POST", "/api-keys", {"name": "x" * length}).status_code == status


def test_a_key_without_a_name_is_refused(api: Api) -> None:
    """Creating and renaming need the name."""
    wanted = (422, "missing_required_field", "Missing `name` field.")
    assert api.refusal("POST", "/api-keys", {"permission": "full_access"}) == wanted
    assert api.refusal("PATCH", f"/api-keys/{api.key()['id']}", {}) == wanted


def test_an_unknown_permission_has_an_error_of_its_own(api: Api) -> None:
    """The text lists both."""
    wanted = (422, "invalid_access", 'Access must be "full_access" | "sending_access"')
    assert api.refusal("POST", "/api-keys", {"name": "a", "permission": "admin"}) == wanted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1),
        ("name", " "),
        ("name", None),
        ("permission", 1),
        ("domain_id", 1),
        ("domain", "x"),
        ("domainId", "x"),
    ],
)
def test_a_wrong_field_is_refused_and_nothing_made(api: Api, field: str, value: Any) -> None:
    """Wrong types and fields that the API does not have are 422."""
    assert api.refusal("POST", "/api-keys", {"name": "a", field: value})[:2] == (422, "validation_error")
    assert len(api.ask("GET", "/api-keys").json()["data"]) == 1


def test_a_key_is_bound_to_a_domain_that_exists(api: Api) -> None:
    """A malformed id is 422, an unknown one 404."""
    body = {"name": "a", "permission": "sending_access"}
    wanted = (422, "invalid_parameter", "The `domain_id` must be a valid UUID.")
    assert api.refusal("POST", "/api-keys", {**body, "domain_id": "example.com"}) == wanted
    wanted = (404, "not_found", "Domain not found")
    assert api.refusal("POST", "/api-keys", {**body, "domain_id": NOBODY}) == wanted
    api.key(permission="sending_access", domain_id=api.domain()["id"])


def test_a_key_is_renamed(api: Api) -> None:
    """PATCH answers with object and id."""
    made = api.key("old")
    answer = api.ask("PATCH", f"/api-keys/{made['id']}", {"name": "new"})
    assert (answer.status_code, answer.json()) == (200, {"object": "api_key", "id": made["id"]})
    assert api.ask("GET", "/api-keys").json()["data"][0]["name"] == "new"


def test_a_deleted_key_is_gone(api: Api) -> None:
    """DELETE answers with the object "list", as recorded; the token is false then, a second DELETE 404."""
    made = api.key()
    answer = api.ask("DELETE", f"/api-keys/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"object": "list", "id": made["id"], "deleted": True})
    assert api.refusal("GET", "/domains", token=made["token"])[2] == "API key is invalid"
    assert api.refusal("DELETE", f"/api-keys/{made['id']}") == (404, "not_found", "API key not found")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_id_that_is_no_uuid_is_422(api: Api, method: str) -> None:
    """A malformed id is told from an unknown one."""
    body = {"name": "a"} if method == "PATCH" else None
    assert api.refusal(method, "/api-keys/1", body) == (422, "invalid_parameter", "The `id` must be a valid UUID.")
    assert api.refusal(method, f"/api-keys/{NOBODY}", body) == (404, "not_found", "API key not found")
