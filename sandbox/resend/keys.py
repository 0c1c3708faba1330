"""Resend's API keys (resend.com/docs/api-reference/api-keys)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.resend.errors import ApiError
from sandbox.resend.fields import Read, one_of, read, string, text
from sandbox.resend.paging import page
from sandbox.resend.state import FULL, SENDING, Account, Key, stamp

Answer = tuple[int, dict[str, Any]]

LONGEST_NAME = 50  # "Maximum 50 characters" (create-api-key); the OpenAPI file has no limit


def _invalid_access() -> ApiError:
    return ApiError(422, "invalid_access", f'Access must be "{FULL}" | "{SENDING}"')


CHANGE: Mapping[str, Read] = {"name": text(LONGEST_NAME)}
CREATE: Mapping[str, Read] = {
    **CHANGE,
    "permission": one_of(FULL, SENDING, refusal=_invalid_access),
    "domain_id": string,
}


def create(account: Account, body: dict[str, Any]) -> Answer:
    """Make a key; this answer is the only one that holds its token. Its `object` is "list" in recorded answers."""
    given = read(body, CREATE, required=["name"])
    permission, domain_id = given.get("permission", FULL), given.get("domain_id")
    if domain_id is not None:
        domain_id = account.domain(domain_id, "domain_id").id
    # "Only used when the permission is sending_access"
    key = account.add_key(given["name"], permission, domain_id if permission == SENDING else None)
    return 201, {"object": "list", "id": key.id, "token": key.token}


def listing(account: Account, query: Mapping[str, str]) -> Answer:
    """List the keys, without their tokens."""
    return 200, page(list(account.keys.values()), query, _shown)


def change(account: Account, id_: str, body: dict[str, Any]) -> Answer:
    """Rename a key."""
    key = account.key(id_)
    key.name = read(body, CHANGE, required=["name"])["name"]
    return 200, {"object": "api_key", "id": key.id}


def delete(account: Account, id_: str) -> Answer:
    """Delete a key, also the one that asks; `object` is "list" in recorded answers, "api_key" in the OpenAPI file."""
    key = account.key(id_)
    del account.keys[key.id]
    return 200, {"object": "list", "id": key.id, "deleted": True}


def _shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "created_at": stamp(key.created),
        "last_used_at": stamp(key.last_used) if key.last_used is not None else None,
    }
