"""DNS hosts through dns-lexicon, value by value: whatever of its hosts a zone is at, one way to write there.

dns-lexicon knows no record sets and no conditions: what stands is compared before it is changed, which somebody else's
change in the same moment may slip through. Its verbs are idempotent, and so are these.
"""

from __future__ import annotations

import difflib
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailstack.records import Mx, RecordError, RecordSet, mx

from . import rfc2136
from .base import Conflict, HostedZone, HostError, StandingRecord

TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
LIST = "https://dns-lexicon.readthedocs.io/en/latest/configuration_reference.html"
_NEAREST = 3


class Lexicon:
    """One DNS host of dns-lexicon's, for any of its zones that the options give access to."""

    def __init__(self, provider: str, options: Mapping[str, str]) -> None:
        """Take the host's name in dns-lexicon and its options (auth_token, ...), which are never shown."""
        self._provider, self._options = provider, dict(options)
        self._listed: dict[str, list[StandingRecord]] = {}
        self._lock = threading.RLock()  # dns-lexicon's hosts change a record set by reading and writing it

    def check(self, record: RecordSet) -> None:
        """Refuse what no host of dns-lexicon's could be given; raises RecordError."""
        check(record)

    def zone(self, name: str) -> HostedZone:
        """Log in to the host for a zone; its name servers are not known. Raises HostError."""
        with self._lock, self._session(name, "log in for"):
            return HostedZone(name, name)

    def standing(self, zone: HostedZone) -> list[StandingRecord]:
        """List what stands in a zone; raises HostError."""
        with self._lock, self._session(zone.name, "list the records of") as session:
            self._listed[zone.name] = [
                entry for one in session.list_records() for entry in _entries(one, zone.name) if entry.type in TYPES
            ]
            return self._listed[zone.name]

    def standing_at(self, zone: HostedZone, name: str) -> list[StandingRecord]:
        """List what stands at one name; the zone is listed once, until something is written. Raises HostError."""
        with self._lock:
            listed = self._listed.get(zone.name)
            return [one for one in (self.standing(zone) if listed is None else listed) if one.name == name]

    def import_id(self, zone: HostedZone, record: StandingRecord) -> str:
        """Return the plugin's id of a record set."""
        return f"lexicon/{zone.name}/{record.name}/{record.type}"

    def look_up(self, zone: HostedZone, name: str, record_type: str) -> RecordSet | None:
        """Return the record set that stands at a name; raises HostError."""
        there = [one for one in self.standing(zone) if (one.name, one.type) == (name, record_type)]
        if not there:
            return None
        values = tuple(mx(one.content) if record_type == "MX" else one.content for one in there)
        return RecordSet(name, record_type, max(there[0].ttl, 30), tuple(dict.fromkeys(values)))

    def put(self, zone: HostedZone, record: RecordSet, before: RecordSet | None) -> None:
        """Write a record set where `before` stands: what is missing is made before what is left over is deleted.

        Raises Conflict where something else stands, HostError.
        """
        check(record)
        with self._lock:
            there = self._expected(zone, record, before)
            wanted, standing = set(map(str, record.values)), set(map(str, there.values)) if there else set[str]()
            if there and wanted == standing and there.ttl == record.ttl:
                return
            again = there is not None and there.ttl != record.ttl
            with self._session(zone.name, f"write {record.type} {record.name} in", record.ttl) as session:
                alone = record.type == "CNAME"  # two of them cannot stand together, not even for a moment
                gone = standing if again else standing - wanted
                for value in sorted(gone) if alone or again else ():
                    self._delete(session, record, value)
                for one in record.values:
                    if str(one) in wanted - (set() if again else standing):
                        self._create(session, record, one)
                for value in () if alone or again else sorted(gone):
                    self._delete(session, record, value)
            self._listed.pop(zone.name, None)

    def delete(self, zone: HostedZone, record: RecordSet) -> None:
        """Delete a record set; raises Conflict where another stands, HostError."""
        with self._lock:
            there = self.look_up(zone, record.name, record.type)
            if there is None:
                return
            if not _same(there, record):
                raise Conflict(_stands(record, there.values))
            with self._session(zone.name, f"delete {record.type} {record.name} in") as session:
                for value in record.values:
                    self._delete(session, record, str(value))
            self._listed.pop(zone.name, None)

    def _expected(self, zone: HostedZone, record: RecordSet, before: RecordSet | None) -> RecordSet | None:
        """Return what stands where that is what may be written over; raises Conflict."""
        there = self.look_up(zone, record.name, record.type)
        if there is not None and _same(there, record):
            return there
        if (there is None) != (before is None) or (there and before and not _same(there, before)):
            raise Conflict(_stands(record, there.values if there else ()))
        aliases = [
            one
            for one in self.standing_at(zone, record.name)
            if (one.type == "CNAME") != (record.type == "CNAME") and one.type != record.type
        ]
        if aliases:
            raise Conflict(_stands(record, [f"{one.type} {one.content}" for one in aliases]))
        return there

    def _create(self, session: Any, record: RecordSet, value: str | Mx) -> None:
        if isinstance(value, Mx) and session.takes_priority:
            session.priority(value.preference).create_record("MX", record.name, value.host)
            return
        session.create_record(record.type, record.name, _written(record.type, value))

    def _delete(self, session: Any, record: RecordSet, value: str) -> None:
        content = _written(record.type, value)
        if record.type == "MX" and session.takes_priority:
            content = value.partition(" ")[2]
        session.delete_record(None, record.type, record.name, content)

    @contextmanager
    def _session(self, zone: str, doing: str, ttl: int = 0) -> Iterator[_Session]:
        """Log in, and turn whatever the host or the library says into one sentence without secrets."""
        check_provider(self._provider, f"mailstack:dns.{zone}.provider")
        try:
            yield _Session(self._provider, self._options, zone, ttl)
        except (HostError, RecordError):
            raise
        except Exception as error:  # each of its hosts raises what its own client raises
            raise HostError(
                f"{self._provider} (dns-lexicon) could not {doing} {zone}: {self._without_secrets(_words(error))}"
            ) from None

    def _without_secrets(self, text: str) -> str:
        for secret in sorted(self._options.values(), key=len, reverse=True):
            if len(secret) > 3:
                text = text.replace(secret, "[secret]")
        return text


