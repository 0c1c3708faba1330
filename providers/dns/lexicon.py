"""DNS hosts through dns-lexicon, value by value: whatever of its hosts a zone is at, one way to write there.

dns-lexicon knows no record sets and no conditions: what stands is compared before it is changed, which somebody else's
change in the same moment may slip through. Its verbs are idempotent, and so are these. Its hosts do not all do what
they are asked: what was written is read back, and what did not come back as it was written is an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from mailstack.dns.records import AUTOMATIC_TTL, MIN_TTL, RecordSet, check_in_zone, mx
from mailstack.errors import Conflict, VendorError

from . import rfc2136
from .base import HostedZone, StandingRecord, not_ours
from .lexicon_client import Session, check_provider, session
from .lexicon_values import Listed, read

__all__ = ["Lexicon", "check_provider"]
_FRESH = 10.0  # seconds that a list of the zone serves further look-ups; whatever is written is compared anew


class Lexicon:
    """One DNS host of dns-lexicon's, for any of its zones that the options give access to."""

    def __init__(self, provider: str, options: Mapping[str, str]) -> None:
        """Take the host's name in dns-lexicon and its options (auth_token, ...), which are never shown."""
        self._provider, self._options = provider, dict(options)
        self._listed: dict[str, tuple[float, list[Listed]]] = {}
        self._lock = threading.RLock()  # dns-lexicon's hosts change a record set by reading and writing it

    def check(self, record: RecordSet) -> None:
        """Refuse a TXT value that no DNS message holds; raises RecordError."""
        rfc2136.check(record)

    def zone(self, name: str) -> HostedZone:
        """Log in to the host for a zone; its name servers are not known. Raises VendorError."""
        with self._lock, session(self._provider, self._options, name, "log in for"):
            return HostedZone(name, name)

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List what stands in a zone; raises VendorError."""
        with self._lock, session(self._provider, self._options, zone.name, "list the records of") as opened:
            return [one.record for one in self._list(opened, zone)]

    def standing_at(self, zone: HostedZone, name: str) -> list[StandingRecord]:
        """List what stands at one name; one list of the zone serves several look-ups. Raises VendorError."""
        with self._lock:
            when, listed = self._listed.get(zone.name, (0.0, []))
            recent = when and time.monotonic() - when < _FRESH
            records = [one.record for one in listed] if recent else self.standing(zone)
            return [one for one in records if one.name == name]

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return the plugin's id of a record set."""
        return f"lexicon/{zone.name}/{record.name}/{record.type}"

    def look_up(self, zone: HostedZone, name: str, record_type: str) -> RecordSet | None:
        """Return the record set that stands at a name, its TTL automatic where the host does not tell it.

        Raises VendorError.
        """
        there = [one for one in self.standing_at(zone, name) if one.type == record_type]
        if not there:
            return None
        values = dict.fromkeys(mx(one.content) if record_type == "MX" else one.content for one in there)
        ttl = max(there[0].ttl, MIN_TTL) if there[0].ttl else AUTOMATIC_TTL
        return RecordSet(name, record_type, ttl, tuple(values))

    def put(self, zone: HostedZone, record: RecordSet, before: RecordSet | None) -> None:
        """Write a record set where `before`, or a part of either, stands: an earlier try may have ended half-way.

        What is missing is made before what is left over is deleted, so that the name is never without a record, unless
        the host can do no better. Raises Conflict where something else stands, RecordError, VendorError.
        """
        self.check(record)
        check_in_zone(record.name, zone.name)  # dns-lexicon would append the zone
        doing, ttl = f"write {record.type} {record.name} in", record.ttl if record.ttl != AUTOMATIC_TTL else None
        with self._lock, session(self._provider, self._options, zone.name, doing, ttl) as opened:
            writing = _Writing(lambda: self._list(opened, zone), opened, record)
            writing.check_expected(before)
            try:
                writing.run()
            except VendorError as error:
                raise VendorError(f"{error}; {writing.shown()}") from None

    def delete(self, zone: HostedZone, record: RecordSet) -> None:
        """Delete what stands of a record set; raises Conflict where another stands, VendorError."""
        check_in_zone(record.name, zone.name)
        doing = f"delete {record.type} {record.name} in"
        with self._lock, session(self._provider, self._options, zone.name, doing) as opened:
            writing = _Writing(lambda: self._list(opened, zone), opened, record)
            writing.check_expected(record, beside=True)
            writing.remove(writing.there)
            if writing.there:
                raise VendorError(f"{self._provider} (dns-lexicon) could not {doing} {zone.name}: {writing.shown()}")

    def _list(self, opened: Session, zone: HostedZone) -> list[Listed]:
        self._listed.pop(zone.name, None)
        listed = read(opened.records(), zone.name)
        self._listed[zone.name] = (time.monotonic(), listed)
        return listed


