"""TXT values in writing: character-strings of at most 255 octets, in quotes (RFC 1035 sections 3.3 and 5.1)."""

from __future__ import annotations

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
