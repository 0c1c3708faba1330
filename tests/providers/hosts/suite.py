"""What every DNS host must do, whoever writes there: one suite that each adapter passes.

A host's test module gives one fixture and inherits the behaviours:

    from .suite import HostBehaviours, StoreBehaviours, Subject, asker

    @pytest.fixture(scope="module")
    def subject() -> Iterator[Subject]:
        with a_real_server() as server:
            host = Rfc2136("127.0.0.1", server.port, ...)
            yield Subject(
                host=host,
                zone=host.zone("example.com"),
                write=lambda record: host.put(host.zone("example.com"), record, None),
                plant=server.nsupdate,
                ask=asker(server.port),
                refused=(RecordSet("big.example.com", "TXT", 300, ("a" * 70_000,)),),
            )

    class TestRfc2136(HostBehaviours, StoreBehaviours):
        pass

A host that a published Pulumi provider serves (Cloudflare, Route 53) inherits HostBehaviours only. A RecordStore
inherits both and writes with its own `put`. The zone may be shared by the whole module: every test takes a name of its
own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import Conflict, RecordError, VendorError
from providers.dns.base import HostedZone, StandingRecord

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Shown:
    """What a host's DNS answers for one name and type: TXT joined and unquoted, an MX "10 mail.example.com"."""

    ttl: int
    values: frozenset[str]


@dataclass(frozen=True)
class Subject:
    """One host under test.

    `write` makes a record set as the kit's user does (a provider's plugin, or the adapter's own put), `plant` a single
    value as somebody else would, by the host's own means: name and value may have upper case, a TXT value is bare text.
    `refused` are record sets that the model takes and this host refuses; writing one must raise, whatever it raises.
    """

    host: Any  # a DnsHost, and for StoreBehaviours a RecordStore
    zone: HostedZone
    write: Callable[[RecordSet], object]
    plant: Callable[[str, str, str], object]
    ask: Callable[[str, str], Shown]
    refused: Sequence[RecordSet]

    def name(self, label: str = "x") -> str:
        """Return a name in the zone that no other test uses."""
        return f"{label}.t{next(_numbers)}.{self.zone.name}"

    def standing_at(self, name: str) -> list[StandingRecord]:
        """List what the adapter says stands at a name."""
        return [one for one in self.host.standing(self.zone) if one.name == name]


# Label, type, values: all of them allowed by RFC 1035 and printable.
SETS: Sequence[tuple[str, str, tuple[str | Mx, ...]]] = (
    ("plain", "TXT", ("v=spf1 include:amazonses.com ~all",)),
    ("_dmarc", "TXT", ("v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.net",)),
    ("quotes", "TXT", ('say "hello" and ""',)),
    ("backslashes", "TXT", (r"C:\mail\new \" \\ \065 ends in \\",)),
    ("signs", "TXT", ("100% @ $HOME #1 (a;b) <c> 'd' `e` {f} ~!",)),
    ("blanks", "TXT", (" begins, has  two and ends with blanks ",)),
    ("one-string", "TXT", ("a" * 255,)),
    ("two-strings", "TXT", ("b" * 256,)),
    ("sel._domainkey", "TXT", (f"v=DKIM1; k=rsa; p={'c' * 580}",)),
    ("quote-at-the-seam", "TXT", (f'{"d" * 254}"\\"{"e" * 254}\\"',)),
    ("several", "TXT", ("first=1", "second=2", "v=spf1 -all")),
    ("mail", "MX", (Mx(10, "feedback-smtp.eu-west-1.amazonses.com"),)),
    ("mails", "MX", (Mx(10, "a.mail.example.net"), Mx(20, "b.mail.example.net"))),
    ("no-mail", "MX", (Mx(0, "."),)),
    ("token._domainkey", "CNAME", ("token.dkim.amazonses.com",)),
    ("alias", "CNAME", ("_under.score.example.net",)),
    ("*", "TXT", ("any=1",)),
    ("*._domainkey", "TXT", ("v=DKIM1; p=",)),
    ("four", "A", ("192.0.2.1", "192.0.2.2")),
    ("six", "AAAA", ("2001:db8::1",)),
)


