"""The records of a plan as resources: one for each slot and host of its zone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.resource_hooks import ResourceHookBinding

from mailstack.dns.records import Mx
from mailstack.dns.txt import quoted
from mailstack.plan import Pending, PlannedRecord, replaced_slots, resource_name, siblings
from providers.dns import cloudflare

from .guards import Guards
from .resources import CloudflareRecord, RecordSet
from .zones import HostedZones

Text = pulumi.Input[str]
Known = Mapping[tuple[str, str, str], pulumi.Output[str]]


class Records(pulumi.ComponentResource):
    """DNS records at the hosts of their zones.

    Records can be added in groups: those of own DKIM keys exist before SES signs with them.
    """

    def __init__(
        self,
        name: str,
        planned: Sequence[PlannedRecord],
        zones: HostedZones,
        guards: Guards,
        mark: pulumi.Output[str],
        plugin: pulumi.ProviderResource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Take every planned record of the stack, for what shares a record set, and who writes them."""
        super().__init__("mailstack:index:Records", name, None, opts)
        self._name, self._planned, self._zones = name, planned, zones
        self._at_name: dict[str, list[PlannedRecord]] = {}
        for record in planned:
            self._at_name.setdefault(str(record.name), []).append(record)
        self._guards, self._mark, self._plugin = guards, mark, plugin
        self._resources: dict[str, list[pulumi.Resource]] = {}
        self._listed: dict[str, dict[str, Any]] = {}

    def publish(self, record: PlannedRecord, known: Known, *, protect: bool) -> list[pulumi.Resource]:
        """Declare a record at each host of its zone; `known` are the pending texts as outputs."""
        name, values = _text(record.name, known), [_text(value, known) for value in record.values]
        self._listed[record.slot] = _as_output(record, name, values)
        made: list[pulumi.Resource] = []
        for host in record.hosts:
            opts = pulumi.ResourceOptions(parent=self, protect=protect, delete_before_replace=True)
            if host == "cloudflare":
                made += self._at_cloudflare(record, name, values, opts)
            elif host != "manual":
                inputs = self._inputs(host, record, name, values, known)
                made.append(self._by_plugin(record, inputs, self._in_place(record, f"-{host}", opts)))
        self._resources[record.slot] = made
        return made

    def resources(self, slot: str) -> list[pulumi.Resource]:
        """Return the resources that publish a slot, for others to wait on; none where people publish it."""
        return self._resources[slot]

    def output(self, slot: str) -> dict[str, Any]:
        """Return a published slot as the stack's output `records` lists it."""
        return self._listed[slot]

    def listed(self) -> list[dict[str, Any]]:
        """List the published records in the order of the plan, as the stack's output `records` has them."""
        return [self._listed[record.slot] for record in self._planned if record.slot in self._listed]

    def _at_cloudflare(
        self, record: PlannedRecord, name: Text, values: Sequence[Text | Mx], opts: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """Declare one record for each value: Cloudflare knows no record sets."""
        hooks = self._guards.record(is_policy=record.slot.startswith("_dmarc."))
        slot = resource_name(self._name, record.slot)
        made: list[pulumi.Resource] = []
        for value, one in zip(values, _numbered(record), strict=True):
            own = pulumi.ResourceOptions.merge(_renamed(record, hooks), one.options(slot))
            # The first may be the record of the only value before, which another one then needs again.
            after = pulumi.ResourceOptions(depends_on=made[:1])
            made.append(
                CloudflareRecord(
                    f"{slot}{one.suffix}",
                    zone_id=self._zones.ids[record.zone, "cloudflare"],
                    properties=_properties(record, name, value),
                    comment=self._mark,
                    opts=pulumi.ResourceOptions.merge(
                        self._in_place(record, "", opts) if not one.suffix else opts,
                        pulumi.ResourceOptions.merge(own, after),
                    ),
                )
            )
        return made

    def _by_plugin(
        self, record: PlannedRecord, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        hooks = self._guards.policy() if record.slot.startswith("_dmarc.") else None
        own = pulumi.ResourceOptions.merge(_renamed(record, hooks), pulumi.ResourceOptions(provider=self._plugin))
        name = f"{resource_name(self._name, record.slot)}-{inputs['host']}"
        return RecordSet(name, inputs, pulumi.ResourceOptions.merge(opts, own))

    def _inputs(
        self, host: str, record: PlannedRecord, name: Text, values: Sequence[Text | Mx], known: Known
    ) -> dict[str, Any]:
        """Return the inputs of the plugin's RecordSet."""
        beside = [_text(value, known) for value in siblings(record, self._at_name[str(record.name)])]
        return {
            "host": host,
            "zone": record.zone,
            "zoneId": self._zones.ids[record.zone, host],
            "name": name,
            "type": record.type,
            "ttl": record.ttl,
            "values": _texts(values),
            "beside": _texts(beside),
        }

    def _in_place(self, record: PlannedRecord, suffix: str, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Let a record that becomes an alias, or ceases to be one, replace what exists at its name."""
        at_name = self._at_name[str(record.name)]
        former = [f"{resource_name(self._name, slot)}{suffix}" for slot in replaced_slots(record, at_name)]
        aliases = [pulumi.Alias(name=name) for name in former]
        return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=aliases))


def _as_output(record: PlannedRecord, name: Text, values: Sequence[Text | Mx]) -> dict[str, Any]:
    """Return a record as the stack's output `records` lists it."""
    return {
        "name": name,
        "type": record.type,
        "ttl": record.ttl,
        "values": _texts(values),
        "purpose": record.purpose,
        "zone": record.zone,
        "host": ", ".join(record.hosts),
    }


def _properties(record: PlannedRecord, name: Text, value: Any) -> dict[str, Any]:
    """Return a record as Cloudflare keeps it; a DKIM key that is not made yet is quoted when it is."""
    if record.type == "TXT" and isinstance(value, pulumi.Output):
        return {**cloudflare.properties(name, "TXT", record.ttl, ""), "content": value.apply(quoted)}
    return cloudflare.properties(name, record.type, record.ttl, value)


@dataclass(frozen=True)
class _Value:
    """What tells one value of a slot apart from the others at Cloudflare, and what it may have been called before."""

    suffix: str
    former: str | None = None

    def options(self, slot: str) -> pulumi.ResourceOptions:
        """Take the protection from a record that is named by its value: another value takes its place."""
        aliases = None if self.former is None else [pulumi.Alias(name=f"{slot}{self.former}")]
        return pulumi.ResourceOptions(aliases=aliases, protect=False if self.suffix else None)


def _numbered(record: PlannedRecord) -> list[_Value]:
    """Name the values of a slot: one alone as the slot, several by a digest of each.

    By a number the values after one that is taken out would move up, onto values that exist already. Where a second one
    comes or goes, the first keeps its record. Of the stack's own values the first has the slot's name.
    """
    digests = [f"-{hashlib.sha256(str(value).encode()).hexdigest()[:8]}" for value in record.values]
    if not record.extra:
        return [_Value(""), *map(_Value, digests[1:])]
    if len(digests) == 1:
        return [_Value("", former=digests[0])]
    return [_Value(digests[0], former=""), *map(_Value, digests[1:])]


def _renamed(record: PlannedRecord, hooks: ResourceHookBinding | None) -> pulumi.ResourceOptions:
    """Return the options of a record whose name only a provider knows: another name is another record.

    Cloudflare would change a name in place, onto whatever exists there, without the hook.
    """
    replaces = ["name"] if isinstance(record.name, Pending) else None
    return pulumi.ResourceOptions(hooks=hooks, replace_on_changes=replaces)


def _texts(values: Iterable[Text | Mx]) -> list[Text]:
    return [str(value) if isinstance(value, Mx) else value for value in values]


def _text(value: str | Mx | Pending, known: Known) -> Any:
    """Return a value, a pending one as an output with what is known around it."""
    if not isinstance(value, Pending):
        return value
    prefix, suffix = value.prefix, value.suffix
    return known[value.route, value.slot, value.field].apply(lambda text: f"{prefix}{text}{suffix}")
