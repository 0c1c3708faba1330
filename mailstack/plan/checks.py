"""What DNS and mail do not allow of the record sets of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mailstack.dns.records import RecordSet
from mailstack.errors import RecordError
from mailstack.mail.policy_records import TITLES

from .drafts import Draft
from .model import Finding
from .records import Pending
from .sets import Sets


def problems(sets: Sets) -> Iterator[Finding]:
    """Find what would be refused, never found or contradictory; one sentence for each mistake."""
    for drafts in sets.values():
        found = [*_two_ttls(drafts), *_second_exchanger(drafts), *_second_policy(drafts), *_contradiction(drafts)]
        yield from found or _refused(drafts)
    yield from _beside_an_alias(sets)


def record_set(drafts: Sequence[Draft]) -> RecordSet:
    """Return the record set of drafts with TTLs; what is pending is "x" in it. Raises RecordError."""
    first = drafts[0]
    values = tuple(_filled(draft.value) if isinstance(draft.value, Pending) else draft.value for draft in drafts)
    name = _filled(first.name) if isinstance(first.name, Pending) else first.name
    return RecordSet(name, first.type, first.ttl or first.domain.ttl, values, first.purpose)


def _filled(pending: Pending) -> str:
    return f"{pending.prefix}x{pending.suffix}"


def _refused(drafts: Sequence[Draft]) -> Iterator[Finding]:
    try:
        record_set(drafts)
    except RecordError as error:
        yield Finding("record-invalid", "error", to_blame(drafts).at, str(error))


def _two_ttls(drafts: Sequence[Draft]) -> Iterator[Finding]:
    ttls = {draft.ttl: draft for draft in drafts}
    if len(ttls) > 1:
        first, other = list(ttls.values())[:2]
        at = other.at if other.extra or other.kept else first.at
        yield Finding(
            "ttl-differs",
            "error",
            at,
            f"{first.what} would have the TTLs {first.ttl} ({_source(first)}) and {other.ttl} ({_source(other)})",
            "all values of one name and type have one TTL (RFC 2181 section 5.2)",
            "write the same ttl in both places",
        )


def _second_exchanger(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Find an MX of somebody else's at a return path: providers want theirs alone there (SES: "exactly one")."""
    route = next((draft for draft in drafts if draft.type == "MX" and draft.route), None)
    for draft in drafts if route else ():
        if draft.extra and route:
            yield Finding(
                "mx-at-return-path",
                "error",
                draft.at,
                f"MX {draft.value} would be beside {route.value} at {draft.name}, the return path of {route.route}",
                "the provider accepts a return path with exactly one MX",
                "remove it, or give the route another returnPath",
            )


def _second_policy(drafts: Sequence[Draft]) -> Iterator[Finding]:
    counts = Counter(draft.policy for draft in drafts if draft.policy)
    for kind, count in counts.items():
        if count > 1:
            alike = [draft for draft in drafts if draft.policy == kind]
            yield Finding(
                "policy-twice",
                "error",
                to_blame(alike).at,
                f"{drafts[0].what} would have {count} {TITLES[kind]} records: "
                f"{' and '.join(repr(str(draft.value)) for draft in alike)}",
                "readers ignore all of them where a name has more than one",
                "keep one",
            )


def _contradiction(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Find values that two domains or routes want alone at one name."""
    own = [draft for draft in drafts if not draft.extra and not draft.kept and draft.type in ("MX", "CNAME")]
    if len({draft.route or draft.domain.name for draft in own}) > 1:
        wanted = " and ".join(f"{draft.route or draft.domain.name} wants {draft.value}" for draft in own)
        yield Finding(
            "records-differ",
            "error",
            own[-1].at,
            f"{own[0].what}: {wanted}",
            remedy="give one of them another name (returnPath)",
        )


def _beside_an_alias(sets: Sets) -> Iterator[Finding]:
    """Find other data beside a CNAME (RFC 1034 section 3.6.2)."""
    types: dict[str, list[str]] = {}
    for name, record_type in sets:
        types.setdefault(name, []).append(record_type)
    for name, found in types.items():
        others = sorted(set(found) - {"CNAME"})
        if "CNAME" in found and others:
            drafts = [draft for record_type in found for draft in sets[name, record_type]]
            yield Finding(
                "cname-not-alone",
                "error",
                to_blame(drafts).at,
                f"CNAME {name} would be beside {' and '.join(others)} of this stack",
                "a CNAME is alone at its name (RFC 1034 section 3.6.2)",
                "remove one of them",
            )


def to_blame(drafts: Sequence[Draft]) -> Draft:
    """Return the draft whose setting is to be changed: the last that names somebody else's value, else the last."""
    return next((draft for draft in reversed(drafts) if draft.extra), drafts[-1])


def _source(draft: Draft) -> str:
    if draft.kept:
        return "records.asFound"
    return "records.also" if draft.extra else f"ttl of {draft.domain.name}"
