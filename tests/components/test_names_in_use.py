"""Two MailStacks of one program: what they may share and what they may not."""

from __future__ import annotations

from typing import Any

import pytest

from components.mail_stack import MailStack
from mailstack.errors import SettingsError

from .mocks import Recorder

ZONES = {"dns": {"example.com": {"host": "cloudflare"}}}


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    recorder = Recorder.install()
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/a.example.com"
    recorder.handlers["mailstack:index:existing"] = lambda _: {
        "existing": {"arn": arn, "mark": "", "configurationSet": ""}
    }
    return recorder


def both(recorder: Recorder, one: dict[str, Any], two: dict[str, Any]) -> None:
    """Run a program with two MailStacks."""

    def program() -> None:
        MailStack("one", {**ZONES, **one})
        MailStack("two", {**ZONES, **two})

    recorder.run(program)


def sender(domain: str, key: str = "notify", **more: Any) -> dict[str, Any]:
    return {key: {"domain": domain, **more}}


A, PARKED = {"senders": sender("a.example.com")}, {"domains": {"a.example.com": {"sends": False}}}
NULL_MX = {"name": "www.example.com", "type": "MX", "values": ["0 ."]}
REFERENCE = {"domains": {"a.example.com": {"manage": False}}}
GIVEN = {"secrets": {"senders": {"notify": {"username": "user", "password": "password"}}}}


@pytest.mark.parametrize(
    ("one", "two", "thing"),
    [
        (A, PARKED, "the domain a.example.com is already declared"),
        (PARKED, A, "the domain a.example.com is already declared"),
        (
            {"domains": {"a.example.com": {"records": {"also": [NULL_MX]}}}},
            {"domains": {"b.example.com": {"records": {"also": [NULL_MX]}}}},
            "the record MX www.example.com is already declared",
        ),
        (A, {**REFERENCE, **A}, "the login notify@a.example.com is already declared"),
        (
            A,
            {**REFERENCE, "senders": sender("a.example.com", "alerts", was="notify")},
            "the login notify@a.example.com is already declared",
        ),
    ],
)
def test_what_one_declares_the_other_may_not(
    recorder: Recorder, one: dict[str, Any], two: dict[str, Any], thing: str
) -> None:
    """A domain, a record at a name, and an IAM user, by the name that it really has, are one MailStack's."""
    with pytest.raises(SettingsError, match=f'^MailStack "two": {thing} by MailStack "one" of this program; '):
        both(recorder, one, two)
    assert not [resource.name for resource in recorder.resources if resource.name.startswith("two")]


@pytest.mark.parametrize(
    "two",
    [
        {"senders": sender("b.example.com")},
        {**REFERENCE, "senders": sender("a.example.com", "billing")},
        {**REFERENCE, **GIVEN, "senders": sender("a.example.com", login="given")},
    ],
)
def test_what_belongs_to_one_of_them_is_no_conflict(recorder: Recorder, two: dict[str, Any]) -> None:
    """Another domain, another sender on a domain that is referenced, and a login that exists already."""
    both(recorder, A, two)
    assert len(recorder.of("mailstack:index:Owner")) == 2


def test_another_run_of_the_program_starts_anew(recorder: Recorder) -> None:
    """A preview and its update in one process want the same things, and what was refused is forgotten."""
    with pytest.raises(SettingsError, match="is already declared"):
        both(recorder, A, PARKED)
    both(recorder, A, {"senders": sender("b.example.com")})
    both(recorder, {"senders": sender("b.example.com")}, A)
