"""IAM policies, read and evaluated: statements, conditions, trust."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]
Document = Mapping[str, Any]


def allowed(documents: Iterable[Document], action: str, resource: str | None, context: Context) -> bool:
    """Evaluate identity policies: one statement must allow, none may deny (IAM guide, "Policy evaluation logic").

    `resource` None asks about the action alone: any resource of an allowing statement will do,
    and only a denial of every resource counts.
    """
    permitted = False
    for statement in (statement for document in documents for statement in _many(document.get("Statement", []))):
        effect = statement.get("Effect")
        if not _action_matches(statement, action) or not _resource_matches(statement, resource, effect):
            continue
        if not conditions_hold(statement.get("Condition", {}), context, unknown=effect == "Deny"):
            continue
        if effect == "Deny":
            return False
        permitted = permitted or effect == "Allow"
    return permitted


def trusted(document: Document, principal: str, account: str, context: Context) -> bool:
    """Say whether a role's trust policy lets a principal (its ARN, its account) assume the role."""
    permitted = False
    for statement in _many(document.get("Statement", [])):
        named = statement.get("Principal", {})
        wanted = ["*"] if named == "*" else _many(named.get("AWS", []) if isinstance(named, Mapping) else [])
        partition = principal.split(":")[1]
        ways = {"*", principal, account, f"arn:{partition}:iam::{account}:root"}
        if not ways & set(wanted) or not _action_matches(statement, "sts:AssumeRole"):
            continue
        effect = statement.get("Effect")
        if conditions_hold(statement.get("Condition", {}), context, unknown=effect == "Deny"):
            if effect == "Deny":
                return False
            permitted = permitted or effect == "Allow"
    return permitted


def conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context, *, unknown: bool) -> bool:
    """Say whether every operator of a Condition block holds; an operator that is not known here counts as `unknown`."""
    lowered = {key.lower(): value for key, value in context.items()}
    return all(
        _condition_holds(operator, _many(wanted), lowered.get(key.lower()), unknown)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _condition_holds(operator: str, wanted: list[str], found: str | Sequence[str] | None, unknown: bool) -> bool:
    name, _, quantifier = operator.rpartition(":")[::-1]
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    values = [] if found is None else ([found] if isinstance(found, str) else list(found))
    if name == "Null":
        return (not values) == (wanted == ["true"])
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", "", 1))
    if test is None:
        return unknown
    if not values:
        # An absent key: ForAllValues and IfExists hold, a negated operator holds, any other does not.
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    hits = [any(test(value, pattern) for pattern in wanted) != negated for value in values]
    return any(hits) if quantifier == "ForAnyValue" else all(hits)


def wildcard(value: str, pattern: str) -> bool:
    """Match IAM's wildcards: * for any run of characters, ? for one; letters keep their case."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL) is not None


def _in_network(value: str, network: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": wildcard,
    "ArnEquals": wildcard,
    "ArnLike": wildcard,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _in_network,
}


def _action_matches(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_action(action, pattern) for pattern in _many(statement["NotAction"]))
    return any(_action(action, pattern) for pattern in _many(statement.get("Action", [])))


def _action(action: str, pattern: str) -> bool:
    return wildcard(action.lower(), pattern.lower())  # actions know no case


def _resource_matches(statement: Mapping[str, Any], resource: str | None, effect: str | None) -> bool:
    if resource is None:
        return effect != "Deny" or "*" in _many(statement.get("Resource", []))
    if "NotResource" in statement:
        return not any(wildcard(resource, pattern) for pattern in _many(statement["NotResource"]))
    return any(wildcard(resource, pattern) for pattern in _many(statement.get("Resource", [])))


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
