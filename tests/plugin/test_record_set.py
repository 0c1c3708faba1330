"""RecordSet over gRPC at a DNS host in memory: only what this stack wrote is changed, and nothing is guessed."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from mailstack import marks
from mailstack.dns import record_ids
from mailstack.errors import Busy, InvalidValue

from .fakes import FakeHost
from .harness import Served, plain, refusal
from .record_sets import ID, inputs


def test_a_slot_lives_as_the_program_says(plugin: Served, host: FakeHost) -> None:
    """Created, changed and deleted: the host has each time what the inputs say."""
    first, second = inputs("one=1", 'say "hi"'), inputs("two=2", ttl=600)
    made = plugin.create(first)
    assert made.id == ID
    assert plain(made.properties) == first
    assert host.values("a.example.com") == {"one=1": 300, 'say "hi"': 300}
    assert plugin.update(first, second) == second
    assert host.values("a.example.com") == {"two=2": 600}
    plugin.delete(second)
    plugin.delete(second)
    assert host.values("a.example.com") == {}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("MX", ["10 mail.example.net", "20 mail2.example.net"]),
        ("MX", ["0 ."]),
        ("CNAME", ["target.example.net"]),
        ("A", ["192.0.2.1"]),
        ("AAAA", ["2001:db8::1"]),
    ],
)
def test_each_type_is_written_and_read_unchanged(plugin: Served, host: FakeHost, kind: str, values: list[str]) -> None:
    """A refresh of what was written shows no difference."""
    wanted = inputs(*values, type=kind)
    id_ = plugin.create(wanted).id
    assert set(host.values("a.example.com", kind)) == set(values)
    found = plugin.read(id_, wanted)
    assert plain(found.properties) == wanted
    assert not plugin.diff(plain(found.properties), wanted).diffs


def test_a_preview_writes_nothing(plugin: Served, host: FakeHost) -> None:
    """It says what is known."""
    wanted = inputs("one=1")
    assert plain(plugin.create(wanted, preview=True).properties) == wanted
    assert plugin.update(wanted, inputs("two=2"), preview=True) == inputs("two=2")
    assert host.changes == []


# What is somebody else's stays.


def test_a_foreign_value_beside_ours_never_enters_the_state(plugin: Served, host: FakeHost) -> None:
    """A site verification at the same name outlives refresh, change and delete, and the set's TTL is no drift."""
    ours = inputs("one=1")
    host.plant("a.example.com", "TXT", "theirs=1", ttl=3600)
    plugin.create(ours)
    assert host.values("a.example.com") == {"theirs=1": 3600, "one=1": 3600}
    state = plain(plugin.read(ID, ours).properties)
    assert state == ours
    assert not plugin.diff(state, ours).diffs
    plugin.update(state, inputs("two=2"))
    assert host.values("a.example.com") == {"theirs=1": 3600, "two=2": 3600}
    plugin.delete(inputs("two=2"))
    assert host.values("a.example.com") == {"theirs=1": 3600}


def test_values_of_our_other_slots_are_not_foreign(plugin: Served, host: FakeHost) -> None:
    """Two slots of one set are two resources; each changes its own values, and the TTL is theirs."""
    first, second = inputs("one=1", beside=["two=2"]), inputs("two=2", beside=["one=1"])
    plugin.create(first)
    plugin.create(second)
    host.records = [type(one)(one.name, one.type, one.content, 60) for one in host.records]
    assert plain(plugin.read(ID, first).properties)["ttl"] == 60
    plugin.delete(first)
    assert host.values("a.example.com") == {"two=2": 60}


@pytest.mark.parametrize("verb", ["check", "preview", "create"])
@pytest.mark.parametrize(
    ("existing", "wanted", "sentence"),
    [
        (
            ("TXT", "one=1"),
            inputs("one=1"),
            'a.example.com: TXT "one=1" already exists. This stack wants to publish TXT "one=1" there, but did not '
            "create what exists, so nothing was changed. To keep it, set manage: false for the domain, or remove the "
            "record from its settings. To manage it with this stack, run `mailstack adopt`.",
        ),
        (
            ("TXT", "v=spf1 -all"),
            inputs("v=spf1 include:amazonses.com ~all"),
            'a.example.com: TXT "v=spf1 -all" already exists. This stack wants to publish TXT "v=spf1 '
            'include:amazonses.com ~all" there, but did not create what exists, so nothing was changed. To keep it, '
            'set mailstack:domains["a.example.com"].spf to off or, where this is a return path, choose another '
            "returnPath for the domain. To manage it with this stack, run `mailstack adopt`.",
        ),
    ],
)
def test_what_write_would_refuse_is_refused_in_the_preview_already(
    plugin: Served, host: FakeHost, verb: str, existing: tuple[str, str], wanted: dict[str, Any], sentence: str
) -> None:
    """One rule, one sentence, which names the way on; nothing is written."""
    host.plant("a.example.com", *existing)
    if verb == "check":
        assert plugin.check(wanted) == {"": sentence}
    else:
        code, words, _ = refusal(lambda: plugin.create(wanted, preview=verb == "preview"))
        assert (code, words) == (grpc.StatusCode.FAILED_PRECONDITION, sentence)
    assert host.changes == []


