"""The SMTP password of a key and the policy of a sender at SES, against AWS's published values."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstack.errors import InvalidValue
from providers.smtp import ses_iam
from providers.smtp.ses_regions import SMTP_REGIONS

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
    [statement] = ses_iam.sending_policy(**(arguments | given))["Statement"]
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
    assert ses_iam.smtp_password("some+secret+key", region) == password


@given(st.text(min_size=1, max_size=60), st.sampled_from(sorted(SMTP_REGIONS)))
def test_every_smtp_password_is_a_version_byte_and_a_sha256(secret: str, region: str) -> None:
    raw = base64.b64decode(ses_iam.smtp_password(secret, region), validate=True)
    assert (len(raw), raw[0]) == (33, 4)


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
