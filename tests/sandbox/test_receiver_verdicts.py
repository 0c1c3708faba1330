"""The receiver's verdicts on mail that went through submission."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import authres  # type: ignore[import-untyped]  # no annotations
import dkim  # type: ignore[import-untyped]  # no annotations
import pytest

from tests.sandbox.smtp_fakes import TOKEN, Cloud, Identity, cloud, keys, mail, new_key


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Cloud]:
    with cloud(tmp_path) as running:
        yield running


def results(path: str) -> dict[str, list[str]]:
    """Read the first header field of a delivered file with authres: {method: [results]}."""
    message = email.message_from_bytes(Path(path).read_bytes(), policy=email.policy.default)
    name, value = message.items()[0]
    assert name == "Authentication-Results"
    found: dict[str, list[str]] = {}
    for result in authres.AuthenticationResultsHeader.parse_value(" ".join(value.split())).results:
        found.setdefault(result.method, []).append(result.result)
    return found


def test_good_mail_passes_all_three_aligned(here: Cloud) -> None:
    """Mail of a well-kept domain passes SPF and DKIM, aligned, and so DMARC."""
    entry = here.verdict(mail())
    assert (entry["spf"], entry["dkim"], entry["dmarc"]) == ("pass", "pass", "pass")
    assert entry["dkim_domains"] == ["example.com", "amazonses.com"]
    assert entry["envelope_from"] == f"{entry['message_id']}@bounce.example.com"
    assert (entry["from"], entry["to"]) == ("Example <hello@example.com>", ["you@example.net"])
    assert entry["subject"] == "Grüße aus dem Test"


def test_the_file_opens_with_the_verdicts(here: Cloud) -> None:
    """Authentication-Results comes first (RFC 8601 section 4), the envelope sender second, then the mail."""
    entry = here.verdict(mail())
    assert results(entry["path"]) == {"spf": ["pass"], "dkim": ["pass", "pass"], "dmarc": ["pass"]}
    message = email.message_from_bytes(Path(entry["path"]).read_bytes(), policy=email.policy.default)
    assert message["Return-Path"] == f"<{entry['envelope_from']}>"
    assert message["Message-ID"] == f"<{entry['message_id']}@eu-west-1.amazonses.com>"
    assert message["Subject"] == "Grüße aus dem Test"
    assert ".a line with a dot\r\n" in str(message.get_payload())


def test_ses_writes_its_own_message_id_and_date(here: Cloud) -> None:
    """What the application set as Message-ID, Date and Bcc is gone; SES writes the first two itself."""
    given = mail(Message_ID="<mine@example.com>", Date="Mon, 01 Jan 2001 00:00:00 +0000", Bcc="hidden@example.net")
    content = Path(here.verdict(given)["path"]).read_bytes()
    assert b"mine@example.com" not in content
    assert b"2001" not in content
    assert b"hidden@example.net" not in content
    assert content.count(b"\r\nDate: ") == content.count(b"\r\nMessage-ID: ") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n",
        b"no end of line",
        b"two\r\n\r\n\r\n",
        b"\r\nfirst empty  \t \r\n",
        b".dots\r\n..\r\n",
    ],
)
@pytest.mark.parametrize(
    "subject", [b"Subject: plain", b"subject:   spaces \t in\r\n\t between  ", b"SUBJECT:", b"Subject: f\xc3\xbcr"]
)
def test_signatures_hold_for_awkward_messages(here: Cloud, body: bytes, subject: bytes) -> None:
    """The signature's canonical forms are those that dkimpy computes, whatever blanks and line ends are there."""
    head = b"From: Example\r\n <hello@example.com>\r\nTo: you@example.net\r\nTo: me@example.net\r\n" + subject
    assert here.send(head + b"\r\n\r\n" + body).startswith("250 Ok ")
    assert here.world.mail()[-1]["dkim_domains"] == ["example.com", "amazonses.com"]


