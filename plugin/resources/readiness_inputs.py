"""What a Readiness is asked to wait for: its inputs as values, their validation, and which changes start a wait."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from mailstack.dns.records import domain_name
from mailstack.errors import RecordError
from plugin.wire import Values, is_unknown
from providers.dns.visible import WantedRecord

Wait = Literal["off", "warn", "require"]
PROVIDERS = ("ses",)
WAITS = ("off", "warn", "require")
REQUIRED = ("provider", "domain", "region")
DEFAULTS: Mapping[str, Any] = {
    "mailFrom": False,
    "wait": "warn",
    "waitSeconds": 600,
    "manual": False,
    "records": [],
    "nameServers": {},
    "hosts": {},
}
REPLACING = ("provider", "domain", "region")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "provider": str,
    "domain": str,
    "region": str,
    "mailFrom": bool,
    "wait": str,
    "waitSeconds": (int, float),
    "manual": bool,
    "records": list,
    "nameServers": dict,
    "hosts": dict,
}


@dataclass(frozen=True)
class Wanted:
    """The inputs of one wait; `wait_seconds` is how long it may take."""

    provider: str
    domain: str
    region: str
    mail_from: bool
    wait: Wait
    wait_seconds: float
    manual: bool
    records: tuple[WantedRecord, ...]
    name_servers: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, inputs: Values) -> Wanted:
        """Read checked inputs, all of them known."""
        given = {**DEFAULTS, **inputs}
        return cls(
            provider=given["provider"],
            domain=given["domain"],
            region=given["region"],
            mail_from=given["mailFrom"],
            wait=cast(Wait, given["wait"]),
            wait_seconds=given["waitSeconds"],
            manual=given["manual"],
            records=tuple(_record(one) for one in given["records"]),
            name_servers={zone: tuple(servers or ()) for zone, servers in given["nameServers"].items()},
            hosts={zone: tuple(names or ()) for zone, names in given["hosts"].items()},
        )

    @property
    def required(self) -> bool:
        """Tell whether a domain that is not verified fails the `up`."""
        return self.wait == "require" and not self.manual


def starts_wait(old: Values, new: Values) -> bool:
    """Tell whether a change of inputs is one that the provider has to look at: not how long or where to look."""

    def looked_at(inputs: Values) -> Any:
        given = {**DEFAULTS, **inputs}
        records = {(one["name"], one["type"], tuple(one["values"])) for one in given["records"]}
        return [given.get(key) for key in REPLACING], given["mailFrom"], given["manual"], records

    return bool(looked_at(old) != looked_at(new))


def problems(inputs: Values) -> dict[str, str]:
    """Return what is wrong with inputs, by key; unknown values are passed."""
    found = {
        key: f"{key}: not an input of Readiness; it takes {', '.join(_KINDS)}" for key in inputs if key not in _KINDS
    }
    found |= {key: f"{key}: missing; give it" for key in REQUIRED if key not in inputs}
    for key, value in inputs.items():
        if key not in found and value is not None and (reason := _problem(key, value)):
            found[key] = f"{key}: {reason}"
    return found


def _problem(key: str, value: Any) -> str | None:
    if key in ("records", "nameServers", "hosts"):
        return _records_problem(value) if key == "records" else _lists_by_zone_problem(value)
    if is_unknown(value):
        return None
    kind = _KINDS[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return f"{value!r} was given; give {'true or false' if kind is bool else 'text' if kind is str else 'a number'}"
    return _value_problem(key, value)


def _value_problem(key: str, value: Any) -> str | None:
    match key:
        case "provider" if value not in PROVIDERS:
            return f'"{value}" is not a provider whose domains can be waited for; use {_one_of(PROVIDERS)}'
        case "wait" if value not in WAITS:
            return f'"{value}" was given; use {_one_of(WAITS)}'
        case "waitSeconds" if not (0 <= value < math.inf):
            return f"{value} was given; give seconds, 0 or more"
        case "region" if not value:
            return "it is empty; give the region of the identity, such as eu-west-1"
        case "domain":
            return _domain_problem(value)
    return None


def _domain_problem(value: str) -> str | None:
    try:
        written = domain_name(value)
    except RecordError as error:
        return str(error)
    return None if written == value else f'"{value}" was given; write it as {written}'


def _records_problem(value: Any) -> str | None:
    for place, record in enumerate(value) if isinstance(value, list) else ():
        if is_unknown(record) and not isinstance(record, Mapping):
            continue
        if not isinstance(record, Mapping):
            return f"[{place}] is {record!r}; give name, type and values"
        for key, kind in (("name", str), ("type", str), ("values", list)):
            if not is_unknown(record.get(key)) and not isinstance(record.get(key), kind):
                return f"[{place}].{key} is {record.get(key)!r}; give {'a list of text' if kind is list else 'text'}"
        for text in record["values"] if isinstance(record["values"], list) else ():
            if not is_unknown(text) and not isinstance(text, str):
                return f'[{place}].values holds {text!r}; give text, an MX as "10 mail.example.com"'
    if not isinstance(value, list) and not is_unknown(value):
        return f"{value!r} was given; give a list of records"
    return None


def _lists_by_zone_problem(value: Any) -> str | None:
    if is_unknown(value) and not isinstance(value, Mapping):
        return None
    if not isinstance(value, Mapping):
        return f"{value!r} was given; give lists of names by zone"
    for zone, servers in value.items():
        listed = isinstance(servers, list) and all(isinstance(one, str) for one in servers)
        if not listed and not is_unknown(servers):
            return f"{zone} is {servers!r}; give a list of names"
    return None


def _record(given: Mapping[str, Any]) -> WantedRecord:
    return WantedRecord(
        name=given["name"],
        type=given["type"],
        values=tuple(given["values"]),
        zone=given.get("zone") or "",
        purpose=given.get("purpose") or "",
    )


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
