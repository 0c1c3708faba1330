"""TXT values in writing: character-strings of at most 255 octets, in quotes (RFC 1035 sections 3.3 and 5.1)."""

from __future__ import annotations

import re

_LIMIT = 255


def strings(text: str) -> list[str]:
    """Split a TXT value, which is ASCII, into the character-strings that hold it (RFC 1035 section 3.3.14)."""
    return [text[start : start + _LIMIT] for start in range(0, len(text), _LIMIT)]


def escaped(text: str) -> str:
    r"""Write text for inside quotes, with `\` before `\` and `"`."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def quoted(text: str) -> str:
    """Write a TXT value as zone files do: its character-strings, each in quotes."""
    return " ".join(f'"{escaped(string)}"' for string in strings(text) or [""])


def unquoted(written: str) -> str | None:
    r"""Join the strings in quotes and read `\x` as the character itself, `\DDD` as an octet in decimal.

    None where there are no strings in quotes.
    """
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', written)
    if not found:
        return None
    return re.sub(r"\\(?:(\d{3})|(.))", lambda one: chr(int(one[1])) if one[1] else one[2], "".join(found))
