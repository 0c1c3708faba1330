"""What the README holds, in pieces that tests compare with the code."""

from __future__ import annotations

import re
from textwrap import dedent

from tests.engine.project import ROOT

TEXT = (ROOT / "README.md").read_text()
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(make|pulumi|mailstack|uv|git|eval|\.) \S.*")


def blocks(language: str) -> list[str]:
    """List the fenced blocks of a language, without the indentation of the list that they stand in."""
    return [dedent(text) for _, found, text in _BLOCK.findall(TEXT) if found == language]


def commands() -> list[str]:
    """List every command once, in the order of the text: the lines of sh blocks, and what stands inline as one."""
    found = [
        (block.start() + number, line)
        for block in _BLOCK.finditer(TEXT)
        if block[2] == "sh"
        for number, line in enumerate(_lines(block[3]))
    ]
    prose = _BLOCK.sub(lambda block: " " * len(block[0]), TEXT)
    found += [(code.start(), code[1]) for code in re.finditer(r"`([^`\n]+)`", prose) if _COMMAND.fullmatch(code[1])]
    return list(dict.fromkeys(command for _, command in sorted(found)))


def table(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the table that stands under a heading."""
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def code(cell: str) -> list[str]:
    """List what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip()]
