"""Resend's API: who asks, whether they may, and which answer they get."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox.resend import domains, fields, keys
from sandbox.resend.errors import ApiError
from sandbox.resend.rate import Rate
from sandbox.resend.state import FULL, Account

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OnRequest = Callable[[str, str], Response | None]
Answer = tuple[int, dict[str, Any]]
# Of the account, the request and what the path names
Handler = Callable[[Account, Request, str], Answer]


def _asked(handle: Callable[[Account, Mapping[str, str]], Answer]) -> Handler:
    return lambda account, request, id_: handle(account, request.args)


def _named(handle: Callable[[Account, str], Answer]) -> Handler:
    return lambda account, request, id_: handle(account, id_)


def _given(handle: Callable[[Account, dict[str, Any]], Answer]) -> Handler:
    return lambda account, request, id_: handle(account, fields.body(request))


def _named_and_given(handle: Callable[[Account, str, dict[str, Any]], Answer]) -> Handler:
    return lambda account, request, id_: handle(account, id_, fields.body(request))


ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/domains": {"POST": _given(domains.create), "GET": _asked(domains.listing)},
    "/domains/([^/]+)": {
        "GET": _named(domains.get),
        "PATCH": _named_and_given(domains.change),
        "DELETE": _named(domains.delete),
    },
    "/domains/([^/]+)/verify": {"POST": _named(domains.verify)},
    "/api-keys": {"POST": _given(keys.create), "GET": _asked(keys.listing)},
    "/api-keys/([^/]+)": {"PATCH": _named_and_given(keys.change), "DELETE": _named(keys.delete)},
}


class Resend:
    """Resend's API for domains and API keys, as a WSGI application.

    Checks run in the vendor's order: key, permission, JSON, fields. `on_request` sees method and path of each request
    and may answer in its place (a fault).
    """

    def __init__(self, account: Account, on_request: OnRequest | None = None) -> None:
        self._account, self._on_request = account, on_request
        self._rate = Rate(account.now)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        response = self._on_request(request.method, request.path) if self._on_request else None
        with self._account.lock:
            response = response or self._respond(request)
            for name, value in self._rate.headers(self._account.settings.rate_limit).items():
                response.headers.setdefault(name, value)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if not request.headers.get("User-Agent"):
            # Resend's edge refuses these before the API sees them; its text is Cloudflare's.
            return Response("error code: 1010", 403, content_type="text/plain")
        try:
            self._check_key(request)
            return _json(*_route(request)(self._account, request))
        except ApiError as error:
            response = _json(error.status, error.body)
            if error.status == 429:
                response.headers["retry-after"] = "1"
            return response
        except Exception:  # a bug of the sandbox must be an answer and a line in the log, not a broken connection
            traceback.print_exc()
            return _json(500, ApiError(500, "application_error", "The sandbox failed: see its log.").body)

    def _check_key(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiError(401, "missing_api_key", "Missing API Key")
        key = self._account.key_of(token)
        if key is None:
            # The documentation has 403 invalid_api_key; the API was seen to answer this (September 2026).
            raise ApiError(400, "validation_error", "API key is invalid")
        self._rate.take(self._account.settings.rate_limit)
        if key.permission != FULL:
            raise ApiError(401, "restricted_api_key", "This API key is restricted to only send emails")


def _route(request: Request) -> Callable[[Account, Request], Answer]:
    for pattern, methods in ROUTES.items():
        if match := re.fullmatch(pattern, request.path):
            handler = methods.get(request.method)
            if handler is None:
                raise ApiError(405, "method_not_allowed", "Method is not allowed for the requested path.")
            id_ = match[1] if match.groups() else ""
            return lambda account, request: handler(account, request, id_)
    raise ApiError(404, "not_found", "The requested endpoint does not exist.")


def _json(status: int, answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
