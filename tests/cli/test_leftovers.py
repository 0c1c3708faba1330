"""What `mailstack repair` takes for the stack's own after a killed run, asked of AWS as the sandbox plays it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import leftovers
from cli.deployment import OWNER, Deployment
from cli.existing import Existing
from cli.leftovers import Leftovers
from cli.preview import Step
from mailstack.dns.changes import ExistingRecord
from mailstack.settings.load import load
from plugin.clients import Clients
from plugin.configuration import Credentials
from providers import catalog
from tests.sandbox.aws_world import Aws, served

DOMAIN, USER, SET = "notify.example.com", "notify@notify.example.com", "notify_example_com"
OURS, ANOTHERS, UNMARKED = (f"mailstack {id_} organization/mailstack/prod" for id_ in ("a" * 16, "b" * 16, "a" * 15))
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


def state(*known_keys: str) -> Deployment:
    """Return the state of a stack with an owner, which knows these access keys."""
    owner = {"type": OWNER, "urn": "urn:owner", "outputs": {"ownerId": "a" * 16}}
    keys = [{"type": leftovers.ACCESS_KEY, "urn": f"urn:{key}", "id": key} for key in known_keys]
    return Deployment([owner, *keys], [])


def existing(credentials: dict[str, Any]) -> Existing:
    """Return the look-ups of a stack with one zone at Cloudflare."""
    settings = load({"dns": {DOMAIN: {"host": "cloudflare"}}, "domains": {DOMAIN: {"sends": False}}}, catalog())
    return Existing(Path("Pulumi.prod.yaml"), settings, credentials, Clients(Credentials.model_validate(credentials)))


def looking(aws: Aws, *known_keys: str) -> Leftovers:
    """Return the look-ups of the stack prod, whose state knows these access keys."""
    key, url = aws.world.bootstrap, f"http://127.0.0.1:{aws.server.port}"
    account = {
        "accessKey": key.access_key_id, "secretKey": key.secret_access_key, "region": "eu-west-1",
        "endpoints": [{"sesv2": url, "iam": url, "sts": url}],
    }  # fmt: skip
    return Leftovers(existing({"aws": account}), state(*known_keys))


def pending(type_token: str, inputs: dict[str, Any]) -> Step:
    """Return a create that never ended."""
    return Step("creating", "urn:pulumi:prod::mailstack::x::name", type_token, "", inputs)


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
    there = ExistingRecord(DOMAIN, "MX", "10 mx.example.net", mark=mark, id="record-1")
    monkeypatch.setattr(Existing, "records", lambda self, host, zone, zone_id, names: [there])
    wanted = {"zoneId": "z", "name": DOMAIN, "type": "MX", "content": "mx.example.net", "priority": 10, "ttl": 300}
    found = Leftovers(existing({}), state())
    assert found.id_of(pending(leftovers.RECORD, wanted)) == ("z/record-1" if mark == OURS else None)
    assert found.id_of(pending(leftovers.RECORD, {**wanted, "content": "other.example.net"})) is None


def test_a_record_set_is_ours_where_the_killed_run_was_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """These hosts keep no marks: the values of the killed create exist, so that it made them, and the id names them."""
    there = [ExistingRecord(DOMAIN, "TXT", text) for text in ("v=spf1 -all", "site-verification=abc")]
    monkeypatch.setattr(Existing, "records", lambda self, host, zone, zone_id, names: there)
    wanted = {
        "host": "route53", "zone": DOMAIN, "zoneId": "Z1", "name": DOMAIN, "type": "TXT", "values": ["v=spf1 -all"],
    }  # fmt: skip
    found = Leftovers(existing({}), state())
    step = pending(leftovers.RECORD_SET, wanted)
    assert found.id_of_pending(step) == f"route53/{DOMAIN}/{DOMAIN}/TXT?value=v%3Dspf1%20-all"
    assert found.id_of(step) is None
    assert found.id_of_pending(pending(leftovers.RECORD_SET, {**wanted, "values": ["other"]})) is None
