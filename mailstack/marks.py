"""The mark that says which stack made a thing: the comment of a DNS record, the tag "mailstack" at AWS."""

from __future__ import annotations

import re

ID_LENGTH = 16  # base32 characters, 80 bits
# A Cloudflare comment holds 100 characters on the free plan
# (https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/).
LIMIT = 100
# Set by `mailstack adopt` for its previews, in which nothing looks for what exists already; no update heeds it.
ADOPTING = "MAILSTACK_ADOPTING"
_MARK = re.compile(rf"mailstack ([a-z2-7]{{{ID_LENGTH}}})(?![^ ])")


def write(owner_id: str, stack: str) -> str:
    """Return the mark of a stack, "<organization>/<project>/<stack>"; a long name is cut, since the id decides."""
    return f"mailstack {owner_id} {stack}"[:LIMIT]


def owner_id(text: str) -> str | None:
    """Return the id in a comment or tag, None where it holds no mark."""
    found = _MARK.match(text)
    return found[1] if found else None


def stack_of(text: str) -> str | None:
    """Return the stack in a comment or tag, a long name cut as `write` cuts it; None where it holds no mark."""
    found = _MARK.match(text)
    return text[found.end() :].strip().partition(" ")[0] if found else None


def is_of(text: str, stack: str) -> bool:
    """Tell whether a comment or tag is the mark of a stack of this name, whatever its id."""
    found = owner_id(text)
    return found is not None and stack_of(text) == stack_of(write(found, stack))
