"""Domains with manage: false: looked up, never owned, never deleted by the change of that word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from components.mail_stack import MailStack
from mailstack.errors import MailstackError

from .mocks import Recorder, Refused

LOOKUP = "aws:sesv2/getEmailIdentity:getEmailIdentity"
ARN = "arn:aws:ses:eu-west-1:123456789012:identity/notify.example.com"
PATH = re.escape('mailstack:domains["notify.example.com"].manage')


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


def referenced(answer: Any) -> Recorder:
    """Build a sender on a domain that is not managed, where SES answers with `answer`; return what it made."""
    recorder = Recorder.install()
    recorder.handlers[LOOKUP] = answer
    settings = {
        "domains": {"notify.example.com": {"manage": False}},
        "senders": {"notify": {"domain": "notify.example.com"}},
    }
    recorder.run(lambda: MailStack("mail", settings).smtp)
    return recorder


def fails(words: str) -> Any:
    """Return a handler that answers with an error."""

    def handler(arguments: dict[str, Any]) -> dict[str, Any]:
        raise Refused(words)

    return handler


def test_an_identity_that_is_not_there_is_one_sentence() -> None:
    """The sentence names the key, the region that was asked and the ways on."""
    with pytest.raises(MailstackError, match=f"^{PATH}: .*no identity notify.example.com in eu-west-1.*manage: true"):
        referenced(fails("api error NotFoundException: Email identity notify.example.com does not exist."))


def test_a_refused_look_up_passes_sess_words_on() -> None:
    """Wrong credentials are said in AWS's words, at the key that made the look-up necessary."""
    with pytest.raises(MailstackError, match=f"^{PATH}: .*The security token included in the request is invalid"):
        referenced(fails("UnrecognizedClientException: The security token included in the request is invalid."))


def test_a_domain_of_this_very_stack_is_not_given_up_by_the_word() -> None:
    """The identity carries this stack's mark: the update would delete what the senders need."""
    with pytest.raises(MailstackError, match=f"^{PATH}: .*this stack's own.*would delete it"):
        referenced(lambda args: {"arn": ARN, "configurationSetName": "c", "tags": {"mailstack": "mailstack/prod"}})


def test_a_domain_of_another_stack_is_taken_as_it_is() -> None:
    """With another stack's mark, or none, and no default configuration set, the login is all that is made."""
    for tags in ({"tags": {"mailstack": "mailstack/other"}}, {}):
        made = referenced(lambda args, tags=tags: {"arn": ARN, **tags})
        assert LOOKUP in made.asked()
        assert {one.typ for one in made.resources if one.typ.startswith(("aws:", "cloudflare:"))} == {
            "aws:iam/user:User", "aws:iam/userPolicy:UserPolicy", "aws:iam/accessKey:AccessKey",
        }  # fmt: skip
        assert ARN in made.one("aws:iam/userPolicy:UserPolicy")["policy"]
