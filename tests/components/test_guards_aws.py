"""The hooks before something is made at AWS: what they let pass and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.output import UNKNOWN

from components.guards import Guards
from mailstack.errors import Conflict, VendorError

from .guarded import (
    DOMAIN,
    FOREIGN,
    Hooks,
    World,
    sealed,
)
from .mocks import MARK

THINGS: list[tuple[Hooks, dict[str, Any], str, dict[str, Any]]] = [
    (
        Guards.identity,
        {"emailIdentity": DOMAIN, "region": "eu-west-1", "tags": {"mailstack": MARK}},
        rf'the SES identity {DOMAIN} in eu-west-1 .*set mailstack:domains\["{DOMAIN}"\]\.manage to false',
        {"of": "ses", "kind": "identity", "name": DOMAIN, "region": "eu-west-1"},
    ),
    (
        Guards.configuration_set,
        {"configurationSetName": "notify_example_com", "region": "eu-central-1", "tags": {"mailstack": MARK}},
        "the SES configuration set notify_example_com in eu-central-1 .*manage: false",
        {"of": "ses", "kind": "configurationSet", "name": "notify_example_com", "region": "eu-central-1"},
    ),
    (
        Guards.user,
        {"name": f"notify@{DOMAIN}", "path": "/mail/", "tags": {"mailstack": MARK, "sender": "notify"}},
        rf"the IAM user notify@{DOMAIN} .*another key than mailstack:senders\.notify",
        {"of": "ses", "kind": "user", "name": f"notify@{DOMAIN}", "region": "eu-west-1", "path": "/mail/"},
    ),
]
things = pytest.mark.parametrize(("hooks", "new", "sentence", "question"), THINGS)


@things
def test_what_does_not_exist_at_aws_is_no_conflict(
    world: World, hooks: Hooks, new: dict[str, Any], sentence: str, question: dict[str, Any]
) -> None:
    """One question, which names what is to be made and where; users are asked for in a region of the stack."""
    world.meet(hooks, new)
    assert world.asked == [{**question, "fresh": False}]


@things
@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("mark", FOREIGN)
def test_what_somebody_else_made_at_aws_is_refused(
    world: World,
    hooks: Hooks,
    new: dict[str, Any],
    sentence: str,
    question: dict[str, Any],
    mark: str,
    preview: bool,
) -> None:
    """Another stack's, or nobody's, is named with its mark and the way on, in previews too."""
    world.thing = {"arn": "arn:aws:x", "mark": mark, "configurationSet": ""}
    with pytest.raises(Conflict, match=sentence) as refused:
        world.meet(hooks, new, preview=preview)
    assert (f"its mark is {mark!r}" if mark else "it carries no mark") in str(refused.value)


@things
def test_what_is_ours_at_aws_passes_in_a_preview_and_is_asked_for_again_in_an_up(
    world: World, hooks: Hooks, new: dict[str, Any], sentence: str, question: dict[str, Any]
) -> None:
    """As with records: what still exists then is outside the state, and `mailstack repair` takes it back."""
    world.thing = {"arn": "arn:aws:x", "mark": MARK, "configurationSet": ""}
    world.meet(hooks, new, preview=True)
    assert world.asked == [{**question, "fresh": False}]
    with pytest.raises(Conflict, match=r"already exists with this stack's mark.*`mailstack repair`"):
        world.meet(hooks, new)
    world.when_fresh = False
    world.asked.clear()
    world.meet(hooks, new)
    assert world.asked == [{**question, "fresh": False}, {**question, "fresh": True}]


@things
def test_at_aws_too_everything_is_foreign_while_the_mark_is_not_known(
    world: World, hooks: Hooks, new: dict[str, Any], sentence: str, question: dict[str, Any]
) -> None:
    """The tag is unknown in a stack's first preview."""
    world.thing = {"arn": "arn:aws:x", "mark": MARK, "configurationSet": ""}
    with pytest.raises(Conflict, match=sentence):
        world.meet(hooks, {**new, "tags": {**new["tags"], "mailstack": UNKNOWN}}, preview=True)


@things
def test_a_secret_name_is_looked_up_by_its_value(
    world: World, hooks: Hooks, new: dict[str, Any], sentence: str, question: dict[str, Any]
) -> None:
    """What the program marks as secret reaches a hook as an output, and is checked like the rest."""
    world.thing = {"arn": "arn:aws:x", "mark": "", "configurationSet": ""}
    for key in new:
        world.asked.clear()
        with pytest.raises(Conflict, match=sentence):
            world.meet(hooks, sealed(new, key))
        assert world.asked == [{**question, "fresh": False}]


@things
def test_a_name_that_is_not_known_yet_asks_nothing(
    world: World, hooks: Hooks, new: dict[str, Any], sentence: str, question: dict[str, Any]
) -> None:
    """The update asks."""
    name = next(iter(new))
    world.meet(hooks, {**new, name: UNKNOWN}, preview=True)
    assert world.asked == []


@pytest.mark.parametrize(
    "words",
    [
        "the role does not exist or may not be assumed",
        "failed to get shared config profile, prod does not exist",
    ],
)
@things
def test_only_the_answer_that_there_is_none_lets_one_be_made(
    world: World, hooks: Hooks, new: dict[str, Any], sentence: str, question: dict[str, Any], words: str
) -> None:
    """Trouble with credentials is passed on, even where its words say that something does not exist."""
    world.refusal = words
    with pytest.raises(VendorError, match=words):
        world.meet(hooks, new)


@pytest.mark.parametrize("is_secret", [True, False])
def test_another_domain_in_place_is_refused(world: World, is_secret: bool) -> None:
    """The tags of a user tell its domain before and after; one secret among them makes them all an output."""

    def user(domain: str) -> Mapping[str, Any]:
        new = {"name": "notify", "tags": {"domain": domain, "sender": "notify"}}
        return sealed(new, "tags") if is_secret else new

    with pytest.raises(Conflict, match=r"senders\.notify\.domain: changed from a\.example to b\.example in place"):
        world.meet(Guards.user, user("b.example"), old=user("a.example"))
    world.meet(Guards.user, user("a.example"), old=user("a.example"))
    assert world.asked == []