class _Session:
    """One login at a host for one zone."""

    def __init__(self, provider: str, options: Mapping[str, str], zone: str, ttl: int) -> None:
        import logging

        logging.getLogger("lexicon").setLevel(logging.CRITICAL)  # its debug lines hold requests and answers
        self._arguments = (provider, options, zone, ttl)
        self._client = _client(provider, options, zone, ttl, None)
        self._operations = self._client.__enter__()
        _mend(provider, self._operations.provider)
        # Hosts that keep the preference of an MX apart read it from an option; the others find it before the name.
        module = sys.modules[self._client.provider_class.__module__]
        self.takes_priority = '"priority"' in Path(str(module.__file__)).read_text()

    def priority(self, preference: int) -> Any:
        """Return the operations with the preference of an MX."""
        provider, options, zone, ttl = self._arguments
        return _client(provider, options, zone, ttl, preference).__enter__()

    def list_records(self) -> list[dict[str, Any]]:
        """List all records."""
        return list(self._operations.list_records())

    def create_record(self, record_type: str, name: str, content: str) -> None:
        """Make a record; one with the same content is left as it is."""
        self._operations.create_record(record_type, name, content)

    def delete_record(self, identifier: None, record_type: str, name: str, content: str) -> None:
        """Delete a record; one that is gone is no mistake."""
        self._operations.delete_record(identifier, record_type, name, content)


def check(record: RecordSet) -> None:
    """Refuse a TXT value that no DNS message holds; raises RecordError."""
    rfc2136.check(record)


def check_provider(provider: str, at: str) -> None:
    """Refuse a host that dns-lexicon does not know, or whose own library is missing; raises HostError."""
    from lexicon._private.discovery import find_providers  # the client has it, too, but needs options to be asked

    known = find_providers()
    if provider not in known:
        near = difflib.get_close_matches(provider.lower(), known, n=_NEAREST, cutoff=0.5)
        guess = f"; did you mean {', '.join(near)}?" if near else ""
        raise HostError(f'{at}: dns-lexicon knows no DNS host "{provider}"{guess} All of them: {LIST}')
    if not known[provider]:
        raise HostError(
            f'{at}: {provider} needs more packages: run uv add "dns-lexicon[{provider}]" in the project, then uv sync'
        )


