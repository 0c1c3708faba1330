"""Resend's SMTP submission, and what the receiver makes of its mail.

Replies: controlled probes of August 2026 (logins), the texts that users quote (refused senders).
"""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from sandbox.resend import domains, keys
from sandbox.resend.smtp import ResendMail
from sandbox.resend.state import Account
from tests.sandbox.smtp_fakes import EU, RESEND, Cloud, Dns, cloud, mail

UNVERIFIED = "450 The {} domain is not verified. Please, add and verify your domain on https://resend.com/domains"


@dataclass
class Here:
    """Submission with SES and Resend behind it, a full-access key, and example.com not yet verified."""

    cloud: Cloud
    account: Account
    domain: dict[str, Any]
    token: str

    def verify(self) -> None:
        """Publish the records of example.com and verify it."""
        for record in self.domain["records"]:
            host, value = f"{record['name']}.example.com", record["value"].strip('"').rstrip(".")
            if record["type"] == "TXT":
                self.cloud.dns.txt(host, value)
            else:
                self.cloud.dns.put(
                    host, record["type"], f"{record['priority']} {value}." if "priority" in record else value
                )
        domains.verify(self.account, self.domain["id"])
        assert domains.get(self.account, self.domain["id"])[1]["status"] == "verified"

    def key(self, **options: Any) -> str:
        """Make a sending key."""
        made = keys.create(self.account, {"name": "mail", "permission": "sending_access", **options})
        return str(made[1]["token"])

    def send(self, message: EmailMessage, token: str | None = None, way: str = "connect") -> str:
        """Sign in to smtp.resend.com, send, and return the reply to DATA."""
        with getattr(self.cloud, way)(RESEND) as client:
            client.login("resend", token or self.token)
            client.mail("bounces@elsewhere.example")
            client.rcpt("you@example.net")
            code, text = client.data(message.as_bytes(policy=SMTP))
        return f"{code} {text.decode()}"

    def verdict(self, message: EmailMessage) -> dict[str, Any]:
        """Send a message that must be taken and return the receiver's entry."""
        reply = self.send(message)
        assert reply.startswith("250 Ok "), reply
        return self.cloud.world.mail()[-1]


@pytest.fixture(name="here")
def _here(tmp_path: Path) -> Iterator[Here]:
    dns = Dns()
    account = Account(dns.values)
    account.settings.verification_delay = 0
    _, made = domains.create(account, {"name": "example.com", "region": "eu-west-1"})
    with cloud(tmp_path, dns, others=[ResendMail(account)]) as running:
        yield Here(running, account, made, account.add_key("full").token)


@pytest.mark.parametrize("way", ["connect", "connect_tls"])
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_the_user_resend_signs_in_with_a_key(here: Here, way: str, mechanism: str) -> None:
    """STARTTLS and implicit TLS take an API key, by both mechanisms."""
    with getattr(here.cloud, way)(RESEND) as client:
        client.ehlo()
        client.user, client.password = "resend", here.token
        answer = client.auth(mechanism, getattr(client, f"auth_{mechanism}"))
    assert answer == (235, b"Authentication successful")


@pytest.mark.parametrize("username", ["Resend", "resend ", "AKIAEXAMPLE", "hello@example.com", ""])
def test_another_user_is_refused_after_the_password(here: Here, username: str) -> None:
    """The user name is compared byte by byte, and the client is asked for the password all the same."""
    with here.cloud.connect(RESEND) as client:
        client.ehlo()
        assert client.docmd("AUTH", "LOGIN")[0] == 334
        assert client.docmd(base64.b64encode(username.encode()).decode())[0] == 334
        assert client.docmd(base64.b64encode(here.token.encode()).decode()) == (535, b"Invalid username")


@pytest.mark.parametrize("wrong", ["re_wrong", "", "token and blank"])
def test_a_wrong_key_is_refused(here: Here, wrong: str) -> None:
    """The text is not SES's: another verb form, another case."""
    password = f"{here.token} " if wrong == "token and blank" else wrong
    with here.cloud.connect(RESEND) as client, pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        client.login("resend", password)
    assert (caught.value.smtp_code, caught.value.smtp_error) == (535, b"Authentication credentials invalid")


def test_a_deleted_key_is_refused(here: Here) -> None:
    """Who takes a key back ends the logins with it."""
    token = here.key()
    id_ = next(key.id for key in here.account.keys.values() if key.token == token)
    keys.delete(here.account, id_)
    with here.cloud.connect(RESEND) as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("resend", token)


@pytest.mark.parametrize("server_name", [EU, "localhost"])
def test_the_user_name_tells_the_vendors_apart(here: Here, server_name: str) -> None:
    """On any host name of the ports `resend` is Resend's login and an access key SES's."""
    with here.cloud.connect(server_name) as client:
        assert client.login("resend", here.token) == (235, b"Authentication successful")
    with here.cloud.connect(server_name) as client:
        assert client.login("AKIAEXAMPLE", "eu+pass/word") == (235, b"Authentication successful.")


@pytest.mark.parametrize(
    ("server_name", "reply"), [(EU, b"Authentication Credentials Invalid"), ("localhost", b"Invalid username")]
)
def test_a_user_that_nobody_has_is_told_by_the_host(here: Here, server_name: str, reply: bytes) -> None:
    """SES answers at its endpoints, Resend where the host says nothing."""
    with here.cloud.connect(server_name) as client, pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        client.login("notify", here.token)
    assert caught.value.smtp_error == reply


