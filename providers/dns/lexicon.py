"""DNS hosts through dns-lexicon, value by value: whatever of its hosts a zone is at, one way to write there.

dns-lexicon knows no record sets and no conditions: what exists is compared before it is changed, which somebody else's
change in the same moment may slip through. Its hosts do not all do what they are asked: what was written is read back,
and what did not come back as it was written is an error.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from pydantic import BaseModel, Field

from mailstack.catalog import Problem
from mailstack.dns import conflicts
from mailstack.dns.changes import Change, Edit, ExistingRecord, content, contents, edit
from mailstack.dns.records import AUTOMATIC_TTL, RecordSet, check_in_zone
from mailstack.errors import Refused, Unanswered, VendorError
from mailstack.model import Model
from mailstack.settings.fields import Secret

from . import rfc2136
from .base import TRIES, Access, DnsHost, HostedZone, WholeZone, looked
from .lexicon_client import Session, check_provider
from .lexicon_values import Listed, read


class LexiconKeys(Model):
    """What may be written for a zone at a host of dns-lexicon's."""

    provider: str
    """The DNS host as dns-lexicon names it, such as powerdns."""
    options: dict[str, str] = Field(default={})
    """What dns-lexicon needs to know of it and is not secret, by dns-lexicon's names."""


class LexiconSecrets(Model):
    """What dns-lexicon logs in with."""

    options: dict[str, Secret]
    """Secret options of dns-lexicon, such as auth_token."""


def check(record: RecordSet) -> None:
    """Refuse a TXT value that no DNS message holds; raises RecordError."""
    rfc2136.check(record)


class Lexicon:
    """One DNS host of dns-lexicon's, for any of its zones that the options give access to."""

    def __init__(self, access: Access) -> None:
        """Take the host's name in dns-lexicon and its options (auth_token, ...), which are never shown."""
        keys = LexiconKeys.model_validate(access.keys)
        self._provider = keys.provider
        self._options: Mapping[str, str] = {**keys.options, **access.secrets.get("options", {})}
        self._lock = threading.Lock()  # dns-lexicon's hosts change a record set by reading and writing it

    def zones(self, names: Collection[str]) -> list[HostedZone]:
        """Log in to the host for each zone; its name servers are not known. Raises VendorError."""
        for name in names:
            self._session(name, "log in for").log_in()
        return [HostedZone(name, name) for name in names]

    def existing(self, zone: HostedZone, names: Collection[str]) -> list[ExistingRecord]:
        """List all records of a zone; raises VendorError."""
        listed = self._session(zone.name, "list the records of").records()
        return WholeZone(one.record for one in read(listed, zone.name))

    def write(self, zone: HostedZone, change: Change) -> None:
        """Look, change the values of one slot, and look again, up to three times.

        What is missing is made before what is left over is deleted, so that the name is never without a record, unless
        the host can do no better. Raises RecordError, Conflict, VendorError.
        """
        check_in_zone(change.name, zone.name)  # dns-lexicon would append the zone
        if change.after:
            check(RecordSet(change.name, change.type, change.ttl, change.after))
        doing = f"{'write' if change.after else 'delete'} {change.type} {change.name} in"
        with self._lock:
            _write(self._session(zone.name, doing), zone, change)

    def _session(self, zone: str, doing: str) -> Session:
        return Session(self._provider, self._options, zone, doing)


def _write(session: Session, zone: HostedZone, change: Change) -> None:
    lost: Unanswered | None = None
    goal = 0
    for attempt in range(TRIES + 1):
        listed = looked(partial(_at, session, zone, change.name), lost)
        existing = [one.record for one in listed]
        there = [one for one in listed if one.record.type == change.type]
        changes, shared = edit(existing, change), _is_shared(there, change)
        if attempt == 0:
            conflicts.check(existing, change)
            # Many hosts keep one TTL for a whole set, and do not change it while others' values are in it.
            changes, goal = replace(changes, has_new_ttl=changes.has_new_ttl and not shared), changes.ttl
        elif conflicts.conflicting(existing, change):
            raise _not_as_written(there, change, changes)  # the host made something else of what it was given
        else:
            changes = replace(changes, ttl=goal, has_new_ttl=_has_other_ttl(there, change, goal))
        if not changes or (attempt == TRIES and shared and not changes.added and not changes.removed):
            return
        if attempt == TRIES:
            break
        lost = None
        try:
            _apply(session, there, change, changes, anew=attempt > 0)
        except Unanswered as error:
            lost = error
        except VendorError as error:
            raise type(error)(f"{error}; {_shown(session, zone, change)}") from None
        change = replace(change, before=(*change.before, *change.after))
    if lost:
        raise Unanswered(f"{lost}; {_listed(there)}")
    raise _not_as_written(there, change, changes)


