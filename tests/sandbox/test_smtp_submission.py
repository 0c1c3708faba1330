"""SMTP submission as SES answers it, spoken with smtplib."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.smtp import SmtpWorld
from tests.sandbox.smtp_fakes import DENIED, EU, US, Cloud, cloud, mail

# Reply texts: FusionAuth's SMTP guide and the SES guide, "SMTP response codes returned by Amazon SES".
NOT_VERIFIED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region "
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Cloud]:
    with cloud(tmp_path) as running:
        yield running


def test_greets_and_lists_extensions_as_ses(here: Cloud) -> None:
    """The banner is SES's, and AUTH is offered only once TLS is on."""
    client = smtplib.SMTP(timeout=20, local_hostname="client.test")
    code, banner = client.connect("127.0.0.1", here.world.starttls_port)
    assert (code, banner) == (220, b"email-smtp.amazonaws.com ESMTP SimpleEmailService")
    client.ehlo()
    assert client.has_extn("starttls")
    assert not client.has_extn("auth")
    client._host = EU  # type: ignore[attr-defined]
    client.starttls(context=here.trust)
    client.ehlo()
    assert client.esmtp_features["auth"].split() == ["LOGIN", "PLAIN"]
    assert not client.has_extn("starttls")
    client.quit()


def test_accepts_mail_over_starttls(here: Cloud) -> None:
    """A good login may send, and 250 Ok names the message id."""
    assert re.fullmatch(r"250 Ok 0102[0-9a-f]{12}-[0-9a-f-]{36}-000000", here.send(mail()))


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_accepts_mail_over_implicit_tls_with_both_mechanisms(here: Cloud, mechanism: str) -> None:
    """Implicit TLS takes the same logins, by AUTH PLAIN and by AUTH LOGIN."""
    with here.connect_tls() as client:
        client.ehlo()
        client.user, client.password = "AKIAEXAMPLE", "eu+pass/word"
        code, text = client.auth(mechanism, getattr(client, f"auth_{mechanism}"))
        assert (code, text) == (235, b"Authentication successful.")
        client.send_message(mail())
    assert len(here.world.mail()) == 1


def test_refuses_auth_before_tls(here: Cloud) -> None:
    """Neither AUTH nor MAIL is taken in the clear."""
    with smtplib.SMTP("127.0.0.1", here.world.starttls_port, local_hostname="client.test", timeout=20) as client:
        client.ehlo()
        given = base64.b64encode(b"\0AKIAEXAMPLE\0eu+pass/word").decode()
        assert client.docmd("AUTH", f"PLAIN {given}") == (530, b"Must issue a STARTTLS command first")
        assert client.docmd("MAIL", "FROM:<hello@example.com>") == (530, b"Must issue a STARTTLS command first")


def test_refuses_mail_without_login(here: Cloud) -> None:
    """Who has not signed in is told so in SES's words."""
    with here.connect() as client:
        client.ehlo()
        assert client.mail("hello@example.com") == (530, b"Authentication required")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("AKIAEXAMPLE", "wrong"),
        ("AKIAEXAMPLE", " eu+pass/word"),
        ("notify", "eu+pass/word"),
        ("AKIAEXAMPLE", "us+pass"),
    ],
    ids=["wrong password", "stray white space", "IAM user name as username", "password of another region"],
)
def test_refuses_wrong_logins(here: Cloud, username: str, password: str) -> None:
    """Anything but the access key id with this region's password is 535."""
    with here.connect() as client, pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        client.login(username, password)
    assert (caught.value.smtp_code, caught.value.smtp_error) == (535, b"Authentication Credentials Invalid")


@pytest.mark.parametrize("way", ["connect", "connect_tls"])
def test_the_tls_name_tells_the_region(here: Cloud, way: str) -> None:
    """The endpoint that a client names in its handshake decides whose password counts."""
    with getattr(here, way)(US) as client:
        assert client.login("AKIAEXAMPLE", "us+pass")[0] == 235
    with getattr(here, way)("localhost") as client:
        assert client.login("AKIAEXAMPLE", "eu+pass/word")[0] == 235


def test_the_identity_is_asked_for_in_the_region_of_the_connection(here: Cloud) -> None:
    """An identity verified in eu-west-1 does not count at another region's endpoint."""
    with here.connect(US) as client:
        client.login("AKIAEXAMPLE", "us+pass")
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.send_message(mail("hello@example.com"))
    wanted = NOT_VERIFIED.removeprefix("554 ") + "US-EAST-1: hello@example.com"
    assert (caught.value.smtp_code, caught.value.smtp_error) == (554, wanted.encode())


