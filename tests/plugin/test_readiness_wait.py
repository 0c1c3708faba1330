"""Create and update wait for the provider as the settings say, and explain what they did not get."""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2

from mailstack.errors import Busy, Missing, VendorError
from plugin.lifecycle import Clock
from providers.smtp.base import DomainStatus

from .harness import DKIM, INPUTS, PENDING, UNKNOWN, VERIFIED, plain, refusal, running, secret

ONLY_DKIM = DomainStatus("SUCCESS", "PENDING", False, "")


def test_create_asks_until_dkim_and_mail_from_are_verified() -> None:
    """The wait ends with the first answer in which all that is expected is verified."""
    with running(PENDING, ONLY_DKIM, VERIFIED) as plugin:
        answer = plugin.create()
        assert answer.id == "ses/eu-west-1/notify.example.com"
        state = plain(answer.properties)
        assert state["status"] == "verified"
        assert (state["dkim"], state["mailFromStatus"], state["missing"]) == ("SUCCESS", "SUCCESS", [])
        assert {key: state[key] for key in INPUTS} == INPUTS
        assert plugin.provider.asked == [("notify.example.com", True)] * 3


def test_the_wait_backs_off_and_shows_what_it_waits_for() -> None:
    """Questions come after about 1 s, then more rarely, at most every 15 s and 20 %; the status line tells each."""
    with running(PENDING) as plugin:
        plugin.create()
        slept = plugin.clock.slept
        assert 0.8 <= slept[0] <= 1.2
        assert max(slept) <= 18
        assert sum(slept) == pytest.approx(600)
        assert plugin.log.passing[0] == "waiting for notify.example.com: DKIM PENDING, MAIL FROM PENDING (0 s of 600 s)"


def test_warn_ends_in_a_warning_that_names_what_dns_lacks() -> None:
    """With `wait: warn` the update goes on, and says which record is missing."""
    with running(PENDING) as plugin:
        state = plain(plugin.create().properties)
        assert state["status"] == "pending"
        [sentence] = [one for one in state["missing"] if "CNAME" in one]
        assert sentence == (
            'CNAME tok1._domainkey.notify.example.com (DKIM) is missing: it should be "tok1.dkim.amazonses.com"'
        )
        [warning] = plugin.log.lasting
        assert warning.startswith("notify.example.com is not verified after 600 s (DKIM PENDING, MAIL FROM PENDING): ")
        assert sentence in warning


def test_a_zone_delegated_elsewhere_is_named_as_the_cause() -> None:
    """Where DNS asks other name servers than those that were written to, both are named."""
    with running(PENDING) as plugin:
        plugin.dns["example.com", "NS"] = ["ns1.old.example", "ns2.old.example"]
        first = plain(plugin.create().properties)["missing"][0]
        assert first.startswith(
            "zone example.com is delegated to ns1.old.example, ns2.old.example, "
            "but its records were written to a.ns.example, b.ns.example"
        )


def test_require_fails_and_keeps_the_state() -> None:
    """With `wait: require` the update fails, and the engine keeps id, inputs and outputs for the next one."""
    with running(PENDING) as plugin:
        code, words, detail = refusal(lambda: plugin.create(wait="require", waitSeconds=30))
        assert code is grpc.StatusCode.UNKNOWN
        assert "not verified after 30 s" in words
        assert detail.id == "ses/eu-west-1/notify.example.com"
        assert plain(detail.inputs) == {**INPUTS, "wait": "require", "waitSeconds": 30}
        assert plain(detail.properties)["status"] == "pending"
        assert list(detail.reasons) == [words]


def test_a_custom_timeout_ends_the_wait_earlier() -> None:
    """The resource's own create timeout is a limit, too."""
    with running(PENDING) as plugin:
        plugin.create(timeout=20)
        assert sum(plugin.clock.slept) == pytest.approx(20)


def test_off_asks_once_without_a_warning() -> None:
    """With `wait: off` the state says pending, and that is all."""
    with running(PENDING) as plugin:
        assert plain(plugin.create(wait="off").properties)["status"] == "pending"
        assert len(plugin.provider.asked) == 1
        assert plugin.log.lasting == []


