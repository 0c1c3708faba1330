"""`mailstack send` against a real SMTP server: TLS as an application checks it, words for every refusal, no secret."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from cli import main
from tests.cli.conftest import BUNDLE, CANARY, FakePulumi
from tests.cli.smtp_server import SmtpServer

# The servers without STARTTLS take a login in the clear, as the tests of those modes need it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
Start = Callable[..., SmtpServer]
ENCODED = [base64.b64encode(text.encode()).decode() for text in (CANARY, f"\0AKIA\0{CANARY}")]


def _send(pulumi: FakePulumi, server: SmtpServer | None, *arguments: str, **bundle: Any) -> Result:
    """Send with a bundle for a server, and see that no form of the password is ever printed."""
    port = {"port": server.port} if server else {}
    pulumi.bundles(notify={**BUNDLE, "host": "127.0.0.1", "username": "AKIA", **port, **bundle})
    result = CliRunner().invoke(main, ["send", "notify", "--to", "you@example.net", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    for secret in (CANARY, *ENCODED):
        assert secret not in result.output
    return result


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_is_handed_in_over_tls(pulumi: FakePulumi, smtp_server: Start, ca_file: Path, security: str) -> None:
    """With the authority given, the mail goes through STARTTLS or implicit TLS with the bundle's From and headers."""
    server = smtp_server(tls=security)
    result = _send(pulumi, server, "--ca-file", str(ca_file), "--subject", "Grüße", security=security)
    assert result.exit_code == 0, result.output
    (mail,) = server.mails
    assert str(make_header(decode_header(mail["Subject"]))) == "Grüße"
    assert "<hello@notify.example.com>" in mail["From"]
    assert str(make_header(decode_header(mail["From"]))).startswith("Example & Söhne")
    assert mail["To"] == "you@example.net"
    assert mail["X-SES-CONFIGURATION-SET"] == "notify_example_com"
    assert mail["Message-ID"].endswith("@notify.example.com>")
    assert f"Message-ID: {mail['Message-ID']}" in result.stdout.splitlines()


