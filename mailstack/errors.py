"""Every error that is meant for the user, as one clear sentence: where, what was given, what is allowed, what to do.

MailstackError
├── SettingsError       a setting is wrong or missing; `path` is its key
├── InvalidValue        DNS or mail does not allow the value
│   ├── RecordError     a DNS name or record set
│   ├── SpfError        an SPF record
│   ├── DkimError       a DKIM key
│   ├── DmarcError      a DMARC record
│   ├── BimiError       a BIMI record or logo
│   ├── MtaStsError     an MTA-STS policy
│   ├── TlsRptError     a TLS-RPT record
│   └── SmtpError       SMTP settings
├── Conflict            something exists that is not this stack's; nothing was changed
│   └── Changed         it changed between the look and the write
├── VendorError         a DNS host, an SMTP provider or AWS did not do what was asked, in its own words
│   ├── Missing         it does not know the object
│   ├── Busy            it throttles, fails or cannot be reached: the same request may succeed later
│   ├── Unanswered      a write was sent and no answer came: it may have been done
│   └── Refused         it said no
├── DnsError            a resolver gave no answer, which is not the answer that there is no record
│   └── BogusAnswer     DNSSEC of the zone is broken
└── CommandError        a command cannot do what it was asked
└── EngineError     a pulumi command failed; `said` is what it printed
"""

from __future__ import annotations


class MailstackError(Exception):
    """An error that is told to the user as one sentence."""


class SettingsError(MailstackError):
    """A setting is wrong or missing; `path` is its key, such as "mailstack:senders.notify.from.address"."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class InvalidValue(MailstackError):
    """DNS or mail does not allow the value."""


class RecordError(InvalidValue):
    """A DNS name or record set cannot be published."""


class SpfError(InvalidValue):
    """A text is not an SPF record, or records cannot become one."""


class DkimError(InvalidValue):
    """A DKIM key cannot be made, changed or used."""


class DmarcError(InvalidValue):
    """A text is not a DMARC policy record, or a value is not allowed in one."""


class BimiError(InvalidValue):
    """A BIMI record or logo would be ignored by mailbox providers."""


class MtaStsError(InvalidValue):
    """RFC 8461 does not allow the policy, or it would stop mail."""


class TlsRptError(InvalidValue):
    """A TLS-RPT record would be ignored by servers."""


class SmtpError(InvalidValue):
    """No client could use the SMTP settings."""


class Conflict(MailstackError):
    """Something exists that is not this stack's; nothing was changed."""


class Changed(Conflict):
    """Something changed between the look and the write; nothing was written."""


class VendorError(MailstackError):
    """A DNS host, an SMTP provider or AWS did not do what was asked; the message holds its own words."""


class Missing(VendorError):
    """The vendor does not know the object."""


class Busy(VendorError):
    """The vendor throttles, fails or cannot be reached; `retry_after` is in seconds, None where it did not say."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unanswered(VendorError):
    """A write was sent and no answer came: it may have been done."""


class Refused(VendorError):
    """The vendor said no."""


class DnsError(MailstackError):
    """A resolver gave no answer, which is not the answer that there is no record."""


class BogusAnswer(DnsError):
    """A validating resolver does not accept what a zone answers: its DNSSEC is broken (RFC 4035 section 5.5)."""


class CommandError(MailstackError):
    """A command cannot do what it was asked."""


class EngineError(CommandError):
    """A pulumi command failed; `said` is what it printed."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class DeliveryError(CommandError):
    """An SMTP server did not accept a mail; `reply` is its refusal as (code, text), None where it gave none."""

    def __init__(self, message: str, reply: tuple[int, str] | None = None) -> None:
        super().__init__(message)
        self.reply = reply