class HostBehaviours:
    """What every DNS host does."""

    @pytest.mark.parametrize(("label", "kind", "values"), SETS, ids=[one[0] for one in SETS])
    def test_what_was_written_is_listed_and_served(
        self, subject: Subject, label: str, kind: str, values: tuple[str | Mx, ...]
    ) -> None:
        """The adapter lists the very values that were written, unlocked and with their TTL, and DNS answers them."""
        record = RecordSet(subject.name(label), kind, 300, values)
        subject.host.check(record)
        subject.write(record)
        texts = {str(value) for value in values}
        listed = subject.standing_at(record.name)
        assert sorted((one.type, one.content, one.ttl, one.locked) for one in listed) == sorted(
            (kind, text, 300, "") for text in texts
        )
        assert subject.ask(record.name, kind) == Shown(300, frozenset(texts))

    @pytest.mark.parametrize("ttl", [60, 3600, 86400])
    def test_the_ttl_is_kept(self, subject: Subject, ttl: int) -> None:
        """The TTL that was written is listed and served."""
        record = RecordSet(subject.name("ttl"), "TXT", ttl, ("ttl=kept",))
        subject.write(record)
        assert [one.ttl for one in subject.standing_at(record.name)] == [ttl]
        assert subject.ask(record.name, "TXT").ttl == ttl

    @pytest.mark.parametrize(
        ("kind", "planted", "listed"),
        [
            ("CNAME", "Target.Example.NET", "target.example.net"),
            ("MX", "10 Mail.Example.NET", "10 mail.example.net"),
            ("TXT", "Case=Matters", "Case=Matters"),
        ],
    )
    def test_upper_case_never_comes_back(self, subject: Subject, kind: str, planted: str, listed: str) -> None:
        """Names and targets that somebody wrote in upper case are listed in lower case, texts as they are."""
        name = subject.name("upper")
        subject.plant(name.replace("upper", "UPPER"), kind, planted)
        assert [(one.type, one.content) for one in subject.standing_at(name)] == [(kind, listed)]

    def test_a_value_of_somebody_else_is_listed(self, subject: Subject) -> None:
        """What stands is listed whoever wrote it, and it carries no mark of ours."""
        name = subject.name("foreign")
        subject.plant(name, "TXT", "site-verification=1")
        assert [(one.content, "mailstack" in one.mark) for one in subject.standing_at(name)] == [
            ("site-verification=1", False)
        ]

    def test_a_name_inside_another_is_not_taken_for_it(self, subject: Subject) -> None:
        """What stands below a name, or at its parent, does not stand at it."""
        name = subject.name("parent")
        subject.write(RecordSet(f"below.{name}", "TXT", 300, ("below=1",)))
        assert subject.standing_at(name) == []
        assert subject.ask(name, "TXT").values == frozenset()

    def test_a_zone_that_is_not_there_is_said(self, subject: Subject) -> None:
        """The look-up of a zone that the host does not hold is a VendorError with the zone's name."""
        with pytest.raises(VendorError, match=r"absent\.example\.invalid"):
            subject.host.zone("absent.example.invalid")

    def test_a_zone_below_is_not_the_zone(self, subject: Subject) -> None:
        """A name inside a zone is no zone of its own."""
        with pytest.raises(VendorError, match=rf"nozone\.{subject.zone.name}"):
            subject.host.zone(f"nozone.{subject.zone.name}")

    def test_the_zone_is_found_by_its_name(self, subject: Subject) -> None:
        """The zone has its name, and the name servers that it names serve it."""
        found = subject.host.zone(subject.zone.name)
        assert (found.name, bool(found.id)) == (subject.zone.name, True)
        served_by = {name.removesuffix(".") for name in subject.ask(subject.zone.name, "NS").values}
        assert set(found.name_servers) <= served_by

    def test_every_standing_value_can_be_imported(self, subject: Subject) -> None:
        """The values of a record set have an import id each, or one for all where the host keeps record sets."""
        record = RecordSet(subject.name("import"), "TXT", 300, ("one=1", "two=2"))
        other = RecordSet(subject.name("import"), "TXT", 300, ("three=3",))
        subject.write(record)
        subject.write(other)
        listed = [*subject.standing_at(record.name), *subject.standing_at(other.name)]
        ids = [subject.host.import_id(subject.zone, one) for one in listed]
        assert len(ids) == 3
        assert all(ids)
        assert len(set(ids)) in (2, 3)
        assert not set(ids[:2]) & set(ids[2:])

    def test_what_the_host_refuses_is_refused_before(self, subject: Subject) -> None:
        """`check` refuses, with the record's name, what the host itself refuses."""
        assert subject.refused
        for record in subject.refused:
            with pytest.raises(RecordError) as refusal:
                subject.host.check(record)
            assert record.name in str(refusal.value)
            with pytest.raises(Exception):  # noqa: B017 - each host's own means raises its own error
                subject.write(record)
            assert subject.standing_at(record.name) == []


