"""The check before a DNS record is written: what it lets pass and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.output import UNKNOWN
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs

from components.hosts import cloudflare as cloudflare_host
from components.hosts.cloudflare import CloudflarePublisher
from components.record_guard import RecordGuard
from mailstack.errors import Conflict, DnsError, VendorError
from providers.dns import live

from .mocks import Recorder

DOMAIN = "notify.example.com"
DMARC = f"_dmarc.{DOMAIN}"


@pytest.fixture(name="published")
def _published(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the TXT records of live DNS, to be filled."""
    texts: dict[str, str] = {}
    monkeypatch.setattr(live, "lookup", lambda name, kind: [texts[name]] if name in texts else [])
    return texts


@pytest.fixture(name="standing")
def _standing(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the records of the zone as Cloudflare lists them, to be filled."""
    records: list[dict[str, Any]] = []

    async def answer(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        return {"results": records}

    monkeypatch.setattr(cloudflare_host, "look_up_in_hook", answer)
    return records


def dmarc_inputs(text: str, ttl: int = 300) -> dict[str, Any]:
    """Return the inputs of the domain's DMARC record."""
    return {"zoneId": "z", "name": DMARC, "type": "TXT", "content": f'"{text}"', "ttl": ttl}


def meet(
    new: dict[str, Any],
    old: dict[str, Any] | None = None,
    policies: Mapping[str, str] | None = None,
    secret: str = "",
) -> None:
    """Run the hooks that a create, or with `old` an update, meets; raises what the first refusal raises.

    The input `secret` comes as the SDK hands hooks a secret.
    """

    async def hooks(guard: RecordGuard) -> None:
        binding = guard.hooks(is_dmarc=True)
        inputs = {key: pulumi.Output.secret(value) if key == secret else value for key, value in new.items()}
        for hook in (binding.before_update if old else binding.before_create) or []:
            assert isinstance(hook, ResourceHook)
            answer = hook(ResourceHookArgs("urn", "", "name", "type", new_inputs=inputs, old_inputs=old))
            assert answer is not None
            await answer

    def program() -> Any:
        component = pulumi.ComponentResource("test:index:Parent", "parent")
        publisher = CloudflarePublisher("mailstack/prod")
        return pulumi.Output.from_input(hooks(RecordGuard(component, "mail", publisher, policies or {})))

    Recorder.install().run(program)


def test_a_weaker_policy_is_refused(published: dict[str, str], standing: list[dict[str, Any]]) -> None:
    """p=none below p=reject in live DNS is refused, as a create and as an update that weakens."""
    published["_dmarc.example.com"] = "v=DMARC1; p=reject"
    with pytest.raises(Conflict, match="p=none would weaken"):
        meet(dmarc_inputs("v=DMARC1; p=none"))
    with pytest.raises(Conflict, match="p=none would weaken"):
        meet(dmarc_inputs("v=DMARC1; p=none"), old=dmarc_inputs("v=DMARC1; p=quarantine"))


@pytest.mark.parametrize(
    ("name", "there", "wanted", "way"),
    [
        (DMARC, "v = DMARC1 ; p = reject", "v=DMARC1; p=none", f"set mailstack:domains.{DOMAIN}.dmarc to off"),
        (f"default._bimi.{DOMAIN}", "v = BIMI1 ; l =", "v=BIMI1; l=https://example.com/a.svg", "take bimi out of"),
        (f"_mta-sts.{DOMAIN}", "v=STSv1 ; id=1", "v=STSv1; id=2;", "take mtaSts out of"),
        (
            f"_smtp._tls.{DOMAIN}",
            "v=TLSRPTv1 ; rua=mailto:a@b.example",
            "v=TLSRPTv1; rua=mailto:c",
            "take tlsRpt out of",
        ),
        (DOMAIN, "V=SPF1 mx -all", "v=spf1 include:other.example ~all", f"set mailstack:domains.{DOMAIN}.spf to off"),
        (
            f"{DOMAIN}._report._dmarc.example.net",
            "v = DMARC1",
            "v=DMARC1;",
            "take the address at example.net out of dmarc.rua",
        ),
    ],
)
def test_a_second_policy_record_of_a_kind_is_refused(
    published: dict[str, str], standing: list[dict[str, Any]], name: str, there: str, wanted: str, way: str
) -> None:
    """Blanks that its grammar allows hide no record; the sentence names the key that asks for a second one."""
    standing.append({"name": name, "type": "TXT", "content": f'"{there}"', "comment": ""})
    with pytest.raises(Conflict) as refused:
        meet({**dmarc_inputs(wanted), "name": name})
    assert f"{name}: a TXT record stands there already: '{there}'" in str(refused.value)
    assert f"To keep it, {way}" in str(refused.value)


def test_our_own_policy_is_read_with_blanks(published: dict[str, str], standing: list[dict[str, Any]]) -> None:
    """A record kept as it was found with blanks states the policy that an update of it must not weaken."""
    published["_dmarc.example.com"] = "v=DMARC1; p=reject"
    meet(dmarc_inputs("v=DMARC1; p=none"), old=dmarc_inputs("v = DMARC1 ; p = none"))
    with pytest.raises(Conflict, match="p=none would weaken"):
        meet(dmarc_inputs("v = DMARC1 ; p = none"), old=dmarc_inputs("v=DMARC1; p=quarantine"))


@pytest.mark.parametrize("key", ["zoneId", "name", "type", "content"])
def test_a_secret_input_is_checked_like_a_plain_one(
    published: dict[str, str], standing: list[dict[str, Any]], key: str
) -> None:
    """A secret reaches a hook as an output: what stands is found by its value, and nothing is said of an Output."""
    standing.append({"name": DMARC, "type": "TXT", "content": '"v=DMARC1; p=reject"', "comment": ""})
    with pytest.raises(Conflict, match=rf"{DMARC}: a TXT record stands there already.* wanted: TXT 'v=DMARC1; p=none'"):
        meet(dmarc_inputs("v=DMARC1; p=none"), secret=key)


@pytest.mark.parametrize("key", ["zoneId", "name", "content"])
def test_a_secret_that_is_not_known_yet_is_not_checked(standing: list[dict[str, Any]], key: str) -> None:
    """In the preview that makes its zone or key a record has nothing to meet; the update checks it."""
    standing.append({"name": DMARC, "type": "TXT", "content": '"v=DMARC1; p=reject"', "comment": ""})
    meet({**dmarc_inputs("v=DMARC1; p=none"), key: UNKNOWN}, secret=key)


def test_an_update_that_weakens_nothing_passes(published: dict[str, str], standing: list[dict[str, Any]]) -> None:
    """On a record below a stricter parent a changed TTL and a stricter policy pass; a weaker one is refused."""
    published["_dmarc.example.com"] = "v=DMARC1; p=reject"
    meet(dmarc_inputs("v=DMARC1; p=none", ttl=600), old=dmarc_inputs("v=DMARC1; p=none"))
    meet(dmarc_inputs("v=DMARC1; p=quarantine"), old=dmarc_inputs("v=DMARC1; p=none"))
    with pytest.raises(Conflict, match="p=none would weaken"):
        meet(dmarc_inputs("v=DMARC1; p=none"), old=dmarc_inputs("v=DMARC1; p=quarantine"))


def test_the_replacement_of_our_own_record_weakens_nothing(
    published: dict[str, str], standing: list[dict[str, Any]]
) -> None:
    """Our record that is replaced meets the check as a create: what it said before counts, and no weaker policy."""
    published["_dmarc.example.com"] = "v=DMARC1; p=reject"
    standing.append(
        {"name": DMARC, "type": "TXT", "content": '"v=DMARC1; p=none"', "comment": "mailstack mailstack/prod"}
    )
    meet(dmarc_inputs("v=DMARC1; p=none"))
    standing[0]["content"] = '"v=DMARC1; p=quarantine"'
    with pytest.raises(Conflict, match="p=none would weaken"):
        meet(dmarc_inputs("v=DMARC1; p=none"))


def test_a_parent_policy_of_the_same_run_counts_instead_of_live_dns(
    published: dict[str, str], standing: list[dict[str, Any]]
) -> None:
    """Parent and child relaxed in one change: DNS still shows the parent's old policy, which is about to go."""
    published["_dmarc.example.com"] = "v=DMARC1; p=reject"
    policies = {"_dmarc.example.com": "v=DMARC1; p=none", DMARC: "v=DMARC1; p=none"}
    meet(dmarc_inputs("v=DMARC1; p=none"), old=dmarc_inputs("v=DMARC1; p=reject"), policies=policies)
    with pytest.raises(Conflict, match="p=none would weaken"):
        meet(dmarc_inputs("v=DMARC1; p=none"), old=dmarc_inputs("v=DMARC1; p=reject"))


def test_dns_that_does_not_answer_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, standing: list[dict[str, Any]]
) -> None:
    """Without an answer nobody knows what covers the name: the sentence says what could not be asked and what to do."""

    def dead(name: str, kind: str) -> list[str]:
        raise DnsError("DNS gave no answer for TXT _dmarc.example.com in 4 s")

    monkeypatch.setattr(live, "lookup", dead)
    with pytest.raises(Conflict, match=r"DNS gave no answer for TXT _dmarc\.example\.com.*MAILSTACK_DNS_SERVER"):
        meet(dmarc_inputs("v=DMARC1; p=none"))


def test_a_zone_that_cannot_be_read_is_said_with_cloudflares_words(
    monkeypatch: pytest.MonkeyPatch, published: dict[str, str]
) -> None:
    """A wrong zone id or token scope is named by the settings and the environment that hold them."""

    async def fails(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
        raise VendorError("403 Forbidden Unauthorized to access requested resource (9109)")

    monkeypatch.setattr(cloudflare_host, "look_up_in_hook", fails)
    with pytest.raises(Conflict, match=r"zone z: 403 Forbidden Unauthorized .*zoneId.*CLOUDFLARE_API_TOKEN"):
        meet(dmarc_inputs("v=DMARC1; p=none"))
