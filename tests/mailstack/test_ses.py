"""SES endpoints, passwords and policies, against AWS's published values."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack import ses
from mailstack.errors import InvalidValue
from mailstack.mail import spf

IDENTITY = "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com"
SET = "arn:aws:ses:eu-west-1:123456789012:configuration-set/notify_example_com"


def condition(**given: Any) -> Any:
    arguments: dict[str, Any] = {
        "identity_arn": IDENTITY,
        "configuration_set_arn": SET,
        "from_addresses": ["hello@notify.example.com"],
        "recipients": [],
        "sandbox_account": False,
    }
    [statement] = ses.sending_policy(**(arguments | given))["Statement"]
    return statement


@pytest.mark.parametrize(
    ("region", "password"),
    [
        # public test vectors of terraform-provider-aws
        ("eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ],
)
def test_the_smtp_password_of_a_key_is_the_regions_own(region: str, password: str) -> None:
    assert ses.smtp_password("some+secret+key", region) == password


@given(st.text(min_size=1, max_size=60), st.sampled_from(sorted(ses.SMTP_REGIONS)))
def test_every_smtp_password_is_a_version_byte_and_a_sha256(secret: str, region: str) -> None:
    raw = base64.b64decode(ses.smtp_password(secret, region), validate=True)
    assert (len(raw), raw[0]) == (33, 4)


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("eu-west-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_lies_in_its_partition(region: str, name: str) -> None:
    assert ses.partition(region) == name


@pytest.mark.parametrize(
    ("region", "fips", "host"),
    [
        ("eu-west-1", False, "email-smtp.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", False, "email-smtp.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", True, "email-smtp-fips.us-gov-west-1.amazonaws.com"),
        ("us-east-2", True, "email-smtp-fips.us-east-2.amazonaws.com"),
    ],
)
def test_the_smtp_endpoint_is_named_for_its_region(region: str, fips: bool, host: str) -> None:
    assert ses.smtp_host(region, fips) == host


@pytest.mark.parametrize("region", ["af-south-1", "ap-southeast-3", "eu-central-2", "me-south-1", "cn-north-1", ""])
def test_a_region_without_smtp_endpoint_is_refused_with_those_that_have_one(region: str) -> None:
    with pytest.raises(InvalidValue, match=f'no SMTP endpoint in region "{region}".*-1'):
        ses.smtp_host(region)


def test_a_refused_region_is_answered_with_regions_of_the_same_area() -> None:
    with pytest.raises(InvalidValue) as refused:
        ses.smtp_host("eu-south-1")
    assert "eu-west-1" in str(refused.value)
    assert "us-east-1" not in str(refused.value)


def test_a_misspelt_region_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidValue, match='use "eu-west-1"'):
        ses.smtp_host("eu-wst-1")


def test_a_region_without_fips_endpoint_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(InvalidValue, match='no FIPS endpoint in region "eu-west-1"; use one of ca-central-1'):
        ses.smtp_host("eu-west-1", fips=True)


def test_every_smtp_and_fips_region_is_one_where_the_sdk_knows_ses() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    known = set()
    for name in session.get_available_partitions():
        known |= set(session.get_available_regions("sesv2", name))
    assert known >= ses.SMTP_REGIONS >= ses.FIPS_REGIONS


@pytest.mark.parametrize(
    ("port", "security"), [(25, "starttls"), (587, "starttls"), (2587, "starttls"), (465, "tls"), (2465, "tls")]
)
def test_each_port_of_the_endpoint_has_its_way_of_tls(port: int, security: str) -> None:
    assert ses.smtp_security(port) == security


def test_another_port_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InvalidValue, match="port 2525; use 587, 2587 or 25 for STARTTLS, 465 or 2465 for TLS"):
        ses.smtp_security(2525)


def test_a_mail_from_domain_points_its_mx_at_the_identitys_region_and_includes_ses() -> None:
    assert ses.feedback_mx("eu-west-1") == "feedback-smtp.eu-west-1.amazonses.com"
    assert str(spf.parse(ses.MAIL_FROM_SPF)) == "v=spf1 include:amazonses.com ~all"


def test_a_sender_may_send_from_its_own_address_through_its_identity_and_configuration_set_only() -> None:
    assert condition() == {
        "Effect": "Allow",
        "Action": "ses:SendRawEmail",
        "Resource": [IDENTITY, SET],
        "Condition": {"StringEquals": {"ses:FromAddress": ["hello@notify.example.com"]}},
    }


def test_without_a_configuration_set_the_identity_is_the_only_resource() -> None:
    assert condition(configuration_set_arn=None)["Resource"] == [IDENTITY]


def test_one_wildcard_makes_all_from_addresses_patterns_of_one_condition() -> None:
    addresses = ["hello@notify.example.com", "*@notify.example.com", "hello@notify.example.com"]
    assert condition(from_addresses=addresses)["Condition"] == {
        "StringLike": {"ses:FromAddress": ["hello@notify.example.com", "*@notify.example.com"]}
    }


def test_a_question_mark_is_a_wildcard_too() -> None:
    assert "StringLike" in condition(from_addresses=["team-?@notify.example.com"])["Condition"]


def test_recipients_become_a_condition_on_every_one_of_them() -> None:
    assert condition(recipients=["*@example.com"])["Condition"] == {
        "StringEquals": {"ses:FromAddress": ["hello@notify.example.com"]},
        "ForAllValues:StringLike": {"ses:Recipients": ["*@example.com"]},
    }
    assert "ForAllValues:StringEquals" in condition(recipients=["ops@example.com"])["Condition"]


@pytest.mark.parametrize(
    ("arn", "widened"),
    [
        (IDENTITY, "arn:aws:ses:eu-west-1:123456789012:identity/*"),
        (
            "arn:aws-us-gov:ses:us-gov-west-1:123456789012:identity/notify.example.com",
            "arn:aws-us-gov:ses:us-gov-west-1:123456789012:identity/*",
        ),
    ],
)
def test_an_account_in_the_sandbox_gets_all_identities_but_the_same_conditions(arn: str, widened: str) -> None:
    statement = condition(identity_arn=arn, sandbox_account=True)
    assert statement["Resource"] == [widened, SET]
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": ["hello@notify.example.com"]}}


def test_a_policy_without_from_address_is_refused() -> None:
    with pytest.raises(InvalidValue, match="name at least one"):
        condition(from_addresses=[])


@pytest.mark.parametrize("pattern", ["*", "", "*@*", "?@*.*", "hello", "@example.com", "hello@"])
@pytest.mark.parametrize("where", ["from_addresses", "recipients"])
def test_a_pattern_that_limits_nothing_is_refused(where: str, pattern: str) -> None:
    with pytest.raises(InvalidValue, match="does not limit"):
        condition(**{where: [pattern]})


@pytest.mark.parametrize("address", ["${aws:username}@example.com", "a b@example.com"])
def test_an_address_that_iam_would_read_otherwise_is_refused(address: str) -> None:
    with pytest.raises(InvalidValue, match="would not take"):
        condition(from_addresses=[address])


def test_what_is_no_identity_arn_is_refused() -> None:
    with pytest.raises(InvalidValue, match="not the ARN of an SES identity"):
        condition(identity_arn="notify.example.com")
