"""Record sets that a domain's settings write out: somebody else's values beside ours, and what is kept as found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mailstack.dns import records
from mailstack.dns.records import Mx, RecordSet
from mailstack.errors import RecordError
from mailstack.mail import dmarc, spf
from mailstack.settings.base import Model
from mailstack.settings.fields import RecordName, Ttl


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
    def _stands(self) -> WrittenRecord:
        try:
            self.record_set(300)
        except RecordError as error:
            raise ValueError(str(error)) from None
        return self

    def record_set(self, ttl: int) -> RecordSet:
        """Return the record set, with `ttl` where none is written; raises RecordError."""
        return RecordSet(self.name, self.type, self.ttl or ttl, tuple(map(self._value, self.values)))

    def _value(self, text: str) -> str | Mx:
        return records.mx(text) if self.type == "MX" else text


class FurtherRecord(WrittenRecord):
    """Values of somebody else's that this stack publishes, because its host keeps all values of a name together."""

    name: RecordName
    """@ for the domain itself, a label below it such as _acme, or a whole name in one of the zones."""

    @model_validator(mode="after")
    def _is_not_ours(self) -> FurtherRecord:
        for text in self.values if self.type == "TXT" else ():
            if spf.is_spf(text):
                raise ValueError(f"{text!r} is an SPF record, and a name has one; write its terms under spf.also")
            if dmarc.is_dmarc(text):
                raise ValueError(f"{text!r} is a DMARC record, and a name has one; write it under dmarc")
        return self


class RecordsSettings(Model):
    """Record sets beside those that follow from the other settings."""

    also: tuple[FurtherRecord, ...] = ()
    """Somebody else's values at names that this stack writes to, such as a site verification."""
    as_found: tuple[WrittenRecord, ...] = ()
    """Records that stay as `mailstack adopt` found them; without its line a record becomes the kit's own."""
