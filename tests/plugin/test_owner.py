"""Owner over gRPC: an id that is made once, belongs to one stack, and outlives everything that carries it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from mailstack import marks
from mailstack.errors import Refused, VendorError
from plugin.resources.owner import Owner

from .fakes import FakeHost, FakeSes, table
from .harness import UNKNOWN, Served, plain, refusal, serving

STACK = "acme/shop/prod"
INPUTS: dict[str, Any] = {
    "stack": STACK,
    "zones": {"example.com": {"cloudflare": "c1", "route53": "Z1"}},
    "regions": ["eu-west-1", "us-east-1"],
    "userPath": "/mailstack/",
}
COPIED = (
    "the state of this stack, acme/shop/copy, was made for the stack acme/shop/prod{given}. If the stack was renamed, "
    "run `pulumi config set mailstack:formerly acme/shop/prod`, then `pulumi up` once, and remove the setting. If the "
    "state was copied, use an empty state: two stacks must not manage the same things"
)


@pytest.fixture(name="cloudflare")
def _cloudflare() -> FakeHost:
    return FakeHost(name="cloudflare", title="Fake Cloudflare", keeps_marks=True)


@pytest.fixture(name="route53")
def _route53() -> FakeHost:
    return FakeHost()


@pytest.fixture(name="ses")
def _ses() -> FakeSes:
    return FakeSes()


@pytest.fixture(name="plugin")
def _plugin(cloudflare: FakeHost, route53: FakeHost, ses: FakeSes) -> Iterator[Served]:
    with serving(Owner(), table(cloudflare, route53), ses=ses) as plugin:
        yield plugin


@pytest.fixture(name="state")
def _state(plugin: Served) -> dict[str, Any]:
    return plain(plugin.create(INPUTS).properties)


def test_an_id_is_random_and_stands_in_the_mark(plugin: Served, state: dict[str, Any]) -> None:
    """80 bits as base32, so that no other stack has it by chance."""
    assert re.fullmatch("[a-z2-7]{16}", state["ownerId"])
    assert state["mark"] == f"mailstack {state['ownerId']} acme/shop/prod"
    assert state["madeFor"] == STACK
    assert marks.owner_id(state["mark"]) == state["ownerId"]
    other = plugin.create(INPUTS)
    assert other.id == plain(other.properties)["ownerId"] != state["ownerId"]


def test_before_it_is_made_nobody_knows_the_id(plugin: Served) -> None:
    """So every mark is somebody else's in the very first preview."""
    known = plain(plugin.create(INPUTS, preview=True).properties)
    assert known == {**INPUTS, "ownerId": UNKNOWN, "mark": UNKNOWN, "madeFor": STACK}


@pytest.mark.parametrize("preview", [True, False])
def test_an_update_keeps_the_id_and_a_preview_knows_it(plugin: Served, state: dict[str, Any], preview: bool) -> None:
    """Otherwise every mark would be unknown whenever a zone is added."""
    news = {**INPUTS, "regions": ["eu-west-1"]}
    assert plugin.check(news, olds=INPUTS) == {}
    assert list(plugin.diff(state, news, old=INPUTS).diffs) == ["regions"]
    assert plugin.update(state, news, preview=preview) == {**state, **news}


def test_a_renamed_stack_keeps_its_id_and_changes_the_mark(plugin: Served, state: dict[str, Any]) -> None:
    """`formerly` says that it is no copy; afterwards it may stay or go."""
    news = {**INPUTS, "stack": "acme/shop/live", "formerly": STACK}
    assert plugin.check(news, olds=INPUTS) == {}
    difference = plugin.diff(state, news, old=INPUTS)
    assert (list(difference.diffs), list(difference.replaces)) == (["stack"], [])
    renamed = plugin.update(state, news)
    assert renamed["ownerId"] == state["ownerId"]
    assert renamed["mark"] == f"mailstack {state['ownerId']} acme/shop/live"
    assert renamed["madeFor"] == "acme/shop/live"
    for later in (news, {**INPUTS, "stack": "acme/shop/live"}):
        assert plugin.check(later, olds=news) == {}
        assert not plugin.diff(renamed, later, old=news).diffs


@pytest.mark.parametrize(
    ("more", "given"),
    [({}, ""), ({"formerly": "acme/shop/other"}, " (mailstack:formerly is acme/shop/other)")],
)
def test_a_copied_state_is_refused_with_both_ways_on(
    plugin: Served, state: dict[str, Any], more: dict[str, str], given: str
) -> None:
    """In Check and Diff, so in a preview; and in an update that comes without them."""
    news = {**INPUTS, "stack": "acme/shop/copy", **more}
    sentence = COPIED.format(given=given)
    assert plugin.check(news, olds=INPUTS) == {"": sentence}
    for call in (lambda: plugin.diff(state, news, old=INPUTS), lambda: plugin.update(state, news)):
        code, words, _ = refusal(call)
        assert (code, words) == (grpc.StatusCode.FAILED_PRECONDITION, sentence)


