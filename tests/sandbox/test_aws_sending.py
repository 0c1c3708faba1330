"""What the mail server asks of AWS: logins, verified identities, and who may send what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sandbox.aws import policy
from sandbox.aws.server import Login, Verdict, smtp_password
from tests.sandbox.aws_world import Aws, served

ACCOUNT, REGION = "123456789012", "eu-west-1"
IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
SET = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/mail"
SEND = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": IDENTITY}


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        aws.verified("example.com")
        yield aws


def _login(aws: Aws, *statements: dict[str, Any], region: str = REGION) -> Login:
    keys = aws.user("notify", *statements)
    password = smtp_password(keys["aws_secret_access_key"], region)
    login = aws.world.smtp_login(keys["aws_access_key_id"], password, region)
    assert login is not None
    return login


def _may(
    aws: Aws,
    login: Login,
    sender: str = "hello@example.com",
    recipients: Sequence[str] = ("you@example.net",),
    configuration_set: str | None = None,
) -> Verdict:
    identity = aws.identity(sender)
    return aws.world.may_send(login, REGION, sender, recipients, identity, configuration_set)


@pytest.mark.parametrize(
    ("region", "password"),
    [
        ("eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ],
)
def test_smtp_password_is_the_regions_own(region: str, password: str) -> None:
    """The password of a secret for a region is that of the published test vectors."""
    assert smtp_password("some+secret+key", region) == password


def test_login_takes_the_password_of_this_region_only(aws: Aws) -> None:
    """The access key id with the region's password logs in; another region's, the secret itself and noise do not."""
    keys = aws.user("notify")
    user, secret = keys["aws_access_key_id"], keys["aws_secret_access_key"]
    login = aws.world.smtp_login(user, smtp_password(secret, REGION), REGION)
    assert login is not None
    assert (login.account, login.user_arn, login.access_key) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/notify", user)
    for password in (smtp_password(secret, "us-east-1"), secret, "", "pässword"):
        assert aws.world.smtp_login(user, password, REGION) is None
    assert aws.world.smtp_login("notify", smtp_password(secret, REGION), REGION) is None


def test_session_and_inactive_keys_do_not_log_in(aws: Aws) -> None:
    """Temporary credentials have no SMTP password (SES developer guide), an inactive key neither."""
    session = aws.assumed()
    password = smtp_password(session["aws_secret_access_key"], REGION)
    assert aws.world.smtp_login(session["aws_access_key_id"], password, REGION) is None
    keys = aws.user("notify")
    key = keys["aws_access_key_id"]
    aws.client("iam").update_access_key(UserName="notify", AccessKeyId=key, Status="Inactive")
    assert aws.world.smtp_login(key, smtp_password(keys["aws_secret_access_key"], REGION), REGION) is None


def test_nearest_verified_identity_stands_for_an_address(aws: Aws) -> None:
    """An address identity goes before its domain, a domain before its parents; none for a foreign domain."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="boss@example.com")
    ses.create_email_identity(EmailIdentity="sub.example.com")

    def name(address: str, region: str = REGION) -> str | None:
        identity = aws.world.verified_identity(ACCOUNT, region, address)
        return identity.name if identity else None

    assert name("Hello@EXAMPLE.com") == "example.com"
    assert name("boss@example.com") == "boss@example.com"  # verified through its domain
    assert name("a@sub.example.com") == "example.com"  # its own identity is not verified
    assert name("a@notexample.com") is None
    assert name("a@example.com", "us-east-1") is None


def test_mail_within_the_policy_may_go(aws: Aws) -> None:
    """A user allowed to send on the identity may."""
    assert _may(aws, _login(aws, SEND)).allowed


def test_user_without_policy_may_not_send(aws: Aws) -> None:
    """Without a policy the refusal names user, action and resource in AWS's words."""
    verdict = _may(aws, _login(aws))
    assert not verdict.allowed
    assert verdict.why == (
        f"Access denied: User `arn:aws:iam::{ACCOUNT}:user/notify' is not authorized to perform "
        f"`ses:SendRawEmail' on resource `{IDENTITY}'"
    )


