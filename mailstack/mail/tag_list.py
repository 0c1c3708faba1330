"""Lists of tags such as `v=DKIM1; k=rsa; p=...` (RFC 6376 section 3.2), on which the policy records of mail build."""

from __future__ import annotations

_BLANK = " \t\r\n"


def parts(text: str) -> list[tuple[str, str | None]]:
    """List names and values in their order, without the blanks around them; the value is None where "=" is missing."""
    split = (part.partition("=") for part in text.split(";") if part.strip(_BLANK))
    return [(name.strip(_BLANK), value.strip(_BLANK) if equals else None) for name, equals, value in split]


def read(text: str) -> dict[str, str]:
    """Return values by name: names keep their case, the first of a name counts, parts without "=" are left out."""
    return {name: value for name, value in reversed(parts(text)) if value is not None}
