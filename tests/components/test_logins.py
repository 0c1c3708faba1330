"""Logins: what a sender may do, and what is handed out."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components import outputs
from components.mail_stack import MailStack

from .mocks import Recorder
from .stacks import (
    POLICY,
    SETTINGS,
    USER,
    program,
    with_domain,
)


def test_the_policy_allows_this_sender_only(recorder: Recorder) -> None:
    """The login may send raw mail as its From only, through the identity and its configuration set."""
    senders = {
        "notify": {
            "domain": "notify.example.com",
            "from": {"address": "hello"},
            "recipients": ["*@example.com"],
        }
    }
    recorder.run(program({**SETTINGS, "senders": senders}))
    [statement] = json.loads(recorder.one(POLICY)["policy"])["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "ses:SendRawEmail"
    assert statement["Resource"] == [
        "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com",
        "arn:aws:ses:eu-west-1:123456789012:configuration-set/notify_example_com",
    ]
    conditions = json.dumps(statement["Condition"])
    assert "hello@notify.example.com" in conditions
    assert "ForAllValues:StringLike" in conditions
    assert "*@example.com" in conditions


def test_the_password_is_the_one_of_the_routes_region(recorder: Recorder) -> None:
    """Whatever the provider's region is, host and password are those of the route's region (public test vector)."""
    smtp = recorder.run(program(with_domain(routes={"main": {"region": "us-west-1"}})))
    assert smtp["notify"] == {
        "host": "email-smtp.us-west-1.amazonaws.com",
        "port": 587,
        "security": "starttls",
        "username": "mail-notify-key-id",
        "password": "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj",
        "fromAddress": "notify@notify.example.com",
        "fromName": None,
        "headers": {},
        "uri": "smtp://mail-notify-key-id:BH%2BjbMzper5WwlwUar9E1ySBqHa9whi0GPo%2BsJ0mVYJj"
        "@email-smtp.us-west-1.amazonaws.com:587/",
    }


@pytest.mark.parametrize("output", ["smtp", "records", "status", "readme"])
def test_the_bundle_is_the_only_secret(recorder: Recorder, output: str) -> None:
    """The smtp output is secret as a whole; the public DKIM tokens, which come in a secret, seal no other."""
    assert recorder.run(lambda: getattr(MailStack("mail", SETTINGS), output).is_secret()) is (output == "smtp")


def test_a_login_is_handed_out_only_when_it_can_send(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Username and password each wait for the user's policy; an application that gets them may send at once."""
    handed_out: list[pulumi.Output[str]] = []
    bundle = outputs.bundle

    def recorded(sender: Any, route: Any, username: Any, password: Any) -> Any:
        handed_out.extend((username, password))
        return bundle(sender, route, username, password)

    monkeypatch.setattr(outputs, "bundle", recorded)

    def waited_for() -> Any:
        MailStack("mail", SETTINGS)

        async def names() -> list[set[str]]:
            return [{one.pulumi_resource_name for one in await output.resources()} for output in handed_out]

        return names()

    assert recorder.run(waited_for) == [{"mail-notify-policy", "mail-notify-key"}] * 2


def test_a_given_login_makes_no_iam_user(recorder: Recorder) -> None:
    """A given access key becomes the region's SMTP password; no user, policy or key is made."""
    settings = {
        **SETTINGS,
        "senders": {"notify": {"domain": "notify.example.com", "login": "given"}},
        "secrets": {"senders": {"notify": {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "some+secret+key"}}},
        "domains": {"notify.example.com": {"routes": {"main": {"region": "eu-central-1"}}}},
    }
    smtp = recorder.run(program(settings))
    assert smtp["notify"]["username"] == "AKIAEXAMPLE"
    assert smtp["notify"]["password"] == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
    assert not [one for one in recorder.resources if one.typ.startswith("aws:iam")]


def test_no_login_gives_a_policy_for_roles(recorder: Recorder) -> None:
    """Without a login the stack hands out the policy that a role needs, and no bundle."""
    settings = {**SETTINGS, "senders": {"notify": {"domain": "notify.example.com", "login": "none"}}}
    assert recorder.run(program(settings)) == {}
    assert recorder.run(program(settings, "revision")) == {}
    policies = recorder.run(program(settings, "send_policy"))
    assert json.loads(policies["notify"])["Statement"][0]["Action"] == "ses:SendRawEmail"
    assert not [one for one in recorder.resources if one.typ.startswith("aws:iam")]


def test_a_protected_policy_keeps_the_key_that_it_depends_on(recorder: Recorder) -> None:
    """The engine deletes nothing whose dependents are protected: the key goes only when its policy may go."""
    recorder.run(program(SETTINGS))
    dependencies = [urn.rsplit("::", 1)[1] for urn in recorder.requests["mail-notify-policy"].dependencies]
    assert "mail-notify-key" in dependencies


def test_a_renamed_sender_keeps_its_login(recorder: Recorder) -> None:
    """was: gives the old names as aliases and keeps the user's physical name."""
    renamed = {"alerts": {"domain": "notify.example.com", "was": "notify"}}
    recorder.run(program({**SETTINGS, "senders": renamed}))
    assert recorder.one(USER)["name"] == "notify@notify.example.com"
    [component] = [one for one in recorder.requests.values() if one.type == "mailstack:index:SesLogin"]
    assert [alias.spec.name for alias in component.aliases] == ["mail-notify"]


def test_a_permissions_boundary_may_be_an_output(recorder: Recorder) -> None:
    """An ARN from another resource reaches the IAM user."""
    arn = "arn:aws:iam::123456789012:policy/boundary"

    def bounded() -> Any:
        routes = {"main": {"ses": {"permissionsBoundary": pulumi.Output.from_input(arn)}}}
        return MailStack("mail", with_domain(routes=routes)).smtp

    recorder.run(bounded)
    assert recorder.one(USER)["permissionsBoundary"] == arn


def test_given_secrets_stay_secret_on_their_way(recorder: Recorder) -> None:
    """A given password is a secret output wherever it goes."""
    settings = {
        **SETTINGS,
        "senders": {"notify": {"domain": "notify.example.com", "login": "given"}},
        "secrets": {"senders": {"notify": {"username": "user", "password": "canary-password"}}},
    }
    recorder.run(program(settings))
    for request in recorder.requests.values():
        assert "canary-password" not in str(request)


def test_a_given_username_stays_out_of_the_plain_revision(recorder: Recorder) -> None:
    """The id of an access key is no secret and is shown; a username from mailstack:secrets is."""
    given = {**SETTINGS, "senders": {"notify": {"domain": "notify.example.com", "login": "given"}}}
    user = {"username": "canary-username", "password": "canary-password"}
    assert recorder.run(program({**given, "secrets": {"senders": {"notify": user}}}, "revision")) == {
        "notify": {"keyId": None}
    }
    keys = {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "some+secret+key"}
    assert recorder.run(program({**given, "secrets": {"senders": {"notify": keys}}}, "revision")) == {
        "notify": {"keyId": "AKIAEXAMPLE"}
    }