def test_values_that_the_stack_wrote_are_not_in_their_own_way(plugin: Served, host: FakeHost) -> None:
    """Check is given the stored inputs: before an update, and before a replacement that is previewed."""
    wanted = inputs("v=spf1 -all")
    plugin.create(wanted)
    changed = inputs("v=spf1 ~all")
    assert plugin.check(changed, olds=wanted) == {}
    assert plugin.check(wanted, olds=wanted) == {}
    plugin.create(wanted, preview=True)
    host.plant("b.example.com", "TXT", "v=spf1 ?all")
    assert "already exists" in plugin.check(inputs("v=spf1 ~all", name="b.example.com"), olds=wanted)[""]


def test_after_a_refresh_a_forced_replacement_is_not_in_its_own_way(plugin: Served, host: FakeHost) -> None:
    """The engine gives Check no stored inputs before a replacement by --target-replace."""
    wanted = inputs("one=1")
    plugin.create(wanted)
    assert "already exists" in plugin.check(wanted)[""]
    plugin.read(ID, wanted)
    assert plugin.check(wanted) == {}
    plugin.create(wanted, preview=True)
    plugin.delete(wanted)
    plugin.create(wanted)
    assert host.values("a.example.com") == {"one=1": 300}


def test_an_unchanged_record_set_asks_nobody_in_a_preview(plugin: Served, host: FakeHost) -> None:
    """Nothing is added, so nothing can be in the way."""
    wanted = inputs("one=1", "two=2")
    assert plugin.check(inputs("two=2", ttl=600), olds=wanted) == {}
    assert host.asked == []


