"""Differences, refreshes and imports of a wait."""

from __future__ import annotations

import grpc
import pytest

from mailstack.errors import Busy, Missing
from providers.smtp.base import DomainStatus

from .harness import DKIM, INPUTS, PENDING, UNKNOWN, VERIFIED, plain, refusal, running, secret

ID = "ses/eu-west-1/notify.example.com"
GONE = Missing("SES in eu-west-1 has no identity notify.example.com (NotFoundException: no)")


@pytest.mark.parametrize(
    ("status", "inputs", "answer", "differs", "asked"),
    [
        ("verified", {}, PENDING, False, 0),
        ("verified", {"wait": "require"}, PENDING, False, 0),
        ("lost", {"wait": "warn"}, PENDING, True, 0),
        ("lost", {"wait": "require"}, PENDING, True, 0),
        ("lost", {"wait": "off"}, PENDING, False, 1),
        ("lost", {"wait": "off"}, VERIFIED, True, 1),
        ("pending", {"wait": "require"}, PENDING, True, 0),
        ("pending", {"wait": "warn"}, PENDING, False, 1),
        ("pending", {"wait": "warn"}, VERIFIED, True, 1),
        ("pending", {"wait": "off"}, VERIFIED, True, 1),
        ("pending", {"wait": "warn"}, Busy("SES: no answer"), False, 1),
        ("manual", {"manual": True}, PENDING, False, 1),
        ("manual", {"manual": True, "wait": "require"}, PENDING, False, 1),
        ("manual", {"manual": True, "wait": "require"}, VERIFIED, True, 1),
    ],
)
def test_an_unchanged_wait_differs_only_where_an_update_would_change_its_status(
    status: str, inputs: dict[str, object], answer: DomainStatus, differs: bool, asked: int
) -> None:
    """Pending shows in the status and is no perpetual change; lost, required or verified by now is one."""
    with running(answer) as plugin:
        found = plugin.diff(status, inputs)
        assert found.changes == (found.DIFF_SOME if differs else found.DIFF_NONE)
        assert {key: one.inputDiff for key, one in found.detailedDiff.items()} == ({"status": False} if differs else {})
        assert len(plugin.provider.asked) == asked


@pytest.mark.parametrize(
    ("news", "replaces"),
    [
        ({"domain": "mail.example.com"}, ["domain"]),
        ({"region": "us-east-1"}, ["region"]),
        ({"region": UNKNOWN}, ["region"]),
        ({"records": []}, []),
        ({"records": [{**DKIM, "values": [UNKNOWN]}]}, []),
        ({"waitSeconds": 30}, []),
        ({"manual": True}, []),
    ],
)
def test_changed_inputs_differ_and_another_domain_or_region_replaces(
    news: dict[str, object], replaces: list[str]
) -> None:
    """A wait for another identity is another wait; everything else is an update."""
    with running(PENDING) as plugin:
        found = plugin.diff("verified", None, **news)
        assert found.changes == found.DIFF_SOME
        assert list(found.replaces) == replaces
        [(key, one)] = found.detailedDiff.items()
        assert key in news
        assert one.inputDiff
        assert one.kind == (one.UPDATE_REPLACE if replaces else one.UPDATE)
        assert plugin.provider.asked == []


def test_refresh_of_a_verified_domain_changes_nothing() -> None:
    """Inputs come back exactly as stored, secret marks too, and the next diff is clean."""
    inputs = {**INPUTS, "records": secret([DKIM])}
    with running(VERIFIED) as plugin:
        answer = plugin.read(ID, inputs, "verified")
        assert answer.id == ID
        assert plain(answer.inputs) == inputs
        assert plain(answer.properties)["status"] == secret("verified")
        found = plugin.diff("verified")
        assert found.changes == found.DIFF_NONE


@pytest.mark.parametrize(
    ("before", "answer", "after"),
    [
        ("verified", PENDING, "lost"),
        ("lost", PENDING, "lost"),
        ("verified", GONE, "lost"),
        ("pending", GONE, "pending"),
        ("pending", PENDING, "pending"),
        ("pending", VERIFIED, "verified"),
        ("lost", VERIFIED, "verified"),
    ],
)
def test_refresh_tells_what_became_of_the_domain(before: str, answer: DomainStatus | Exception, after: str) -> None:
    """A domain that was verified and is not any more is lost; a missing identity does not remove the wait."""
    with running(answer) as plugin:
        found = plugin.read(ID, INPUTS, before)
        state = plain(found.properties)
        assert (found.id, state["status"]) == (ID, after)
        assert bool(state["missing"]) is (after != "verified")
        assert len(plugin.provider.asked) == 1


def test_refresh_fails_where_the_provider_cannot_be_asked() -> None:
    """No answer is not an answer: the state stays as it is."""
    with running(Busy("SES in eu-west-1 could not be asked about notify.example.com: timed out")) as plugin:
        code, words, _ = refusal(lambda: plugin.read(ID, INPUTS, "verified"))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert words.endswith("timed out")


def test_import_needs_the_id_only() -> None:
    """An id says provider, region and domain; the identity says whether a MAIL FROM domain is expected."""
    with running(VERIFIED) as plugin:
        answer = plugin.read(ID)
        inputs = plain(answer.inputs)
        assert (inputs["provider"], inputs["region"], inputs["domain"]) == ("ses", "eu-west-1", "notify.example.com")
        assert inputs["mailFrom"] is True
        assert plain(answer.properties)["status"] == "verified"
        assert not plugin.check(**inputs).failures


def test_import_of_an_identity_that_is_not_there_is_not_found() -> None:
    """A blank id is the protocol's "there is no such thing"."""
    with running(GONE) as plugin:
        assert plugin.read(ID).id == ""


@pytest.mark.parametrize(
    "id_", ["notify.example.com", "ses/eu-west-1", "ses//example.com", "smtp/eu-west-1/example.com"]
)
def test_import_of_another_kind_of_id_names_the_form(id_: str) -> None:
    """A wrong import id is told which form an id has."""
    with running(VERIFIED) as plugin:
        _, words, _ = refusal(lambda: plugin.read(id_))
        assert "ses/<region>/<domain>" in words
        assert plugin.provider.asked == []
