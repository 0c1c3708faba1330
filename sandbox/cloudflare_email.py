"""Cloudflare's Email Routing, as far as DNS sees it: the records it makes, and the lock it keeps on them.

https://developers.cloudflare.com/api/resources/email_routing/subresources/dns/
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request

from sandbox.cloudflare_store import ApiError, Fields, Record, Store, Zone, new_id, now
from sandbox.txt import text

EXCHANGES = {"route1.mx.cloudflare.net": 28, "route2.mx.cloudflare.net": 54, "route3.mx.cloudflare.net": 90}
SPF = "v=spf1 include:_spf.mx.cloudflare.net ~all"
SELECTOR = "cf2024-1._domainkey"
# A record's `meta`: Email Routing's own are marked, its key can never be edited (DNSControl issue 3850).
LINKED: Mapping[str, Any] = {"email_routing": True}
READ_ONLY: Mapping[str, Any] = {"email_routing": True, "read_only": True}


def answer(store: Store, zone_id: str, verb: str, request: Request) -> dict[str, Any] | None:
    """Answer a request below /email/routing; None for a method that it does not have."""
    step = {
        ("GET", ""): _nothing,
        ("POST", "/dns"): _enable, ("POST", "/enable"): _enable,
        ("PATCH", "/dns"): _unlock, ("POST", "/unlock"): _unlock,
        ("DELETE", "/dns"): _disable, ("POST", "/disable"): _disable,
    }.get((request.method, verb))  # fmt: skip
    if step is None:
        return None
    with store.zone(zone_id) as zone:
        name = _name(request, zone)
        step(zone, name)
        return {"result": _settings(zone, name)}


def _nothing(zone: Zone, name: str) -> None:
    """Leave everything as it is."""


def _enable(zone: Zone, name: str) -> None:
    """Add and lock the records; an SPF record that exists is replaced (terraform-provider-cloudflare issue 6444)."""
    if name in zone.routed:
        zone.routed[name] = True
        return
    held = {id_: one.fields for id_, one in zone.records.items() if one.fields.name == name}
    if any(fields.type in ("MX", "CNAME") for fields in held.values()):
        raise ApiError(501, 7501, "The sandbox turns Email Routing on only where no MX and no CNAME exists.")
    for id_, fields in held.items():
        if fields.type == "TXT" and re.match(r"v=spf1(\s|$)", text(fields.content), re.IGNORECASE):
            del zone.records[id_]
    key = base64.b64encode(secrets.token_bytes(294)).decode()  # as long as an RSA key of 2048 bits
    dkim = f"v=DKIM1; h=sha256; k=rsa; p={key}"
    for host, priority in EXCHANGES.items():
        _add(zone, Fields(name, "MX", host, priority=priority), LINKED)
    _add(zone, Fields(name, "TXT", f'"{SPF}"'), LINKED)
    _add(zone, Fields(f"{SELECTOR}.{name}", "TXT", f'"{dkim[:255]}" "{dkim[255:]}"'), READ_ONLY)
    zone.routed[name] = True


def _unlock(zone: Zone, name: str) -> None:
    if name in zone.routed:
        zone.routed[name] = False


def _disable(zone: Zone, name: str) -> None:
    """Remove what Email Routing made, edited or not (cloudflare-docs pull request 32101)."""
    if zone.routed.pop(name, None) is None:
        return
    own = (name, f"{SELECTOR}.{name}")
    zone.records = {
        id_: one for id_, one in zone.records.items() if not (one.meta.get("email_routing") and one.fields.name in own)
    }


def _add(zone: Zone, fields: Fields, meta: Mapping[str, Any]) -> None:
    stamp = now()
    record = Record(new_id(), fields, stamp, stamp, meta)
    zone.records[record.id] = record


def _name(request: Request, zone: Zone) -> str:
    """Read which name of the zone is meant; the zone itself where nothing is said."""
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, 9207, "Failed to parse request body, content-type must be application/json")
    name = str(body.get("name") or zone.name).rstrip(".").lower()
    if not f".{name}".endswith(f".{zone.name}"):
        raise ApiError(400, 9000, "DNS name is invalid.")
    return name


def _settings(zone: Zone, name: str) -> dict[str, Any]:
    enabled = name in zone.routed
    return {
        "id": zone.id,
        "tag": zone.id,
        "name": name,
        "enabled": enabled,
        "status": "ready" if enabled else "unconfigured",
        "skip_wizard": True,
        "created": zone.created,
        "modified": zone.created,
    }
