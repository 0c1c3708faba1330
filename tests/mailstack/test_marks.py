"""The mark of what a stack makes: written into 100 characters, and its id read back."""

from __future__ import annotations

import pytest

from mailstack import marks

ID = "abcdefghij234567"


def test_a_mark_names_the_id_and_the_stack() -> None:
    """A person reads whose it is, the kit reads the id."""
    assert marks.write(ID, "acme/shop/prod") == "mailstack abcdefghij234567 acme/shop/prod"
    assert marks.owner_id("mailstack abcdefghij234567 acme/shop/prod") == ID


def test_marks_of_two_stacks_with_long_names_differ() -> None:
    """A Cloudflare comment holds 100 characters; what is cut is the name, and the id decides."""
    name, other = "a" * 60 + "/" + "b" * 60 + "/prod", "zzzzzzzzzzzzzzzz"
    first, second = marks.write(ID, name), marks.write(other, name)
    assert (len(first), len(second)) == (100, 100)
    assert (marks.owner_id(first), marks.owner_id(second)) == (ID, other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mailstack shop/prod",
        f"mailstack {ID}x acme/shop/prod",
        "mailstack abcdefghij234561 acme/shop/prod",
        f"{ID} mailstack",
        f"not mailstack {ID}",
    ],
)
def test_a_text_without_a_whole_id_is_no_mark(text: str) -> None:
    """Base32 has the letters a to z and the digits 2 to 7 (RFC 4648 section 6)."""
    assert marks.owner_id(text) is None


def test_a_mark_tells_the_stack_whatever_its_id() -> None:
    """A name that is cut is compared as far as the mark has it; a longer or shorter name is another stack."""
    assert marks.stack_of(marks.write(ID, "acme/shop/prod")) == "acme/shop/prod"
    assert marks.stack_of("not a mark") is None
    assert marks.is_of(marks.write(ID, "acme/shop/prod"), "acme/shop/prod")
    assert not marks.is_of(marks.write(ID, "acme/shop/prod"), "acme/shop/pro")
    assert not marks.is_of(marks.write(ID, "acme/shop/pro"), "acme/shop/prod")
    assert not marks.is_of("acme/shop/prod", "acme/shop/prod")
    long = "a" * 60 + "/" + "b" * 60 + "/prod"
    assert marks.is_of(marks.write(ID, long), long)


def test_words_after_a_mark_do_not_matter() -> None:
    """Somebody may add to a comment."""
    assert marks.owner_id(f"mailstack {ID}") == ID
    assert marks.owner_id(f"mailstack {ID} acme/shop/prod, do not touch") == ID
