"""What a change makes of a record set: its own values change, other people's stay."""

from __future__ import annotations

import pytest

from mailstack.dns.changes import Change, Edit, ExistingRecord, edit
from mailstack.dns.records import Mx

NAME = "x.example.com"


def texts(*values: str, ttl: int = 300) -> list[ExistingRecord]:
    return [ExistingRecord(NAME, "TXT", value, ttl) for value in values]


def change(before: tuple[str, ...], after: tuple[str, ...], ttl: int = 300, **more: tuple[str, ...]) -> Change:
    return Change(NAME, "TXT", before, after, 300 if before else None, ttl, **more)


def test_a_first_value_is_added() -> None:
    """Where nothing exists, the values come with their TTL."""
    assert edit([], change((), ("a", "b"), 600)) == Edit(frozenset(), ("a", "b"), 600, has_new_ttl=False)


def test_only_the_slots_own_values_go() -> None:
    """Foreign values and those of other slots stay."""
    there = texts("ours", "sibling", "foreign")
    assert edit(there, change(("ours",), ("new",), beside=("sibling",))) == Edit(
        frozenset({"ours"}), ("new",), 300, False
    )
    assert edit(there, change(("ours", "sibling"), (), beside=("sibling",))).removed == {"ours"}


def test_what_is_so_already_is_no_edit() -> None:
    """Values that exist with their TTL need nothing; what is gone already is not removed."""
    assert not edit(texts("ours"), change(("ours",), ("ours",)))
    assert not edit(texts("foreign"), change(("ours",), ()))


@pytest.mark.parametrize(
    ("there", "before", "ttl"),
    [
        (texts("ours", ttl=300), ("ours",), 600),
        (texts("ours", ttl=900), ("ours",), 600),  # changed by hand: the set holds this stack's value alone
        (texts("ours", "foreign", ttl=300), ("ours",), 600),  # the TTL is the one that this stack wrote
    ],
)
def test_the_ttl_follows_the_settings(there: list[ExistingRecord], before: tuple[str, ...], ttl: int) -> None:
    """A TTL is changed where it is this stack's own."""
    assert edit(there, change(before, ("ours",), ttl)) == Edit(frozenset(), (), ttl, has_new_ttl=True)


def test_a_foreign_set_keeps_its_ttl() -> None:
    """Whoever adds a value to somebody's set takes the set's TTL."""
    assert edit(texts("foreign", ttl=7200), change((), ("ours",))) == Edit(frozenset(), ("ours",), 7200, False)
    assert not edit(texts("foreign", "ours", ttl=7200), change(("ours",), ("ours",), 600))


def test_a_ttl_that_is_unknown_or_the_hosts_choice_is_no_difference() -> None:
    """0 is a TTL that the host does not tell, 1 asks for the host's own choice."""
    assert not edit(texts("ours", ttl=0), change(("ours",), ("ours",), 600))
    assert not edit(texts("ours", ttl=3600), change(("ours",), ("ours",), 1))


def test_spelling_is_no_difference() -> None:
    """A target has no case, an address one meaning (RFC 5952), an MX is compared as a whole."""
    alias = [ExistingRecord(NAME, "CNAME", "a.example.net", 300)]
    assert not edit(alias, Change(NAME, "CNAME", (), ("A.example.net.",), None, 300))
    address = [ExistingRecord(NAME, "AAAA", "2001:db8::1", 300)]
    assert not edit(address, Change(NAME, "AAAA", (), ("2001:DB8::0001",), None, 300))
    mail = [ExistingRecord(NAME, "MX", "10 a.example.net", 300)]
    assert edit(mail, Change(NAME, "MX", (), (Mx(20, "a.example.net"),), None, 300)).added == (Mx(20, "a.example.net"),)
