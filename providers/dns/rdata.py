"""One value of a DNS answer as the kit compares it: text, however it was spelled."""

from __future__ import annotations

from typing import Any


def content(item: Any) -> str:
    """Return a value as text: TXT joined and unquoted, an MX "10 mail.example.com", names as `name` gives them."""
    import dns.rdatatype

    if item.rdtype == dns.rdatatype.TXT:
        return b"".join(item.strings).decode("utf-8", "backslashreplace")
    if item.rdtype == dns.rdatatype.MX:
        return f"{item.preference} {name(item.exchange)}"
    return str(item.to_text()).lower().removesuffix(".")


def name(found: Any) -> str:
    """Return a name in lower case without its final dot; the root is "." alone."""
    return str(found.to_text(omit_final_dot=True)).lower()