class StoreBehaviours:
    """What a host does that the kit's own plugin writes to (a RecordStore)."""

    def test_put_over_nothing_and_again_is_quiet(self, subject: Subject) -> None:
        """A record set is written where nothing stands; written again it stands once, and nobody complains."""
        record = _text(subject.name("again"), "one=1", "two=2")
        assert subject.host.look_up(subject.zone, record.name, "TXT") is None
        for _ in range(2):
            subject.host.put(subject.zone, record, None)
            assert _found(subject, record) == record
        assert subject.ask(record.name, "TXT").values == {"one=1", "two=2"}

    @pytest.mark.parametrize(("label", "kind", "values"), SETS, ids=[one[0] for one in SETS])
    def test_look_up_finds_what_was_put(
        self, subject: Subject, label: str, kind: str, values: tuple[str | Mx, ...]
    ) -> None:
        """The record set that is looked up is the one that was put, value by value."""
        record = RecordSet(subject.name(label), kind, 300, values)
        subject.host.put(subject.zone, record, None)
        assert _found(subject, record) == record

    def test_put_over_something_else_changes_nothing(self, subject: Subject) -> None:
        """Where another value stands, a new record set is a Conflict that says what stands, which then still does."""
        foreign = _text(subject.name("taken"), "foreign=1")
        subject.plant(foreign.name, "TXT", "foreign=1")
        with pytest.raises(Conflict, match=foreign.name):
            subject.host.put(subject.zone, _text(foreign.name, "ours=1"), None)
        assert subject.ask(foreign.name, "TXT").values == {"foreign=1"}

    def test_put_beside_a_value_of_somebody_else_changes_nothing(self, subject: Subject) -> None:
        """A record set is one thing: a value that was added to ours meanwhile is not lost by our change."""
        ours = _text(subject.name("beside"), "ours=1")
        subject.host.put(subject.zone, ours, None)
        subject.plant(ours.name, "TXT", "foreign=1")
        with pytest.raises(Conflict, match=ours.name):
            subject.host.put(subject.zone, _text(ours.name, "ours=2"), ours)
        with pytest.raises(Conflict, match=ours.name):
            subject.host.delete(subject.zone, ours)
        assert subject.ask(ours.name, "TXT").values == {"ours=1", "foreign=1"}

    def test_put_with_what_stands_changes_it(self, subject: Subject) -> None:
        """Values and TTL change where the record set that stands is the one expected."""
        first = _text(subject.name("change"), "one=1", "two=2")
        second = RecordSet(first.name, "TXT", 3600, ("two=2", "three=3"))
        subject.host.put(subject.zone, first, None)
        subject.host.put(subject.zone, second, first)
        assert _found(subject, second) == second
        assert subject.ask(first.name, "TXT") == Shown(3600, frozenset(("two=2", "three=3")))

    def test_put_with_another_before_changes_nothing(self, subject: Subject) -> None:
        """An update that is based on what no longer stands is a Conflict (no lost update)."""
        standing = _text(subject.name("stale"), "newer=1")
        subject.host.put(subject.zone, standing, None)
        with pytest.raises(Conflict, match=standing.name):
            subject.host.put(subject.zone, _text(standing.name, "ours=1"), _text(standing.name, "older=1"))
        assert subject.ask(standing.name, "TXT").values == {"newer=1"}

    def test_a_change_that_stands_already_is_quiet(self, subject: Subject) -> None:
        """A change that was made without an answer is made again without complaint."""
        before = _text(subject.name("resumed"), "one=1")
        after = _text(before.name, "two=2")
        subject.host.put(subject.zone, before, None)
        for _ in range(2):
            subject.host.put(subject.zone, after, before)
        assert subject.ask(before.name, "TXT").values == {"two=2"}

    def test_an_alias_is_not_put_beside_other_data(self, subject: Subject) -> None:
        """A CNAME stands alone at its name (RFC 1034 section 3.6.2): a refusal, and what stood still stands."""
        text = _text(subject.name("alone"), "text=1")
        alias = RecordSet(text.name, "CNAME", 300, ("target.example.net",))
        subject.host.put(subject.zone, text, None)
        with pytest.raises(VendorError, match=text.name):
            subject.host.put(subject.zone, alias, None)
        assert subject.ask(text.name, "TXT").values == {"text=1"}
        assert subject.ask(text.name, "CNAME").values == frozenset()

    def test_other_types_at_the_name_are_left_alone(self, subject: Subject) -> None:
        """A record set is of one type: writing, changing and deleting it touches no other at the same name."""
        name = subject.name("types")
        text, mail = _text(name, "text=1"), RecordSet(name, "MX", 300, (Mx(10, "mail.example.net"),))
        subject.host.put(subject.zone, mail, None)
        subject.host.put(subject.zone, text, None)
        subject.host.put(subject.zone, _text(name, "text=2"), text)
        subject.host.delete(subject.zone, _text(name, "text=2"))
        assert subject.ask(name, "MX").values == {"10 mail.example.net"}
        assert subject.ask(name, "TXT").values == frozenset()

    def test_delete_removes_it_and_is_quiet_when_it_is_gone(self, subject: Subject) -> None:
        """A record set that is deleted is gone from list and DNS; deleting it again is no mistake."""
        record = _text(subject.name("gone"), "one=1", "two=2")
        subject.host.put(subject.zone, record, None)
        for _ in range(2):
            subject.host.delete(subject.zone, record)
            assert subject.host.look_up(subject.zone, record.name, "TXT") is None
        assert subject.standing_at(record.name) == []
        assert subject.ask(record.name, "TXT").values == frozenset()

    def test_delete_of_something_else_is_refused(self, subject: Subject) -> None:
        """What stands there instead is not ours to delete."""
        name = subject.name("not-ours")
        subject.plant(name, "TXT", "foreign=1")
        with pytest.raises(Conflict, match=name):
            subject.host.delete(subject.zone, _text(name, "ours=1"))
        assert subject.ask(name, "TXT").values == {"foreign=1"}