def test_default_set_must_be_allowed_too(aws: Aws) -> None:
    """With a default configuration set its ARN must be allowed as well (aws-cdk issue 34402)."""
    ses = aws.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="mail")
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com", ConfigurationSetName="mail")
    login = _login(aws, SEND)
    assert _may(aws, login).why.endswith(f"on resource `{SET}'")
    aws.allow("notify", SEND | {"Resource": SET}, policy="set")
    assert _may(aws, login).allowed


def test_deleted_default_set_stops_mail(aws: Aws) -> None:
    """Mail through an identity whose default set was deleted is refused (SES developer guide)."""
    ses = aws.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="mail")
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com", ConfigurationSetName="mail")
    ses.delete_configuration_set(ConfigurationSetName="mail")
    assert "does not exist" in _may(aws, _login(aws, SEND)).why


def test_paused_set_and_paused_account_stop_mail(aws: Aws) -> None:
    """Sending switched off, for a configuration set or for the account, refuses mail."""
    ses = aws.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="mail")
    login = _login(aws, SEND | {"Resource": "*"})
    assert _may(aws, login, configuration_set="mail").allowed
    ses.put_configuration_set_sending_options(ConfigurationSetName="mail", SendingEnabled=False)
    assert not _may(aws, login, configuration_set="mail").allowed
    ses.put_account_sending_attributes(SendingEnabled=False)
    assert not _may(aws, login).allowed


def test_from_address_condition_counts(aws: Aws) -> None:
    """A condition on ses:FromAddress lets that address send and no other; letters keep their case."""
    login = _login(aws, SEND | {"Condition": {"StringEquals": {"ses:FromAddress": "hello@example.com"}}})
    assert _may(aws, login).allowed
    assert not _may(aws, login, "other@example.com").allowed
    assert not _may(aws, login, "Hello@example.com").allowed


def test_recipients_condition_counts_for_all_of_them(aws: Aws) -> None:
    """ForAllValues on ses:Recipients refuses a mail with one recipient outside the pattern."""
    login = _login(aws, SEND | {"Condition": {"ForAllValues:StringLike": {"ses:Recipients": ["*@example.com"]}}})
    assert _may(aws, login, recipients=["a@example.com", "b@example.com"]).allowed
    assert not _may(aws, login, recipients=["a@example.com", "b@example.net"]).allowed


def test_denial_wins(aws: Aws) -> None:
    """A statement that denies wins over one that allows."""
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"ses:FromAddress": "no*"}}}
    login = _login(aws, SEND, deny)
    assert _may(aws, login).allowed
    assert not _may(aws, login, "noreply@example.com").allowed


def test_sandboxed_account_needs_verified_recipients(aws: Aws) -> None:
    """Without production access recipients must be verified, and each is authorised as an identity."""
    aws.world.set_production_access(ACCOUNT, REGION, False)
    login = _login(aws, SEND)
    refused = _may(aws, login, recipients=["you@example.net", "me@example.com"])
    assert refused.why == (
        "Message rejected: Email address is not verified. "
        "The following identities failed the check in region EU-WEST-1: you@example.net"
    )
    aws.client("sesv2").create_email_identity(EmailIdentity="you@example.net")
    aws.world.verify_address(ACCOUNT, REGION, "you@example.net")
    recipient = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/you@example.net"
    assert _may(aws, login).why.endswith(f"on resource `{recipient}'")
    everywhere = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*"
    aws.allow("notify", SEND | {"Resource": everywhere}, policy="all")
    assert _may(aws, login).allowed


def test_deleted_key_may_no_longer_send(aws: Aws) -> None:
    """A login whose key was deleted meanwhile is refused."""
    login = _login(aws, SEND)
    aws.client("iam").delete_access_key(UserName="notify", AccessKeyId=login.access_key)
    assert not _may(aws, login).allowed


