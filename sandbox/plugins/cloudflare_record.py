"""Cloudflare's DNS records: one request for each step of a record's life.

https://developers.cloudflare.com/api/resources/dns/subresources/records/
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from .cloudflare_api import Cloudflare, CloudflareError, segment
from .resource import OUTPUT, Properties, Property, State, VendorError
from .spelling import camel, snake

# Sent only where the program gives them.
_OPTIONAL: Final = ("comment", "content", "data", "priority", "tags")
_STAMPED: Final = Property(output=True, stamped=True)
_CNAME_SETTINGS: Final = {"flatten_cname": False, "ipv4_only": False, "ipv6_only": False}


def _same_content(old: Any, new: Any, inputs: State) -> bool:
    # The real plugin takes CNAME contents for equal that differ in case only; of no other type.
    return bool(str(old).lower() == str(new).lower() if inputs.get("type") == "CNAME" else old == new)


class DnsRecord:
    """cloudflare:index/dnsRecord:DnsRecord; its id is the record's, its import id `zone/record`."""

    properties: ClassVar[Properties] = {
        "zoneId": Property(required=True, replaces=True),
        "name": Property(required=True),
        "type": Property(required=True, replaces=True),
        "ttl": Property(required=True),
        "content": Property(same=_same_content),
        "data": Property(),
        "priority": Property(),
        "comment": Property(),
        "proxied": Property(computed=True),
        "privateRouting": Property(computed=True),
        "includeShadowMetadata": Property(),
        "tags": Property(computed=True),
        "settings": Property(
            computed=True,
            nested={key: Property(computed=True) for key in ("flattenCname", "ipv4Only", "ipv6Only")},
        ),
        "createdOn": OUTPUT,
        "modifiedOn": _STAMPED,
        "commentModifiedOn": _STAMPED,
        "tagsModifiedOn": OUTPUT,
        "meta": OUTPUT,
        "proxiable": OUTPUT,
    }

    def __init__(self, api: Cloudflare) -> None:
        self._api = api

    def create(self, inputs: State) -> tuple[str, State]:
        """POST the record; the state holds what was planned, as with the real plugin."""
        found = self._api.result("POST", _path(inputs["zoneId"]), _body(inputs))
        if not found.get("id"):
            raise VendorError("the answer to the new record holds no id")
        return str(found["id"]), _state(inputs, found)

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """GET the record; a gone one is dropped from the state. An import asks twice, as the real plugin does."""
        zone, importing = state.get("zoneId"), not state
        if importing:
            zone, _, id_ = id_.partition("/")
            if not zone or not id_:
                raise VendorError('invalid ID: expected urlencoded segments "<zone_id>/<dns_record_id>"')
        found: State = {}
        for _ in range(2 if importing else 1):
            try:
                found = self._api.result("GET", _path(str(zone), id_))
            except CloudflareError as error:
                if error.status == 404:
                    return None
                raise
        now = {**_outputs(found), "zoneId": zone}
        if _relative(str(state.get("name", "")), str(now.get("name", ""))):
            now["name"] = state["name"]
        return id_, now

    def update(self, id_: str, state: State, inputs: State) -> State:
        """PUT the whole record; a record that is gone is a failure, as with the real plugin."""
        settings = _CNAME_SETTINGS if inputs["type"] == "CNAME" else {}
        body = {**_body(inputs), "settings": {**settings, **snake(inputs.get("settings") or {})}}
        body.setdefault("tags", [])
        return _state(inputs, self._api.result("PUT", _path(inputs["zoneId"], id_), body))

    def delete(self, id_: str, state: State) -> None:
        """DELETE the record; a record that is gone is a failure, as with the real plugin."""
        self._api.request("DELETE", _path(state["zoneId"], id_))


def _path(zone: str, *record: str) -> str:
    return "/".join(["zones", segment(zone), "dns_records", *map(segment, record)])


def _body(inputs: State) -> State:
    body = {key: inputs[key] for key in ("name", "ttl", "type")}
    body.update({key: snake(inputs[key]) for key in _OPTIONAL if inputs.get(key) is not None})
    body["proxied"] = inputs.get("proxied", False)
    for key, sent in (("settings", "settings"), ("privateRouting", "private_routing")):
        if inputs.get(key) is not None:
            body[sent] = snake(inputs[key])
    return body


def _state(inputs: State, found: State) -> State:
    """Return the planned values, and the API's for what only it knows: differences show after a refresh."""
    outputs = _outputs(found)
    unplanned = {key: value for key, value in outputs.items() if DnsRecord.properties[key].filled_in}
    return {"proxied": False, **unplanned, **inputs}


def _outputs(found: State) -> State:
    outputs = {key: value for key, value in camel(found).items() if key in DnsRecord.properties}
    if "meta" in outputs:
        outputs["meta"] = json.dumps(found["meta"])
    return outputs


def _relative(name: str, full: str) -> bool:
    """Tell whether `name` is `@` or a relative form of the API's full name: no difference to the real plugin."""
    return name == "@" or (bool(name) and name != full and full.startswith(f"{name}."))
