"""TXT contents as DNS hosts are given them."""

from __future__ import annotations

import re


def text(content: str) -> str:
    r"""Give the text of a TXT content: quoted strings joined, with \" \\ and \DDD read; unquoted as it is."""
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', content)
    if not content.startswith('"') or not strings:
        return content

    def plain(match: re.Match[str]) -> str:
        return chr(int(match[1])) if len(match[1]) == 3 else match[1]

    return re.sub(r"\\(\d{3}|.)", plain, "".join(strings))