def test_adopt_sees_what_it_is_about_to_adopt(plugin: Served, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its previews are silent about what exists; an update is not."""
    monkeypatch.setenv(marks.ADOPTING, "1")
    host.plant("a.example.com", "TXT", "one=1")
    assert plugin.check(inputs("one=1")) == {}
    plugin.create(inputs("one=1"), preview=True)
    _, words, _ = refusal(lambda: plugin.create(inputs("one=1")))
    assert "already exists" in words


def test_a_host_that_cannot_be_asked_is_told_in_the_preview(plugin: Served, host: FakeHost) -> None:
    """In the host's words, with the setting that names the host."""

    def dead(step: str) -> None:
        raise Busy("Fake DNS does not answer")

    host.meanwhile = dead
    assert plugin.check(inputs("one=1")) == {"": 'mailstack:dns["example.com"]: Fake DNS does not answer'}


# Drift.


def test_a_value_that_is_gone_is_written_again(plugin: Served, host: FakeHost) -> None:
    """Refresh leaves it out of the state, Diff sees that an output is out of date, Update repairs it."""
    wanted = inputs("one=1", "two=2")
    plugin.create(wanted)
    host.remove("a.example.com", "two=2")
    state = plain(plugin.read(ID, wanted).properties)
    assert state["values"] == ["one=1"]
    difference = plugin.diff(state, wanted, old=wanted)
    assert list(difference.diffs) == ["values"]
    # An output's difference: the engine then shows what exists, not what the program wrote before.
    assert not any(one.inputDiff for one in difference.detailedDiff.values())
    assert not difference.replaces
    plugin.update(state, wanted)
    assert host.values("a.example.com") == {"one=1": 300, "two=2": 300}


def test_a_ttl_that_somebody_changed_is_put_right(plugin: Served, host: FakeHost) -> None:
    """Where the set holds our values alone, its TTL is ours, too."""
    wanted = inputs("one=1")
    plugin.create(wanted)
    host.records = [type(one)(one.name, one.type, one.content, 60) for one in host.records]
    state = plain(plugin.read(ID, wanted).properties)
    assert state["ttl"] == 60
    assert list(plugin.diff(state, wanted, old=wanted).diffs) == ["ttl"]
    plugin.update(state, wanted)
    assert host.values("a.example.com") == {"one=1": 300}


def test_the_hosts_own_ttl_is_no_drift(plugin: Served, host: FakeHost) -> None:
    """A TTL of 1 leaves it to the host."""
    wanted = inputs("one=1", ttl=1)
    plugin.create(wanted)
    host.records = [type(one)(one.name, one.type, one.content, 3600) for one in host.records]
    assert plain(plugin.read(ID, wanted).properties) == wanted


def test_a_slot_that_is_gone_has_a_blank_id(plugin: Served, host: FakeHost) -> None:
    """So the engine drops it from the state and makes it anew; foreign values do not keep it there."""
    host.plant("a.example.com", "TXT", "theirs=1")
    assert plugin.read(ID, inputs("one=1")).id == ""


def test_the_order_of_values_and_the_spelling_of_an_address_mean_nothing(plugin: Served, host: FakeHost) -> None:
    """A record set has no order (RFC 2181 section 5); 2001:DB8::0001 is 2001:db8::1 (RFC 5952)."""
    wanted = inputs("one=1", "two=2", "three=3")
    assert not plugin.diff(wanted, inputs("three=3", "one=1", "two=2")).diffs
    address = inputs("2001:DB8::0001", type="AAAA")
    state = plain(plugin.read(plugin.create(address).id, address).properties)
    assert state == address
    assert not plugin.diff(state, inputs("2001:db8::1", type="AAAA")).diffs


def test_what_is_beside_is_no_difference(plugin: Served) -> None:
    """Another slot's change changes nothing here."""
    assert not plugin.diff(inputs("one=1"), inputs("one=1", beside=["two=2"])).diffs


def test_another_place_is_another_record_set(plugin: Served) -> None:
    """Host, zone, name and type replace, the old one first; values and TTL do not."""
    wanted = inputs("one=1")
    news = {"host": "lexicon", "zone": "example.net", "zoneId": "Z2", "name": "other.example.com", "type": "MX"}
    difference = plugin.diff(wanted, {**wanted, **news})
    assert sorted(difference.replaces) == sorted(news)
    assert difference.deleteBeforeReplace
    assert not plugin.diff(wanted, {**wanted, "ttl": 600, "values": ["two=2"]}).replaces


# Import.


def test_an_import_takes_the_values_that_the_id_names(plugin: Served, host: FakeHost) -> None:
    """The others of the set stay somebody else's; TTL and zone id are read."""
    host.plant("a.example.com", "TXT", 'say "hi" & 100%', "theirs=1", ttl=1800)
    found = plugin.read(f"{ID}?value=say%20%22hi%22%20%26%20100%25")
    assert found.id == ID
    assert plain(found.inputs) == inputs('say "hi" & 100%', ttl=1800)
    assert plain(found.properties) == inputs('say "hi" & 100%', ttl=1800)


def test_an_id_is_read_as_it_is_written() -> None:
    """Any character of a value survives."""
    values = ("v=DMARC1; p=none?&value=/%", "zwei=2")
    text = record_ids.write("route53", "example.com", "_dmarc.example.com", "TXT", values)
    assert record_ids.read(text) == record_ids.RecordId("route53", "example.com", "_dmarc.example.com", "TXT", values)
    with pytest.raises(InvalidValue, match="after"):
        record_ids.read(f"{ID}?ttl=3")


def test_an_import_of_nothing_has_a_blank_id(plugin: Served) -> None:
    """The engine says that it does not exist."""
    assert plugin.read(f"{ID}?value=one").id == ""


@pytest.mark.parametrize(
    ("id_", "sentence"),
    [
        (
            "example.com/TXT",
            '"example.com/TXT" is not the id of a RecordSet; its form is <host>/<zone>/<name>/<type>, such as '
            "rfc2136/example.com/_dmarc.example.com/TXT",
        ),
        (f"{ID}/x", f'"{ID}/x" is not the id of a RecordSet; its form is {record_ids.FORM}'),
        (
            ID,
            f'"{ID}" does not say which values of the record set are this stack\'s; add them to the id: '
            f"{ID}?value=<percent-encoded>&value=<percent-encoded>",
        ),
        (
            f"{ID}?value=one&value=mine",
            f'"{ID}?value=one&value=mine" cannot be imported: TXT a.example.com has no value "mine"; its values are '
            '"one" or "two"',
        ),
        (
            f"bind/{ID.partition('/')[2]}?value=one",
            '"bind" is not a DNS host that mailstack knows; use route53, cloudflare, manual',
        ),
        (
            f"cloudflare/{ID.partition('/')[2]}?value=one",
            "host: cloudflare is not written to by RecordSet: a resource of its own provider publishes its records",
        ),
    ],
)
def test_a_wrong_id_is_explained(plugin: Served, host: FakeHost, id_: str, sentence: str) -> None:
    """The sentence shows the form of an id, or what exists."""
    host.plant("a.example.com", "TXT", "one", "two")
    assert refusal(lambda: plugin.read(id_))[1] == sentence
