"""Records that stay as adoption found them: the lines under `records.asFound` laid over what the plan wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from mailstack.paths import key_path
from mailstack.settings.extra_records import WrittenRecord
from mailstack.settings.model import Domain, Settings

from .domains import managed
from .drafts import Draft
from .model import Finding
from .records import Pending, Value

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line under `records.asFound`, and its key path."""

    at: str
    record: WrittenRecord
    domain: Domain

    @property
    def key(self) -> Key:
        """Return name and type."""
        return self.record.name, self.record.type

    @property
    def what(self) -> str:
        """Name the record set in a sentence."""
        return f"{self.record.type} {self.record.name}"

    @property
    def ttl(self) -> int:
        """Return the TTL in seconds."""
        return self.record.ttl or self.domain.ttl

    def is_about(self, draft: Draft) -> bool:
        """Tell whether the line keeps a draft: by its name, or by what is known of a name that is pending."""
        if draft.extra or draft.type != self.record.type:
            return False
        if isinstance(draft.name, Pending):
            return self.record.name.startswith(draft.name.prefix) and self.record.name.endswith(draft.name.suffix)
        return draft.name == self.record.name


def lines(settings: Settings) -> list[Line]:
    """List the lines of all domains that this stack owns."""
    return [
        Line(key_path("domains", domain.name, "records", "asFound", index), record, domain)
        for domain in managed(settings)
        for index, record in enumerate(domain.records.as_found)
    ]


def problems(found: Sequence[Line], drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Find lines that keep nothing, that keep one record set twice, and that give pending names several TTLs."""
    seen = Counter(line.key for line in found)
    for line in {line.key: line for line in found}.values():
        if seen[line.key] > 1:
            yield Finding(
                "as-found-twice",
                "error",
                line.at,
                f"{line.what} has {seen[line.key]} lines under records.asFound",
                remedy="keep one line for each name and type",
            )
        if not any(line.is_about(draft) for draft in drafts):
            yield Finding(
                "as-found-unplanned",
                "error",
                line.at,
                f"this stack publishes no {line.what}",
                remedy="remove the line, or write the values of others under records.also",
            )
    yield from _several_ttls(found, drafts)


def _several_ttls(found: Sequence[Line], drafts: Sequence[Draft]) -> Iterator[Finding]:
    pending = {(draft.name.suffix, draft.type): draft for draft in drafts if isinstance(draft.name, Pending)}
    for (suffix, _), draft in pending.items():
        about = [line for line in found if line.is_about(draft)]
        if len({line.ttl for line in about}) > 1:
            yield Finding(
                "as-found-ttls",
                "error",
                about[-1].at,
                f"the {draft.type} records below {suffix.lstrip('.')} have the TTLs "
                f"{', '.join(str(line.ttl) for line in about)}",
                "before the first `pulumi up` it is not known which of them is which",
                "write the same ttl in all of them",
            )


def kept(drafts: Sequence[Draft], found: Sequence[Line], findings: list[Finding]) -> list[Draft]:
    """Give each draft that a line keeps the line's values and TTL; of what is pending, only the TTL.

    Values that `records.also` names have drafts of their own. Notes a line that would drop what the draft is for.
    """
    extra: dict[Key, set[Value | Pending]] = {}
    for draft in drafts:
        if draft.extra:
            extra.setdefault(draft.key, set()).add(draft.value)
    kept: list[Draft] = []
    for draft in drafts:
        line = next((line for line in found if line.is_about(draft)), None)
        if line is None:
            kept.append(draft)
        elif isinstance(draft.name, Pending) or isinstance(draft.value, Pending):
            kept.append(replace(draft, ttl=line.ttl, kept=True))
        elif values := _own_values(draft, line, extra.get(draft.key, ())):
            kept += [replace(draft, value=value, ttl=line.ttl, kept=True, at=line.at) for value in values]
        else:
            findings.append(_loses_its_own(draft, line))
    return kept


def _own_values(draft: Draft, line: Line, extra: Collection[Value | Pending]) -> list[Value]:
    """Return the values of a line without those of `records.also`, [] where none of them does what the draft does."""
    values = [value for value in line.record.record_set(line.ttl).values if value not in extra]
    if not draft.policy:
        return values
    alike = [value for value in values if draft.policy_of(value) == draft.policy]
    return [*alike, *(value for value in values if value not in alike)] if alike else []


def _loses_its_own(draft: Draft, line: Line) -> Finding:
    return Finding(
        "as-found-empty",
        "error",
        line.at,
        f"its values hold nothing in place of this stack's own {line.what} ({draft.purpose}): {draft.value}",
        remedy="add the value that has this purpose, or remove the line to publish the stack's own",
    )