def test_a_bundles_header_redirects_nothing(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """A header of the bundle that the mail has itself is left out: recipient and content stay what was asked for."""
    server = smtp_server()
    headers = {"To": "other@example.org", "content-type": "text/html", "X-Team": "a"}
    assert _send(pulumi, server, "--ca-file", str(ca_file), headers=headers).exit_code == 0
    (mail,) = server.mails
    assert (mail.get_all("To"), mail["X-RcptTo"]) == (["you@example.net"], "you@example.net")
    assert (mail.get_content_type(), mail["X-Team"]) == ("text/plain", "a")


def test_a_mail_that_was_taken_stays_taken(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """A server that breaks the connection after it took the mail has taken it (RFC 5321 section 4.1.1.10)."""
    server = smtp_server()
    server.hang_up()
    result = _send(pulumi, server, "--ca-file", str(ca_file))
    assert result.exit_code == 0, result.output
    assert len(server.mails) == 1


def test_both_sides_are_shown_and_the_login_is_not(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """Each command and reply has a line of its own; of AUTH only the mechanism is shown."""
    server = smtp_server()
    lines = _send(pulumi, server, "--ca-file", str(ca_file)).stdout.splitlines()
    assert lines[0] == f"connecting to 127.0.0.1:{server.port} (starttls)"
    assert "> STARTTLS" in lines
    assert [line for line in lines if line.startswith("> AUTH")] in (
        ["> AUTH PLAIN [hidden]"],
        ["> AUTH LOGIN [hidden]"],
    )
    assert "< 235 2.7.0 Authentication successful" in lines
    assert "> MAIL FROM:<hello@notify.example.com>" in lines
    assert "> RCPT TO:<you@example.net>" in lines
    assert "< 250 Ok 0102018f-000000" in lines


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_server_name_is_asked_for_and_verified(
    pulumi: FakePulumi, smtp_server: Start, ca_file: Path, security: str
) -> None:
    """A certificate for the bundle's serverName is accepted at another address, and SNI asks for that name."""
    name = "email-smtp.eu-west-1.amazonaws.com"
    server = smtp_server(name, tls=security)
    result = _send(pulumi, server, "--ca-file", str(ca_file), security=security, serverName=name)
    assert result.exit_code == 0, result.output
    assert server.asked == [name]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_name_fails_closed(
    pulumi: FakePulumi, smtp_server: Start, ca_file: Path, security: str
) -> None:
    """A trusted authority is not enough: a certificate for another name ends it before the login."""
    server = smtp_server("smtp.example.org", tls=security)
    result = _send(pulumi, server, "--ca-file", str(ca_file), security=security)
    assert result.exit_code == 1
    assert "the certificate of 127.0.0.1 cannot be trusted" in result.stderr
    assert "AUTH" not in result.stdout.replace("250-AUTH", "")
    assert server.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_unknown_authority_fails_closed(
    pulumi: FakePulumi, smtp_server: Start, tmp_path: Path, security: str
) -> None:
    """A certificate of an authority that nobody named is refused, whatever other authority is given."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    server = smtp_server(tls=security)
    result = _send(pulumi, server, "--ca-file", str(other), security=security)
    assert result.exit_code == 1
    assert "cannot be trusted: no mail and no password was sent" in result.stderr
    assert server.mails == []


def test_the_authority_may_stand_in_the_environment(
    pulumi: FakePulumi, smtp_server: Start, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MAILSTACK_CA_FILE serves where --ca-file is not given."""
    monkeypatch.setenv("MAILSTACK_CA_FILE", str(ca_file))
    assert _send(pulumi, smtp_server()).exit_code == 0


def test_an_unchecked_certificate_is_said(pulumi: FakePulumi, smtp_server: Start) -> None:
    """A bundle with verify: false sends without a known authority and says so."""
    result = _send(pulumi, smtp_server(), verify=False)
    assert result.exit_code == 0, result.output
    assert "the certificate is not checked, because the bundle says so" in result.stdout


def test_starttls_is_never_skipped(pulumi: FakePulumi, smtp_server: Start) -> None:
    """A server that does not offer STARTTLS gets neither login nor mail."""
    server = smtp_server(tls="none")
    result = _send(pulumi, server)
    assert result.exit_code == 1
    assert "offers no STARTTLS, so nothing was sent" in result.stderr
    assert server.mails == []


def test_cleartext_where_the_bundle_says_none(pulumi: FakePulumi, smtp_server: Start) -> None:
    """Security none sends without TLS, as an own server in development does."""
    server = smtp_server(tls="none")
    assert _send(pulumi, server, security="none").exit_code == 0
    assert len(server.mails) == 1


@pytest.mark.parametrize("echoed", [CANARY, *ENCODED])
def test_a_server_that_echoes_the_password_leaks_nothing(
    pulumi: FakePulumi, smtp_server: Start, ca_file: Path, echoed: str
) -> None:
    """A refusal that repeats the credential is shown without it, in the conversation and in the sentence."""
    server = smtp_server()
    server.username, server.auth_reply = "another", f"535 5.7.8 wrong: {echoed}"
    result = _send(pulumi, server, "--ca-file", str(ca_file), "--json")
    assert result.exit_code == 1
    assert "535 5.7.8 wrong: [hidden]" in result.stderr
    assert json.loads(result.stdout)["reply"] == {"code": 535, "text": "5.7.8 wrong: [hidden]"}


def test_a_refused_login_is_explained(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """A wrong login keeps the server's words and says what SES means by it."""
    name = "email-smtp.eu-west-1.amazonaws.com"
    server = smtp_server(name)
    server.password, server.auth_reply = "another", "535 Authentication Credentials Invalid"
    result = _send(pulumi, server, "--ca-file", str(ca_file), serverName=name)
    assert result.exit_code == 1
    assert f"error: {name} refused the login: 535 Authentication Credentials Invalid - SES" in result.stderr
    assert "the username is the access key id" in result.stderr


def test_a_refused_message_is_explained(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """SES's refusal of an unverified address names address, region and both ways on."""
    server = smtp_server()
    server.answer_data(
        "554 Message rejected: Email address is not verified. "
        "The following identities failed the check in region EU-WEST-1: you@example.net"
    )
    result = _send(pulumi, server, "--ca-file", str(ca_file))
    assert result.exit_code == 1
    assert "127.0.0.1 refused the message: 554 Message rejected: Email address is not verified." in result.stderr
    assert "SES in eu-west-1 has not verified you@example.net" in result.stderr


def test_a_refused_recipient_keeps_the_servers_words(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """A reply that nobody has explained yet is passed on as it is."""
    server = smtp_server()
    server.answer_rcpt("550 5.1.1 no such user here")
    result = _send(pulumi, server, "--ca-file", str(ca_file))
    assert result.exit_code == 1
    assert result.stderr == "error: 127.0.0.1 refused the recipient: 550 5.1.1 no such user here\n"


def test_nothing_listening_is_explained(pulumi: FakePulumi) -> None:
    """A refused connection names host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        result = _send(pulumi, None, port=port)
    assert result.exit_code == 1
    assert f"nothing listens on 127.0.0.1:{port}" in result.stderr


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_silence_ends_after_the_timeout(pulumi: FakePulumi, security: str) -> None:
    """A port that accepts and says nothing is given up after --timeout, with advice on port and TLS mode."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        result = _send(pulumi, None, "--timeout", "0.2", port=port, security=security)
    assert result.exit_code == 1
    assert f"127.0.0.1:{port} did not answer in time" in result.stderr
    assert "465" in result.stderr
    assert "587" in result.stderr


def test_a_mixed_up_tls_mode_is_explained(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """TLS from the first byte at a STARTTLS port is recognised as that."""
    server = smtp_server()
    result = _send(pulumi, server, "--ca-file", str(ca_file), security="tls")
    assert result.exit_code == 1
    assert f"127.0.0.1:{server.port} does not speak TLS the way the bundle says (tls)" in result.stderr


def test_a_greeting_that_refuses_is_passed_on(pulumi: FakePulumi) -> None:
    """A server that greets with a refusal is not talked to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"554 5.7.1 you are on our list\r\n")
                connection.recv(1024)

        thread = threading.Thread(target=greet)
        thread.start()
        result = _send(pulumi, None, port=listener.getsockname()[1], security="none")
        thread.join(5)
    assert result.stderr == "error: 127.0.0.1 refused the connection: 554 5.7.1 you are on our list\n"


def test_json_has_the_result_and_nothing_else(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """With --json standard output is one object with the server's last reply; the conversation goes to stderr."""
    server = smtp_server()
    result = _send(pulumi, server, "--ca-file", str(ca_file), "--json")
    assert json.loads(result.stdout) == {
        "sent": True,
        "messageId": server.mails[0]["Message-ID"],
        "reply": {"code": 250, "text": "Ok 0102018f-000000"},
        "error": None,
    }
    assert "> STARTTLS" in result.stderr


@pytest.mark.parametrize(
    "address",
    ["you", "you@", "@example.net", "you@localhost", "a b@example.net", "You <you@example.net>", "you@exämple.net",
     "you@example.net\r\nRCPT TO:<x@example.net>", "a..b@example.net", "you@-x.example", f"{'a' * 65}@example.net"],
)  # fmt: skip
def test_a_bad_address_is_a_usage_mistake(pulumi: FakePulumi, address: str) -> None:
    """What is no bare e-mail address exits 2, before pulumi is asked for a secret."""
    result = CliRunner().invoke(main, ["send", "notify", "--to", address])
    assert result.exit_code == 2
    assert "is not an e-mail address" in result.stderr
    assert not pulumi.log.exists()


def test_a_file_without_certificates_is_named(pulumi: FakePulumi, tmp_path: Path) -> None:
    """A CA file that holds no certificate is refused by its name."""
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    result = _send(pulumi, None, "--ca-file", str(path))
    assert result.exit_code == 1
    assert f"the CA file {path} cannot be used" in result.stderr


def test_a_login_outside_ascii_is_not_shown(pulumi: FakePulumi, smtp_server: Start, ca_file: Path) -> None:
    """A password that SMTP cannot carry is refused without a character of it."""
    result = _send(pulumi, smtp_server(), "--ca-file", str(ca_file), password="pässword")
    assert result.exit_code == 1
    assert "other characters than ASCII" in result.stderr
    assert "ssword" not in result.output
    assert "\\xe4" not in result.output
