"""What a DNS host must do whose record sets the kit's plugin writes: a slot's own values change and no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mailstack.dns.changes import Change, Value
from mailstack.dns.records import Mx
from mailstack.errors import Changed, Conflict, RecordError

from .suite import Line, Shown, Subject, numbers, texts


class WriterBehaviours:
    """What a host does whose record sets the kit's plugin writes: it changes a slot's own values and no others."""

    def test_a_foreign_value_survives_every_change_of_ours(self, subject: Subject) -> None:
        """Beside somebody's value ours is created, changed, given another TTL and removed."""
        name = subject.name("value-rule")
        subject.plant(name, "TXT", "foreign=1")
        for change, left in (
            (texts(name, [], ["ours=1"]), {"ours=1"}),
            (texts(name, ["ours=1"], ["ours=2", "ours=3"]), {"ours=2", "ours=3"}),
            (texts(name, ["ours=2", "ours=3"], ["ours=3"], 600), {"ours=3"}),
            (texts(name, ["ours=3"], []), set()),
        ):
            subject.change(change)
            assert subject.texts(name) == {"foreign=1", *left}
            assert {one.content for one in subject.at(name)} == {"foreign=1", *left}

    def test_a_foreign_value_that_was_added_to_ours_survives(self, subject: Subject) -> None:
        """Somebody adds a value to a set that this stack made: changes and removal of ours leave it alone."""
        name = subject.name("added")
        subject.change(texts(name, [], ["ours=1"]))
        subject.plant(name, "TXT", "foreign=1")
        subject.change(texts(name, ["ours=1"], ["ours=2"]))
        assert subject.texts(name) == {"foreign=1", "ours=2"}
        subject.change(texts(name, ["ours=2"], []))
        assert subject.texts(name) == {"foreign=1"}

    def test_a_foreign_set_keeps_its_ttl(self, subject: Subject) -> None:
        """The set was made by somebody with 300 seconds: ours joins it and follows."""
        name = subject.name("their-ttl")
        subject.plant(name, "TXT", "foreign=1")
        subject.change(texts(name, [], ["ours=1"], 3600))
        assert subject.ask(name, "TXT") == Shown(300, frozenset({"foreign=1", "ours=1"}))

    @pytest.mark.parametrize("writes", [1, 3])
    def test_a_lost_answer_leaves_each_value_once(self, subject: Subject, writes: int) -> None:
        """A write whose answer was lost is looked for before the next try, for creation, change and removal."""
        name = subject.name("lost")
        subject.plant(name, "TXT", "foreign=1")
        for change, left in (
            (texts(name, [], ["ours=1"]), {"ours=1"}),
            (texts(name, ["ours=1"], ["ours=2"]), {"ours=2"}),
            (texts(name, ["ours=2"], []), set()),
        ):
            line = Line(lost=writes)
            with subject.over(line) as client:
                client.write(subject.zone, change)
            assert line.writes
            assert subject.texts(name) == {"foreign=1", *left}
            assert sorted(one.content for one in subject.at(name)) == sorted({"foreign=1", *left})

    @pytest.mark.parametrize(
        ("kind", "planted", "after"),
        [
            ("TXT", "same=1", ("same=1",)),
            ("TXT", "same=1", ("other=1", "same=1")),
            ("MX", "10 mail.example.net", (Mx(10, "mail.example.net"),)),
            ("CNAME", "target.example.net", ("target.example.net",)),
        ],
    )
    def test_an_equal_value_of_somebody_else_is_not_taken_over(
        self, subject: Subject, kind: str, planted: str, after: tuple[Value, ...]
    ) -> None:
        """What is not ours is not ours for being equal: a removal would take it from its owner."""
        name = subject.name("equal")
        subject.plant(name, kind, planted)
        with pytest.raises(Conflict, match=name):
            subject.change(Change(name, kind, (), after, None, 300))
        assert subject.ask(name, kind).values == {planted}

    @pytest.mark.parametrize(
        ("label", "kind", "planted", "value"),
        [
            ("second", "TXT", "v=spf1 -all", "v=spf1 include:amazonses.com ~all"),
            ("_dmarc.second", "TXT", "v = DMARC1 ; p = reject", "v=DMARC1; p=none"),
            ("second", "MX", "10 mail.example.net", Mx(10, "feedback-smtp.eu-west-1.amazonses.com")),
            ("second", "CNAME", "target.example.net", "other.example.net"),
        ],
    )
    def test_a_second_policy_mx_or_alias_is_refused(
        self, subject: Subject, label: str, kind: str, planted: str, value: Value
    ) -> None:
        """Where a name has one of a kind, the one that exists stays and ours is refused."""
        name = subject.name(label)
        subject.plant(name, kind, planted)
        with pytest.raises(Conflict, match=name):
            subject.change(Change(name, kind, (), (value,), None, 300))
        assert subject.ask(name, kind).values == {planted}

    def test_two_slots_of_one_set_do_not_disturb_each_other(self, subject: Subject) -> None:
        """Each slot changes and removes its own values, whatever it knows of the other's."""
        name = subject.name("slots")
        subject.change(texts(name, [], ["a=1"], beside=("b=1",)))
        subject.change(texts(name, [], ["b=1"], beside=("a=1",)))
        subject.change(texts(name, ["a=1"], ["a=2"], beside=("b=1",)))
        assert subject.texts(name) == {"a=2", "b=1"}
        subject.change(texts(name, ["b=1"], [], beside=("a=2",)))
        assert subject.texts(name) == {"a=2"}
        subject.change(texts(name, ["a=2"], []))
        assert subject.at(name) == []

    def test_slots_of_one_zone_are_written_at_once(self, subject: Subject) -> None:
        """The engine creates many resources together: all of them arrive, at one name and at several."""
        name, other = subject.name("together"), subject.name("together")
        all_ours = tuple(f"slot={number}" for number in range(3))
        changes = [texts(at, [], [text], beside=all_ours) for at in (name, other) for text in all_ours]
        with ThreadPoolExecutor(len(changes)) as pool:
            for result in [pool.submit(subject.change, change) for change in changes]:
                result.result()
        assert subject.texts(name) == subject.texts(other) == set(all_ours)

    def test_one_conflict_among_writes_at_once_stops_itself_alone(self, subject: Subject) -> None:
        """What is refused is refused to the one who asked for it."""
        taken, free = subject.name("taken"), subject.name("free")
        subject.plant(taken, "TXT", "v=spf1 -all")
        with ThreadPoolExecutor(2) as pool:
            refused = pool.submit(subject.change, texts(taken, [], ["v=spf1 ~all"]))
            pool.submit(subject.change, texts(free, [], ["ours=1"])).result()
            with pytest.raises(Conflict, match=taken):
                refused.result()
        assert subject.texts(free) == {"ours=1"}

    def test_the_ttl_of_a_set_changes_slot_by_slot(self, subject: Subject) -> None:
        """Each slot asks for the new TTL in turn; the values of both stay."""
        name = subject.name("slots-ttl")
        subject.change(texts(name, [], ["a=1"], beside=("b=1",)))
        subject.change(texts(name, [], ["b=1"], beside=("a=1",)))
        for ours, other in (("a=1", "b=1"), ("b=1", "a=1")):
            subject.change(texts(name, [ours], [ours], 600, beside=(other,)))
            assert subject.ask(name, "TXT") == Shown(600, frozenset({"a=1", "b=1"}))

    def test_written_again_it_is_quiet(self, subject: Subject) -> None:
        """A change that is made already, and values that are gone already, are no error."""
        name = subject.name("again")
        subject.change(texts(name, [], ["one=1", "two=2"]))
        for before in (["one=1", "two=2"], ["one=1", "two=2", "three=3"]):
            subject.change(texts(name, before, ["two=2", "three=3"]))
            assert subject.texts(name) == {"two=2", "three=3"}
        for _ in range(2):
            subject.change(texts(name, ["two=2", "three=3"], []))
            assert subject.at(name) == []
        assert subject.texts(name) == frozenset()

    def test_values_and_ttl_change_together(self, subject: Subject) -> None:
        """A set of ours gets its new values and its new TTL."""
        name = subject.name("change")
        subject.change(texts(name, [], ["one=1", "two=2"]))
        subject.change(texts(name, ["one=1", "two=2"], ["two=2", "three=3"], 3600))
        assert subject.ask(name, "TXT") == Shown(3600, frozenset(("two=2", "three=3")))
        assert {one.ttl for one in subject.at(name)} == {3600}

    def test_a_value_of_ours_that_somebody_deleted_is_written_anew(self, subject: Subject) -> None:
        """The state holds a value that is gone: writing it repairs the drift."""
        name = subject.name("drift")
        subject.change(texts(name, ["ours=1"], ["ours=1"]))
        assert subject.texts(name) == {"ours=1"}

    def test_an_alias_gets_another_target(self, subject: Subject) -> None:
        """A name holds one CNAME: the new target takes the place of the old one."""
        name = subject.name("alias")
        subject.change(Change(name, "CNAME", (), ("one.example.net",), None, 300))
        subject.change(Change(name, "CNAME", ("one.example.net",), ("two.example.net",), 300, 600))
        assert subject.ask(name, "CNAME") == Shown(600, frozenset({"two.example.net"}))
        subject.change(Change(name, "CNAME", ("two.example.net",), (), 600, 600))
        assert subject.at(name) == []

    def test_an_alias_has_no_other_data_beside_it(self, subject: Subject) -> None:
        """RFC 1034 section 3.6.2, both ways round: a refusal, and what exists stays."""
        text, alias = subject.name("text"), subject.name("alias")
        subject.plant(text, "TXT", "text=1")
        with pytest.raises(Conflict, match=text):
            subject.change(Change(text, "CNAME", (), ("target.example.net",), None, 300))
        assert subject.texts(text) == {"text=1"}
        assert subject.ask(text, "CNAME").values == frozenset()
        subject.plant(alias, "CNAME", "target.example.net")
        with pytest.raises(Conflict, match=alias):
            subject.change(texts(alias, [], ["text=1"]))
        assert subject.ask(alias, "CNAME").values == {"target.example.net"}

    def test_other_types_at_the_name_are_left_alone(self, subject: Subject) -> None:
        """A record set is of one type: writing, changing and deleting it touches no other at the same name."""
        name = subject.name("types")
        subject.change(Change(name, "MX", (), (Mx(10, "mail.example.net"),), None, 300))
        subject.change(texts(name, [], ["text=1"]))
        subject.change(texts(name, ["text=1"], ["text=2"]))
        subject.change(texts(name, ["text=2"], []))
        assert subject.ask(name, "MX").values == {"10 mail.example.net"}
        assert subject.texts(name) == frozenset()

    def test_a_name_outside_the_zone_is_refused(self, subject: Subject) -> None:
        """The name is compared with the zone before anything is asked."""
        with pytest.raises(RecordError, match=rf"a\.example\.invalid is not in the zone {subject.zone.name}"):
            subject.change(texts("a.example.invalid", [], ["x=1"]))


