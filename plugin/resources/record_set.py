"""`mailstack:index:RecordSet`: one record set at a DNS host that no published provider writes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address
from typing import Any, Final, TypeVar

from mailstack.dns import records
from mailstack.dns.records import RecordSet as Records
from mailstack.errors import RecordError, VendorError
from plugin.lifecycle import Cancelled, Context, Difference, Found, NotFound
from plugin.wire import Values, is_unknown
from providers.dns.base import HostedZone

Result = TypeVar("Result")
HOSTS = ("rfc2136", "lexicon")
_INPUTS: Final[dict[str, Any]] = {
    "host": {"type": "string", "description": "The kind of host: rfc2136 or lexicon."},
    "zone": {"type": "string", "description": "The zone that holds the record set."},
    "name": {"type": "string", "description": "The full name, without trailing dot."},
    "type": {"type": "string", "description": "A, AAAA, CNAME, MX or TXT."},
    "ttl": {"type": "integer", "description": "Time to live in seconds; 1 is the host's own choice."},
    "values": {
        "type": "array",
        "items": {"type": "string"},
        "description": 'Unquoted text; an MX as "10 mail.example.com".',
    },
}
_REPLACING = ("host", "zone", "name", "type")
_ID_FORM = "<host>/<zone>/<name>/<type>, such as rfc2136/example.com/_dmarc.example.com/TXT"


class RecordSet:
    """A record set, written only where what the state knows stands: no change of somebody else's is lost."""

    type: Final = "mailstack:index:RecordSet"
    derived: Final = ()
    schema: Final[Mapping[str, Any]] = {
        "description": "One record set at a DNS host that the plugin writes to itself.",
        "inputProperties": _INPUTS,
        "requiredInputs": list(_INPUTS),
        "properties": _INPUTS,
        "required": list(_INPUTS),
    }

    def check(self, news: Values) -> tuple[Values, dict[str, str]]:
        """Return what is wrong with inputs, by key; unknown ones are passed."""
        faults = {key: f"{key}: missing; give it" for key in _INPUTS if key not in news}
        known = ", ".join(_INPUTS)
        faults |= {key: f"{key}: not an input of RecordSet; it takes {known}" for key in news if key not in _INPUTS}
        faults |= {key: f"{key}: {reason}" for key, value in news.items() if (reason := _misshapen(key, value))}
        if faults or any(map(is_unknown, news.values())):
            return {}, faults
        if news["host"] not in HOSTS:
            return {}, {"host": f'host: "{news["host"]}" was given; use {" or ".join(HOSTS)}'}
        try:
            _records(news)
            records.check_in_zone(news["name"], news["zone"])
        except RecordError as error:
            return {}, {"values": str(error)}
        return {}, {}

    def id_of(self, inputs: Values) -> str:
        """Return the id: host, zone, name and type."""
        return "/".join(str(inputs[key]) for key in _REPLACING)

    def diff(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Difference:
        """Compare with the inputs and with what stood at the last look; the order of values means nothing."""

        def other(olds: Values) -> list[str]:
            return [key for key in _INPUTS if _plain(key, olds.get(key)) != _plain(key, news.get(key))]

        changed = other(inputs)
        drifted = [key for key in other(outputs) if key not in changed]
        return Difference(changed, [key for key in _REPLACING if key in changed], drifted)

    def create(self, inputs: Values, context: Context) -> tuple[str, Values]:
        """Write the record set where nothing stands, or the very same; raises Conflict, VendorError."""
        store = context.hosts.store(inputs["host"], inputs["zone"])
        id_ = self.id_of(inputs)
        _reached(context, id_, lambda: store.put(_zone(inputs), _records(inputs), None))
        return id_, {}

    def update(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Values:
        """Write the record set where the one of the state stands; raises Conflict, VendorError."""
        store, before = context.hosts.store(news["host"], news["zone"]), _records({**inputs, **outputs})
        _reached(context, id_, lambda: store.put(_zone(news), _records(news), before))
        return {}

    def read(self, id_: str, inputs: Values | None, outputs: Values, context: Context) -> Found | None:
        """Look at the record set as it stands; raises NotFound for what is no id, VendorError."""
        host, zone, name, kind = _parts(id_)
        store = context.hosts.store(host, zone)
        found = _reached(context, id_, lambda: store.look_up(HostedZone(zone, zone), name, kind))
        if found is None:
            return None
        known = {"host": host, "zone": zone, "name": name, "type": kind}
        wanted = outputs.get("values") or []
        values = [str(value) for value in found.values]
        if _plain("values", values) == _plain("values", wanted):
            values = list(wanted)  # as the program orders and spells them, so that a refresh shows no difference
        # The host's own choice is no drift, and neither is a TTL that it does not tell.
        ttl = outputs["ttl"] if "ttl" in outputs and 1 in (outputs["ttl"], found.ttl) else found.ttl
        now: Values = {**known, "ttl": ttl, "values": values}
        return Found(now, now if inputs is None else None)

    def delete(self, id_: str, outputs: Values, context: Context) -> None:
        """Delete the record set as the state knows it; raises Conflict where another stands, VendorError."""
        store = context.hosts.store(outputs["host"], outputs["zone"])
        _reached(context, id_, lambda: store.delete(_zone(outputs), _records(outputs)))


def _zone(inputs: Values) -> HostedZone:
    return HostedZone(inputs["zone"], inputs["zone"])


def _records(inputs: Values) -> Records:
    read = records.mx if inputs["type"] == "MX" else str
    return Records(inputs["name"], inputs["type"], int(inputs["ttl"]), tuple(read(text) for text in inputs["values"]))


def _reached(context: Context, id_: str, call: Callable[[], Result]) -> Result:
    """Make a call to the host; raises VendorError where the run is cancelled before it answers."""
    try:
        return context.run(call)
    except Cancelled:
        raise VendorError(
            f"{id_}: the run was cancelled before the host answered; whether it was written is not known, and the next "
            "`pulumi up` looks first"
        ) from None


def _plain(key: str, value: Any) -> Any:
    return sorted(map(_spelled, value)) if key == "values" and isinstance(value, list) else value


def _spelled(value: Any) -> str:
    """Return a value in one spelling: an IPv6 address has several (RFC 5952), a text has one."""
    try:
        return str(IPv6Address(str(value)))
    except ValueError:
        return str(value)


def _misshapen(key: str, value: Any) -> str:
    """Say which kind of value an input takes, "" where it is one or not known yet."""
    if is_unknown(value):
        return ""
    if key == "values":
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if fits else f"{value!r} was given; give a list of text"
    if key == "ttl":
        fits = isinstance(value, int) and not isinstance(value, bool)
        return "" if fits else f"{value!r} was given; give whole seconds"
    return "" if isinstance(value, str) or key not in _INPUTS else f"{value!r} was given; give text"


def _parts(id_: str) -> tuple[str, str, str, str]:
    parts = id_.split("/")
    if len(parts) != 4 or parts[0] not in HOSTS:
        raise NotFound(f'"{id_}" is not the id of a RecordSet; its form is {_ID_FORM}')
    return parts[0], parts[1], parts[2], parts[3]