@pytest.mark.parametrize(("answer", "status"), [(PENDING, "manual"), (VERIFIED, "verified")])
@pytest.mark.parametrize("wait", ["off", "warn", "require"])
def test_records_made_by_hand_are_never_waited_for(answer: DomainStatus, status: str, wait: str) -> None:
    """A domain whose records a person makes is asked about once and never fails the update."""
    with running(answer) as plugin:
        assert plain(plugin.create(manual=True, wait=wait).properties)["status"] == status
        assert len(plugin.provider.asked) == 1


def test_throttling_and_outages_are_asked_about_again() -> None:
    """A provider that is busy does not end the wait."""
    with running(Busy("SES: TooManyRequestsException: slow down"), VERIFIED) as plugin:
        assert plain(plugin.create().properties)["status"] == "verified"
        assert "slow down" in plugin.log.passing[0]


def test_a_refusal_ends_the_wait_at_once_in_the_providers_words() -> None:
    """Missing permissions do not come by waiting: a warning with `warn`, an error with `require`."""
    denied = VendorError("AccessDeniedException: not authorized; the caller needs the permission ses:GetEmailIdentity")
    with running(denied) as plugin:
        state = plain(plugin.create().properties)
        assert state["missing"] == [str(denied)]
        assert str(denied) in plugin.log.lasting[0]
        assert plugin.clock.slept == []
        plugin.create(wait="off")
        assert str(denied) in plugin.log.lasting[1]
        _, words, detail = refusal(lambda: plugin.create(wait="require"))
        assert str(denied) in words
        assert plain(detail.properties)["status"] == "pending"


def test_an_identity_that_is_not_there_is_given_a_moment_then_said() -> None:
    """A new identity may be seen late; after that its absence is what is missing."""
    gone = Missing("SES in eu-west-1 has no identity notify.example.com (NotFoundException: no)")
    with running(gone, gone, VERIFIED) as plugin:
        assert plain(plugin.create().properties)["status"] == "verified"
    with running(gone) as plugin:
        state = plain(plugin.create().properties)
        assert (state["status"], state["missing"][0]) == ("pending", str(gone))
        assert plugin.clock.time < 30


def test_when_dns_shows_everything_the_provider_has_only_not_looked_yet() -> None:
    """No record is blamed that exists."""
    with running(PENDING) as plugin:
        plugin.dns[DKIM["name"], "CNAME"] = DKIM["values"]  # type: ignore[index,assignment]
        [sentence] = plain(plugin.create().properties)["missing"]
        assert sentence.startswith("DNS shows all 1 records of notify.example.com; SES has not seen them yet")


def test_preview_knows_the_inputs_and_asks_nobody() -> None:
    """In a preview the outputs are unknown, whatever of the inputs is."""
    records = [{**DKIM, "name": UNKNOWN, "values": [UNKNOWN]}]
    with running(VERIFIED) as plugin:
        for answer in (plugin.create(preview=True, records=records), plugin.update("pending", True, records=records)):
            state = plain(answer.properties)
            assert state["domain"] == "notify.example.com"
            assert state["records"] == records
            assert {state[key] for key in ("status", "dkim", "mailFromStatus", "missing")} == {UNKNOWN}
        assert plugin.provider.asked == []


@pytest.mark.parametrize(
    ("news", "status", "waits"),
    [
        ({"records": []}, "verified", True),
        ({"records": [{**DKIM, "values": ["tok2.dkim.amazonses.com"]}]}, "verified", True),
        ({"mailFrom": False}, "verified", True),
        ({"records": [{**DKIM, "purpose": "other words"}]}, "verified", False),
        ({"waitSeconds": 30}, "pending", False),
        ({"nameServers": {}}, "pending", False),
        ({"wait": "off"}, "pending", False),
        ({}, "pending", False),
        ({}, "lost", True),
        ({"wait": "require", "waitSeconds": 30}, "pending", True),
    ],
)
def test_an_update_waits_only_where_there_is_something_new_to_see(
    news: dict[str, Any], status: str, waits: bool
) -> None:
    """Changed records start a wait; a changed limit does not, unless the domain is required."""
    with running(PENDING) as plugin:
        if news.get("wait") == "require":
            refusal(lambda: plugin.update(status, **news))
        else:
            plugin.update(status, **news)
        assert bool(plugin.clock.slept) is waits


