"""What is looked up and refused before anything is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.output import UNKNOWN
from pulumi.runtime import rpc

from components.mail_stack import MailStack
from mailstack.errors import MailstackError

from .mocks import CALLER, EXISTING, PARTITION, ZONES, Recorder, Refused
from .stacks import (
    CLOUDFLARE,
    SETTINGS,
    program,
    with_domain,
)


def test_the_zone_is_looked_up_once_and_not_at_all_when_its_id_is_given(recorder: Recorder) -> None:
    """One look-up for all zones; a zone id needs none, and may be another resource's output."""
    recorder.run(program(SETTINGS))
    looked_up = (ZONES, {"zones": {"example.com": ["cloudflare"]}, "account": False})
    assert sorted(recorder.calls) == [(PARTITION, {}), looked_up]  # AWS starts meanwhile

    def given() -> Any:
        zone = {"host": "cloudflare", "zoneId": pulumi.Output.from_input("zone-9")}
        return MailStack("mail", {**SETTINGS, "dns": {"example.com": zone}}).smtp

    recorder.run(given)
    assert recorder.calls == []
    assert {one.inputs["zoneId"] for one in recorder.of(CLOUDFLARE)} == {"zone-9"}


@pytest.mark.parametrize("is_secret", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_id_of_a_zone_may_be_an_output(recorder: Recorder, is_secret: bool, is_known: bool) -> None:
    """Also a secret one, and one that a preview does not know yet: the records are declared with it as it is."""

    def given() -> Any:
        id_: Any = pulumi.Output.from_input("zone-9" if is_known else UNKNOWN)
        zone = {"host": "cloudflare", "zoneId": pulumi.Output.secret(id_) if is_secret else id_}
        return MailStack("mail", {**SETTINGS, "dns": {"example.com": zone}}).smtp

    recorder.run(given, preview=not is_known)
    records = recorder.of(CLOUDFLARE)
    assert len(records) == 6
    ids = [str(recorder.requests[one.name].object.fields["zoneId"]) for one in records]
    assert [("zone-9" if is_known else rpc.UNKNOWN) in id_ for id_ in ids] == [True] * 6
    assert [rpc._special_secret_sig in id_ for id_ in ids] == [is_secret] * 6
    assert "zone-9" not in str(recorder.requests["mail-plugin"])


def test_only_a_stack_that_makes_or_asks_for_something_at_aws_needs_an_account(recorder: Recorder) -> None:
    """A parked domain, and a given login on a domain of others, ask AWS nothing, with an explicit provider either."""

    def explicit(settings: dict[str, Any]) -> Callable[[], Any]:
        def stack() -> Any:
            import pulumi_aws

            aws = pulumi_aws.Provider("aws", region="eu-west-1")
            return MailStack("mail", settings, pulumi.ResourceOptions(providers=[aws])).smtp

        return stack

    parked = {"dns": SETTINGS["dns"], "domains": {"example.com": {"sends": False}}}
    recorder.run(explicit(parked))
    assert recorder.calls == [(ZONES, {"zones": {"example.com": ["cloudflare"]}, "account": False})]
    given = {
        "senders": {"notify": {"domain": "notify.example.com", "login": "given"}},
        "secrets": {"senders": {"notify": {"username": "user", "password": "canary-password"}}},
        "domains": {"notify.example.com": {"manage": False}},
    }
    recorder.run(explicit(given))
    assert recorder.calls == []
    recorder.run(explicit({**parked, "dns": {"example.com": {"host": "route53"}}}))
    assert recorder.calls[0][1]["account"] is True


def test_a_preview_that_does_not_know_the_credentials_yet_declares_everything(recorder: Recorder) -> None:
    """The engine answers nothing for a provider that is not configured yet: what it would find is unknown."""
    reference = {"domain": "other.example.com"}
    settings = {
        **SETTINGS,
        "domains": {"other.example.com": {"manage": False}},
        "senders": {**SETTINGS["senders"], "other": reference},
    }
    arn = "arn:aws:ses:eu-west-1:123456789012:identity/other.example.com"
    recorder.handlers[EXISTING] = lambda _: {"existing": {"arn": arn, "mark": "", "configurationSet": ""}}
    recorder.run(program(settings))
    update = {(one.typ, one.name) for one in recorder.resources}
    recorder.handlers[ZONES] = recorder.handlers[EXISTING] = recorder.handlers[CALLER] = lambda _: {}
    recorder.run(program(settings), preview=True)
    assert {(one.typ, one.name) for one in recorder.resources} == update


def test_a_zone_that_the_host_does_not_show_is_one_sentence(recorder: Recorder) -> None:
    """A zone that Cloudflare does not know is refused, in the plugin's words, before anything is declared."""

    def none(_: dict[str, Any]) -> dict[str, Any]:
        raise Refused("mailstack:dns.example.com: Cloudflare shows no zone example.com to these credentials")

    recorder.handlers[ZONES] = none
    with pytest.raises(MailstackError, match=r"^mailstack:dns\.example\.com: Cloudflare shows no zone .* credentials$"):
        recorder.run(program(SETTINGS))
    assert recorder.declared() == []


def _no_zone(_: dict[str, Any]) -> dict[str, Any]:
    raise Refused("mailstack:dns.example.com: Cloudflare shows no zone example.com to these credentials")


@pytest.mark.parametrize(
    ("domain", "handlers", "sentence"),
    [
        ({"ttl": 30}, {}, "Cloudflare allows a TTL of 1"),
        ({"manage": False}, {}, "there is no identity notify.example.com"),
        ({}, {ZONES: _no_zone}, "Cloudflare shows no zone example.com"),
    ],
)
def test_what_is_refused_leaves_nothing_half_made(
    recorder: Recorder, domain: dict[str, Any], handlers: dict[str, Any], sentence: str
) -> None:
    """A refusal comes before the first resource: an update that nobody previewed makes nothing either."""
    recorder.handlers |= handlers
    other = {"other.example.com": {}, "notify.example.com": domain}
    with pytest.raises(MailstackError, match=sentence):
        recorder.run(program({**SETTINGS, "domains": other}))
    assert recorder.declared() == []


def test_mistakes_in_the_settings_register_nothing_at_all(recorder: Recorder) -> None:
    """They are found without the engine: not even the component or the plugin's provider is registered."""
    with pytest.raises(MailstackError, match="Cloudflare allows a TTL of 1"):
        recorder.run(program(with_domain(ttl=30)))
    assert recorder.resources == []


def test_an_output_where_it_would_decide_what_exists_is_refused(recorder: Recorder) -> None:
    """Only zone ids, tags, ARNs and secrets may be outputs."""

    def domain_as_output() -> Any:
        senders = {"notify": {"domain": pulumi.Output.from_input("notify.example.com")}}
        return MailStack("mail", {**SETTINGS, "senders": senders}).smtp

    with pytest.raises(MailstackError, match=r"mailstack:senders\.notify\.domain: an output was given"):
        recorder.run(domain_as_output)