def test_a_message_changed_on_the_way_fails(here: Cloud) -> None:
    """The signature covers the body and the From field: a changed copy does not verify."""
    content = Path(here.verdict(mail())["path"]).read_bytes()

    def key(name: bytes, timeout: float = 5) -> bytes:
        return keys()[TOKEN].record.encode()

    assert dkim.verify(content, dnsfunc=key)
    assert not dkim.verify(content.replace(b"last line", b"lost line"), dnsfunc=key)
    assert not dkim.verify(content.replace(b"hello@example.com", b"hullo@example.com"), dnsfunc=key)


def test_a_tampered_key_in_dns_fails_dkim(here: Cloud) -> None:
    """Another public key at the selector: DKIM fails; DMARC still passes by SPF."""
    here.dns.txt(f"{TOKEN}.dkim.amazonses.com", new_key().record)
    entry = here.verdict(mail())
    assert (entry["spf"], entry["dkim"], entry["dmarc"]) == ("pass", "fail", "pass")
    assert entry["dkim_domains"] == ["amazonses.com"]


@pytest.mark.parametrize("text", ["p=not base64!", "p=", "v=DKIM1; k=rsa; p=AAAA", "garbage"])
def test_an_unreadable_key_is_no_pass(here: Cloud, text: str) -> None:
    """A broken or revoked key never crashes the judge and never passes."""
    here.dns.txt(f"{TOKEN}.dkim.amazonses.com", text)
    assert here.verdict(mail())["dkim"] in ("fail", "permerror")


def test_a_missing_dkim_record_is_a_permanent_error(here: Cloud) -> None:
    """Without the CNAME there is no key for the signature (RFC 6376 section 6.1.2), and the reason names the record."""
    del here.dns.zone[f"{TOKEN}._domainkey.example.com", "CNAME"]
    entry = here.verdict(mail())
    assert entry["dkim"] == "permerror"
    assert f"no key at {TOKEN}._domainkey.example.com" in Path(entry["path"]).read_text("utf-8")


def test_without_dkim_only_the_services_own_signature_is_there(here: Cloud) -> None:
    """Before DKIM is verified mail is signed by amazonses.com alone: that says nothing of the author."""
    here.aws.identity.dkim = False
    entry = here.verdict(mail())
    assert (entry["dkim"], entry["dkim_domains"]) == ("none", ["amazonses.com"])


def test_an_address_identity_signs_as_its_domain(here: Cloud) -> None:
    """A verified address takes over the DKIM of its domain's identity."""
    here.aws.identities.insert(0, Identity(name="hello@example.com"))
    assert here.verdict(mail())["dkim_domains"] == ["example.com", "amazonses.com"]


@pytest.mark.parametrize("status", ["PENDING", "FAILED", "TEMPORARY_FAILURE"])
def test_mail_from_falls_back_while_it_is_not_verified(here: Cloud, status: str) -> None:
    """USE_DEFAULT_VALUE sends from the region's amazonses.com: SPF passes, for another domain than From."""
    here.aws.identity.mail_from_status = status
    entry = here.verdict(mail())
    assert entry["envelope_from"].endswith("@eu-west-1.amazonses.com")
    assert (entry["spf"], entry["dmarc"]) == ("pass", "pass")
    here.aws.identity.dkim = False
    assert here.verdict(mail())["dmarc"] == "fail"


def test_mail_from_rejects_where_the_identity_says_so(here: Cloud) -> None:
    """REJECT_MESSAGE refuses mail while the MAIL FROM domain is not verified."""
    here.aws.identity.mail_from_status = "PENDING"
    here.aws.identity.behavior_on_mx_failure = "REJECT_MESSAGE"
    reply = here.send(mail())
    assert reply.startswith("554 ")
    assert "bounce.example.com" in reply


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 include:missing.example.com -all", "permerror"),
        ("v=spf1 mail -all", "permerror"),
        ("v=DMARC1; p=none", "none"),
    ],
)
def test_spf_is_judged_from_dns(here: Cloud, record: str, result: str) -> None:
    """Each result of RFC 7208 section 2.6 comes from the record that exists at the envelope sender's domain."""
    here.dns.txt("bounce.example.com", record)
    assert here.verdict(mail())["spf"] == result