def asker(port: int, address: str = "127.0.0.1") -> Callable[[str, str], Shown]:
    """Return what asks the DNS server at a port, over TCP so that no answer is cut."""

    def ask(name: str, kind: str) -> Shown:
        import dns.message
        import dns.query
        import dns.rcode

        answer = dns.query.tcp(dns.message.make_query(name, kind), address, timeout=5, port=port)
        assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), dns.rcode.to_text(answer.rcode())
        sets = [one for one in answer.answer if one.name.to_text(True).lower() == name]
        ours = [one for one in sets if one.rdtype == answer.question[0].rdtype]
        values = frozenset(_shown(kind, item) for one in ours for item in one)
        return Shown(ours[0].ttl if ours else 0, values)

    return ask


def _shown(kind: str, item: Any) -> str:
    if kind == "TXT":
        return b"".join(item.strings).decode()
    if kind == "MX":
        return f"{item.preference} {item.exchange.to_text(True)}"
    return str(item.target.to_text(True) if kind in ("CNAME", "NS") else item.to_text())


def _text(name: str, *values: str) -> RecordSet:
    return RecordSet(name, "TXT", 300, values)


def _found(subject: Subject, wanted: RecordSet) -> RecordSet | None:
    """Look a record set up, its values in the order wanted: in DNS they have none (RFC 2181 section 5)."""
    found: RecordSet | None = subject.host.look_up(subject.zone, wanted.name, wanted.type)
    if found is None or set(found.values) != set(wanted.values):
        return found
    return RecordSet(found.name, found.type, found.ttl, wanted.values, wanted.purpose)
