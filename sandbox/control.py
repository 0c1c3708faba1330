"""The control API: faults, the log of requests, delegations and foreign DNS records."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox.dns import Names, Rr
from sandbox.primary import Primary
from sandbox.traffic import Fault, Traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# What else is asked of a world, by method and first part of the path: a function of the request and the path's rest.
Routes = Mapping[tuple[str, str], Callable[[Request, str], Any]]

SERVICES = ("aws", "cloudflare", "powerdns", "resend")
RECORD_TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT")
ADDRESSES: Mapping[str, Callable[[str], object]] = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}
LONGEST_DELAY = 120.0


class Mistake(Exception):
    """A request to the control API that cannot be followed; the text says why."""


class Control:
    """The sandbox's own API: what tests and tools ask of this world and change in it, as a WSGI application."""

    def __init__(
        self,
        status: Callable[[], Mapping[str, Any]],
        mail: Callable[[], list[dict[str, Any]]],
        traffic: Traffic,
        names: Names,
        grant_production: Callable[[str, str, bool], None],
        break_dnssec: Callable[[str, bool], None],
        more: Routes | None = None,
    ) -> None:
        self._traffic = traffic
        self._grant_production, self._break_dnssec = grant_production, break_dnssec
        self._names = names
        self._routes: dict[tuple[str, str], Callable[[Request, str], Any]] = {
            ("GET", "status"): lambda request, rest: status(),
            ("GET", "mail"): lambda request, rest: mail(),
            ("GET", "requests"): lambda request, rest: traffic.requests(),
            ("DELETE", "requests"): lambda request, rest: traffic.forget(),
            ("POST", "faults"): lambda request, rest: traffic.add(_fault(json_object(request))),
            ("DELETE", "faults"): lambda request, rest: traffic.clear(),
            ("PUT", "delegations"): self._delegate,
            ("DELETE", "delegations"): self._undelegate,
            ("POST", "records"): lambda request, rest: names.publish(_records(json_object(request))),
            ("DELETE", "records"): self._withdraw,
            ("PUT", "production"): self._set_production,
            ("PUT", "dnssec"): self._set_dnssec,
            **(more or {}),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        what, _, rest = request.path.strip("/").partition("/")
        route = self._routes.get((request.method, what))
        if route is None:
            known = ", ".join(f"{method} /{name}" for method, name in self._routes)
            return _json({"error": f"{request.method} {request.path} is none of: {known}"}, 404)
        try:
            result = route(request, rest)
        except Mistake as mistake:
            return _json({"error": str(mistake)}, 400)
        return Response(status=204) if result is None else _json(result, 200)

    def _delegate(self, request: Request, zone: str) -> None:
        body = json_object(request)
        servers = body.get("name_servers")
        if not zone or not isinstance(servers, list) or not servers or not all(isinstance(one, str) for one in servers):
            raise Mistake('PUT /delegations/<zone> takes {"name_servers": ["ns1.example.net", ...]}')
        port = body.get("primary")
        if port is not None and not isinstance(port, int):
            raise Mistake("a delegation's primary is the port of a name server on 127.0.0.1 that allows transfers")
        self._names.delegate(zone, servers, Primary(zone.lower(), servers, port) if port else None)

    def _undelegate(self, request: Request, zone: str) -> None:
        if not self._names.undelegate(zone):
            raise Mistake(f"{zone or 'nothing'} is not delegated elsewhere")

    def _withdraw(self, request: Request, rest: str) -> dict[str, int]:
        body = json_object(request) if request.get_data() else {}
        name, kind = body.get("name"), body.get("type")
        return {"removed": self._names.withdraw(_name(name) if name else None, str(kind).upper() if kind else None)}

    def _set_dnssec(self, request: Request, zone: str) -> None:
        broken = json_object(request).get("broken")
        if not zone or not isinstance(broken, bool):
            raise Mistake('PUT /dnssec/<zone> takes {"broken": true or false}')
        self._break_dnssec(zone, broken)

    def _set_production(self, request: Request, rest: str) -> None:
        account, _, region = rest.partition("/")
        granted = json_object(request).get("granted")
        if not re.fullmatch(r"\d{12}", account) or not region or not isinstance(granted, bool):
            raise Mistake('PUT /production/<account>/<region> takes {"granted": true or false}')
        self._grant_production(account, region, granted)


def _fault(body: dict[str, Any]) -> Fault:
    unknown = body.keys() - {"service", "match", "status", "body", "headers", "times", "delay", "lost"}
    if unknown:
        raise Mistake(f"a fault has no {', '.join(sorted(unknown))}")
    if body.get("service") not in SERVICES:
        raise Mistake(f"a fault's service is one of {', '.join(SERVICES)}")
    try:
        match = re.compile(str(body.get("match", ".*")))
    except re.error as error:
        raise Mistake(f"a fault's match is a regular expression for METHOD path: {error}") from None
    status, times, delay = body.get("status"), body.get("times", 1), body.get("delay", 0)
    if status is not None and not (isinstance(status, int) and 200 <= status <= 599):
        raise Mistake("a fault's status is a number from 200 to 599")
    if not isinstance(times, int) or times < 1:
        raise Mistake("a fault's times is a number from 1")
    if not isinstance(delay, int | float) or not 0 <= delay <= LONGEST_DELAY:
        raise Mistake(f"a fault's delay is a number of seconds from 0 to {LONGEST_DELAY:g}")
    lost = body.get("lost", False)
    if not isinstance(lost, bool) or (lost and status is not None):
        raise Mistake("a fault's lost is true or false; a lost answer is the service's own, so it has no status")
    headers = body.get("headers", {})
    if not isinstance(headers, dict):
        raise Mistake('a fault\'s headers are like {"Retry-After": "1"}')
    texts = {str(name): str(value) for name, value in headers.items()}
    return Fault(str(body["service"]), match, status, body.get("body", ""), texts, times, float(delay), lost)


def _records(body: dict[str, Any]) -> list[Rr]:
    name, kind, values = body.get("name"), str(body.get("type", "")).upper(), body.get("values")
    if not isinstance(name, str) or not name or kind not in RECORD_TYPES or not isinstance(values, list):
        raise Mistake(
            'POST /records takes {"name", "type", "ttl", "values": [...]} with a type of ' + ", ".join(RECORD_TYPES)
        )
    ttl = body.get("ttl", 300)
    if not isinstance(ttl, int) or ttl < 0:
        raise Mistake("a record's ttl is a number of seconds")
    return [Rr(_name(name), kind, ttl, _value(kind, value)) for value in values]


def _value(kind: str, value: Any) -> str:
    given = str(value)
    if kind == "MX" and not re.fullmatch(r"\d+ \S+", given):
        raise Mistake(f'an MX value is "10 mail.example.com", not "{given}"')
    if kind in ADDRESSES:
        try:
            return str(ADDRESSES[kind](given))
        except ValueError:
            raise Mistake(f'"{given}" is not an {"IPv4" if kind == "A" else "IPv6"} address') from None
    return given if kind == "TXT" else given.rstrip(".").lower()


def _name(given: Any) -> str:
    return str(given).rstrip(".").lower()


def json_object(request: Request) -> dict[str, Any]:
    """Read a request's body; Mistake for anything but a JSON object."""
    try:
        body = json.loads(request.get_data() or b"null")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Mistake("the request's body is not a JSON object")
    return body


def _json(answer: Any, status: int) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
