"""SMTP and AWS together: a user made through the API sends mail."""

from __future__ import annotations

import base64
import hmac
import json
import smtplib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from werkzeug.serving import make_server

from sandbox.aws.server import AwsWorld
from tests.sandbox.smtp_fakes import Cloud, Dns, cloud, mail

REGION = "eu-west-1"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[tuple[Cloud, Any]]:
    """Submission over the sandbox's own AWS, with clients of its API."""
    dns = Dns()
    aws = AwsWorld(dns.values)
    server = make_server("127.0.0.1", 0, aws.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs know literal names only
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            aws_access_key_id=aws.bootstrap.access_key_id,
            aws_secret_access_key=aws.bootstrap.secret_access_key,
        )

    try:
        with cloud(tmp_path, dns, aws) as running:
            yield running, client
    finally:
        server.shutdown()
        thread.join()


def password(secret: str) -> str:
    """Derive the SMTP password of a secret key (SES guide, "Obtaining Amazon SES SMTP credentials")."""
    key = f"AWS4{secret}".encode()
    for part in ("11111111", REGION, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.digest(key, part.encode(), "sha256")
    return base64.b64encode(b"\x04" + key).decode()


def test_a_user_made_through_the_api_sends_mail_that_passes(here: tuple[Cloud, Any]) -> None:
    """From identity to delivered mail over AWS's API, DNS and SMTP; the policy's From condition is kept."""
    running, client = here
    tokens = client("sesv2").create_email_identity(EmailIdentity="example.com")["DkimAttributes"]["Tokens"]
    identity = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
    statement = {
        "Effect": "Allow",
        "Action": "ses:SendRawEmail",
        "Resource": identity,
        "Condition": {"StringEquals": {"ses:FromAddress": "hello@example.com"}},
    }
    iam = client("iam")
    iam.create_user(UserName="notify")
    iam.put_user_policy(
        UserName="notify",
        PolicyName="send",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName="notify")["AccessKey"]

    def send(sender: str, **headers: str) -> None:
        with running.connect() as smtp:
            smtp.login(key["AccessKeyId"], password(key["SecretAccessKey"]))
            smtp.send_message(mail(sender, **headers))

    with pytest.raises(smtplib.SMTPDataError, match="Email address is not verified"):
        send("hello@example.com")
    for token in tokens:
        running.dns.put(f"{token}._domainkey.example.com", "CNAME", f"{token}.dkim.amazonses.com")
        running.dns.txt(f"{token}.dkim.amazonses.com", str(running.aws.dkim_record(token)))
    service = running.aws.amazonses_selector
    running.dns.txt(f"{service}._domainkey.amazonses.com", running.aws.dkim_record(service))
    assert client("sesv2").get_email_identity(EmailIdentity="example.com")["VerifiedForSendingStatus"]
    send("hello@example.com")
    entry = running.world.mail()[0]
    assert (entry["spf"], entry["dkim"], entry["dmarc"]) == ("pass", "pass", "pass")
    assert entry["dkim_domains"] == ["example.com", "amazonses.com"]
    with pytest.raises(smtplib.SMTPDataError, match=r"user/notify' is not authorized to perform `ses:SendRawEmail'"):
        send("other@example.com")
    with pytest.raises(smtplib.SMTPDataError, match="Configuration set <missing> does not exist"):
        send("hello@example.com", X_SES_CONFIGURATION_SET="missing")
    iam.update_access_key(UserName="notify", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send("hello@example.com")