def test_mail_of_ses_goes_on_as_before(here: Here) -> None:
    """An SES login beside Resend sends as SES does."""
    assert here.cloud.verdict(mail())["dkim_domains"] == ["example.com", "amazonses.com"]


def test_a_domain_that_is_not_verified_may_not_send(here: Here) -> None:
    """Before the verification, and for a domain that the account does not have, the reply is 450."""
    assert here.send(mail()) == UNVERIFIED.format("example.com")
    assert here.send(mail("a@other.example")) == UNVERIFIED.format("other.example")
    assert here.cloud.world.mail() == []


def test_a_verified_domain_does_not_speak_for_its_subdomains(here: Here) -> None:
    """Each domain is added and verified for itself (resend.com/docs/dashboard/domains/introduction)."""
    here.verify()
    assert here.send(mail("a@mail.example.com")) == UNVERIFIED.format("mail.example.com")


def test_a_domain_that_may_only_receive_may_not_send(here: Here) -> None:
    """Without the capability a verified domain's mail is refused."""
    here.verify()
    domains.change(here.account, here.domain["id"], {"capabilities": {"sending": "disabled", "receiving": "enabled"}})
    assert here.send(mail()) == UNVERIFIED.format("example.com")


@pytest.mark.parametrize("way", ["connect", "connect_tls"])
def test_a_verified_domain_sends(here: Here, way: str) -> None:
    """Mail is taken on both ports, with a full key and one that may only send."""
    here.verify()
    for token in (here.token, here.key(), here.key(domain_id=here.domain["id"])):
        assert here.send(mail(), token, way).startswith("250 Ok ")


def test_a_key_of_a_domain_sends_from_that_domain_only(here: Here) -> None:
    """Another verified domain of the account is refused to it, as is one that does not exist."""
    here.verify()
    _, other = domains.create(here.account, {"name": "other.example"})
    token = here.key(domain_id=other["id"])
    assert here.send(mail(), token) == "550 This API key is not authorized to send emails from example.com"
    assert here.send(mail("a@other.example"), token) == UNVERIFIED.format("other.example")
    domains.delete(here.account, other["id"])
    refused = "550 This API key is not authorized to send emails from other.example"
    assert here.send(mail("a@other.example"), token) == refused


def test_a_full_key_is_bound_to_no_domain(here: Here) -> None:
    """A domain named beside full access is passed over ("Only used when the permission is sending_access")."""
    here.verify()
    _, other = domains.create(here.account, {"name": "other.example"})
    token = here.key(permission="full_access", domain_id=other["id"])
    assert here.send(mail(), token).startswith("250 Ok ")


@pytest.mark.parametrize("sender", ["hello", "a@example.com, b@example.com"])
def test_from_must_be_one_address(here: Here, sender: str) -> None:
    """A From that names nobody or two is refused."""
    here.verify()
    raw = mail().as_bytes(policy=SMTP).replace(b"Example <hello@example.com>", sender.encode())
    with here.cloud.connect(RESEND) as client:
        client.login("resend", here.token)
        client.mail("a@example.com")
        client.rcpt("you@example.net")
        code, text = client.data(raw)
    assert (code, text.split(b".")[0]) == (550, b"Invalid `from` field")


def test_mail_is_signed_for_the_domain_and_sent_from_the_return_path(here: Here) -> None:
    """d= is the domain, s= resend; the envelope sender is at `send`, whoever the client named; everything passes."""
    here.verify()
    entry = here.verdict(mail())
    assert (entry["spf"], entry["dkim"], entry["dmarc"]) == ("pass", "pass", "pass")
    assert entry["dkim_domains"] == ["example.com"]
    assert entry["envelope_from"] == f"{entry['message_id']}@send.example.com"
    written = Path(entry["path"]).read_text()
    assert "s=resend; d=example.com;" in written


@pytest.mark.parametrize(
    ("gone", "spf", "dkim", "dmarc"),
    [
        ([("send.example.com", "TXT")], "none", "pass", "pass"),
        ([("resend._domainkey.example.com", "TXT")], "pass", "permerror", "pass"),
        ([("send.example.com", "TXT"), ("resend._domainkey.example.com", "TXT")], "none", "permerror", "fail"),
        ([("_dmarc.example.com", "TXT")], "pass", "pass", "none"),
    ],
    ids=["SPF", "DKIM", "both", "DMARC"],
)
def test_verdicts_need_the_records(here: Here, gone: list[tuple[str, str]], spf: str, dkim: str, dmarc: str) -> None:
    """What is taken out of DNS after the verification is missing to the receiver, while Resend still sends."""
    here.verify()
    for record in gone:
        del here.cloud.dns.zone[record]
    entry = here.verdict(mail())
    assert (entry["spf"], entry["dkim"], entry["dmarc"]) == (spf, dkim, dmarc)


def test_records_that_are_lost_for_good_end_the_sending(here: Here) -> None:
    """After the patience of a temporary failure the domain is not verified."""
    here.verify()
    here.account.settings.patience = 0
    del here.cloud.dns.zone["resend._domainkey.example.com", "TXT"]
    assert here.send(mail()) == UNVERIFIED.format("example.com")


def test_an_own_return_path_is_the_envelopes(here: Here) -> None:
    """custom_return_path decides the domain that SPF is asked for."""
    domains.delete(here.account, here.domain["id"])
    _, here.domain = domains.create(here.account, {"name": "example.com", "custom_return_path": "bounce"})
    here.verify()
    assert here.verdict(mail())["envelope_from"].endswith("@bounce.example.com")
