"""Which TXT texts are policy records of mail, and of which kind: by the name of the record and the grammar of its text.

Receivers discard all records of a kind where a name has two of them, so a text is seen if any receiver may take it.
RFC 9989 and BIMI allow blanks around "=" and ";". RFC 6376 section 3.2 allows them in each of its lists of tags.
Mail::DMARC accepts the version in any case, and OpenDMARC accepts a text that only begins with it. Whether a record
that is seen also has an effect is for its own reader to say (dmarc.parse, spf.parse, dkim.public_key).
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal

from mailstack.mail import tag_list

Kind = Literal["spf", "dmarc", "dmarc-report", "bimi", "mta-sts", "tls-rpt", "dkim"]

# Kind, the names at which it is looked for, and the value of its tag v in lower case.
_AT_NAMES: Final[tuple[tuple[Kind, str, str], ...]] = (
    ("dmarc", "_dmarc.*", "dmarc1"),  # RFC 9989 sections 4.7 and 4.8
    ("dmarc-report", "*._report._dmarc.*", "dmarc1"),  # RFC 9990 section 4
    ("mta-sts", "_mta-sts.*", "stsv1"),  # RFC 8461 section 3.1
    ("tls-rpt", "_smtp._tls.*", "tlsrptv1"),  # RFC 8460 section 3
    ("bimi", "*._bimi.*", "bimi1"),  # draft-brand-indicators-for-message-identification section 4
    ("dkim", "*._domainkey.*", "dkim1"),  # RFC 6376 sections 3.6.1 and 3.6.2.1
)

TITLES: Final[Mapping[Kind, str]] = {
    "spf": "SPF",
    "dmarc": "DMARC",
    "dmarc-report": "DMARC",
    "bimi": "BIMI",
    "mta-sts": "MTA-STS",
    "tls-rpt": "TLS-RPT",
    "dkim": "DKIM",
}


def kind(name: str, text: str) -> Kind | None:
    """Return the kind of policy record that receivers may take a TXT text at a name for, None for any other text.

    The name is whole, or given by its first labels. SPF records are looked for at any name.
    """
    at = f"{name.lower().rstrip('.')}."
    for found, pattern, version in _AT_NAMES:
        if fnmatchcase(at, pattern) and (_begins(text, version) or (found == "dkim" and _is_key(text))):
            return found
    return "spf" if _is_spf(text) else None


def same_kind(name: str, one: str, other: str) -> bool:
    """Tell whether two TXT texts at a name are policy records of one kind, so that receivers would discard both."""
    return (found := kind(name, one)) is not None and found == kind(name, other)


def _begins(text: str, version: str) -> bool:
    """Tell whether the first tag of a list is this version, maybe with a semicolon missing behind it."""
    return any(
        name.lower() == "v" and (value or "").lower().split()[:1] == [version]
        for name, value in tag_list.parts(text)[:1]
    )


def _is_key(text: str) -> bool:
    """Tell whether a text is a DKIM key (RFC 6376 section 3.6.1): p is required and v is optional.

    OpenDKIM accepts v at any place.
    """
    tags = {name.lower(): value.lower() for name, value in tag_list.read(text).items()}
    return "p" in tags and tags.get("v", "dkim1") == "dkim1"


def _is_spf(text: str) -> bool:
    """Tell whether a text is an SPF record: it begins with exactly v=spf1 and a space (RFC 7208 section 4.5)."""
    return text.lower().split(" ", 1)[0] == "v=spf1"
