"""The program's edges: what the engine hands over as configuration, what the environment changes."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.runtime import resource as registration

from components import mail_stack, program
from components.mail_stack import MailStack
from mailstack.errors import MailstackError
from mailstack.settings.load import load
from providers import catalog

from .mocks import Recorder

SENDERS = '{"notify": {"domain": "notify.example.com"}}'


def arguments(monkeypatch: pytest.MonkeyPatch, **values: str) -> dict[str, Any]:
    """Return what the component is given for configuration values as the engine hands them over."""
    given: dict[str, Any] = {}

    class Recorded:
        def __init__(self, name: str, args: dict[str, Any]) -> None:
            given.update(args)

        def outputs(self) -> dict[str, Any]:
            return {}

    monkeypatch.setattr(mail_stack, "MailStack", Recorded)
    pulumi.runtime.set_all_config({f"mailstack:{key}": value for key, value in values.items()})
    try:
        program.run()
    finally:
        pulumi.runtime.set_all_config({})
    return given


@pytest.mark.parametrize("label", ["2024", "true", "null"])
def test_a_label_stays_text_whatever_it_looks_like(monkeypatch: pytest.MonkeyPatch, label: str) -> None:
    """The engine hands every plain value over as text: a stage named 2024 is no number."""
    assert arguments(monkeypatch, stage=label, senders=SENDERS) == {
        "stage": label,
        "senders": {"notify": {"domain": "notify.example.com"}},
    }


def test_a_key_with_nothing_behind_it_is_as_if_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mailstack:stage:` and nothing more arrives as empty text and means the default."""
    given = arguments(monkeypatch, stage="", defaults="", senders=SENDERS)
    assert given == {"stage": None, "defaults": None, "senders": {"notify": {"domain": "notify.example.com"}}}
    found = load({**given, "dns": {"example.com": {"host": "cloudflare"}}}, catalog(), aws_region="eu-west-1")
    assert found.stage is None


def test_a_region_that_is_not_read_is_refused() -> None:
    """`aws:Region` names nothing: another region would be used without a word."""
    pulumi.runtime.set_all_config({"aws:Region": "eu-west-1", "mailstack:senders": SENDERS})
    try:
        with pytest.raises(pulumi.RunError, match=r"^aws:Region: is not read, .* rename it to aws:region$"):
            program.run()
    finally:
        pulumi.runtime.set_all_config({})


@pytest.mark.parametrize("value", ["nonsense", "tls=127.0.0.1:465", "starttls=localhost,tls=127.0.0.1:465"])
def test_endpoints_in_another_form_are_one_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """What MAILSTACK_SES_SMTP_ENDPOINTS should look like is said, not shown as a traceback."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("MAILSTACK_SES_SMTP_ENDPOINTS", value)
    settings = {"dns": {"example.com": {"host": "cloudflare"}}, "senders": {"notify": {"domain": "notify.example.com"}}}
    recorder = Recorder.install()
    with pytest.raises(MailstackError, match=r"^MAILSTACK_SES_SMTP_ENDPOINTS: .*starttls=HOST:PORT"):
        recorder.run(lambda: MailStack("mail", settings).smtp)
    assert recorder.resources == []


def test_the_engine_is_not_told_which_lines_declared_a_resource(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are always the kit's own, and noting them costs a quarter of the program's time."""
    monkeypatch.setattr(registration, "_get_stack_trace", registration._get_stack_trace)
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    def whole() -> None:
        config = {"mailstack:senders": SENDERS, "mailstack:dns": '{"example.com": {"host": "cloudflare"}}'}
        pulumi.runtime.set_all_config(config)
        program.run()

    try:
        recorder.run(whole)
    finally:
        pulumi.runtime.set_all_config({})
    assert recorder.requests
    assert not any(request.stackTrace.frames for request in recorder.requests.values())