def test_a_refresh_changes_nothing_and_an_import_is_refused(plugin: Served, state: dict[str, Any]) -> None:
    """Only the state that made an id holds it."""
    assert plain(plugin.read(state["ownerId"], INPUTS, state).properties) == state
    _, words, _ = refusal(lambda: plugin.read("abcdefghij234567"))
    assert words == (
        'the Owner "abcdefghij234567" cannot be imported: only the state that made an id may hold it, or two stacks '
        "would manage the same things"
    )


def test_delete_forgets_an_id_that_nothing_carries(
    plugin: Served, state: dict[str, Any], cloudflare: FakeHost, route53: FakeHost, ses: FakeSes
) -> None:
    """What carries another stack's mark, or none, is not looked at twice; hosts without marks are not asked."""
    cloudflare.plant("a.example.com", "TXT", "one=1", mark="mailstack zzzzzzzzzzzzzzzz acme/shop/prod")
    ses.things["identity"] = {"example.net": "", "example.org": "mailstack zzzzzzzzzzzzzzzz acme/shop/prod"}
    plugin.delete(state)
    assert len(cloudflare.asked) == 1
    assert route53.asked == []
    lists = [one for one in ses.asked if one[0] == "list"]
    assert lists == [
        ("list", "identity", "/"), ("list", "configurationSet", "/"),
        ("list", "identity", "/"), ("list", "configurationSet", "/"),
        ("list", "user", "/mailstack/"),
    ]  # fmt: skip


def test_delete_is_refused_while_anything_carries_the_mark(
    plugin: Served, state: dict[str, Any], cloudflare: FakeHost, ses: FakeSes
) -> None:
    """Each thing is named; without the id nobody could prove that it is this stack's."""
    renamed = f"mailstack {state['ownerId']} acme/shop/former-name"  # the id decides
    cloudflare.plant("_dmarc.example.com", "TXT", "v=DMARC1; p=none", mark=state["mark"])
    ses.things["identity"]["notify.example.com"] = renamed
    ses.things["configurationSet"]["notify_example_com"] = state["mark"]
    ses.things["user"]["notify@notify.example.com"] = state["mark"]
    code, words, _ = refusal(lambda: plugin.delete({**state, "regions": ["eu-west-1"]}))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert words == (
        f"the id {state['ownerId']} of the stack acme/shop/prod is kept in the state, because these carry its mark and "
        "are not in the state any more: the TXT record _dmarc.example.com at Fake Cloudflare; the SES identity "
        "notify.example.com in eu-west-1; the SES configuration set notify_example_com in eu-west-1; the IAM user "
        "notify@notify.example.com. Delete them, or remove the mark from what is to stay, and run `pulumi destroy` "
        "again"
    )


def test_delete_is_refused_where_a_vendor_cannot_be_asked(
    plugin: Served, state: dict[str, Any], cloudflare: FakeHost, ses: FakeSes
) -> None:
    """In the vendor's words: the id is not lost on a guess."""
    ses.refused["user"] = Refused("IAM could not be asked: AccessDenied: no; the caller needs iam:ListUsers")
    _, words, _ = refusal(lambda: plugin.delete(state))
    head = f"the id {state['ownerId']} of the stack acme/shop/prod is kept in the state: whether anything still "
    assert words == (
        f"{head}carries its mark is not known: IAM could not be asked: AccessDenied: no; the caller needs iam:ListUsers"
    )

    def dead(step: str) -> None:
        raise VendorError("Fake Cloudflare does not answer")

    cloudflare.meanwhile = dead
    _, words, _ = refusal(lambda: plugin.delete(state))
    assert words == (
        f'{head}carries its mark is not known: mailstack:dns["example.com"]: Fake Cloudflare does not answer'
    )


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        (
            {"stack": "prod"},
            "stack",
            "stack: 'prod' was given; give <organization>/<project>/<stack>",
        ),
        (
            {"formerly": "prod"},
            "formerly",
            "formerly: 'prod' was given; give <organization>/<project>/<stack>",
        ),
        ({"regions": "eu-west-1"}, "regions", "regions: 'eu-west-1' was given; give a list"),
        (
            {"zones": {"example.com": "Z1"}},
            "zones",
            "zones[\"example.com\"]: 'Z1' was given; give a mapping",
        ),
        (
            {"ownerId": "x"},
            "ownerId",
            "ownerId: not an input of Owner; it takes stack, formerly, zones, regions, userPath",
        ),
    ],
)
def test_a_wrong_input_is_refused(plugin: Served, change: dict[str, Any], key: str, sentence: str) -> None:
    """One sentence at its input."""
    assert plugin.check({**INPUTS, **change}) == {key: sentence}
