"""Own DKIM keys in the program: what is declared, in which order, and what waits for what."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.resource_hooks import ResourceHookArgs
from pulumi.runtime import rpc

from components import dkim_switch
from components.dkim_switch import before_switch
from components.mail_stack import MailStack
from mailstack.errors import Conflict, DnsError
from mailstack.settings.model import Domain
from providers.dns import live

from .mocks import Recorder

KEY = "mailstack:index:DkimKey"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
NAME = "mail-notify.example.com"
REGIONS = ("eu-west-1", "us-east-1")


def run(
    recorder: Recorder, dkim: dict[str, Any], *, preview: bool = False, host: str = "cloudflare", **domain: Any
) -> Any:
    """Run a stack of one domain with these DKIM settings and return its `records` output."""
    args = {
        "dns": {"example.com": {"host": host}},
        "domains": {"notify.example.com": {"dkim": dkim, "dmarc": "off", **domain}},
    }
    return recorder.run(lambda: MailStack("mail", args).records, preview=preview)


def of_keys(recorder: Recorder) -> dict[str, dict[str, Any]]:
    return {one.inputs["selector"]: dict(one.inputs) for one in recorder.of(KEY)}


def request(recorder: Recorder, ending: str) -> Any:
    [found] = [one for name, one in recorder.requests.items() if name.endswith(ending)]
    return found


def depends_on(recorder: Recorder, ending: str) -> set[str]:
    """Return the names of the resources that a resource is registered after."""
    return {urn.rpartition("::")[2] for urn in request(recorder, ending).dependencies}


def order(recorder: Recorder) -> list[str]:
    return [one.name for one in recorder.resources if one.custom]


@pytest.mark.parametrize(("bits", "length"), [(2048, "RSA_2048_BIT"), (1024, "RSA_1024_BIT")])
def test_easy_dkim_asks_for_the_length(recorder: Recorder, bits: int, length: str) -> None:
    """1024 keeps an adopted domain as it is; three CNAMEs either way and no key of ours."""
    run(recorder, {"bits": bits})
    assert recorder.one(IDENTITY)["dkimSigningAttributes"] == {"nextSigningKeyLength": length}
    assert len([one for one in recorder.of(RECORD) if one.inputs["type"] == "CNAME"]) == 3
    assert recorder.of(KEY) == []


def test_an_own_key_is_published_before_the_identity_signs_with_it(recorder: Recorder) -> None:
    """One TXT record of the key's selector in place of the CNAMEs; the identity is made after it, with the key."""
    run(recorder, {"kind": "own"})
    assert of_keys(recorder) == {
        "mailstack-1": {
            "domain": "notify.example.com", "selector": "mailstack-1", "algorithm": "rsa", "bits": 2048,
        }
    }  # fmt: skip
    [record] = [one for one in recorder.of(RECORD) if "_domainkey" in one.inputs["name"]]
    assert (record.inputs["name"], record.inputs["type"]) == ("mailstack-1._domainkey.notify.example.com", "TXT")
    # Cloudflare keeps TXT quoted (developers.cloudflare.com/dns/manage-dns-records/reference/dns-record-types/).
    assert record.inputs["content"] == '"v=DKIM1; k=rsa; p=mailstack-1"'
    assert record.name in depends_on(recorder, "eu-west-1-identity")
    signing = recorder.one(IDENTITY)["dkimSigningAttributes"]
    assert signing["domainSigningSelector"] == "mailstack-1"
    assert signing["domainSigningPrivateKey"] == "private"
    assert "nextSigningKeyLength" not in signing


def test_an_own_key_at_another_host_is_published_as_it_is(recorder: Recorder) -> None:
    """The plugin quotes it where its host wants that; it has no sibling at its name."""
    run(recorder, {"kind": "own"}, host="route53")
    [record] = [one for one in recorder.of("mailstack:index:RecordSet") if "_domainkey" in one.inputs["name"]]
    assert (record.inputs["values"], record.inputs["beside"]) == (["v=DKIM1; k=rsa; p=mailstack-1"], [])


