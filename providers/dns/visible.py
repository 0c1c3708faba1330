"""Which of the records that a provider looks for DNS does not show, one sentence for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from mailstack.errors import BogusAnswer, MailstackError
from mailstack.mail.policy_records import same_kind

Lookup = Callable[[str, str], Sequence[str]]
NameServers = Callable[[str], Sequence[str]]
_AT_ONCE = 8  # questions; a resolver that does not answer must not be waited for record by record


@dataclass(frozen=True, slots=True)
class WantedRecord:
    """A record set that DNS should show; MX values are text ("10 mail.example.com"), `zone` may be ""."""

    name: str
    type: str
    values: tuple[str, ...]
    zone: str = ""
    purpose: str = ""


def missing(
    records: Sequence[WantedRecord], written_to: Mapping[str, Sequence[str]], lookup: Lookup, name_servers: NameServers
) -> list[str]:
    """List a sentence for each record that DNS does not show as wanted, and before these the reason where it is known.

    `written_to` names the name servers of the hosts to which a zone's records were written. The reason is another
    delegation, or DNSSEC that is broken.
    """
    ordered = sorted(records, key=lambda record: (record.zone, record.name, record.type))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        faults = list(pool.map(lambda record: _fault(record, lookup), ordered))
    sentences: list[str] = []
    for zone, group in groupby(zip(ordered, faults, strict=True), key=lambda pair: pair[0].zone):
        found = [fault for _, fault in group if fault]
        if not found:
            continue
        reasons = [delegation_fault(zone, written_to.get(zone, ()), name_servers), *(fault.reason for fault in found)]
        sentences += dict.fromkeys(filter(None, reasons))
        sentences += [fault.sentence for fault in found]
    return sentences


def delegation_fault(zone: str, written_to: Sequence[str], name_servers: NameServers) -> str | None:
    """Say that a zone is delegated to other name servers than those of the hosts that were written to.

    With several hosts, `written_to` holds the name servers of all: a zone that moves may be delegated to either, or to
    some of both. None where it is so, where a host's name servers are not known, and where DNS does not answer; for a
    zone whose DNSSEC is broken, that sentence.
    """
    if not zone or not written_to:
        return None
    try:
        delegated = _names(name_servers(zone))
    except BogusAnswer as error:
        return str(error)
    except MailstackError:
        return None
    wanted = _names(written_to)
    if not delegated:
        return (
            f"zone {zone}: DNS names no name servers for it; have the domain's registrar delegate it to "
            f"{', '.join(wanted)}, where its records were written"
        )
    if set(delegated) <= set(wanted):
        return None
    return (
        f"zone {zone} is delegated to {', '.join(delegated)}, but its records were written to {', '.join(wanted)}; "
        "delegate it to these at the registrar, or publish the records where the zone is served"
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with one record; `reason` is what other records of its zone may share."""

    sentence: str
    reason: str = ""


def _fault(record: WantedRecord, lookup: Lookup) -> _Fault | None:
    wanted = [_normal(record.type, value) for value in record.values]
    head = f"{record.type} {record.name}{f' ({record.purpose})' if record.purpose else ''}"
    should = f"it should be {' and '.join(map(_quoted, wanted))}"
    try:
        shown = [_normal(record.type, value) for value in lookup(record.name, record.type)]
        if _satisfies(record, wanted, shown):
            return None
        if shown := _related(record, wanted, shown):
            return _Fault(f"{head} is wrong: {should}, but DNS answers {' and '.join(map(_quoted, shown))}")
        if record.zone and lookup(f"{record.name}.{record.zone}", record.type):
            return _Fault(
                f"{head} is missing: it exists at {record.name}.{record.zone}, the zone's name entered twice; "
                f"write it without .{record.zone} at the end"
            )
    except BogusAnswer as error:
        return _Fault(f"{head} cannot be seen while DNSSEC is broken", str(error))
    except MailstackError as error:
        return _Fault(f"{head} could not be checked: {error}")
    return _Fault(f"{head} is missing: {should}")


def _satisfies(record: WantedRecord, wanted: Sequence[str], shown: Sequence[str]) -> bool:
    # Other TXT values may exist beside ours, but not a second SPF record (RFC 7208 section 3.2); SES asks for exactly
    # one MX at a MAIL FROM domain.
    if record.type == "TXT":
        return set(wanted) <= set(shown) and len(_related(record, wanted, shown)) == len(wanted)
    return set(wanted) == set(shown)


def _related(record: WantedRecord, wanted: Sequence[str], shown: Sequence[str]) -> list[str]:
    """Return the values that receivers would take for ours: of text, ours and policy records of the same kind."""
    if record.type != "TXT":
        return list(shown)
    return [value for value in shown if value in wanted or any(same_kind(record.name, value, one) for one in wanted)]


def _normal(record_type: str, value: str) -> str:
    # A null MX is "0 ." (RFC 7505), whose dot is the whole name.
    return value if record_type == "TXT" or value.endswith(" .") else value.strip().lower().removesuffix(".")


def _names(names: Sequence[str]) -> list[str]:
    return sorted({name.lower().removesuffix(".") for name in names})


def _quoted(value: str) -> str:
    return f'"{value}"'
