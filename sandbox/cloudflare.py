"""Cloudflare's API v4: routes, token, and the form of its answers."""

from __future__ import annotations

import hmac
import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import idna
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from sandbox import cloudflare_email, cloudflare_lists, cloudflare_records
from sandbox.cloudflare_store import ACCOUNT, ACCOUNTS, ApiError, Store, Zone, record

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OnRequest = Callable[[str, str], Response | None]

BASE = "/client/v4"
TOKEN = re.compile(r"Bearer [0-9A-Za-z\-_]{40,80}")
ZONE_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
ID = r"([0-9a-f]{32})"


class Cloudflare:
    """Cloudflare's API v4 for zones and DNS records, as a WSGI application with one token for everything.

    `delegated_elsewhere` says of a zone that its domain points to other name servers. `on_request` sees method and
    path of each request and may answer in its place (a fault).
    """

    def __init__(
        self, store: Store, token: str, delegated_elsewhere: Callable[[str], bool], on_request: OnRequest | None = None
    ) -> None:
        self._store = store
        self._token = token
        self._delegated_elsewhere = delegated_elsewhere
        self._on_request = on_request

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        response = self._on_request(request.method, request.path) if self._on_request else None
        return (response or self._respond(request))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            self._check_token(request)
            return _json(200, {**self._route(request), "success": True, "errors": [], "messages": []})
        except ApiError as error:
            return _failure(error)
        except HTTPException as error:
            return _failure(ApiError(error.code or 400, 9207, error.description or "Bad request"))
        except Exception:  # a bug of the sandbox must be an answer and a line in the log, not a broken connection
            traceback.print_exc()
            return _failure(ApiError(500, 10500, "The sandbox failed: see its log."))

    def _check_token(self, request: Request) -> None:
        given = request.headers.get("Authorization")
        if given is None:
            raise ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if not TOKEN.fullmatch(given):
            chain = (6111, "Invalid format for Authorization header")
            raise ApiError(400, 6003, "Invalid request headers", chain)
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            if "dns_records" in request.path:
                raise ApiError(403, 10000, "Authentication error")
            raise ApiError(403, 9109, "Invalid access token")

    def _route(self, request: Request) -> dict[str, Any]:
        path, method = request.path.removeprefix(BASE).rstrip("/"), request.method
        if path == "/zones":
            if method == "GET":
                return cloudflare_lists.zones([self._shown(one) for one in self._store.all_zones()], request.args)
            if method == "POST":
                return {"result": self._shown(self._store.add_zone(*_new_zone(_body(request))))}
        elif match := re.fullmatch(f"/zones/{ID}", path):
            return self._zone(method, match[1])
        elif match := re.fullmatch(f"/zones/{ID}/dns_records", path):
            return self._records(request, match[1])
        elif match := re.fullmatch(f"/zones/{ID}/dns_records/{ID}", path):
            return self._record(request, match[1], match[2])
        elif match := re.fullmatch(f"/zones/{ID}/email/routing(/[a-z]+)?", path):
            if result := cloudflare_email.answer(self._store, match[1], match[2] or "", request):
                return result
        else:
            where = f"Could not route to {request.path}, perhaps your object identifier is invalid?"
            raise ApiError(400, 7003, where)
        raise _no_method(method)

    def _zone(self, method: str, id_: str) -> dict[str, Any]:
        if method == "GET":
            with self._store.zone(id_) as zone:
                return {"result": self._shown(zone)}
        if method == "DELETE":
            self._store.remove_zone(id_)
            return {"result": {"id": id_}}
        raise _no_method(method)

    def _records(self, request: Request, zone_id: str) -> dict[str, Any]:
        if request.method == "GET":
            with self._store.zone(zone_id) as zone:
                items = [cloudflare_records.as_answered(one) for one in zone.records.values()]
            return cloudflare_lists.records(items, request.args)
        if request.method == "POST":
            body = _body(request)
            new = self._store.put(zone_id, lambda zone, _: cloudflare_records.fields(body, zone.name))
            return {"result": cloudflare_records.as_answered(new)}
        raise _no_method(request.method)

    def _record(self, request: Request, zone_id: str, id_: str) -> dict[str, Any]:
        if request.method in ("PUT", "PATCH"):
            body, partly = _body(request), request.method == "PATCH"
            changed = self._store.put(
                zone_id,
                lambda zone, old: (
                    cloudflare_records.changed(body, old, zone.name)
                    if partly and old
                    else cloudflare_records.fields(body, zone.name)
                ),
                id_,
            )
            return {"result": cloudflare_records.as_answered(changed)}
        if request.method == "DELETE":
            self._store.remove(zone_id, id_)
            return {"result": {"id": id_}}
        if request.method == "GET":
            with self._store.zone(zone_id) as zone:
                return {"result": cloudflare_records.as_answered(record(zone, id_))}
        raise _no_method(request.method)

    def _shown(self, zone: Zone) -> dict[str, Any]:
        return {
            "id": zone.id,
            "name": idna.decode(zone.name),  # zones are shown in Unicode, their records in A-labels
            "status": "active" if zone.is_served and not self._delegated_elsewhere(zone.name) else "moved",
            "paused": False,
            "type": "full",
            "development_mode": 0,
            "name_servers": list(zone.name_servers),
            "original_name_servers": None,
            "original_registrar": None,
            "original_dnshost": None,
            "created_on": zone.created,
            "modified_on": zone.created,
            "activated_on": zone.created,
            "meta": {"step": 4, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": False},
            "owner": {"id": None, "type": "user", "email": None},
            "account": dict(zone.account),
            "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:edit", "#zone:read"],
            "plan": {
                "id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
                "name": "Free Website",
                "price": 0,
                "currency": "USD",
                "frequency": "",
                "is_subscribed": False,
                "can_subscribe": False,
                "legacy_id": "free",
                "legacy_discount": False,
                "externally_managed": False,
            },
        }


def _new_zone(body: dict[str, Any]) -> tuple[str, Mapping[str, str]]:
    """Read the name of a new zone, and its account, which must be one that the token sees."""
    account = body.get("account") or {}
    chosen = ACCOUNTS.get(account.get("id", ACCOUNT["id"])) if isinstance(account, dict) else None
    if chosen is None:
        raise ApiError(403, 9109, "Unauthorized to access requested resource")
    try:
        name = idna.encode(str(body.get("name", "")).rstrip("."), uts46=True).decode()
    except idna.IDNAError:
        name = ""
    if len(name) > 253 or not ZONE_NAME.fullmatch(name):
        raise ApiError(400, 1006, "Please provide a valid domain name.")
    return name, chosen


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"null")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, 9207, "Failed to parse request body, content-type must be application/json")
    return body


def _no_method(method: str) -> ApiError:
    return ApiError(405, 10405, f"Method {method} not available for this URI.")


def _failure(error: ApiError) -> Response:
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.chain:
        told["error_chain"] = [{"code": error.chain[0], "message": error.chain[1]}]
    return _json(error.status, {"result": None, "success": False, "errors": [told], "messages": []})


def _json(status: int, answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