def test_the_certificate_is_checked_against_the_authority(here: Cloud) -> None:
    """A client that trusts public authorities only, or names another host, ends the handshake."""
    client = smtplib.SMTP("127.0.0.1", here.world.starttls_port, local_hostname="client.test", timeout=20)
    with client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        here.connect_tls("smtp.example.com")


def test_refuses_an_unverified_from_address(here: Cloud) -> None:
    """The reply names the From field as written and the envelope sender, as SES does."""
    reply = here.send(mail("Other <a@other.example>"), sender="a@other.example")
    assert reply == NOT_VERIFIED + "EU-WEST-1: Other <a@other.example>, a@other.example"
    assert here.world.mail() == []


def test_refuses_an_unverified_envelope_sender(here: Cloud) -> None:
    """A verified From does not carry an envelope sender of somebody else."""
    assert here.send(mail(), sender="x@other.example") == NOT_VERIFIED + "EU-WEST-1: x@other.example"


def test_refuses_what_the_account_or_the_policy_denies(here: Cloud) -> None:
    """AWS is asked about From, recipients and set; the reply is its own sentence, and nothing is delivered."""
    here.aws.denied = {"hello@example.com"}
    assert here.send(mail(), to=["a@example.net", "b@example.net"]) == f"554 {DENIED}"
    assert here.aws.asked == [("hello@example.com", ["a@example.net", "b@example.net"], None)]
    assert (here.world.mail(), here.aws.sent) == ([], 0)


def test_honours_the_configuration_set_header(here: Cloud) -> None:
    """The set that the header names is the one AWS is asked about, and the header travels no further."""
    assert here.send(mail(X_SES_CONFIGURATION_SET="named-set")).startswith("250 Ok ")
    assert here.aws.asked[0][2] == "named-set"
    assert b"X-SES" not in Path(here.world.mail()[0]["path"]).read_bytes()


def test_refuses_messages_that_ses_cannot_read(here: Cloud) -> None:
    """A From without domain and a repeated header that is allowed once are refused."""
    assert here.send(b"From: hello\r\n\r\nx\r\n") == "554 Transaction failed: Missing final '@domain'"
    assert here.send(b"Subject: no author\r\n\r\nx\r\n") == "554 Transaction failed: Missing final '@domain'"
    twice = b"From: hello@example.com\r\nSubject: a\r\nSubject: b\r\n\r\nx\r\n"
    assert here.send(twice) == "554 Transaction failed: Duplicate header 'Subject'."


def test_several_messages_in_one_session(here: Cloud) -> None:
    """A session carries on after a refusal and numbers what it delivers."""
    with here.connect() as client:
        client.login("AKIAEXAMPLE", "eu+pass/word")
        client.send_message(mail())
        with pytest.raises(smtplib.SMTPDataError):
            client.send_message(mail("a@other.example"))
        client.send_message(mail())
    names = [Path(entry["path"]).name for entry in here.world.mail()]
    ids = [entry["message_id"] for entry in here.world.mail()]
    assert names == [f"0001-{ids[0]}.eml", f"0002-{ids[1]}.eml"]


def test_survives_malformed_clients(here: Cloud) -> None:
    """Garbage, half a handshake and an over-long line end or fail their own connection only."""
    for port in (here.world.starttls_port, here.world.tls_port):
        with socket.create_connection(("127.0.0.1", port), 5) as raw:
            raw.sendall(b"\xff\xfe" * 3000 + b"\r\nAUTH\r\nSTARTTLS\r\nnot a handshake\r\n")
    with here.connect() as client:
        client.ehlo()
        assert client.docmd("AUTH", "PLAIN %%%")[0] == 501
        assert client.docmd("AUTH", "XOAUTH2")[0] == 504
    assert here.send(mail()).startswith("250 Ok ")


def test_an_inner_mistake_is_a_temporary_failure(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks inside is 451 to the client and names nothing of the inside."""

    def broken(*_: object) -> bool:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(here.aws, "may_send", broken)
    assert here.send(mail()) == "451 Temporary service failure"


def test_a_port_in_use_is_told_and_leaves_nothing_running(tmp_path: Path, here: Cloud) -> None:
    """A fixed port that another holds is an OSError, and the world can be started again on a free one."""
    taken = here.world.tls_port
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    other = SmtpWorld(here.aws, here.dns.port, tmp_path, pem, key, tls_port=taken)
    with pytest.raises(OSError, match="in use"):
        other.start()
    other.tls_port = 0
    other.start()
    assert other.tls_port not in (0, taken)
    other.stop()
    other.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", other.tls_port), 5)
