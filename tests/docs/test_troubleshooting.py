"""What the README quotes as messages is what is said."""

from __future__ import annotations

import ast
import re

import pytest

from tests.engine.project import ROOT

from . import readme

# Pulumi's own words; test_commands.py sees a real engine say them.
PROTECTED = "cannot be deleted because it is protected"
LOCKED = "the stack is currently locked"
OF_THE_ENGINE = (PROTECTED, LOCKED)
QUOTED = [quote for seen, _ in readme.table("When something goes wrong") for quote in readme.code(seen)]


def _texts() -> list[str]:
    """List the texts of all sources, with a gap where a value is put in."""
    found = []
    for folder in ("mailstack", "components", "providers", "plugin", "sandbox"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    found.append(
                        "".join(
                            str(getattr(part, "value", "…")) if isinstance(part, ast.Constant) else "…"
                            for part in node.values
                        )
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return found


@pytest.mark.parametrize("quote", [quote for quote in QUOTED if quote not in OF_THE_ENGINE])
def test_a_quoted_message_is_said_somewhere(quote: str) -> None:
    """Each message of the troubleshooting table stands in the sources, with values where the README has dots."""
    pattern = ".*".join(re.escape(part.strip()) for part in quote.split("..."))
    assert any(re.search(pattern, text, re.DOTALL) for text in _texts())


def test_the_engines_words_are_quoted() -> None:
    """The words of the engine that other tests look for are those that the README quotes."""
    assert set(OF_THE_ENGINE) <= set(QUOTED)
