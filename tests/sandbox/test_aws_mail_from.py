"""The MAIL FROM domain of an SES identity and its verification by DNS, asked with boto3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.aws_world import Aws, served


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        yield aws


def test_mail_from_is_verified_by_its_records(aws: Aws) -> None:
    """A MAIL FROM domain is PENDING until its MX and SPF exist, then SUCCESS, and FAILED when the MX is gone."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity="example.com", MailFromDomain="bounce.example.com", BehaviorOnMxFailure="REJECT_MESSAGE"
    )

    def status() -> str:
        attributes = ses.get_email_identity(EmailIdentity="example.com")["MailFromAttributes"]
        assert attributes["MailFromDomain"] == "bounce.example.com"
        assert attributes["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
        return str(attributes["MailFromDomainStatus"])

    assert status() == "PENDING"
    aws.publish_mail_from("bounce.example.com")
    assert status() == "SUCCESS"
    del aws.dns["bounce.example.com", "MX"]
    assert status() == "FAILED"
    aws.publish_mail_from("bounce.example.com")
    aws.broken = True
    assert status() == "TEMPORARY_FAILURE"


@pytest.mark.parametrize(
    ("mx", "txt"),
    [
        (["10 feedback-smtp.us-east-1.amazonses.com"], ["v=spf1 include:amazonses.com ~all"]),
        (
            ["10 feedback-smtp.eu-west-1.amazonses.com", "10 feedback-smtp.us-east-1.amazonses.com"],
            ["v=spf1 include:amazonses.com ~all"],
        ),
        (["10 feedback-smtp.eu-west-1.amazonses.com"], []),
        (["10 feedback-smtp.eu-west-1.amazonses.com"], ["v=spf1 include:example.net ~all"]),
        (["10 feedback-smtp.eu-west-1.amazonses.com"], ["v=spf1 include:amazonses.com ~all", "v=spf1 -all"]),
    ],
)
def test_mail_from_with_wrong_records_stays_pending(aws: Aws, mx: list[str], txt: list[str]) -> None:
    """Another region's MX, a second MX, no SPF, SPF without amazonses.com and two SPF records do not verify."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.com", MailFromDomain="bounce.example.com")
    aws.dns["bounce.example.com", "MX"] = mx
    aws.dns["bounce.example.com", "TXT"] = txt
    attributes = ses.get_email_identity(EmailIdentity="example.com")["MailFromAttributes"]
    assert attributes["MailFromDomainStatus"] == "PENDING"


def test_cleared_mail_from_leaves_the_default(aws: Aws) -> None:
    """Setting no MAIL FROM domain takes it away: the attributes then hold the behaviour alone."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.com", MailFromDomain="bounce.example.com")
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.com")
    found = ses.get_email_identity(EmailIdentity="example.com")
    assert found["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}


@pytest.mark.parametrize("domain", ["example.com", "bounce.example.net", "notexample.com"])
def test_mail_from_outside_the_identity_is_refused(aws: Aws, domain: str) -> None:
    """A MAIL FROM domain must be below the identity's domain (API reference)."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    with pytest.raises(ses.exceptions.BadRequestException, match="is not subdomain of the domain of the identity"):
        ses.put_email_identity_mail_from_attributes(EmailIdentity="example.com", MailFromDomain=domain)
