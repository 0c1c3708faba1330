"""The zone that every format writes, and the values that hypothesis makes for it."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from mailstack.dns.formats import ZoneRecord
from mailstack.dns.records import Mx, RecordSet

ZONE = "example.com"
DKIM_KEY = (
    "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 12 + "IDAQAB"
)  # 408 octets: two character-strings
RECORD_SETS = (
    RecordSet("example.com", "TXT", 3600, ("v=spf1 include:amazonses.com ~all", "site-verification=1a2b"), "SPF"),
    RecordSet("k1._domainkey.notify.example.com", "CNAME", 300, ("k1.dkim.amazonses.com",), "DKIM key of SES"),
    RecordSet("own._domainkey.notify.example.com", "TXT", 300, (DKIM_KEY,), "DKIM key"),
    RecordSet("bounce.notify.example.com", "MX", 300, (Mx(10, "feedback-smtp.eu-west-1.amazonses.com"),), "bounces"),
    # A macro of RFC 7208 section 7, and the automatic TTL.
    RecordSet("bounce.notify.example.com", "TXT", 1, ("v=spf1 exists:%{i}._spf.%{d} ~all",), "SPF of the return path"),
    RecordSet("_dmarc.notify.example.com", "TXT", 300, ("v=DMARC1; p=reject; rua=mailto:d@example.com",), "DMARC"),
    RecordSet("*._domainkey.old.example.com", "TXT", 300, ("v=DKIM1; p=",), 'no key, said "so"; # and | over'),
    RecordSet("mx10.example.com", "A", 300, ("192.0.2.1", "192.0.2.2")),
    RecordSet("mx9.example.com", "AAAA", 300, ("2001:db8::1",), "second\nline"),
)  # fmt: skip
RECORDS = tuple(ZoneRecord.of(record, ZONE) for record in RECORD_SETS)

# What RFC 1035 can hold and the model lets through, with the characters that some format has a meaning for.
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=1000) | st.text(
    st.sampled_from('"\\; $%{}(@a'), min_size=1, max_size=40
)


def txt(text: str, name: str = "t.example.com") -> ZoneRecord:
    """Return a record with one TXT value."""
    return ZoneRecord.of(RecordSet(name, "TXT", 300, (text,)), ZONE)


def answers(records: Iterable[RecordSet] = RECORD_SETS) -> dict[tuple[str, str], set[str]]:
    """Return what the DNS must answer: values by name and type, names without trailing dot, an MX as "10 host"."""
    return {(record.name, record.type): {str(value) for value in record.values} for record in records}
