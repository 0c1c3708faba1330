"""What every DNS host must do, whoever writes there: one suite that each host passes.

A host's test module gives one fixture and inherits the behaviours:

    from .suite import HostBehaviours, Subject, asker, writer
    from .writer_suite import GuardedBehaviours, WriterBehaviours

    @pytest.fixture(scope="module")
    def subject() -> Iterator[Subject]:
        with a_real_server() as server:
            client = Rfc2136(access(server))
            yield Subject(
                client=client,
                zone=client.zones(["example.com"])[0],
                check=rfc2136.check,
                write=writer(client, "example.com"),
                plant=server.nsupdate,
                ask=asker(server.port),
                refused=(RecordSet("big.example.com", "TXT", 300, ("a" * 70_000,)),),
                over=lambda line: a_client_behind(line),
            )

    class TestRfc2136(HostBehaviours, WriterBehaviours, GuardedBehaviours):
        pass

A host whose records a published Pulumi provider writes (Cloudflare) inherits HostBehaviours only, one whose writes
carry no condition (lexicon) not GuardedBehaviours. The zone may be shared by the whole module: every test takes a name
of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailstack.dns.changes import Change, ExistingRecord, Value
from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import Missing, RecordError
from providers.dns.base import HostClient, HostedZone, RecordWriter

numbers = itertools.count(1)


@dataclass(frozen=True)
class Shown:
    """What a host's DNS answers for one name and type: TXT joined and unquoted, an MX "10 mail.example.com"."""

    ttl: int
    values: frozenset[str]


@dataclass
class Line:
    """What happens to the writes of a client on their way: `before` runs ahead of the first `times` of them.

    The first `lost` answers are lost, each of a write which the host has carried out.
    """

    lost: int = 0
    before: Callable[[], object] | None = None
    times: int = 1
    writes: int = 0

    def sends(self) -> None:
        """Note that a write is on its way."""
        self.writes += 1
        if self.before is not None and self.writes <= self.times:
            self.before()

    def loses(self) -> bool:
        """Tell whether the answer of that write is lost."""
        return self.writes <= self.lost


@dataclass(frozen=True)
class Subject:
    """One host under test.

    `write` makes a record set as the kit's user does (a provider's plugin, or the client's own write), `plant` adds a
    single value as somebody else would, by the host's own means, with a TTL of 300 where the set is new: name and value
    may have upper case, a TXT value is bare text. `refused` are record sets that the model allows and this host
    refuses; writing one must raise, whatever it raises. `over` gives a second client, whose writes go over a line.
    """

    client: HostClient
    zone: HostedZone
    check: Callable[[RecordSet], None]
    write: Callable[[RecordSet], object]
    plant: Callable[[str, str, str], object]
    ask: Callable[[str, str], Shown]
    refused: Sequence[RecordSet]
    over: Callable[[Line], AbstractContextManager[RecordWriter]] = field(default=lambda line: _no_line())

    def name(self, label: str = "x") -> str:
        """Return a name in the zone that no other test uses."""
        return f"{label}.t{next(numbers)}.{self.zone.name}"

    def at(self, name: str) -> list[ExistingRecord]:
        """List what the client says exists at a name."""
        return [one for one in self.client.existing(self.zone, [name]) if one.name == name]

    def change(self, change: Change) -> None:
        """Make a change with the first client."""
        assert isinstance(self.client, RecordWriter)
        self.client.write(self.zone, change)

    def texts(self, name: str) -> frozenset[str]:
        """Return the texts that DNS answers for a name."""
        return self.ask(name, "TXT").values


def _no_line() -> AbstractContextManager[RecordWriter]:
    raise AssertionError("this host is not written to by its client")


def writer(client: RecordWriter, zone: HostedZone) -> Callable[[RecordSet], None]:
    """Return what makes a new record set with a client."""

    def write(record: RecordSet) -> None:
        client.write(zone, Change(record.name, record.type, (), record.values, None, record.ttl))

    return write


