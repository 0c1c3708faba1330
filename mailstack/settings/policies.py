"""What a domain tells other servers beside DMARC: its logo, how its mail is delivered, where they report."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from mailstack.dns import records
from mailstack.errors import MtaStsError, RecordError
from mailstack.mail import bimi, mta_sts, tls_rpt
from mailstack.model import Model
from mailstack.settings.fields import DomainName, Label, shown


def _has_host(url: str) -> bool:
    """Tell whether the host of an https: URL or the domain of a mailto: address can exist."""
    parts = urlsplit(url)
    try:
        return bool(
            records.domain_name(parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.hostname or "")
        )
    except (RecordError, ValueError):
        return False


def _url(text: str) -> str:
    if not bimi.is_url(text) or not _has_host(text):
        raise ValueError(f"{shown(text)} is no https: URL: write https://example.com/logo.svg, with , and ; as %2C %3B")
    return text


def _mx_pattern(text: str) -> str:
    try:
        return mta_sts.mx_pattern(text)
    except MtaStsError as error:
        raise ValueError(str(error).removeprefix("MTA-STS mx: ")) from None


def _max_age(seconds: int) -> int:
    if not 0 <= seconds <= mta_sts.MAX_AGE_LIMIT:
        raise ValueError(f"must be 0 to {mta_sts.MAX_AGE_LIMIT} seconds (a year), not {seconds}")
    return seconds


def _report_uri(text: str) -> str:
    if not tls_rpt.is_report_uri(text) or not _has_host(text):
        raise ValueError(f"{shown(text)} is no report address: write mailto:tls@example.com or an https: URL")
    return text


def _some(addresses: tuple[str, ...]) -> tuple[str, ...]:
    if not addresses:
        raise ValueError("is empty: write at least one address, such as mailto:tls@example.com")
    return addresses


Url = Annotated[str, AfterValidator(_url)]


class BimiSettings(Model):
    """The logo beside a domain's mail (BIMI); it is shown only where DMARC asks for quarantine or reject."""

    logo: Url
    """The https: URL of the logo, an SVG file."""
    certificate: Url | None = None
    """The https: URL of the mark certificate (VMC or CMC) that attests the logo; some providers show none without."""
    selector: Label = "default"
    """The selector; mail that names no other uses default."""
    file: str | None = None
    """A copy of the logo, by its path from the project's folder, that is checked against SVG Tiny PS."""

    def to_record(self) -> bimi.Bimi:
        """Return the record that names the logo."""
        return bimi.Bimi(self.logo, self.certificate)


class MtaStsSettings(Model):
    """How other servers deliver mail to the domain: over TLS, to these hosts only (RFC 8461)."""

    mode: mta_sts.Mode = "testing"
    """testing: failures are only reported; enforce: such mail is not delivered; none: the policy is given up."""
    mx: tuple[Annotated[str, AfterValidator(_mx_pattern)], ...] = ()
    """The hosts that take the domain's mail, such as mail.example.com or *.example.com; those of inbound by default."""
    max_age: Annotated[
        int,
        Strict(),
        AfterValidator(_max_age),
        WithJsonSchema({"type": "integer", "minimum": 0, "maximum": mta_sts.MAX_AGE_LIMIT}),
    ] = 604800
    """How long others may keep the policy, in seconds."""
    host: DomainName | None = None
    """The host that serves the policy, to which mta-sts.<domain> points; left out: that name is not this stack's."""


class TlsRptSettings(Model):
    """Where other servers report that mail could not be delivered over TLS (RFC 8460)."""

    rua: Annotated[
        tuple[Annotated[str, AfterValidator(_report_uri)], ...],
        AfterValidator(_some),
        Field(json_schema_extra={"minItems": 1}),
    ]
    """Where the reports go, such as mailto:tls@example.com or an https: URL."""

    def to_record(self) -> tls_rpt.TlsRpt:
        """Return the record that names these addresses."""
        return tls_rpt.TlsRpt(self.rua)
