"""Record sets: what the settings ask for at one name and type, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mailstack.errors import SpfError
from mailstack.mail import spf

from .drafts import Draft
from .model import Finding
from .names import slot_name

Sets = dict[tuple[str, str], list[Draft]]


def by_key(drafts: Iterable[Draft]) -> Sets:
    """Group drafts by name and type, in their order."""
    sets: Sets = {}
    for draft in drafts:
        sets.setdefault(draft.key, []).append(draft)
    return sets


def merged(drafts: Sequence[Draft], findings: list[Finding]) -> list[Draft]:
    """Leave one draft for each value, and one SPF record at each name that holds what all of them ask for.

    A value of `records.also` that the stack publishes itself is the stack's own. Notes SPF records that contradict each
    other.
    """
    spf_records = {key: _one_spf(found, findings) for key, found in by_key(filter(_is_own_spf, drafts)).items()}
    own = {(draft.key, draft.value) for draft in drafts if not draft.extra}
    left: dict[tuple[object, ...], Draft] = {}
    for draft in drafts:
        if _is_own_spf(draft):
            left.setdefault((draft.key, "spf"), spf_records[draft.key])
        elif not draft.extra or (draft.key, draft.value) not in own:
            left.setdefault((draft.key, draft.value), draft)
    return list(left.values())


def _is_own_spf(draft: Draft) -> bool:
    return draft.policy == "spf" and not draft.extra


def _one_spf(drafts: Sequence[Draft], findings: list[Finding]) -> Draft:
    first, texts = drafts[0], list(dict.fromkeys(str(draft.value) for draft in drafts))
    if len(texts) == 1:
        return first
    try:
        return replace(first, value=str(spf.merge(*map(spf.parse, texts))))
    except SpfError as error:
        findings.append(
            Finding(
                "spf-contradiction",
                "error",
                drafts[-1].at,
                f"{first.what}: the records that {_wanted_by(drafts)} want cannot become one: {error}",
                remedy="give one of the routes another returnPath",
            )
        )
        return first


def _wanted_by(drafts: Sequence[Draft]) -> str:
    return " and ".join(dict.fromkeys(draft.route or draft.domain.name for draft in drafts))


def with_ttl(drafts: Sequence[Draft]) -> list[Draft]:
    """Give each draft a TTL: its own where the settings write one, else that of its set, else its domain's.

    That of a set is the first of: a line of `records.asFound`, the domain whose own record it is, `records.also`.
    """
    return [
        replace(draft, ttl=draft.ttl or _ttl_of_set(draft, found))
        for found in by_key(drafts).values()
        for draft in found
    ]


def _ttl_of_set(draft: Draft, found: Sequence[Draft]) -> int:
    if not draft.extra:
        return draft.domain.ttl
    own = [other for other in found if not other.extra]
    if own:
        return own[0].ttl or own[0].domain.ttl
    return next((other.ttl for other in found if other.ttl), draft.domain.ttl)


def named(drafts: Sequence[Draft]) -> list[Draft]:
    """Name the slot of each draft by its name, its type and its purpose: drafts of one slot become one record."""
    return [
        draft if draft.slot else replace(draft, slot=slot_name(str(draft.name), draft.type, _suffix(draft)))
        for draft in drafts
    ]


def _suffix(draft: Draft) -> str:
    if draft.extra:
        return "also"
    return "spf" if _is_own_spf(draft) else ""
