"""Which TXT texts receivers may take for a policy record: by the name of the record and the grammar of its text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstack.errors import DmarcError
from mailstack.mail import bimi, dkim, dmarc, mta_sts, tls_rpt
from mailstack.mail import parked as no_mail
from mailstack.mail.policy_records import Kind, kind, same_kind
from tests.mailstack.mail.real_records import DMARC, SPF

# That a machine is busy is no mistake of the code.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DOMAIN = "notify.example.com"
# Kind, a name of its records, the value of v, and a tag that it requires.
LISTS: list[tuple[Kind, str, str, str]] = [
    ("dmarc", f"_dmarc.{DOMAIN}", "DMARC1", "p=reject"),
    ("dmarc-report", f"{DOMAIN}._report._dmarc.example.net", "DMARC1", "rua=mailto:a@example.net"),
    ("bimi", f"brand._bimi.{DOMAIN}", "BIMI1", "l=https://example.com/logo.svg"),
    ("mta-sts", f"_mta-sts.{DOMAIN}", "STSv1", "id=20260101"),
    ("tls-rpt", f"_smtp._tls.{DOMAIN}", "TLSRPTv1", "rua=mailto:tls@example.com"),
    ("dkim", f"one.two._domainkey.{DOMAIN}", "DKIM1", "p=MIIB"),
]
LIST = st.sampled_from(LISTS)
BLANKS = st.text(alphabet=" \t", max_size=3)
UNKNOWN = st.lists(
    st.from_regex(r"\A[a-z][a-z0-9_]{0,5}=[!-:<-~]{0,9}\Z").filter(lambda tag: tag[:2] not in ("p=", "v="))
)


def any_case(word: str) -> st.SearchStrategy[str]:
    """Return a word with each of its letters in either case."""
    return st.tuples(*(st.sampled_from([letter.lower(), letter.upper()]) for letter in word)).map("".join)


@unhurried
@given(LIST, BLANKS, BLANKS, BLANKS, UNKNOWN, st.booleans(), st.data())
def test_blanks_case_unknown_tags_and_a_last_semicolon_hide_no_record(
    one: tuple[Kind, str, str, str],
    before: str,
    behind: str,
    around: str,
    more: list[str],
    last: bool,
    data: st.DataObject,
) -> None:
    """RFC 9989 section 4.8 and BIMI have *WSP around "=" and ";"; RFC 6376 section 3.2 ignores unknown tags."""
    expected, name, version, tag = one
    first = f"{data.draw(any_case('v'))}{before}={behind}{data.draw(any_case(version))}"
    text = f"{around};{around}".join([first, *more, tag]) + (f"{around};{around}" if last else "")
    assert kind(data.draw(any_case(name)), text) == expected
    assert same_kind(name, text, f"v={version}; {tag}")


@unhurried
@given(LIST, st.sampled_from("0a.-_"), BLANKS)
def test_a_longer_version_is_another_one(one: tuple[Kind, str, str, str], more: str, blank: str) -> None:
    """The value of v must match whole (RFC 9989 section 4.7; RFC 6376 section 3.6.1: DKIM1 is not DKIM1.0)."""
    _, name, version, tag = one
    assert kind(name, f"v{blank}={blank}{version}{more};{tag}") is None


@unhurried
@given(LIST, LIST)
def test_a_name_has_records_of_its_own_kind_only(
    one: tuple[Kind, str, str, str], other: tuple[Kind, str, str, str]
) -> None:
    """Nobody looks for a policy at the name of another; a DMARC policy and a permission for reports begin alike."""
    text = f"v={other[2]}; {other[3]}"
    assert kind(one[1], text) == (one[0] if one[2] == other[2] else None)
    assert kind(DOMAIN, text) is None


@unhurried
@given(any_case("v=spf1"), st.sampled_from(["", " ", "  -all", " mx ~all", " v=DMARC1; p=MIIB"]), LIST)
def test_an_spf_record_is_seen_at_any_name(version: str, rest: str, one: tuple[Kind, str, str, str]) -> None:
    """RFC 7208 section 4.5: v=spf1 and then a space or the end; section 12: in any case."""
    assert kind(DOMAIN, version + rest) == kind(one[1], version + rest) == "spf"


@unhurried
@given(st.text(max_size=60) | st.text(alphabet="vV=;pDMARCKI1 \t", max_size=20), LIST)
def test_any_text_is_answered(text: str, one: tuple[Kind, str, str, str]) -> None:
    """No text ends in an error, and a text is of the same kind as itself where it has one."""
    found = kind(one[1], text)
    assert found in (None, "spf", one[0])
    assert same_kind(one[1], text, text) == (found is not None)


@unhurried
@given(st.text(alphabet="vV=;pDMARCKI1 \t", max_size=20))
def test_whatever_its_reader_accepts_is_seen(text: str) -> None:
    """No record has an effect unseen: what is a DMARC policy or a DKIM key to its reader has a kind."""
    if dkim.public_key(text) is not None:
        assert kind(f"one._domainkey.{DOMAIN}", text) == "dkim"
    try:
        dmarc.parse(text)
    except DmarcError:
        return
    assert kind(f"_dmarc.{DOMAIN}", text) == "dmarc"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # Seen in zones.
        ("_dmarc.example.com", "v = DMARC1 ; p = reject", "dmarc"),
        ("_dmarc.example.com.", "v=DMARC1;", "dmarc"),
        ("_DMARC.example.com", "v=DMARC1", "dmarc"),
        ("_dmarc", "v=DMARC1; p=none", "dmarc"),  # a label, as settings may name it
        ("_dmarc.example.com", " v=DMARC1; p=reject", "dmarc"),  # typed with a blank; Mail::DMARC drops all blanks
        ("_dmarc.example.com", "v=dmarc1; p=reject", "dmarc"),  # Mail::DMARC: 'DMARC1' ne uc
        ("_dmarc.example.com", "v=DMARC1 p=reject", "dmarc"),  # OpenDMARC: strstr "v=DMARC"
        ("_dmarc.example.com", "v=DMARC1.0; p=reject", None),
        ("_dmarc.example.com", "p=reject; v=DMARC1", None),  # RFC 9989 section 4.7: first in the list
        ("_dmarc.example.com", "domain=cmnet.org;v=DMARC1;p=none;sp=none", None),  # msimerson/mail-dmarc #39
        ("_dmarc.example.com", "site-verification=abc", None),
        ("_dmarc.example.com", "", None),
        ("example.com", "v=DMARC1; p=reject", None),  # nobody looks for it there
        ("dmarc.example.com", "v=DMARC1; p=reject", None),
        ("*._report._dmarc.example.net", "v=DMARC1", "dmarc-report"),  # RFC 9990 section 4: for all
        ("example.com", "v=spf10 -all", None),  # RFC 7208 section 4.5
        ("example.com", "v=spf1", "spf"),
        ("example.com", "v=spf1;-all", None),
        ("example.com", "v = spf1 -all", None),
        ("example.com", " v=spf1 -all", None),
        ("example.com", "v=spf1\t-all", None),
        ("example.com", "spf2.0/pra -all", None),  # RFC 4406, another protocol
        ("default._bimi.example.com", "v=BIMI1; l=; a=;", "bimi"),  # declines (section 4.2.1 of the draft)
        ("_bimi.example.com", "v=BIMI1; l=", None),  # no selector
        ("_mta-sts.example.com", "v=STSv1; id=20160831085700Z;", "mta-sts"),  # RFC 8461 section 3.1
        ("_mta-sts.example.com", "v=STSv1 ;id=1", "mta-sts"),  # its ABNF, against its words
        ("_mta-sts.example.com", "id=1; v=STSv1", None),
        ("_smtp._tls.example.com", "v=TLSRPTv1;rua=mailto:reports@example.com", "tls-rpt"),  # RFC 8460 section 3
        ("_tls.example.com", "v=TLSRPTv1;rua=mailto:reports@example.com", None),
        ("s._domainkey.example.com", no_mail.NO_KEY, "dkim"),
        ("*._domainkey.example.com", no_mail.NO_KEY, "dkim"),
        ("s._domainkey.example.com", "p=MIIB", "dkim"),  # RFC 6376 section 3.6.1: v is optional
        ("s._domainkey.example.com", "k=rsa; t=s; p=MI IB;", "dkim"),
        ("s._domainkey.example.com", "k=rsa; v=DKIM1; p=MIIB", "dkim"),  # OpenDKIM looks for v at any place
        ("s._domainkey.example.com", "v=DKIM2; p=MIIB", None),
        ("s._domainkey.example.com", "o=~; r=postmaster@example.com", None),  # DomainKeys, RFC 4870 section 3.6
        ("_domainkey.example.com", "v=DKIM1; p=MIIB", None),  # no selector
    ],
)
def test_a_text_is_of_the_kind_that_receivers_may_take_it_for(name: str, text: str, expected: Kind | None) -> None:
    """Names, versions and blanks as RFC 6376, 7208, 8460, 8461, 9989, 9990 and the BIMI draft have them."""
    assert kind(name, text) == expected


@pytest.mark.parametrize("text", [case.text for case in DMARC if not case.refused])
def test_every_real_dmarc_record_is_seen(text: str) -> None:
    """Records with an effect, from standards, vendors and reports."""
    assert kind("_dmarc.example.com", text) == "dmarc"


@pytest.mark.parametrize("text", [case.text for case in SPF if not case.refused])
def test_every_real_spf_record_is_seen(text: str) -> None:
    """Records with an effect, from standards, vendors and reports."""
    assert kind("example.com", text) == "spf"


def test_what_the_kit_publishes_is_seen_at_the_names_where_it_does() -> None:
    """The kit recognises its own records, so that it never adds a second one."""
    policy = mta_sts.Policy("enforce", ("mx.example.com",), 86400)
    assert kind(f"_dmarc.{DOMAIN}", str(dmarc.Dmarc("reject"))) == "dmarc"
    assert kind(bimi.record_name("default", DOMAIN), str(bimi.Bimi("https://example.com/logo.svg"))) == "bimi"
    assert kind(mta_sts.record_name(DOMAIN), policy.record) == "mta-sts"
    assert kind(tls_rpt.record_name(DOMAIN), str(tls_rpt.TlsRpt(("mailto:tls@example.com",)))) == "tls-rpt"
    assert kind(dkim.record_name("mailstack-1", DOMAIN), dkim.record("rsa", "MIIB")) == "dkim"
    assert kind(no_mail.dkim_name(DOMAIN), no_mail.NO_KEY) == "dkim"
    assert kind(DOMAIN, no_mail.SPF) == "spf"
    assert kind(dmarc.report_authorisations(DOMAIN, dmarc.Dmarc(rua=("mailto:a@example.net",)))[0], "v=DMARC1;") == (
        "dmarc-report"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("v = DMARC1 ; p = reject", "v=DMARC1; p=none", True),
        ("v=DMARC1; p=none", "v=spf1 -all", False),
        ("site-verification=1", "site-verification=2", False),  # of no kind
    ],
)
def test_two_records_of_one_kind_are_told_from_two_texts(one: str, other: str, same: bool) -> None:
    """Receivers discard both records of a kind (RFC 9989 section 4.10), and other texts disturb nobody."""
    assert same_kind("_dmarc.example.com", one, other) is same
