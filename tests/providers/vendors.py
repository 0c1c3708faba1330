"""Three DNS hosts as dns-lexicon meets them, whose endpoints it cannot change: their APIs in memory.

Written from what the vendors publish, and from what they answered to dns-lexicon's own recorded tests; nothing here
was tried against the vendors. That Porkbun refuses a final dot is assumed, so that a second way of writing is needed
somewhere. Each differs from the others in what has hurt: record sets or single values, names,
quotes, the preference of an MX, TTLs, ids.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests

KEY = "canary-of-a-key"
Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """A request: path below the API's, query as it is in the URL, headers and JSON body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, Any]
    body: Any


class DigitalOcean:
    """api.digitalocean.com/v2, Domain Records: single values, "@" for the zone, targets without their final dot."""

    url = "https://api.digitalocean.com/v2"
    options: Mapping[str, str] = MappingProxyType({"auth_token": KEY})

    def __init__(self, zone: str) -> None:
        self._zone, self._ids = zone, itertools.count(1)
        self.records: list[dict[str, Any]] = []

    def answer(self, asked: Asked) -> Answer:
        """Answer a request; an unknown domain is 404."""
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {"id": "unauthorized", "message": "Unable to authenticate you"}
        match asked.path.strip("/").split("/"):
            case ["domains", self._zone]:
                return 200, {"domain": {"name": self._zone, "ttl": 1800}}
            case ["domains", self._zone, "records"] if asked.method == "GET":
                return self._page(int(asked.query.removeprefix("page=") or 1))
            case ["domains", self._zone, "records"]:
                return self._put(asked.body, {"id": next(self._ids)})
            case ["domains", self._zone, "records", id_]:
                one = next(one for one in self.records if str(one["id"]) == id_)
                self.records.remove(one)
                return (204, None) if asked.method == "DELETE" else self._put({**one, **asked.body}, {"id": one["id"]})
        return 404, {"id": "not_found", "message": "The resource you were accessing could not be found."}

    def _page(self, page: int) -> Answer:
        first, after = (page - 1) * 2, page * 2
        more = len(self.records) > after
        links = {"pages": {"next": f"{self.url}/domains/{self._zone}/records?page={page + 1}"}} if more else {}
        return 200, {"domain_records": self.records[first:after], "links": links, "meta": {"total": len(self.records)}}

    def _put(self, body: dict[str, Any], more: dict[str, Any]) -> Answer:
        if body["type"] == "MX" and not isinstance(body.get("priority"), int):
            return 422, {"id": "unprocessable_entity", "message": "Priority is not a number"}
        if body["type"] == "CNAME" and not body["data"].endswith("."):
            return 422, {"id": "unprocessable_entity", "message": "Data needs to end with a dot (.)"}
        text = body["data"].removesuffix(".") if body["type"] in ("CNAME", "MX") else body["data"]
        one = {**body, "name": body["name"] or "@", "data": text, "ttl": body.get("ttl") or 1800, **more}
        self.records.append(one)
        return 201, {"domain_record": one}

    def values(self, name: str, kind: str) -> set[tuple[str, int]]:
        """Give what exists at a name, as DNS would, with its TTL."""
        label = "@" if name == self._zone else name.removesuffix(f".{self._zone}")
        return {(one["data"], one["ttl"]) for one in self.records if (one["name"], one["type"]) == (label, kind)}


class Gandi:
    """api.gandi.net/v5/livedns: record sets; what is PUT without a TTL has 10800 s; below 300 s none is taken."""

    url = "https://api.gandi.net/v5/livedns"
    options: Mapping[str, str] = MappingProxyType({"auth_token": KEY, "api_protocol": "rest"})

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self.sets: dict[tuple[str, str], tuple[int, list[str]]] = {}

    def answer(self, asked: Asked) -> Answer:
        """Answer a request; an unknown domain or record set is 404."""
        if asked.headers.get("Authorization") != f"Apikey {KEY}":
            return 401, {"cause": "Unauthorized", "code": 401, "message": "The server could not verify your rights"}
        match asked.path.strip("/").split("/"):
            case ["domains", self._zone]:
                return 200, {"fqdn": self._zone}
            case ["domains", self._zone, "records"]:
                return 200, [self._shown(key) for key in self.sets]
            case ["domains", self._zone, "records", name] if asked.method == "DELETE":
                self.sets = {key: one for key, one in self.sets.items() if key[0] != name}
                return 204, None
            case ["domains", self._zone, "records", name, kind]:
                return self._set(asked.method, (name, kind), asked.body)
        return 404, {"cause": "Not Found", "code": 404, "message": "The resource could not be found."}

    def _set(self, method: str, key: tuple[str, str], body: Any) -> Answer:
        if method in ("GET", "DELETE") and key not in self.sets:
            return 404, {"cause": "Not Found", "code": 404, "message": f"Can't find the DNS record {'/'.join(key)}"}
        if method == "GET":
            return 200, self._shown(key)
        if method == "DELETE":
            del self.sets[key]
            return 204, None
        if method == "POST" and key in self.sets:
            return 409, {"cause": "Conflict", "code": 409, "message": "A DNS Record already exists"}
        values = [f'"{one}"' if key[1] == "TXT" and not one.startswith('"') else one for one in body["rrset_values"]]
        if any(len(part) > 255 for one in values if key[1] == "TXT" for part in one.strip('"').split('" "')):
            return 400, {"cause": "Bad Request", "code": 400, "message": "a string has at most 255 characters"}
        self.sets[key] = (body.get("rrset_ttl", 10800), values)
        return 201, {"message": "DNS Record Created"}

    def _shown(self, key: tuple[str, str]) -> dict[str, Any]:
        ttl, values = self.sets[key]
        return {"rrset_name": key[0], "rrset_type": key[1], "rrset_ttl": ttl, "rrset_values": values}

    def values(self, name: str, kind: str) -> set[tuple[str, int]]:
        """Give what exists at a name, as DNS would, with its TTL."""
        ttl, values = self.sets.get((name.removesuffix(f".{self._zone}"), kind), (0, []))
        texts = ["".join(one.strip('"').split('" "')) if kind == "TXT" else one.removesuffix(".") for one in values]
        return {(text, ttl) for text in texts}


