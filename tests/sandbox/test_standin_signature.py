"""What the stand-in for pulumi-aws computes by itself: signatures and SMTP passwords."""

from __future__ import annotations

import datetime

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from sandbox.plugins.aws_api import Credentials, signature
from sandbox.plugins.iam import ses_smtp_password


@pytest.mark.parametrize(
    ("region", "password"),
    [
        ("eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ],
)
def test_smtp_password_vectors(region: str, password: str) -> None:
    """The password is that of the published vectors for the secret `some+secret+key`."""
    assert ses_smtp_password("some+secret+key", region) == password


@pytest.mark.parametrize(
    ("method", "url", "token"),
    [
        ("POST", "http://127.0.0.1:99/", ""),
        ("GET", "https://email.eu-west-1.amazonaws.com/v2/email/identities/hello%40example.com", "session/token"),
        ("DELETE", "http://h/v2/email/tags?ResourceArn=arn%3Aaws%3Ases%3Aa%2Fb%20c&TagKeys=b&TagKeys=a", ""),
    ],
)
def test_signatures_are_botocores(method: str, url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is signed as botocore signs it."""
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    ours = signature(Credentials("key", "secret", token), "ses", "eu-west-1", method, url, b"{}", now)
    request = botocore.awsrequest.AWSRequest(method, url, data=b"{}")
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials("key", "secret", token or None), "ses", "eu-west-1"
    )
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now.replace(tzinfo=None), raising=False)
    signer.add_auth(request)
    assert ours["Authorization"] == request.headers["Authorization"]
