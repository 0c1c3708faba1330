"""How TXT values are written."""

from __future__ import annotations

import pytest

from mailstack.dns import txt


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("v=spf1 -all", '"v=spf1 -all"'),
        ("", '""'),
        ("a" * 255, f'"{"a" * 255}"'),
        ("a" * 256, f'"{"a" * 255}" "a"'),
        ('say "x\\y"', r'"say \"x\\y\""'),
    ],
)
def test_text_is_written_in_quoted_strings_of_255_octets(text: str, written: str) -> None:
    """A character-string holds at most 255 octets before anything in it is escaped (RFC 1035 sections 3.3, 5.1)."""
    assert txt.quoted(text) == written