def _is_shared(there: Sequence[Listed], change: Change) -> bool:
    """Tell whether somebody else's value is in the record set."""
    ours = change.ours() | contents(change.type, change.after)
    return any(one.record.content not in ours for one in there)


def _has_other_ttl(there: Sequence[Listed], change: Change, ttl: int) -> bool:
    """Tell whether a value of ours came back with another TTL than it was written with."""
    ours = contents(change.type, (*change.after, *change.beside))
    return ttl != AUTOMATIC_TTL and any(
        one.record.ttl not in (0, ttl) for one in there if change.after and one.record.content in ours
    )


def _at(session: Session, zone: HostedZone, name: str) -> list[Listed]:
    """List what exists at a name; raises VendorError."""
    return [one for one in read(session.records(), zone.name) if one.record.name == name]


def _apply(session: Session, there: list[Listed], change: Change, changes: Edit, *, anew: bool) -> None:
    """Take the steps of an edit: in place where the host can, else what is missing and then what is left over.

    anew: the first try did not do it, so that nothing is changed in place, and records are deleted by their ids.
    """
    kind, name = change.type, change.name
    ttl = None if changes.ttl == AUTOMATIC_TTL else changes.ttl
    ours = {content(kind, value): value for value in (*change.after, *change.beside)}
    leaving = [one for one in there if one.record.content in changes.removed]
    added = list(changes.added)

    def remove(one: Listed) -> None:
        if anew and one.id is not None:
            session.delete_by_id(one.id, ttl)
        else:
            session.delete(kind, name, one.content, ttl)

    if changes.has_new_ttl:
        for one in there:
            if one.record.content in ours and one.record.ttl not in (0, changes.ttl):
                value = ours[one.record.content]
                if one.id is not None and not anew:
                    session.update(one.id, kind, name, value, ttl)
                else:
                    remove(one)
                    added.append(value)
    if kind == "CNAME" and leaving and added:  # two of them cannot be at a name, not even for a moment
        [one], [value] = leaving, added
        if one.id is not None and not anew:
            session.update(one.id, kind, name, value, ttl)
            return
        remove(one)
        leaving = []
    for value in added:
        session.create(kind, name, value, ttl)
    for one in leaving:
        remove(one)


def _not_as_written(there: list[Listed], change: Change, changes: Edit) -> VendorError:
    head = f"{change.type} {change.name}"
    if changes.added or changes.removed:
        return Refused(
            f"{head} did not come back from this host as it was written; {_listed(there)}. dns-lexicon cannot be "
            "trusted with it there: make the record by hand (host: manual)"
        )
    kept = max(one.record.ttl for one in there)
    return Refused(
        f"{head}: this host keeps a TTL of {kept} s instead of {changes.ttl} s; write that as the ttl of the domain"
    )


def _shown(session: Session, zone: HostedZone, change: Change) -> str:
    """Say what exists now, as far as the host tells it."""
    try:
        found = _at(session, zone, change.name)
    except VendorError:
        return "what exists there now is not known"
    return _listed([one for one in found if one.record.type == change.type])


def _listed(there: list[Listed]) -> str:
    values = " and ".join(f'"{one.record.content}"' for one in there)
    return f"there exists now: {values or 'nothing'}"


def problems(zone: str, keys: BaseModel, secrets: BaseModel | None) -> Iterable[Problem]:
    """Find a DNS host that dns-lexicon does not know, or that needs more packages."""
    try:
        check_provider(cast(LexiconKeys, keys).provider, "")
    except VendorError as error:
        yield Problem(("provider",), str(error).removeprefix(": "))


HOST = DnsHost(
    name="lexicon",
    title="DNS host (dns-lexicon)",
    keys=LexiconKeys,
    secrets=LexiconSecrets,
    keeps_marks=False,
    publishes=True,
    check=check,
    problems=problems,
    client=Lexicon,
)
