"""What `mailstack adopt` counts as a change of something that exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cli.adoption.run import differences
from cli.preview import Step

RECORD = {"name": "_dmarc.example.com", "type": "TXT", "content": '"v=DMARC1; p=none"', "ttl": 300, "proxied": False}


def changes(*steps: Step) -> list[tuple[str, list[str]]]:
    """Return what is counted of the steps of a preview."""
    return [(one.op, list(one.properties)) for one in differences(steps)]


def update(*changed: str, **inputs: Any) -> Step:
    """Return the update of a record that was imported."""
    return Step("update", "urn::mail-dns", "cloudflare", "", {**RECORD, **inputs}, changed=changed, old_inputs=RECORD)


def test_a_mark_is_no_change_nor_is_what_the_provider_computes_from_it() -> None:
    """pulumi-cloudflare names the times that the update will change beside the comment."""
    step = update("comment", "commentModifiedOn", "modifiedOn", comment="mailstack abcdefghijklmnop a/b/c")
    assert changes(step) == []


@pytest.mark.parametrize(
    ("path", "inputs"), [("ttl", {"ttl": 600}), ("content", {"content": '"v=DMARC1; p=reject"'}), ("proxied", {})]
)
def test_any_other_input_is_a_change(path: str, inputs: Mapping[str, Any]) -> None:
    """It is named, so that somebody can decide."""
    assert changes(update("comment", path, **inputs)) == [("update", [path])]


def test_the_same_text_in_other_quotes_is_no_change() -> None:
    """Cloudflare answers the same whether it holds a text quoted, bare or in chunks."""
    assert changes(update("content", content="v=DMARC1; p=none")) == []


def test_a_deletion_is_a_change_but_that_of_a_provider() -> None:
    """The provider that an import used is a note of the engine; nothing in the world goes with it."""
    record = Step("delete", "urn::mail-dns", "cloudflare", "", RECORD)
    provider = Step("delete", "urn::default", "pulumi:providers:mailstack", "", {})
    assert changes(record, provider) == [("delete", [])]
