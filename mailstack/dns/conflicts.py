"""What a new record would contradict or double at its name, and what can be done about it.

One rule for every DNS host: a host's write asks it before it adds a value, a preview asks it before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailstack.dns.changes import Change, ExistingRecord, content, contents, edit
from mailstack.errors import Conflict
from mailstack.mail.policy_records import same_kind
from mailstack.paths import key_path

MARK = "mailstack "  # how the mark of any stack's record begins
# Which key of a domain asks for the record whose name begins so, and what the key is set to where it is not wanted.
_KEYS = {"_dmarc": "dmarc", "default._bimi": "bimi", "_mta-sts": "mtaSts", "_smtp._tls": "tlsRpt"}


def check(existing: Iterable[ExistingRecord], change: Change) -> None:
    """Refuse a change that existing records contradict; raises Conflict. `existing` may hold other names, too."""
    if found := conflicting(existing, change):
        raise Conflict(refusal(found, change))


def conflicting(existing: Iterable[ExistingRecord], change: Change) -> list[ExistingRecord]:
    """List the existing records that a change would contradict or double; none where it adds nothing.

    A CNAME allows nothing else at its name (RFC 1034 section 3.6.2). A name has one policy record of a kind, one CNAME
    and, for the return path, one MX (SES asks for exactly one); an address beside somebody else's would get a part of
    its traffic. An equal value is somebody else's unless this stack wrote it. Other TXT values are no conflict.
    """
    there = [record for record in existing if record.name == change.name]
    ours = change.ours()
    foreign = [record for record in there if record.type != change.type or record.content not in ours]
    after = contents(change.type, change.after)
    doubled = [record for record in foreign if record.type == change.type and record.content in after]
    wanted = edit(there, change)
    if wanted.added:
        texts = [content(change.type, value) for value in wanted.added]
        return [record for record in foreign if record in doubled or _contradicts(record, change.type, texts)]
    if wanted:
        return doubled + [record for record in there if record.type == change.type and record.locks_set]
    return doubled


def _contradicts(record: ExistingRecord, record_type: str, texts: Sequence[str]) -> bool:
    if record.type != record_type:
        return record_type == "CNAME" or (record.type == "CNAME" and record.is_alias)
    if record_type != "TXT" or record.locks_set:
        return True
    return any(same_kind(record.name, record.content, text) for text in texts)


def refusal(found: Sequence[ExistingRecord], change: Change) -> str:
    """Say what exists, what this stack wants, that nothing was changed, and the ways on."""
    values = " and ".join(f'"{value}"' for value in change.after)
    wants = f"This stack wants to publish {change.type} {values} there" if values else "This stack wants to change it"
    return " ".join(
        filter(
            None,
            (
                f"{change.name}: {' and '.join(map(_described, found))} already exist{'' if found[1:] else 's'}.",
                f"{wants}, but did not create what exists, so nothing was changed.",
                *(f"It cannot be changed there: {record.locked}." for record in found[:1] if record.locked),
                *_ways_on(found[0], change),
            ),
        )
    )


def _described(record: ExistingRecord) -> str:
    comment = f" (comment: {record.mark})" if record.mark else ""
    return f'{record.type} "{record.content}"{comment}'


def _ways_on(record: ExistingRecord, change: Change) -> list[str]:
    if record.mark.startswith(MARK):
        return ["Another mailstack stack published it: to send through that stack's domain, set manage: false here."]
    ways = [f"To keep it, {_kept(change)}."]
    if record.type != change.type:
        ways.append(
            "To publish this one instead, delete the existing one first; if it comes from this stack's earlier "
            "settings, remove it from them, run `pulumi up`, and then add this one."
        )
    elif not record.locked:
        ways.append("To manage it with this stack, run `mailstack adopt`.")
    return ways


def _kept(change: Change) -> str:
    """Say which setting leaves a name to what exists there, judged by the record that is wanted."""
    texts = " ".join(map(str, change.after)).lower()
    for start, key in _KEYS.items():
        if change.name.startswith(f"{start}."):
            domain = change.name.removeprefix(f"{start}.")
            off = f"set {key_path('domains', domain, key)} to off"
            return off if key == "dmarc" else f"remove {key_path('domains', domain, key)}"
    if "._report._dmarc." in change.name:
        domain, _, target = change.name.partition("._report._dmarc.")
        return f"remove the address at {target} from {key_path('domains', domain, 'dmarc', 'rua')}"
    if texts.startswith("v=spf1"):
        return (
            f"set {key_path('domains', change.name, 'spf')} to off or, where this is a return path, choose another "
            "returnPath for the domain"
        )
    if change.type == "MX":
        return (
            f"choose another returnPath for the domain or, where this is the domain itself, set "
            f"{key_path('domains', change.name, 'inbound')} to off"
        )
    if "._domainkey." in change.name and change.type == "TXT":
        return "choose another DKIM selector for the domain"
    return "set manage: false for the domain, or remove the record from its settings"