class Slow(Clock):
    """The real clock, a hundred times slower: a sleep that nothing ends outlasts the test's patience."""

    def sleep(self, seconds: float, cancelled: threading.Event) -> None:
        """Sleep a hundred times as long, at most until cancelled."""
        super().sleep(100 * seconds, cancelled)


@pytest.mark.parametrize("wait", ["warn", "require"])
def test_cancel_ends_a_wait_at_once_with_its_state(wait: str) -> None:
    """Ctrl-C does not leave a pending create behind."""
    with running(PENDING, clock=Slow()) as plugin:
        outcome: list[object] = []

        def create() -> None:
            if wait == "require":
                outcome.append(refusal(lambda: plugin.create(wait=wait))[2])
            else:
                outcome.append(plugin.create(wait=wait))

        thread = threading.Thread(target=create)
        thread.start()
        while not plugin.provider.asked:
            time.sleep(0.01)
        plugin.stub.Cancel(empty_pb2.Empty())
        thread.join(10)
        assert not thread.is_alive()
        state = plain(outcome[0].properties)  # type: ignore[attr-defined]
        assert state["status"] == "pending"
        assert "ended before it was verified" in state["missing"][0]


def test_cancel_ends_a_question_that_hangs() -> None:
    """A provider that does not answer cannot hold up Ctrl-C, and an engine that attaches later starts anew."""
    hang, asked = threading.Event(), threading.Event()
    with running(VERIFIED, clock=Clock()) as plugin:

        def slow(domain: str, expect_mail_from: bool) -> DomainStatus:
            asked.set()
            hang.wait(60)
            return VERIFIED

        plugin.provider.status = slow  # type: ignore[method-assign]
        thread = threading.Thread(target=plugin.create)
        thread.start()
        asked.wait(5)
        plugin.stub.Cancel(empty_pb2.Empty())
        thread.join(10)
        assert not thread.is_alive()
        hang.set()
        plugin.configure()
        assert plain(plugin.create().properties)["status"] == "verified"


def test_many_waits_leave_room_for_cancel() -> None:
    """Each wait holds a thread; Cancel is answered all the same."""
    with running(PENDING, clock=Clock()) as plugin:
        threads = [threading.Thread(target=plugin.create) for _ in range(60)]
        for thread in threads:
            thread.start()
        while len(plugin.provider.asked) < len(threads):
            time.sleep(0.01)
        plugin.stub.Cancel(empty_pb2.Empty(), timeout=2)
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in threads)


def test_secret_inputs_make_what_rests_on_them_secret_and_hide_them_in_words() -> None:
    """A secret comes back wrapped, derived outputs are wrapped, and no line shows it."""
    canary = "canary.example.com"
    with running(PENDING) as plugin:
        state = plain(plugin.create(domain=secret(canary)).properties)
        assert state["domain"] == secret(canary)
        assert state["status"] == secret("pending")
        _, words, detail = refusal(lambda: plugin.create(domain=secret(canary), wait="require"))
        assert canary not in words + " ".join(detail.reasons)
        assert not any(canary in line for line, _ in plugin.log.lines)
        assert "[secret] is not verified" in words


def test_a_provider_that_echoes_a_credential_is_redacted() -> None:
    """Keys and tokens are hidden in errors, logs and outputs, percent-encoded, too."""
    key = "wJalr/XUtnFEMI+canary"
    echo = VendorError(f"SignatureDoesNotMatch: {key} and wJalr%2FXUtnFEMI%2Bcanary")
    with running(echo) as plugin:
        plugin.configure({"aws": {"accessKey": "AKIA", "secretKey": key}})
        missing = plain(plugin.create().properties)["missing"]
        _, words, _ = refusal(lambda: plugin.create(wait="require"))
        said = " ".join([*missing, words, *plugin.log.lasting])
        assert "SignatureDoesNotMatch: [secret] and [secret]" in said
        assert "canary" not in said