def test_two_spf_records_are_a_permanent_error(here: Cloud) -> None:
    """More than one SPF record at a name is permerror (RFC 7208 section 4.5)."""
    here.dns.txt("bounce.example.com", "v=spf1 include:amazonses.com ~all", "v=spf1 -all")
    assert here.verdict(mail())["spf"] == "permerror"


def test_an_spf_record_of_several_strings_is_joined(here: Cloud) -> None:
    """A record above 255 octets is read as one text (RFC 7208 section 3.3)."""
    filler = " ".join(f"ip4:192.0.2.{number}" for number in range(40))
    here.dns.txt("bounce.example.com", f"v=spf1 {filler} include:amazonses.com -all")
    assert here.verdict(mail())["spf"] == "pass"


def test_dns_without_answer_is_a_temporary_error(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """When DNS is silent nothing passes and nothing fails for good."""
    monkeypatch.setattr("sandbox.smtp.lookup.LIFETIME", 0.3)
    here.dns.server.server.shutdown()
    entry = here.verdict(mail())
    assert {entry["spf"], entry["dkim"], entry["dmarc"]} == {"temperror"}


def test_no_dmarc_record_means_no_verdict(here: Cloud) -> None:
    """Without a record DMARC is none, however well SPF and DKIM did."""
    del here.dns.zone["_dmarc.example.com", "TXT"]
    entry = here.verdict(mail())
    assert (entry["dkim"], entry["dmarc"], entry["dmarc_policy"]) == ("pass", "none", "")


def test_a_failing_message_shows_the_policy_asked_for(here: Cloud) -> None:
    """With p=reject and neither SPF nor DKIM for the domain the verdict is fail, and says what the owner wants."""
    here.dns.txt("_dmarc.example.com", "v=DMARC1; p=reject")
    here.dns.txt("bounce.example.com", "v=spf1 -all")
    here.dns.txt(f"{TOKEN}.dkim.amazonses.com", new_key().record)
    entry = here.verdict(mail())
    assert (entry["spf"], entry["dkim"], entry["dmarc"], entry["dmarc_policy"]) == ("fail", "fail", "fail", "reject")
    assert "policy.dmarc=reject" in Path(entry["path"]).read_text("utf-8")


@pytest.mark.parametrize(
    ("record", "with_dkim", "with_spf", "result"),
    [
        ("v=DMARC1; p=reject", False, True, "pass"),
        ("v=DMARC1; p=reject; aspf=s", False, True, "fail"),
        ("v=DMARC1; p=reject; aspf=s", True, True, "pass"),
        ("v=DMARC1; p=reject; adkim=s", True, False, "pass"),
        ("v=DMARC1; p=reject; adkim=s; aspf=s", False, True, "fail"),
    ],
)
def test_alignment_of_the_return_path(here: Cloud, record: str, with_dkim: bool, with_spf: bool, result: str) -> None:
    """bounce.example.com aligns with example.com when relaxed, not when strict; d=example.com does both ways."""
    here.dns.txt("_dmarc.example.com", record)
    here.aws.identity.dkim = with_dkim
    if not with_spf:
        here.dns.txt("bounce.example.com", "v=spf1 -all")
    assert here.verdict(mail())["dmarc"] == result


def test_a_subdomain_author_is_strictly_unaligned_with_its_parents_signature(here: Cloud) -> None:
    """From sub.example.com signed d=example.com: relaxed passes by the parent's record, adkim=s does not."""
    here.dns.txt("bounce.example.com", "v=spf1 -all")
    assert here.verdict(mail("a@sub.example.com"))["dmarc"] == "pass"
    here.dns.txt("_dmarc.example.com", "v=DMARC1; p=none; adkim=s")
    entry = here.verdict(mail("a@sub.example.com"))
    assert (entry["dkim"], entry["dmarc"]) == ("pass", "fail")