def test_mail_is_signed_while_the_records_stand(aws: Aws) -> None:
    """An identity signs when its DKIM records exist and signing is on, an address with its domain's key."""
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="boss@example.com")
    boss = aws.identity("boss@example.com")
    domain = aws.identity("a@example.com")
    assert aws.world.signing_key(boss) == aws.world.signing_key(domain)
    ses.put_email_identity_dkim_attributes(EmailIdentity="example.com", SigningEnabled=False)
    assert aws.world.signing_key(domain) is None
    ses.put_email_identity_dkim_attributes(EmailIdentity="example.com", SigningEnabled=True)
    aws.dns.clear()
    assert aws.world.signing_key(domain) is None


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"K": "b"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"k": "A"}}, {"k": "a"}, True),
        ({"StringLike": {"k": "a?c*"}}, {"k": "abcdef"}, True),
        ({"StringLike": {"k": "a[b]"}}, {"k": "ab"}, False),
        ({"StringNotLike": {"k": "a*"}}, {"k": "abc"}, False),
        ({"ForAllValues:StringLike": {"k": "a*"}}, {}, True),
        ({"ForAnyValue:StringLike": {"k": "a*"}}, {"k": ["b", "ab"]}, True),
        ({"ForAnyValue:StringLike": {"k": "a*"}}, {"k": []}, False),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {"k": "a"}, True),
        ({"Bool": {"k": "true"}}, {"k": "true"}, True),
        ({"IpAddress": {"k": "127.0.0.0/8"}}, {"k": "127.0.0.1"}, True),
        ({"NotIpAddress": {"k": "127.0.0.0/8"}}, {"k": "127.0.0.1"}, False),
    ],
)
def test_conditions_hold_as_iam_documents_them(condition: dict[str, Any], context: dict[str, Any], holds: bool) -> None:
    """Operators, sets, absent keys and wildcards judge as the IAM guide says ("IAM JSON policy elements")."""
    assert policy.conditions_hold(condition, context, unknown=not holds) is holds


def test_unknown_operator_never_widens() -> None:
    """An operator that the evaluator does not know lets nothing through: not an allowance, and not past a denial."""
    odd = {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01"}}, "Action": "*", "Resource": "*"}
    plain = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert not policy.allowed([{"Statement": [odd | {"Effect": "Allow"}]}], "ses:SendRawEmail", "*", {})
    assert not policy.allowed([{"Statement": [plain, odd | {"Effect": "Deny"}]}], "ses:SendRawEmail", "*", {})
    assert policy.allowed([{"Statement": [plain]}], "ses:SendRawEmail", "*", {})


@pytest.mark.parametrize(
    ("statement", "permitted"),
    [
        ({"Action": "SES:sendraw*", "Resource": IDENTITY}, True),
        ({"Action": "ses:SendEmail", "Resource": IDENTITY}, False),
        ({"NotAction": "ses:Delete*", "Resource": "*"}, True),
        ({"NotAction": "ses:*", "Resource": "*"}, False),
        ({"Action": "ses:*", "Resource": "arn:aws:ses:*:*:identity/*.com"}, True),
        ({"Action": "ses:*", "Resource": IDENTITY.upper()}, False),
        ({"Action": "ses:*", "NotResource": IDENTITY}, False),
        ({"Action": ["iam:*", "ses:*"], "Resource": ["arn:aws:s3:::x", IDENTITY]}, True),
    ],
)
def test_actions_and_resources_match_as_iam_does(statement: dict[str, Any], permitted: bool) -> None:
    """Actions match without case, resources with it, both with wildcards, lists and their Not forms."""
    document = {"Statement": statement | {"Effect": "Allow"}}
    assert policy.allowed([document], "ses:SendRawEmail", IDENTITY, {}) is permitted
