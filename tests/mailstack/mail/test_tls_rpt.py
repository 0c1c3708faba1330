"""TLS-RPT records (RFC 8460)."""

from __future__ import annotations

import pytest
from checkdmarc import smtp_tls_reporting  # type: ignore[import-untyped]  # the package ships no types

from mailstack.errors import TlsRptError
from mailstack.mail.tls_rpt import TlsRpt, record_name


@pytest.mark.parametrize(
    ("rua", "text"),
    [
        # RFC 8460 section 3.1.1 and 3.1.2
        (("mailto:reports@example.com",), "v=TLSRPTv1; rua=mailto:reports@example.com"),
        (("https://reporting.example.com/v1/tlsrpt",), "v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"),
        (
            ("mailto:a@example.com", "https://b.example.com"),
            "v=TLSRPTv1; rua=mailto:a@example.com,https://b.example.com",
        ),
        (("mailto:a%2Cb@example.com",), "v=TLSRPTv1; rua=mailto:a%2Cb@example.com"),
    ],
)
def test_a_record_names_where_reports_go(rua: tuple[str, ...], text: str) -> None:
    """It is what the RFC shows, and a reader that is not ours finds the same addresses in it."""
    assert str(TlsRpt(rua)) == text
    read = smtp_tls_reporting.parse_smtp_tls_reporting_record(text)
    assert tuple(read["tags"]["rua"]["value"]) == rua


def test_it_stands_at_its_own_name() -> None:
    """RFC 8460 section 3."""
    assert record_name("example.com") == "_smtp._tls.example.com"


@pytest.mark.parametrize(
    "address",
    [
        "", "tls@example.com", "mailto:example.com", "mailto:@example.com", "mailto:a@", "http://example.com",
        "https://", "https:///x", "mailto:a@example.com,b@example.com", "https://example.com/;x",
        "https://example.com/!", "https://example.com/%zz", "mailto:a b@example.com", "mailto:ä@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    """Section 3 takes mailto: and https: URIs, in which "!", "," and ";" are percent-encoded."""
    with pytest.raises(TlsRptError, match="no report address"):
        TlsRpt((address,))


def test_a_record_without_an_address_is_refused() -> None:
    """Section 3: rua holds at least one URI."""
    with pytest.raises(TlsRptError, match="at least one"):
        TlsRpt(())