def _client(provider: str, options: Mapping[str, str], zone: str, ttl: int, preference: int | None) -> Any:
    """Return a client for exactly this zone."""
    import lexicon.client
    from lexicon.config import ConfigResolver, DictConfigSource

    # The client guesses the zone by a list of public suffixes, which it would fetch; the zone is known.
    lexicon.client.tldextract = _NoGuess  # type: ignore[attr-defined,assignment]  # in its place
    plain = {name.removeprefix("--").replace("-", "_"): text for name, text in options.items()}
    asked: dict[str, Any] = {"provider_name": provider, "domain": zone, provider: {**plain}}
    asked |= {"ttl": ttl} if ttl > 1 else {}
    asked |= {"priority": preference} if preference is not None else {}
    resolver = ConfigResolver().with_dict(asked)  # type: ignore[no-untyped-call]  # it has no annotations
    client = lexicon.client.Client(resolver)
    client.config.add_config_source(DictConfigSource({"domain": zone}), 0)
    return client


def _mend(name: str, provider: Any) -> None:
    """Mend what dns-lexicon 3.25 gets wrong: its PowerDNS appends the zone to every target of a CNAME outside it."""
    if name == "powerdns":
        clean, unclean = provider._clean_content, provider._unclean_content
        provider._clean_content = lambda kind, text: text if kind == "CNAME" else clean(kind, text)
        provider._unclean_content = lambda kind, text: text if kind == "CNAME" else unclean(kind, text)


class _NoGuess:
    """In place of tldextract: a name is its own domain."""

    class TLDExtract:
        """Answers without a list of suffixes."""

        def __init__(self, **options: Any) -> None:
            """Take the options of the real one."""

        def __call__(self, name: str) -> Any:
            """Return the parts that the client joins."""
            return self

        domain, suffix = "zone", "invalid"


def _entries(one: Mapping[str, Any], zone: str) -> list[StandingRecord]:
    kind = str(one.get("type"))
    name = str(one.get("name") or "").lower().removesuffix(".")
    if name in ("", "@"):
        name = zone
    elif name != zone and not name.endswith(f".{zone}"):
        name = f"{name}.{zone}"
    ttl = str(one.get("ttl") or 0)
    content = _content(kind, str(one.get("content") or ""), one)
    return [StandingRecord(name, kind, content, id=str(one.get("id") or ""), ttl=int(ttl) if ttl.isdigit() else 0)]


def _content(kind: str, text: str, one: Mapping[str, Any]) -> str:
    if kind == "TXT":
        return _unquoted(text)
    text = text.strip().lower().removesuffix(".")
    if kind == "MX" and not re.match(r"\d+\s", text):
        preference = one.get("priority") or (one.get("options") or {}).get("mx", {}).get("priority") or 0
        return f"{int(preference)} {text or '.'}"
    return f"{text}." if kind == "MX" and text.endswith(" ") else " ".join(text.split())


def _written(record_type: str, value: str | Mx) -> str:
    """Write a value as dns-lexicon's hosts take it: text bare while it is one string, names absolute."""
    text = str(value)
    if record_type == "TXT":
        plain = len(text) <= 255 and text == text.strip() and not set('"\\') & set(text)
        return text if plain else _quoted(text)
    return f"{text.removesuffix('.')}." if record_type in ("CNAME", "MX") else text


def _quoted(text: str) -> str:
    chunks = [text[start : start + 255] for start in range(0, len(text), 255)]
    return " ".join('"' + chunk.replace("\\", "\\\\").replace('"', '\\"') + '"' for chunk in chunks)


def _unquoted(text: str) -> str:
    """Return the text of a TXT content that a host gives bare, quoted, or with its outermost quotes taken away."""
    if re.fullmatch(r'(?:"(?:[^"\\]|\\.)*"\s*)+', text):
        whole = text
    elif re.search(r'(?<!\\)" "', text) or "\\" in text:
        whole = f'"{text}"' if not text.endswith("\\") else f'"{text}""'
    else:
        return text
    return re.sub(r"\\(.)", r"\1", "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', whole)))


def _same(one: RecordSet, other: RecordSet) -> bool:
    return set(map(str, one.values)) == set(map(str, other.values))


def _stands(record: RecordSet, values: Any) -> str:
    shown = " and ".join(repr(str(value)) for value in values) or "nothing"
    return (
        f"{record.type} {record.name}: {shown} stands there, which is not what this stack wrote; it is left as it is. "
        "Name its values under records.also of the domain to keep them beside the stack's own, or delete them there"
    )


def _words(error: BaseException) -> str:
    response = getattr(error, "response", None)
    said = " ".join(str(getattr(response, "text", "") or "").split())[:300]
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text} ({said})" if said and said not in text else text
