"""Record sets that a domain's settings write out: somebody else's values beside ours, and what is kept as found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from mailstack.dns import records
from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import RecordError
from mailstack.mail.policy_records import Kind, kind
from mailstack.model import Model
from mailstack.settings.fields import RecordName, Ttl

# Policy records that follow from another key of the domain, and what to write there.
_KEYS: Mapping[Kind | None, tuple[str, str]] = {
    "spf": ("an SPF", "its terms under spf.also"),
    "dmarc": ("a DMARC", "it under dmarc"),
    "bimi": ("a BIMI", "it under bimi"),
    "mta-sts": ("an MTA-STS", "its policy under mtaSts"),
    "tls-rpt": ("a TLS-RPT", "it under tlsRpt"),
}


class WrittenRecord(Model):
    """A record set as it is to be published."""

    name: RecordName
    """Its full name, such as example.com."""
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT"]
    """Its type."""
    ttl: Ttl | None = None
    """Its time to live in seconds; the domain's when it is left out."""
    values: tuple[str, ...] = Field(min_length=1)
    """Its values: text without quotes, an MX as 10 mail.example.com."""

    @model_validator(mode="after")
    def _is_allowed(self) -> WrittenRecord:
        try:
            self.record_set(300)
        except RecordError as error:
            raise ValueError(str(error)) from None
        return self

    def record_set(self, ttl: int) -> RecordSet:
        """Return the record set, with `ttl` where none is written; raises RecordError."""
        return RecordSet(self.name, self.type, self.ttl or ttl, tuple(map(self._value, self.values)))

    def _value(self, text: str) -> str | Mx:
        if self.type == "CNAME":
            return text.lower().removesuffix(".")
        return records.value(self.type, text)


class FurtherRecord(WrittenRecord):
    """Values of somebody else's that this stack publishes, because its host keeps all values of a name together."""

    name: RecordName
    """@ for the domain itself, a label below it such as _acme, or a whole name in one of the zones."""

    @model_validator(mode="after")
    def _is_not_ours(self) -> FurtherRecord:
        for text in self.values if self.type == "TXT" else ():
            if found := _KEYS.get(kind(self.name, text)):
                raise ValueError(f"{text!r} is {found[0]} record, and a name has one; write {found[1]}")
        return self


class RecordsSettings(Model):
    """Record sets beside those that follow from the other settings."""

    also: tuple[FurtherRecord, ...] = ()
    """Somebody else's values at names that this stack writes to, such as a site verification."""
    as_found: tuple[WrittenRecord, ...] = ()
    """Records that stay as `mailstack adopt` found them; without its line a record becomes the kit's own."""
