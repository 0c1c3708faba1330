"""Lists of tags, as RFC 6376 section 3.2 writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailstack.mail.tag_list import parts, read

NAMES = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_]{0,5}\Z")
VALUES = st.from_regex(r"\A([!-:<-~]([!-:<-~ ]{0,8}[!-:<-~])?)?\Z")
BLANKS = st.text(alphabet=" \t\r\n", max_size=2)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), BLANKS, st.booleans())
def test_tags_are_read_as_they_were_written(tags: list[tuple[str, str]], blank: str, last: bool) -> None:
    """Order and case stay; blanks around names and values, and a semicolon at the end, mean nothing."""
    text = ";".join(f"{blank}{name}{blank}={blank}{value}{blank}" for name, value in tags) + (";" if last else "")
    assert parts(text) == tags
    assert read(text) == dict(reversed(tags))


def test_the_first_tag_of_a_name_counts() -> None:
    """A name may occur once (RFC 6376 section 3.2); names that differ in case are two."""
    assert read("p=reject; p=none; P=x") == {"p": "reject", "P": "x"}


def test_a_part_without_an_equals_sign_has_no_value() -> None:
    """It is listed, since a DKIM key with such a part is void, and hides no tag of its name."""
    assert parts("p; p=none; ;") == [("p", None), ("p", "none")]
    assert read("p; p=none; ;") == {"p": "none"}
