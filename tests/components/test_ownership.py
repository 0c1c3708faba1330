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


def meet(new: dict[str, Any], kind: str, old: dict[str, Any] | None = None, *, secret: bool = False) -> None:
    """Run the hooks that a create, or with `old` an update, meets; raises what the first refusal raises.

    Inputs that are `secret` come as the SDK hands hooks secrets.
    """

    def handed(inputs: dict[str, Any] | None) -> dict[str, Any] | None:
        return {key: pulumi.Output.secret(value) for key, value in inputs.items()} if secret and inputs else inputs

    async def hooks(guard: Guard) -> None:
        binding = {
            "identity": guard.identity(),
            "configuration set": guard.configuration_set(),
            "user": guard.sender(),
        }[kind]
        for hook in (binding.before_update if old else binding.before_create) or []:
            assert isinstance(hook, ResourceHook)
            answer = hook(ResourceHookArgs("urn", "", "name", "type", new_inputs=handed(new), old_inputs=handed(old)))
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
    asked = []

    async def none(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        asked.append(arguments)
        raise VendorError("api error NotFoundException: Email identity notify.example.com does not exist.")

    monkeypatch.setattr(ownership, "look_up_in_hook", none)
    meet({"emailIdentity": DOMAIN, "region": "eu-west-1"}, kind="identity")
    assert asked == [{"emailIdentity": DOMAIN, "region": "eu-west-1"}]


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
    asked = []

    async def ours(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        asked.append("ours")
        return {"tags": {"mailstack": "mailstack/prod"}}

    async def denied(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        asked.append("denied")
        raise VendorError("AccessDenied: not authorized to perform: iam:GetUser")

    for answer in (ours, denied):
        monkeypatch.setattr(ownership, "look_up_in_hook", answer)
        meet(inputs, kind=kind)
    assert asked == ["ours", "denied"]


@pytest.mark.parametrize(("kind", "inputs", "remedy"), THINGS)
def test_a_secret_name_is_looked_up_by_its_value(
    monkeypatch: pytest.MonkeyPatch, kind: str, inputs: dict[str, Any], remedy: str
) -> None:
    """What the program marks as secret reaches a hook as an output, and is checked like the rest."""
    asked: list[Any] = []

    async def stands(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        asked.extend(arguments.values())
        return {"tags": {}}

    monkeypatch.setattr(ownership, "look_up_in_hook", stands)
    with pytest.raises(Conflict, match=f"carries no mark.*{remedy}"):
        meet(inputs, kind=kind, secret=True)
    assert set(asked) <= {value for value in inputs.values() if isinstance(value, str)}


@pytest.mark.parametrize("secret", [True, False])
def test_another_domain_in_place_is_refused_where_the_tags_are_secret_too(secret: bool) -> None:
    """The tags of a user tell its domain before and after; one secret among them makes them all an output."""

    def tags(domain: str) -> dict[str, Any]:
        return {"tags": {"domain": domain, "sender": "notify"}}

    with pytest.raises(Conflict, match=r"senders\.notify\.domain: changed from a\.example to b\.example in place"):
        meet(tags("b.example"), kind="user", old=tags("a.example"), secret=secret)
    meet(tags("a.example"), kind="user", old=tags("a.example"), secret=secret)
