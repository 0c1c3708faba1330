"""What SES says of a domain, asked with boto3 of an HTTP server that answers as SES does (GetEmailIdentity, API v2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, CredentialRetrievalError, UnauthorizedSSOTokenError

from mailstack.errors import Busy, Missing, Refused, VendorError
from providers.aws import AwsAccount
from providers.smtp.base import DomainStatus
from providers.smtp.ses_client import Existing, Kind, Ses

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
        (403, "AccessDeniedException", Refused, "needs the permission ses:GetEmailIdentity"),
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
    """An SSO session that is over, or a credential process that fails, is not fixed by asking again."""
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


class Scripted:
    """A client that answers each operation with pages or errors, one after another."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self.answers, self.asked = answers, list[tuple[str, dict[str, str]]]()

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: str) -> Any:
            self.asked.append((operation, arguments))
            answer = self.answers[operation].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def _denied(code: str, operation: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "said by AWS"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return ClientError(response, operation)


def _scripted(monkeypatch: pytest.MonkeyPatch, **answers: list[Any]) -> tuple[Ses, Scripted]:
    client = Scripted(answers)
    monkeypatch.setattr(AwsAccount, "client", lambda *_: client)
    monkeypatch.setattr(AwsAccount, "account_id", lambda *_: "123456789012")
    return Ses(AwsAccount(), "us-gov-west-1"), client


def test_lists_are_read_to_their_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Domain identities, configuration sets, and the users below a path; single addresses are no domains."""
    ses, client = _scripted(
        monkeypatch,
        list_email_identities=[
            {"EmailIdentities": [{"IdentityName": "a.example", "IdentityType": "DOMAIN"}], "NextToken": "2"},
            {"EmailIdentities": [{"IdentityName": "me@a.example", "IdentityType": "EMAIL_ADDRESS"}]},
        ],
        list_configuration_sets=[{"ConfigurationSets": ["one"], "NextToken": "2"}, {"ConfigurationSets": ["two"]}],
        list_users=[
            {"Users": [{"UserName": "u1"}], "IsTruncated": True, "Marker": "m"},
            {"Users": [{"UserName": "u2"}], "IsTruncated": False},
        ],
    )
    assert ses.names("identity") == ["a.example"]
    assert ses.names("configurationSet") == ["one", "two"]
    assert ses.names("user", "/mailstack/") == ["u1", "u2"]
    assert client.asked == [
        ("list_email_identities", {}),
        ("list_email_identities", {"NextToken": "2"}),
        ("list_configuration_sets", {}),
        ("list_configuration_sets", {"NextToken": "2"}),
        ("list_users", {"PathPrefix": "/mailstack/"}),
        ("list_users", {"PathPrefix": "/mailstack/", "Marker": "m"}),
    ]


def test_what_exists_has_its_arn_and_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES tells no ARN of these, IAM does; the mark is the tag "mailstack"."""
    tags = [{"Key": "stage", "Value": "prod"}, {"Key": "mailstack", "Value": "mailstack x"}]
    ses, _ = _scripted(
        monkeypatch,
        get_email_identity=[{"Tags": tags}, {"ConfigurationSetName": "theirs"}],
        get_configuration_set=[{}],
        get_user=[{"User": {"Arn": "arn:aws-us-gov:iam::1:user/mailstack/u", "Tags": tags}}],
    )
    head = "arn:aws-us-gov:ses:us-gov-west-1:123456789012"
    assert ses.existing("identity", "a.example") == Existing(f"{head}:identity/a.example", "mailstack x", "")
    assert ses.existing("identity", "a.example") == Existing(f"{head}:identity/a.example", "", "theirs")
    assert ses.existing("configurationSet", "one") == Existing(f"{head}:configuration-set/one", "")
    assert ses.existing("user", "u") == Existing("arn:aws-us-gov:iam::1:user/mailstack/u", "mailstack x")


def test_what_does_not_exist_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES and IAM have different codes for it."""
    ses, _ = _scripted(
        monkeypatch,
        get_email_identity=[_denied("NotFoundException", "GetEmailIdentity")],
        get_configuration_set=[_denied("NotFoundException", "GetConfigurationSet")],
        get_user=[_denied("NoSuchEntity", "GetUser")],
    )
    assert [ses.existing("identity", "a"), ses.existing("configurationSet", "a"), ses.existing("user", "a")] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("kind", "operation", "sentence"),
    [
        (
            "identity",
            "list_email_identities",
            "SES in us-gov-west-1 could not be asked for its identities: AccessDenied: said by AWS; the caller "
            "needs the permission ses:ListEmailIdentities (docs/deployer-policy.json lists all that is needed)",
        ),
        (
            "configurationSet",
            "list_configuration_sets",
            "SES in us-gov-west-1 could not be asked for its configuration sets: AccessDenied: said by AWS; the "
            "caller needs the permission ses:ListConfigurationSets (docs/deployer-policy.json lists all that is "
            "needed)",
        ),
        (
            "user",
            "list_users",
            "IAM could not be asked for the IAM users below /: AccessDenied: said by AWS; the caller needs the "
            "permission iam:ListUsers (docs/deployer-policy.json lists all that is needed)",
        ),
    ],
)
def test_a_missing_permission_names_the_policy(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, operation: str, sentence: str
) -> None:
    """Somebody else hands out the rights, and is told which."""
    ses, _ = _scripted(monkeypatch, **{operation: [_denied("AccessDenied", operation)]})
    with pytest.raises(Refused) as caught:
        ses.names(kind)
    assert str(caught.value) == sentence