class GuardedBehaviours:
    """What a host does whose writes carry a condition: nothing that changed since the look is overwritten."""

    @pytest.mark.parametrize(
        ("before", "after"), [((), ("ours=1",)), (("ours=0",), ("ours=1",)), (("ours=0",), ())], ids=str
    )
    def test_a_value_that_comes_between_look_and_write_survives(
        self, subject: Subject, before: tuple[str, ...], after: tuple[str, ...]
    ) -> None:
        """The write fails its condition, the next look sees the new value, and both are there."""
        name = subject.name("between")
        if before:
            subject.change(texts(name, [], before))
        line = Line(before=lambda: subject.plant(name, "TXT", "foreign=1"))
        with subject.over(line) as client:
            client.write(subject.zone, texts(name, before, after))
        assert line.writes > 1
        assert subject.texts(name) == {"foreign=1", *after}

    def test_a_set_of_ours_gets_its_new_ttl_with_a_foreign_value_in_it(self, subject: Subject) -> None:
        """The TTL is the one that this stack wrote: it follows the settings, for the whole set."""
        name = subject.name("our-ttl")
        subject.change(texts(name, [], ["ours=1"]))
        subject.plant(name, "TXT", "foreign=1")
        subject.change(texts(name, ["ours=1"], ["ours=2"], 600))
        assert subject.ask(name, "TXT") == Shown(600, frozenset({"foreign=1", "ours=2"}))

    def test_a_policy_that_comes_between_look_and_write_is_a_conflict(self, subject: Subject) -> None:
        """The second look refuses what the first would have allowed."""
        name = subject.name("policy")
        line = Line(before=lambda: subject.plant(name, "TXT", "v=spf1 -all"))
        with subject.over(line) as client, pytest.raises(Conflict, match=name):
            client.write(subject.zone, texts(name, [], ["v=spf1 ~all"]))
        assert subject.texts(name) == {"v=spf1 -all"}

    def test_a_set_that_never_rests_is_given_up(self, subject: Subject) -> None:
        """After three tries the error says that nothing was written."""
        name = subject.name("restless")
        line = Line(before=lambda: subject.plant(name, "TXT", f"foreign={next(numbers)}"), times=99)
        with subject.over(line) as client, pytest.raises(Changed, match=name):
            client.write(subject.zone, texts(name, [], ["ours=1"]))
        assert "ours=1" not in subject.texts(name)
