"""What SES says of a domain, asked with boto3 of an HTTP server that answers as SES does (GetEmailIdentity, API v2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import CredentialRetrievalError, UnauthorizedSSOTokenError

from mailstack.errors import Busy, Missing, VendorError
from providers.aws import AwsAccount
from providers.smtp.base import DomainStatus
from providers.smtp.ses import Ses

from .serving import Quiet, serving


@dataclass
class FakeSes:
    """An endpoint with one answer."""

    url: str = ""
    status: int = 200
    error: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    def account(self) -> AwsAccount:
        return AwsAccount(endpoints={"sesv2": self.url}, access_key="AKIDEXAMPLE", secret_key="secret-example")


@pytest.fixture(name="ses")
def _ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSes]:
    fake = FakeSes()

    class Handler(Quiet):
        def do_GET(self) -> None:
            fake.paths.append(self.path)
            headers = {"x-amzn-ErrorType": fake.error} if fake.error else {}
            self.answer(fake.status, json.dumps(fake.body).encode(), **headers)

    monkeypatch.setattr("providers.aws._ATTEMPTS", 1)  # botocore's own retries would only slow the tests down
    with serving(Handler) as fake.url:
        yield fake


def _identity(dkim: str, mail_from: str | None, sending: bool = True) -> dict[str, Any]:
    own = {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    if mail_from is not None:
        own |= {"MailFromDomain": "bounce.notify.example.com", "MailFromDomainStatus": mail_from}
    attributes = {"SigningEnabled": True, "Status": dkim, "SigningAttributesOrigin": "AWS_SES"}
    return {
        "IdentityType": "DOMAIN",
        "VerifiedForSendingStatus": sending,
        "DkimAttributes": attributes,
        "MailFromAttributes": own,
        "VerificationInfo": {"ErrorType": "HOST_NOT_FOUND"} if dkim != "SUCCESS" else {},
    }


@pytest.mark.parametrize(
    ("dkim", "mail_from", "expected", "sending", "verified"),
    [
        ("SUCCESS", "SUCCESS", True, True, True),
        ("SUCCESS", "PENDING", True, True, False),
        ("SUCCESS", None, True, True, False),
        ("SUCCESS", None, False, True, True),
        ("SUCCESS", "FAILED", False, True, True),
        ("PENDING", "SUCCESS", True, False, False),
        ("SUCCESS", "SUCCESS", True, False, False),
    ],
)
def test_verified_is_dkim_and_mail_from_where_expected(
    ses: FakeSes, dkim: str, mail_from: str | None, expected: bool, sending: bool, verified: bool
) -> None:
    """A domain is verified when SES signs for it and, where a MAIL FROM is expected, accepts that, too."""
    ses.body = _identity(dkim, mail_from, sending)
    status = Ses(ses.account(), "eu-west-1").status("notify.example.com", expected)
    detail = "" if dkim == "SUCCESS" else "HOST_NOT_FOUND"
    assert status == DomainStatus(dkim, mail_from or "", verified, detail)
    assert ses.paths == ["/v2/email/identities/notify.example.com"]


@pytest.mark.parametrize(
    ("http", "code", "kind", "words"),
    [
        (404, "NotFoundException", Missing, "no identity notify.example.com"),
        (429, "TooManyRequestsException", Busy, "TooManyRequestsException: said by AWS"),
        (400, "ThrottlingException", Busy, "ThrottlingException: said by AWS"),
        (503, "ServiceUnavailable", Busy, "ServiceUnavailable: said by AWS"),
        (403, "AccessDeniedException", VendorError, "needs the permission ses:GetEmailIdentity"),
        (403, "UnrecognizedClientException", VendorError, "check the AWS credentials"),
        (400, "BadRequestException", VendorError, "BadRequestException: said by AWS"),
    ],
)
def test_a_refusal_carries_the_words_of_aws_and_the_way_on(
    ses: FakeSes, http: int, code: str, kind: type[VendorError], words: str
) -> None:
    """Whether asking again helps is told by the kind of error; what AWS said is in its text."""
    ses.status, ses.error, ses.body = http, code, {"message": "said by AWS"}
    with pytest.raises(VendorError) as caught:
        Ses(ses.account(), "eu-west-1").status("notify.example.com", True)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert "said by AWS" in str(caught.value)
    assert "eu-west-1" in str(caught.value)


def test_an_endpoint_out_of_reach_may_answer_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is a reason to ask again."""
    monkeypatch.setattr("providers.aws._ATTEMPTS", 1)
    account = AwsAccount(endpoints={"sesv2": "http://127.0.0.1:1"}, access_key="AKID", secret_key="x")
    with pytest.raises(Busy, match=r"http://127\.0\.0\.1:1"):
        Ses(account, "eu-west-1").status("notify.example.com", True)


@pytest.mark.parametrize(
    "failure",
    [UnauthorizedSSOTokenError(), CredentialRetrievalError(provider="custom-process", error_msg="exit code 1")],
)
def test_a_login_that_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    """An SSO session that is over, or a credential process that fails, is not mended by asking again."""
    client = SimpleNamespace(get_email_identity=Mock(side_effect=failure))
    monkeypatch.setattr(AwsAccount, "client", lambda *_: client)
    with pytest.raises(VendorError, match="check the AWS credentials") as caught:
        Ses(AwsAccount(), "eu-west-1").status("notify.example.com", True)
    assert str(failure) in str(caught.value)
    assert type(caught.value) is VendorError


def test_no_credentials_say_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a login the error names the permission that it needs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    account = AwsAccount(endpoints={"sesv2": "http://127.0.0.1:1"})
    with pytest.raises(VendorError, match="ses:GetEmailIdentity") as caught:
        Ses(account, "eu-west-1").status("notify.example.com", True)
    assert type(caught.value) is VendorError
