"""Texts below fields reach those who read them, and cost those nothing who do not."""

from __future__ import annotations

from mailstack.descriptions import Described, field_texts
from mailstack.model import Model


class _Base(Model):
    """What both have."""

    first_key: str
    """The first."""
    plain: int = 0


class _Whole(_Base):
    """A model."""

    inner: _Base | None = None
    """The one
    inside.
    """


def test_the_text_below_a_field_is_its_description() -> None:
    """Inherited fields have theirs too; a field without a text has none."""
    assert field_texts(_Whole) == {"first_key": "The first.", "inner": "The one\ninside."}
    described = _Whole.model_json_schema(schema_generator=Described)
    texts = {key: one.get("description") for key, one in described["properties"].items()}
    assert texts == {"firstKey": "The first.", "plain": None, "inner": "The one\ninside."}
    assert described["$defs"]["_Base"]["properties"]["firstKey"]["description"] == "The first."
