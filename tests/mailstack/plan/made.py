"""What the tests of the plan share: settings of two zones, and the plan of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailstack.catalog import Catalog
from mailstack.plan import Plan, PlannedRecord, plan, require
from mailstack.settings.load import load
from mailstack.settings.model import Settings
from providers import catalog

DNS = {"example.com": {"host": "cloudflare"}, "example.org": {"host": "manual"}}


def settings(domains: Mapping[str, Any], dns: Mapping[str, Any] = DNS, **more: Any) -> Settings:
    """Load settings of these domains."""
    return load({"dns": dns, "domains": domains, **more}, catalog(), aws_region="eu-west-1")


def planned(domains: Mapping[str, Any], dns: Mapping[str, Any] = DNS, vendors: Catalog | None = None) -> Plan:
    """Plan these domains, whatever is wrong with the plan."""
    return plan(settings(domains, dns), vendors or catalog())


def one_domain(**keys: Any) -> dict[str, PlannedRecord]:
    """Plan example.com, which must have no error, and return its records by slot."""
    found = require(planned({"example.com": keys}))
    return {record.slot: record for record in found.records}


def values(found: Plan) -> dict[tuple[str, str], list[str]]:
    """Return the values of each record set as text."""
    sets: dict[tuple[str, str], list[str]] = {}
    for record in found.records:
        sets.setdefault(record.key, []).extend(map(str, record.values))
    return sets


def errors(found: Plan) -> list[str]:
    """Return the errors of a plan as "<id>: <sentence>"."""
    return [f"{finding.id}: {finding}" for finding in found.findings if finding.level == "error"]