def texts(name: str, before: Sequence[str], after: Sequence[str], ttl: int = 300, **more: Any) -> Change:
    """Return the change of a slot of texts, which were written with a TTL of 300."""
    return Change(name, "TXT", tuple(before), tuple(after), 300 if before else None, ttl, **more)


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
        self, subject: Subject, label: str, kind: str, values: tuple[Value, ...]
    ) -> None:
        """The client lists the very values that were written, unlocked and with their TTL, and DNS answers them."""
        record = RecordSet(subject.name(label), kind, 300, values)
        subject.check(record)
        subject.write(record)
        contents = {str(value) for value in values}
        listed = subject.at(record.name)
        assert sorted((one.type, one.content, one.ttl, one.locked) for one in listed) == sorted(
            (kind, text, 300, "") for text in contents
        )
        assert subject.ask(record.name, kind) == Shown(300, frozenset(contents))

    @pytest.mark.parametrize("ttl", [60, 3600, 86400])
    def test_the_ttl_is_kept(self, subject: Subject, ttl: int) -> None:
        """The TTL that was written is listed and served."""
        record = RecordSet(subject.name("ttl"), "TXT", ttl, ("ttl=kept",))
        subject.write(record)
        assert [one.ttl for one in subject.at(record.name)] == [ttl]
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
        assert [(one.type, one.content) for one in subject.at(name)] == [(kind, listed)]

    def test_a_value_of_somebody_else_is_listed(self, subject: Subject) -> None:
        """What exists is listed whoever wrote it, and it carries no mark of ours."""
        name = subject.name("foreign")
        subject.plant(name, "TXT", "site-verification=1")
        assert [(one.content, "mailstack" in one.mark) for one in subject.at(name)] == [("site-verification=1", False)]

    def test_an_alias_is_listed_as_one(self, subject: Subject) -> None:
        """A CNAME below the apex is answered as a CNAME."""
        name = subject.name("alias")
        subject.plant(name, "CNAME", "target.example.net")
        assert [(one.type, one.is_alias) for one in subject.at(name)] == [("CNAME", True)]

    def test_a_name_inside_another_is_not_taken_for_it(self, subject: Subject) -> None:
        """What exists below a name, or at its parent, does not exist at it."""
        name = subject.name("parent")
        subject.write(RecordSet(f"below.{name}", "TXT", 300, ("below=1",)))
        assert subject.at(name) == []
        assert subject.texts(name) == frozenset()

    def test_several_names_and_the_whole_zone_are_listed(self, subject: Subject) -> None:
        """All of the names that are asked for are in the answer; without a name the whole zone is."""
        names = [subject.name("listed") for _ in range(2)]
        for name in names:
            subject.write(RecordSet(name, "TXT", 300, ("listed=1",)))
        for asked in (names, []):
            listed = subject.client.existing(subject.zone, asked)
            assert {one.name for one in listed if one.content == "listed=1"} >= set(names)

    def test_a_zone_that_the_host_does_not_hold_is_not_found(self, subject: Subject) -> None:
        """There is none of that name, or the host says itself that it does not hold it."""
        for name in ("absent.example.invalid", f"nozone.{subject.zone.name}"):  # a name inside a zone is no zone
            try:
                found = subject.client.zones([name])
            except Missing as error:
                assert name in str(error)
            else:
                assert found == []

    def test_the_zone_is_found_by_its_name(self, subject: Subject) -> None:
        """The zone has its name, and the name servers that it names serve it."""
        [found] = subject.client.zones([subject.zone.name])
        assert (found.name, bool(found.id)) == (subject.zone.name, True)
        served_by = {name.removesuffix(".") for name in subject.ask(subject.zone.name, "NS").values}
        assert set(found.name_servers) <= served_by

    def test_what_the_host_refuses_is_refused_before(self, subject: Subject) -> None:
        """`check` refuses, with the record's name, what the host itself refuses."""
        assert subject.refused
        for record in subject.refused:
            with pytest.raises(RecordError) as refusal:
                subject.check(record)
            assert record.name in str(refusal.value)
            with pytest.raises(Exception):  # noqa: B017 - each host's own means raises its own error
                subject.write(record)
            assert subject.at(record.name) == []


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
