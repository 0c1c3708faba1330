"""Domains with manage: false: looked up, never owned, never deleted by the change of that word."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.mail_stack import MailStack
from mailstack import marks
from mailstack.errors import MailstackError

from .mocks import EXISTING, Recorder, Refused

ARN = "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com"
PATH = re.escape('mailstack:domains["notify.example.com"].manage')
OTHER_ID = "zzzzzzzzzzzzzzzz"


def referenced(answer: Any, **settings: Any) -> Recorder:
    """Build a sender on a domain that is not managed, where SES answers with `answer`; return what it made."""
    recorder = Recorder.install()
    recorder.handlers[EXISTING] = answer
    given = {
        "domains": {"notify.example.com": {"manage": False}},
        "senders": {"notify": {"domain": "notify.example.com"}},
        **settings,
    }
    recorder.run(lambda: MailStack("mail", given).smtp)
    return recorder


def identity(mark: str = "", used: str = "") -> Any:
    """Return a handler that answers with an identity."""
    return lambda _: {"existing": {"arn": ARN, "mark": mark, "configurationSet": used}}


def test_an_identity_that_is_not_there_is_one_sentence() -> None:
    """The sentence names the key, the region that was asked and the ways on."""
    with pytest.raises(MailstackError, match=f"^{PATH}: .*no identity notify.example.com in eu-west-1.*manage: true"):
        referenced(lambda _: {})


def test_a_refused_look_up_passes_sess_words_on() -> None:
    """Wrong credentials are told in AWS's words, at the key that made the look-up necessary."""

    def refused(_: dict[str, Any]) -> dict[str, Any]:
        raise Refused("UnrecognizedClientException: The security token included in the request is invalid.")

    with pytest.raises(MailstackError, match=f"^{PATH}: .*The security token included in the request is invalid"):
        referenced(refused)


@pytest.mark.parametrize("stack", ["organization/mailstack/prod", "organization/mailstack/before"])
@pytest.mark.parametrize("owner_id", ["abcdefghij234567", OTHER_ID])
def test_a_domain_of_this_very_stack_is_not_given_up_by_the_word(stack: str, owner_id: str) -> None:
    """The identity carries this stack's mark, or that of its former name: the update would delete it."""
    with pytest.raises(MailstackError, match=f"^{PATH}: .*this stack's own.*would delete it"):
        referenced(identity(marks.write(owner_id, stack)), formerly="before")


@pytest.mark.parametrize("used", ["", "theirs"])
@pytest.mark.parametrize(
    "mark", ["", marks.write(OTHER_ID, "organization/mailstack/other"), marks.write(OTHER_ID, "acme/mailstack/prod")]
)
def test_a_domain_of_another_stack_is_taken_as_it_is(mark: str, used: str) -> None:
    """With another stack's mark, or none, the login is all that is made at AWS; its policy names what exists there."""
    made = referenced(identity(mark, used))
    assert EXISTING in made.asked()
    assert {one.typ for one in made.resources if one.typ.startswith(("aws:", "cloudflare:"))} == {
        "aws:iam/user:User", "aws:iam/userPolicy:UserPolicy", "aws:iam/accessKey:AccessKey",
    }  # fmt: skip
    [statement] = json.loads(made.one("aws:iam/userPolicy:UserPolicy")["policy"])["Statement"]
    sets = ["arn:aws:ses:eu-west-1:123456789012:configuration-set/theirs"] if used else []
    assert statement["Resource"] == [ARN, *sets]
