"""The check before anything is made: what it lets pass and what it refuses, hook by hook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs

from components import ownership
from components.ownership import Guard, Owner
from mailstack.errors import Conflict, VendorError

from .mocks import Recorder

DOMAIN = "notify.example.com"


def meet(new: dict[str, Any], kind: str) -> None:
    """Run the hooks that a create meets; raises what the first refusal raises."""

    async def hooks(guard: Guard) -> None:
        binding = {
            "identity": guard.identity(),
            "configuration set": guard.configuration_set(),
            "user": guard.sender(),
        }[kind]
        for hook in binding.before_create or []:
            assert isinstance(hook, ResourceHook)
            answer = hook(ResourceHookArgs("urn", "", "name", "type", new_inputs=new, old_inputs=None))
            assert answer is not None
            await answer

    def program() -> Any:
        component = pulumi.ComponentResource("test:index:Parent", "parent")
        return pulumi.Output.from_input(hooks(Guard(component, "mail", Owner("mailstack", "prod"))))

    Recorder.install().run(program)


@pytest.mark.parametrize(
    "words",
    [
        "the role does not exist or may not be assumed",
        "failed to get shared config profile, prod does not exist",
    ],
)
def test_only_the_answer_that_there_is_no_identity_lets_one_be_made(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """Trouble with credentials is passed on, even where its words say that something does not exist."""

    async def fails(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        raise VendorError(words)

    monkeypatch.setattr(ownership, "look_up_in_hook", fails)
    with pytest.raises(Conflict, match=words):
        meet({"emailIdentity": DOMAIN, "region": "eu-west-1"}, kind="identity")


def test_no_identity_there_is_no_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES's NotFoundException (API reference, GetEmailIdentity) means that the name is free."""

    async def none(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        raise VendorError("api error NotFoundException: Email identity notify.example.com does not exist.")

    monkeypatch.setattr(ownership, "look_up_in_hook", none)
    meet({"emailIdentity": DOMAIN, "region": "eu-west-1"}, kind="identity")


THINGS = [
    ("user", {"name": "notify@notify.example.com", "tags": {"sender": "notify"}}, "another key than mailstack:senders"),
    ("configuration set", {"configurationSetName": "notify_example_com", "region": "eu-west-1"}, "manage: false"),
]


@pytest.mark.parametrize(("kind", "inputs", "remedy"), THINGS)
@pytest.mark.parametrize(
    ("tags", "whose"),
    [({"mailstack": "mailstack/dev"}, "marked as mailstack/dev's"), ({}, "carries no mark")],
)
def test_what_stands_at_aws_under_our_name_is_refused_in_preview(
    monkeypatch: pytest.MonkeyPatch, kind: str, inputs: dict[str, Any], remedy: str, tags: dict[str, str], whose: str
) -> None:
    """A user or configuration set of another stack, or of nobody, is named with its owner and the way on."""

    async def stands(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        return {"tags": tags}

    monkeypatch.setattr(ownership, "look_up_in_hook", stands)
    with pytest.raises(Conflict, match=f"{whose}.*{remedy}"):
        meet(inputs, kind=kind)


@pytest.mark.parametrize(("kind", "inputs", "remedy"), THINGS)
def test_what_is_ours_or_cannot_be_seen_is_left_to_aws(
    monkeypatch: pytest.MonkeyPatch, kind: str, inputs: dict[str, Any], remedy: str
) -> None:
    """Our own passes; so does a look-up that IAM denies, as it does where a path limits the deployer."""

    async def ours(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        return {"tags": {"mailstack": "mailstack/prod"}}

    async def denied(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        raise VendorError("AccessDenied: not authorized to perform: iam:GetUser")

    for answer in (ours, denied):
        monkeypatch.setattr(ownership, "look_up_in_hook", answer)
        meet(inputs, kind=kind)
