"""DMARC records over DNS: what we read and find beside what checkdmarc does."""

from __future__ import annotations

import checkdmarc.dmarc  # type: ignore[import-untyped]  # ships no types
import pytest

from mailstack.errors import DmarcError
from mailstack.mail import dmarc
from providers.dns import live
from tests.mailstack.mail.real_records import DMARC

pytestmark = pytest.mark.usefixtures("only_its_zone")

# The names have an MX, since a domain that does not exist has no policy of its own.
ZONE = """
_dmarc.example.com TXT v=DMARC1; p=reject; sp=quarantine
_dmarc.mail.example.com TXT v=DMARC1; p=none
a.mail.example.com MX 10 mx.example.com
_dmarc.example.org TXT v=DMARC1; p=reject
_dmarc.mail.example.org TXT v=DMARC1; p=none; psd=n
a.mail.example.org MX 10 mx.example.org
_dmarc.net TXT v=DMARC1; p=none; sp=reject; psd=y
a.mail.example.net MX 10 mx.example.net
_dmarc.a.mail.example.net TXT v=spf1 -all
"""
for number, case in enumerate(DMARC):
    ZONE += f"_dmarc.d{number}.example TXT {case.text}\nd{number}.example MX 10 mx.example.com\n"

# Records that checkdmarc calls wrong, as a check of one's own record should; a receiver reads something in them.
STRICTER = {
    "v=DMARC1; p=monitor; rua=mailto:a@example.com": "RFC 9989 section 4.10.1: as p=none where reports are asked for",
    "v=DMARC1; p:reject": "RFC 9989 section 4.7: what is malformed behind v is ignored",
    "v=DMARC1; p=reject; rua=; ruf=;": "RFC 9989 section 4.7: what is malformed behind v is ignored",
    "v=DMARC1; p=none; rua=reports@example.com": "RFC 9989 section 4.7: what is malformed behind v is ignored",
}


def ours(text: str) -> dict[str, object] | None:
    """Read a record and write defaults out; None for a text that receivers ignore."""
    try:
        record = dmarc.parse(text)
    except DmarcError:
        return None
    existing = record.subdomain_policy or record.policy
    return {
        "p": record.policy,
        "sp": existing,
        "np": record.nonexistent_policy or existing,
        "psd": record.psd or "u",
        "t": "y" if record.testing else "n",
        "adkim": record.adkim,
        "aspf": record.aspf,
        "fo": record.fo or "0",
        "rua": list(record.rua),
        "ruf": list(record.ruf),
    }


def theirs(domain: str) -> dict[str, object] | None:
    """Let checkdmarc find and read the record of a domain; None where it reports an error."""
    found = checkdmarc.dmarc.check_dmarc(domain)
    if not found["valid"]:
        return None
    tags = {tag: details["value"] for tag, details in found["tags"].items()}
    tags.pop("v")
    for tag in ("rua", "ruf"):
        tags[tag] = [f"{address['scheme']}:{address['address']}" for address in tags.get(tag, [])]
    return tags


@pytest.mark.parametrize("number", range(len(DMARC)), ids=lambda number: DMARC[number].text)
def test_checkdmarc_reads_the_same_but_for_what_is_explained(number: int) -> None:
    """A new difference fails, and so does one that is no more."""
    text, found = DMARC[number].text, theirs(f"d{number}.example")
    if text in STRICTER:
        assert found is None
        assert ours(text) is not None
    else:
        assert found == ours(text)


@pytest.mark.parametrize(
    ("domain", "place"),
    [  # the three examples of RFC 9989 section 4.10.2
        ("a.mail.example.com", "example.com"),
        ("a.mail.example.org", "mail.example.org"),
        ("a.mail.example.net", "net"),
    ],
)
def test_checkdmarc_finds_the_policy_of_a_name_at_the_same_place(domain: str, place: str) -> None:
    """The tree walk, asked over the wire; another TXT record where a policy would be counts for nothing."""
    found = dmarc.covering(domain, lambda name: live.lookup(name, "TXT"))
    assert found is not None
    assert found[0] == place
    theirs = checkdmarc.dmarc.query_dmarc_record(domain, ignore_unrelated_records=True)
    assert (theirs["location"], dmarc.parse(theirs["record"])) == found[:2]
