"""The sandbox's PowerDNS Authoritative Server: its HTTP API as release 4.7 answers, and its zones as DNS shows them.

Paths and bodies are those of doc.powerdns.com/authoritative/http-api; the texts of refusals, and what is taken without
a word, are what the Debian package answers to the same requests.
"""

from __future__ import annotations

import hmac
import json
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox.dns import Rr
from sandbox.powerdns_rrsets import Refused, changed, plain, value

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BASE = "/api/v1/servers/localhost/zones"
NAME_SERVERS = ("ns1.powerdns.test.", "ns2.powerdns.test.")
RRset = dict[str, Any]


class PowerDns:
    """PowerDNS's API as a WSGI application with one key for everything, and a DNS host (see sandbox.dns.Hosted).

    `on_request` sees method and path of each request and may answer in its place (a fault).
    """

    def __init__(self, key: str, on_request: Callable[[str, str], Response | None] | None = None) -> None:
        self._key, self._on_request = key, on_request
        self._zones: dict[str, dict[tuple[str, str], RRset]] = {}
        self._serials: dict[str, int] = {}
        self._lock = threading.Lock()

    def zones(self) -> Mapping[str, Sequence[str]]:
        """Give the zones and their name servers."""
        with self._lock:
            apexes = {zone: rrsets.get((zone, "NS"), {}) for zone, rrsets in self._zones.items()}
            return {plain(zone): [plain(one["content"]) for one in ns["records"]] for zone, ns in apexes.items() if ns}

    def published(self, zone: str) -> Sequence[Rr]:
        """Give what the name servers answer for a zone, without its SOA and its own NS."""
        with self._lock:
            return [
                Rr(plain(name), kind, rrset["ttl"], value(kind, one["content"]))
                for (name, kind), rrset in self._zones.get(f"{zone}.", {}).items()
                if kind != "SOA" and (kind, name) != ("NS", f"{zone}.")
                for one in rrset["records"]
                if not one["disabled"]
            ]

    def add_zone(self, name: str, name_servers: Sequence[str] = NAME_SERVERS) -> None:
        """Make a zone, by its canonical name (with trailing dot)."""
        with self._lock:
            if name in self._zones:
                raise Refused(f"Domain '{name}' already exists", 409)
            soa = f"{name_servers[0]} hostmaster.{name} 0 10800 3600 604800 3600"
            self._serials[name] = 0
            self._zones[name] = {
                (name, kind): _rrset(name, kind, contents)
                for kind, contents in (("SOA", [soa]), ("NS", list(name_servers)))
            }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        response = self._on_request(request.method, request.path) if self._on_request else None
        return (response or self._respond(request))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("X-API-Key", "").encode(), self._key.encode()):
            denied = Response("Unauthorized", 401)
            denied.headers["WWW-Authenticate"] = 'X-API-Key realm="PowerDNS"'
            return denied
        try:
            return self._route(request)
        except Refused as refused:
            return _json({"error": str(refused)}, refused.status)
        except Exception:  # a bug of the sandbox must be an answer and a line in the log, not a broken connection
            traceback.print_exc()
            return _json({"error": "The sandbox failed: see its log."}, 500)

    def _route(self, request: Request) -> Response:
        path, method = request.path, request.method
        if path == BASE:
            if method == "GET":
                return _json([self._shown(zone) for zone in list(self._zones)])
            return self._make(request) if method == "POST" else Response("Method Not Allowed", 405)
        found = re.fullmatch(rf"{BASE}/([^/]+)(/notify)?", path)
        zone = f"{found[1].lower().removesuffix('.')}." if found else ""  # a name without its dot is found, too
        if found is None or zone not in self._zones:
            return Response("Not Found", 404)
        if found[2]:
            return _json({"result": "Notification queued"}) if method == "PUT" else Response("Method Not Allowed", 405)
        if method == "GET":
            return _json({**self._shown(zone), "rrsets": list(self._zones[zone].values())})
        if method == "PATCH":
            return self._patch(request, zone)
        if method == "DELETE":
            with self._lock:
                del self._zones[zone]
            return Response(status=204)
        return Response("Method Not Allowed", 405)

    def _make(self, request: Request) -> Response:
        body = _body(request)
        if body is None:
            return Response("Bad Request", 400)
        name = body.get("name")
        if not isinstance(name, str):
            raise Refused("Key 'name' not present or not a String")
        servers = body.get("nameservers") or NAME_SERVERS
        for one in (name, *servers):
            if not one.endswith("."):
                raise Refused(f"DNS Name '{one}' is not canonical")
        self.add_zone(name.lower(), servers)
        return _json({**self._shown(name.lower()), "rrsets": list(self._zones[name.lower()].values())}, 201)

    def _patch(self, request: Request, zone: str) -> Response:
        body = _body(request)
        if body is None:
            return Response("Bad Request", 400)
        if not body.get("rrsets"):
            raise Refused("No rrsets given in update request")
        with self._lock:
            rrsets = changed(self._zones[zone], zone, body["rrsets"])
            self._serials[zone] += 1
            [soa] = rrsets[zone, "SOA"]["records"]
            server, mailbox, _, *timers = soa["content"].split()
            content = " ".join((server, mailbox, str(self._serials[zone]), *timers))
            rrsets[zone, "SOA"] = {**rrsets[zone, "SOA"], "records": [{"content": content, "disabled": False}]}
            self._zones[zone] = rrsets
        return Response(status=204)

    def _shown(self, zone: str) -> dict[str, Any]:
        return {
            "account": "", "api_rectify": False, "catalog": "", "dnssec": False,
            "edited_serial": self._serials[zone], "id": zone, "kind": "Native", "last_check": 0, "masters": [],
            "name": zone, "notified_serial": 0, "serial": self._serials[zone], "url": f"{BASE}/{zone}",
        }  # fmt: skip


def _rrset(name: str, kind: str, contents: Iterable[str]) -> RRset:
    records = [{"content": content, "disabled": False} for content in contents]
    return {"comments": [], "name": name, "records": records, "ttl": 3600, "type": kind}


def _body(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _json(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