def test_a_private_key_goes_to_ses_and_nowhere_else(recorder: Recorder) -> None:
    """As a secret; no other request and no output of a component holds it."""
    run(recorder, {"kind": "own"})
    holders = [name for name, one in recorder.requests.items() if 'string_value: "private"' in str(one)]
    assert holders == [f"{NAME}-eu-west-1-identity"]
    signing = recorder.requests[holders[0]].object.fields["dkimSigningAttributes"]
    assert rpc._special_secret_sig in str(signing)
    assert not [urn for urn, outputs in recorder.settled.items() if 'string_value: "private"' in str(outputs)]


def test_the_identity_waits_for_dns_to_show_the_key_only_in_an_update_of_it(recorder: Recorder) -> None:
    """A preview cannot wait for a record that it does not make; a new identity has no key that goes on signing."""
    run(recorder, {"kind": "own"})
    hooks = request(recorder, "eu-west-1-identity").hooks
    assert list(hooks.before_create) == ["mail: SES identities that exist"]
    assert list(hooks.before_update) == [f"{NAME}-eu-west-1: DKIM key"]
    assert recorder.hooks[f"{NAME}-eu-west-1: DKIM key"] is False


def test_the_routes_of_a_domain_share_the_key(recorder: Recorder) -> None:
    """Two regions sign with one selector, whose record exists once."""
    routes = {"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}
    run(recorder, {"kind": "own"}, routes=routes)
    assert list(of_keys(recorder)) == ["mailstack-1"]
    selectors = {one.inputs["dkimSigningAttributes"]["domainSigningSelector"] for one in recorder.of(IDENTITY)}
    assert (len(recorder.of(IDENTITY)), selectors) == (2, {"mailstack-1"})
    assert len([one for one in recorder.of(RECORD) if "_domainkey" in one.inputs["name"]]) == 1


def test_the_key_before_is_superseded_after_every_identity_was_switched(recorder: Recorder) -> None:
    """Generation 3 declares keys 3 and 2, and not 1; 2 waits for both identities and counts its grace."""
    routes = {"main": {}, "us": {"region": "us-east-1", "returnPath": "bounce-us"}}
    run(recorder, {"kind": "own", "generation": 3, "graceDays": 14}, routes=routes)
    keys = of_keys(recorder)
    assert list(keys) == ["mailstack-3", "mailstack-2"]
    assert (keys["mailstack-2"]["superseded"], keys["mailstack-2"]["graceDays"]) == (True, 14)
    assert "superseded" not in keys["mailstack-3"]
    assert depends_on(recorder, "dkim-mailstack-2-key") >= {f"{NAME}-{region}-identity" for region in REGIONS}
    assert order(recorder).index(f"{NAME}-dkim-mailstack-2-key") > order(recorder).index(f"{NAME}-eu-west-1-identity")


def test_a_superseded_key_is_the_same_resource_as_before(recorder: Recorder) -> None:
    """Names of key and record do not depend on which generation is current: nothing is replaced by a rotation."""
    run(recorder, {"kind": "own", "generation": 1})
    before = {one.name for one in recorder.resources if "mailstack-1" in one.name}
    run(recorder, {"kind": "own", "generation": 2})
    assert {one.name for one in recorder.resources if "mailstack-1" in one.name} == before
    parents = {request(recorder, f"dkim-mailstack-{number}-key").parent for number in (1, 2)}
    assert len(parents) == 1


def test_another_kind_of_key_leaves_the_one_before_as_it_is(recorder: Recorder) -> None:
    """The settings' bits are those of the new key."""
    run(recorder, {"kind": "own", "generation": 2, "bits": 1024})
    assert list(request(recorder, "dkim-mailstack-1-key").ignoreChanges) == ["algorithm", "bits"]
    assert list(request(recorder, "dkim-mailstack-2-key").ignoreChanges) == []


def test_only_what_signs_is_protected(recorder: Recorder) -> None:
    """The generation before must be deletable by the next rotation, with its record."""
    run(recorder, {"kind": "own", "generation": 2}, protect=True)
    protected = {name: one.protect for name, one in recorder.requests.items() if "-mailstack-" in name and one.custom}
    assert {name for name, is_on in protected.items() if is_on} == {
        name for name in protected if "-mailstack-2" in name
    }
    assert len(protected) == 4


def test_the_private_key_is_a_secret_output(recorder: Recorder) -> None:
    """Also in a preview, which has no value to mark."""
    run(recorder, {"kind": "own"}, preview=True)
    assert list(request(recorder, "dkim-mailstack-1-key").additionalSecretOutputs) == ["privateKey"]


def test_a_preview_declares_what_the_update_does(recorder: Recorder) -> None:
    """Nothing depends on a key that is not made yet."""
    run(recorder, {"kind": "own", "generation": 2})
    declared = {(one.typ, one.name) for one in recorder.resources}
    run(recorder, {"kind": "own", "generation": 2}, preview=True)
    assert {(one.typ, one.name) for one in recorder.resources} == declared


def test_the_records_output_lists_both_keys(recorder: Recorder) -> None:
    """People who publish by hand read them there."""
    listed = run(recorder, {"kind": "own", "generation": 2})
    names = [one["name"] for one in listed if "_domainkey" in one["name"]]
    assert names == [f"mailstack-{number}._domainkey.notify.example.com" for number in (2, 1)]


def test_the_wait_looks_for_the_key_in_use(recorder: Recorder) -> None:
    """Readiness names a missing key record."""
    run(recorder, {"kind": "own", "generation": 2})
    [wait] = recorder.of("mailstack:index:Readiness")
    wanted = [one["name"] for one in wait.inputs["records"] if "_domainkey" in one["name"]]
    assert wanted == ["mailstack-2._domainkey.notify.example.com"]


def switch(old: str, new: str, *, by_hand: bool = False, secret: bool = False, **domain: Any) -> None:
    """Run the hook before an identity's update from one selector to another."""

    def signing(selector: str) -> Any:
        value = {"domainSigningSelector": selector, "domainSigningPrivateKey": "x"}
        return {"dkimSigningAttributes": pulumi.Output.secret(value) if secret else value}

    async def check() -> None:
        hook = before_switch("test", Domain(name="notify.example.com", **domain), by_hand=by_hand)
        args = ResourceHookArgs("urn", "id", "name", IDENTITY, new_inputs=signing(new), old_inputs=signing(old))
        answer = hook.callback(args)
        assert answer is not None
        await answer

    Recorder.install().run(check)


@pytest.fixture(name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let DNS show the new key from the third question on, at no cost of time."""
    asked: list[str] = []

    def lookup(name: str, record_type: str) -> list[str]:
        asked.append(name)
        if len(asked) == 2:
            raise DnsError("no answer")
        return ["v=DKIM1; k=rsa; p=abcd"] if len(asked) > 2 else ["v=DKIM1; p="]

    monkeypatch.setattr(live, "lookup", lookup)
    monkeypatch.setattr(dkim_switch, "_LOOK_EVERY", 0.001)
    return asked


@pytest.mark.parametrize("secret", [True, False])
def test_a_switch_waits_until_dns_shows_the_key(asked: list[str], secret: bool) -> None:
    """Neither a revoked record nor trouble with DNS counts; the inputs may come as a secret."""
    switch("mailstack-1", "mailstack-2", secret=secret)
    assert asked == ["mailstack-2._domainkey.notify.example.com"] * 3


@pytest.mark.parametrize("impatient", [{"by_hand": True}, {"wait": "off"}, {"waitMinutes": 1e-9}])
def test_a_key_that_does_not_show_is_not_switched_to(asked: list[str], impatient: dict[str, Any]) -> None:
    """Who makes records by hand, or wants no wait, is told at once; the old key goes on signing."""
    with pytest.raises(Conflict, match=r"mailstack-2\._domainkey\.notify\.example\.com: DNS does not show this"):
        switch("mailstack-1", "mailstack-2", **impatient)
    assert len(asked) <= 2


def test_an_update_that_keeps_the_key_asks_nothing(asked: list[str]) -> None:
    """A change of tags does not depend on DNS."""
    switch("mailstack-1", "mailstack-1")
    assert asked == []