class _Writing:
    """The writing of one record set: what stands of it, and the steps until it stands as wanted."""

    def __init__(self, listing: Callable[[], list[Listed]], opened: Session, record: RecordSet) -> None:
        self._listing, self._session, self._record = listing, opened, record
        self._wanted = {str(value): value for value in record.values}
        self._look()
        self._ours = {*self._wanted, *self._values()}

    def check_expected(self, before: RecordSet | None, *, beside: bool = False) -> None:
        """Raise Conflict where a value stands that is neither wanted nor from before, or an alias is in the way."""
        known = {*self._wanted, *(map(str, before.values) if before else ())}
        record, alias = self._record, self._record.type == "CNAME"
        if not self._values() <= known:
            raise Conflict(not_ours(record, _listed(self._values())))
        others = [one for one in self._others if alias or one.type == "CNAME"]
        if others and not beside:
            raise Conflict(not_ours(record, _listed(f"{one.type} {one.content}" for one in others)))

    def run(self) -> None:
        """Write what is missing, and read it back; a host that keeps another TTL or value gets it written anew once."""
        if self._done():
            return
        self._change()
        if not self._done() and self._values() <= self._ours:
            self.remove(self.there)
            self._create(self._wanted)
        if self._values() != set(self._wanted):
            raise VendorError(
                f"{self._record.type} {self._record.name} did not come back from this host as it was written; "
                "dns-lexicon cannot be trusted with it there: make the record by hand (host: manual)"
            )
        if not self._done():
            raise VendorError(
                f"{self._record.type} {self._record.name}: this host keeps a TTL of {self.there[0].record.ttl} s "
                f"instead of {self._record.ttl} s; write that as the ttl of the domain"
            )

    def remove(self, leaving: Iterable[Listed]) -> None:
        """Delete values as the host lists them; those that still stand, by their ids."""
        contents = {one.record.content for one in leaving}
        for one in leaving:
            self._session.delete(self._record.type, self._record.name, one.content)
        self._look()
        left = [one for one in self.there if one.record.content in contents and one.id is not None]
        for one in left:
            self._session.delete_by_id(one.id)
        if left:
            self._look()

    def shown(self) -> str:
        """Say what stands now, as far as the host tells it."""
        try:
            self._look()
        except VendorError:
            return "what stands there now is not known"
        return f"there stands now: {_listed(self._values())}"

    def _change(self) -> None:
        """Change as little as possible: in place, then what is missing, then what is left over."""
        for one in self.there:
            # Two aliases cannot stand at a name, not even for a moment.
            alias = self._record.type == "CNAME" and one.record.content not in self._wanted
            value = next(iter(self._wanted)) if alias else one.record.content
            if one.id is not None and value in self._wanted and (alias or not self._timely(one)):
                self._session.update(one.id, self._record.type, self._record.name, self._wanted[value])
        self._look()
        if self._record.type != "CNAME" or not self.there:
            self._create(self._wanted.keys() - self._values())
        if leaving := [one for one in self.there if one.record.content in self._ours - self._wanted.keys()]:
            self.remove(leaving)
            self._create(self._wanted.keys() - self._values())

    def _create(self, values: Iterable[str]) -> None:
        missing = [value for text, value in self._wanted.items() if text in set(values)]
        for value in missing:
            self._session.create(self._record.type, self._record.name, value)
        if missing:
            self._look()

    def _look(self) -> None:
        at = [one for one in self._listing() if one.record.name == self._record.name]
        self.there = [one for one in at if one.record.type == self._record.type]
        self._others = [one.record for one in at if one.record.type != self._record.type]

    def _values(self) -> set[str]:
        return {one.record.content for one in self.there}

    def _timely(self, one: Listed) -> bool:
        """Say whether a value has the TTL wanted, as far as the host tells it."""
        return self._record.ttl == AUTOMATIC_TTL or one.record.ttl in (0, self._record.ttl)

    def _done(self) -> bool:
        return self._values() == set(self._wanted) and all(map(self._timely, self.there))


def _listed(values: Iterable[str]) -> str:
    return " and ".join(map(repr, sorted(values))) or "nothing"
