"""What holds for the plan of any settings."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailstack.dns.records import RecordSet, longest_zone
from mailstack.mail.policy_records import kind
from mailstack.plan import Pending, Plan, PlannedRecord, plan, siblings
from providers import catalog

from .made import settings

ZONES = {
    "example.com": {"host": "cloudflare"},
    "b.example.com": {"hosts": ["cloudflare", {"host": "route53"}]},
    "example.org": {"host": "manual"},
}
NAMES = ("example.com", "a.example.com", "b.example.com", "c.b.example.com", "example.org")
REGIONS = {"main": "eu-west-1", "us": "us-east-1"}

ttls = st.sampled_from([300, 3600])
texts = st.sampled_from(["a", "b", "site-verification=1", "k=v; x"])


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an entry of records.also."""
    name = draw(st.sampled_from(["@", "x", "_acme", "example.org", "bounce.example.com"]))
    kind = draw(st.sampled_from(["TXT", "MX", "CNAME"]))
    values: dict[str, Any] = {
        "TXT": st.lists(texts, min_size=1, max_size=3, unique=True),
        "MX": st.just(["10 mail.example.net"]),
        "CNAME": st.just(["www.example.net"]),
    }
    written = {"ttl": draw(ttls)} if draw(st.booleans()) else {}
    return {"name": name, "type": kind, "values": draw(values[kind]), **written}


@st.composite
def domains(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the settings of a domain."""
    also = {"also": draw(st.lists(entries(), max_size=3))}
    common: dict[str, Any] = {"ttl": draw(ttls), "records": also}
    whose = draw(st.sampled_from(["sends", "parked", "of others"]))
    if whose == "parked":
        return {**common, "sends": False}
    if whose == "of others":
        return {"manage": False}
    routes = draw(st.lists(st.sampled_from(list(REGIONS)), min_size=1, unique=True))
    kind = draw(st.sampled_from(["easy", "own", "kept"]))
    generation = {"generation": draw(st.integers(1, 3))} if kind == "own" else {}
    more = {
        "spf": {"also": ["include:_spf.example.net"]},
        "tlsRpt": {"rua": ["mailto:tls@example.com"]},
        "mtaSts": {"mx": ["mail.example.com"], "host": "sts.example.net"},
        "dmarc": {"policy": "reject", "rua": ["mailto:d@example.org"]},
    }
    chosen = draw(st.lists(st.sampled_from(list(more)), unique=True))
    return {
        **common,
        "routes": {name: {"region": REGIONS[name], "returnPath": f"bounce-{name}"} for name in routes},
        "dkim": {"kind": kind, **generation},
        "dmarc": {"policy": "reject"},
        **{key: more[key] for key in chosen},
    }


stacks = st.dictionaries(st.sampled_from(NAMES), domains(), min_size=1, max_size=3)


def planned(stack: dict[str, Any]) -> Plan:
    return plan(settings(stack, ZONES), catalog())


@given(stacks)
def test_no_two_records_share_a_slot(stack: dict[str, Any]) -> None:
    """Each is one resource; nothing is planned twice."""
    found = planned(stack).records
    assert len({record.slot for record in found}) == len(found)
    values = [(record.key, value) for record in found for value in record.values]
    assert len(set(values)) == len(values)


@given(stacks)
def test_every_record_lies_in_the_longest_zone(stack: dict[str, Any]) -> None:
    """By its name, or by the known end of a pending one."""
    found = planned(stack)
    for record in found.records:
        end = record.name.suffix.lstrip(".") if isinstance(record.name, Pending) else record.name
        assert record.zone == longest_zone(end, ZONES)
        assert found.zones[record.zone] == record.hosts


@given(stacks)
def test_the_same_settings_give_the_same_plan(stack: dict[str, Any]) -> None:
    """In the same order too."""
    assert planned(stack) == planned(stack)


@given(stacks)
def test_a_plan_without_errors_can_be_published(stack: dict[str, Any]) -> None:
    """Each set is one that DNS allows: one TTL, aliases alone, one SPF and one DMARC record at a name."""
    found = planned(stack)
    if any(finding.level == "error" for finding in found.findings):
        return
    known = [record for record in found.records if record.is_known]
    for record in known:
        together = (*record.record_set().values, *siblings(record, known))
        RecordSet(str(record.name), record.type, record.ttl, together)  # type: ignore[arg-type]  # all of them are known
        assert {other.ttl for other in known if other.key == record.key} == {record.ttl}
        policies = [kind(str(record.name), str(value)) for value in together if record.type == "TXT"]
        assert policies.count("spf") <= 1
        assert policies.count("dmarc") <= 1
    for record in known:
        if record.type == "CNAME":
            assert [other for other in known if other.name == record.name] == [record]


@given(stacks)
def test_providers_ask_for_as_much_as_the_settings_say(stack: dict[str, Any]) -> None:
    """Easy DKIM gives three pending names for each route, an own key one pending value for each of two generations."""
    found = planned(stack)
    for name, keys in stack.items():
        managed = keys.get("sends", True) and keys.get("manage", True)
        kind = keys.get("dkim", {}).get("kind") if managed else None
        pending = [one for one in found.records if one.domain == name and not one.is_known]
        assert len([one for one in pending if _is_name(one)]) == (3 * len(keys["routes"]) if kind == "easy" else 0)
        generation = keys["dkim"]["generation"] if kind == "own" else 0
        assert len([one for one in pending if not _is_name(one)]) == min(generation, 2)


def _is_name(record: PlannedRecord) -> bool:
    return isinstance(record.name, Pending)
