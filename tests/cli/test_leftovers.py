"""What `mailstack repair` takes for the stack's own after a killed run, asked of AWS as the sandbox plays it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cli import leftovers
from cli.existing import Standing
from cli.leftovers import Leftovers
from cli.repair import Pending
from providers.aws import AwsAccount
from providers.dns.base import StandingRecord
from tests.sandbox.aws_world import Aws, served

DOMAIN, USER, SET = "notify.example.com", "notify@notify.example.com", "notify_example_com"
OURS, ANOTHERS, UNMARKED = "mailstack/prod", "mailstack/production", ""
NAMES = {
    leftovers.IDENTITY: ({"emailIdentity": DOMAIN}, DOMAIN),
    leftovers.CONFIGURATION_SET: ({"configurationSetName": SET}, SET),
    leftovers.USER: ({"name": USER}, USER),
}


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        yield aws


def made(aws: Aws, mark: str) -> None:
    """Make an identity, a configuration set and a user that carry a mark."""
    tags = [{"Key": "mailstack", "Value": mark}] if mark else []
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity=DOMAIN, Tags=tags)
    ses.create_configuration_set(ConfigurationSetName=SET, Tags=tags)
    aws.client("iam").create_user(UserName=USER, Tags=tags)


def looking(aws: Aws, *known_keys: str) -> Leftovers:
    """Return the look-ups of the stack prod, whose state knows these access keys."""
    key, url = aws.world.bootstrap, f"http://127.0.0.1:{aws.server.port}"
    account = AwsAccount(
        access_key=key.access_key_id, secret_key=key.secret_access_key, endpoints={"sesv2": url, "iam": url}
    )
    return Leftovers(Standing(account, "eu-west-1", None), OURS, frozenset(known_keys))


def pending(type_token: str, inputs: dict[str, Any], kind: str = "creating") -> Pending:
    """Return an operation that never ended."""
    return Pending(kind, type_token, "urn:pulumi:prod::mailstack::x::name", inputs, "")


@pytest.mark.parametrize("type_token", NAMES)
@pytest.mark.parametrize("mark", [OURS, ANOTHERS, UNMARKED])
def test_only_what_carries_our_mark_is_imported(aws: Aws, type_token: str, mark: str) -> None:
    """The id is the name; a mark that only begins like ours, or none, is somebody else's."""
    made(aws, mark)
    inputs, id = NAMES[type_token]
    assert looking(aws).id_of(pending(type_token, inputs)) == (id if mark == OURS else None)


@pytest.mark.parametrize("type_token", NAMES)
def test_what_was_never_made_is_not_imported(aws: Aws, type_token: str) -> None:
    """A create that was killed before its request leaves nothing to import."""
    assert looking(aws).id_of(pending(type_token, NAMES[type_token][0])) is None


def test_only_a_create_is_looked_for(aws: Aws) -> None:
    """What was being updated or deleted is in the state already."""
    made(aws, OURS)
    assert looking(aws).id_of(pending(leftovers.USER, {"name": USER}, kind="updating")) is None


def test_another_region_than_the_stacks_stands_in_the_id(aws: Aws) -> None:
    """Import ids of pulumi-aws 7 end in the region where it is not the provider's own."""
    tags = [{"Key": "mailstack", "Value": OURS}]
    aws.client("sesv2", "us-east-1").create_email_identity(EmailIdentity=DOMAIN, Tags=tags)
    operation = pending(leftovers.IDENTITY, {"emailIdentity": DOMAIN, "region": "us-east-1"})
    assert looking(aws).id_of(operation) == f"{DOMAIN}@us-east-1"


def test_a_mail_from_is_ours_where_it_is_the_one_wanted(aws: Aws) -> None:
    """A MAIL FROM carries no mark: the domain that was to be set must be the one that is set."""
    made(aws, OURS)
    ses = aws.client("sesv2")
    ses.put_email_identity_mail_from_attributes(EmailIdentity=DOMAIN, MailFromDomain=f"bounce.{DOMAIN}")
    wanted = {"emailIdentity": DOMAIN, "mailFromDomain": f"bounce.{DOMAIN}"}
    assert looking(aws).id_of(pending(leftovers.MAIL_FROM, wanted)) == DOMAIN
    wanted["mailFromDomain"] = f"mail.{DOMAIN}"
    assert looking(aws).id_of(pending(leftovers.MAIL_FROM, wanted)) is None


def test_a_policy_is_found_by_user_and_name(aws: Aws) -> None:
    """An inline policy is part of its user."""
    made(aws, OURS)
    operation = pending(leftovers.POLICY, {"user": USER, "name": "send"})
    assert looking(aws).id_of(operation) is None
    aws.allow(USER, {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}, policy="send")
    assert looking(aws).id_of(operation) == f"{USER}:send"


def test_the_key_that_nobody_can_use_is_deleted_and_no_other(aws: Aws) -> None:
    """A key that the state does not know was made by the killed run; its secret cannot be had again."""
    made(aws, OURS)
    iam = aws.client("iam")
    known, lost = (iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"] for _ in range(2))
    [sentence] = looking(aws, known).delete_useless(pending(leftovers.ACCESS_KEY, {"user": USER}))
    assert sentence.startswith(f"deleted access key {lost} of {USER}: ")
    assert [one["AccessKeyId"] for one in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]] == [known]


def test_a_user_that_was_never_made_has_no_keys(aws: Aws) -> None:
    """The look-up for keys of a user that does not exist ends without an error."""
    assert list(looking(aws).delete_useless(pending(leftovers.ACCESS_KEY, {"user": USER}))) == []


@pytest.mark.parametrize("mark", [OURS, ANOTHERS, UNMARKED])
def test_a_record_is_ours_by_its_mark_and_content(monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    """At Cloudflare the comment is the mark; a record of the same name with another content is not the one."""
    comment = f"mailstack {mark}" if mark else ""
    there = StandingRecord(DOMAIN, "MX", "10 mx.example.net", comment, "record-1")
    monkeypatch.setattr(Standing, "records", lambda self, host, zone: [there])
    wanted = {"zoneId": "z", "name": DOMAIN, "type": "MX", "content": "mx.example.net", "priority": 10, "ttl": 300}
    found = Leftovers(Standing(AwsAccount(), "eu-west-1", "token"), OURS, frozenset())
    assert found.id_of(pending(leftovers.RECORD, wanted)) == ("z/record-1" if mark == OURS else None)
    assert found.id_of(pending(leftovers.RECORD, {**wanted, "content": "other.example.net"})) is None