class Porkbun:
    """api.porkbun.com/api/json/v3: single values, the preference apart, everything text, the key in every body."""

    url = "https://api.porkbun.com/api/json/v3"
    options: Mapping[str, str] = MappingProxyType({"auth_key": "public-canary", "auth_secret": KEY})

    def __init__(self, zone: str) -> None:
        self._zone, self._ids = zone, itertools.count(1)
        self.records: list[dict[str, Any]] = []

    def answer(self, asked: Asked) -> Answer:
        """Answer a request; everything is a POST."""
        body = dict(asked.body)
        if (body.pop("apikey"), body.pop("secretapikey")) != ("public-canary", KEY):
            return 400, {"status": "ERROR", "message": "Invalid API key. (002)"}
        done = {"status": "SUCCESS"}
        match asked.path.strip("/").split("/"):
            case ["ping"]:
                return 200, done
            case ["dns", "retrieve", self._zone]:
                return 200, {**done, "records": self.records}
            case ["dns", "create", self._zone]:
                return self._put(body, str(next(self._ids)))
            case ["dns", "edit", self._zone, id_]:
                return self._put(body, id_)
            case ["dns", "delete", self._zone, id_]:
                self.records = [one for one in self.records if one["id"] != id_]
                return 200, done
        return 400, {"status": "ERROR", "message": "Invalid domain."}

    def _put(self, body: Any, id_: str) -> Answer:
        name = f"{body['name']}.{self._zone}" if body["name"] else self._zone
        if body["content"].endswith(".") and body["type"] in ("CNAME", "MX"):
            return 400, {"status": "ERROR", "message": "Edit error: the content ends in a dot."}
        ttl = max(int(body.get("ttl") or 600), 600)  # "The minimum and the default is 600 seconds"
        kept = [one for one in self.records if one["id"] != id_]
        one = {"id": id_, "name": name, "type": body["type"], "content": body["content"], "ttl": str(ttl)}
        self.records = [*kept, {**one, "prio": str(body.get("prio") or "0"), "notes": ""}]
        return 200, {"status": "SUCCESS", "id": int(id_)}

    def values(self, name: str, kind: str) -> set[tuple[str, int]]:
        """Give what exists at a name, as DNS would, with its TTL."""
        there = [one for one in self.records if (one["name"], one["type"]) == (name, kind)]
        return {
            (f"{one['prio']} {one['content']}" if kind == "MX" else one["content"], int(one["ttl"])) for one in there
        }


def played(patch: pytest.MonkeyPatch, host: Any, unreached: Callable[[str, str], bool] = lambda *_: False) -> list[str]:
    """Let requests answer from a host in memory, and give the list of what is asked from now on."""
    log: list[str] = []

    def send(session: requests.Session, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        assert request.url is not None
        assert request.url.startswith(host.url), request.url
        url, body = urlsplit(request.url.removeprefix(host.url)), request.body
        assert body is None or isinstance(body, str | bytes)
        asked = Asked(str(request.method), unquote(url.path), url.query, request.headers, json.loads(body or "{}"))
        log.append(f"{asked.method} {asked.path}")
        if unreached(asked.method, asked.path):
            raise requests.ConnectionError("the line is down", request=request)
        status, answer = host.answer(asked)
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.raw = io.BytesIO(b"" if answer is None else json.dumps(answer).encode())
        return response

    patch.setattr(requests.Session, "send", send)
    return log
