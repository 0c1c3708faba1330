"""Credentials on their way to the plugin, and the account that it asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.output import UNKNOWN
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs
from pulumi.runtime import rpc

from components.mail_stack import MailStack
from components.resources import MailstackProvider
from mailstack.errors import SettingsError, VendorError
from plugin import configuration

from .mocks import CALLER, EXISTING, MARK, ZONES, Recorder, Refused

PROVIDER = "pulumi:providers:mailstack"
SETTINGS: dict[str, Any] = {
    "dns": {"example.com": {"host": "cloudflare"}},
    "senders": {"notify": {"domain": "notify.example.com"}},
}
OTHERS: dict[str, Any] = {
    "dns": {
        "example.com": {"host": "rfc2136", "server": "192.0.2.1", "key": "mail"},
        "example.org": {"host": "lexicon", "provider": "powerdns", "options": {"pdns_server": "http://192.0.2.2"}},
        "example.net": {"host": "route53", "zoneId": "Z0123456789"},
    },
    "senders": {"notify": {"domain": "notify.example.com"}},
    "secrets": {
        "dns": {
            "example.com": {"tsigSecret": "Y2FuYXJ5LXRzaWc="},
            "example.org": {"options": {"auth_token": "canary-lexicon"}},
        }
    },
}
Providers = Callable[[], list[pulumi.ProviderResource]]


@pytest.fixture(name="configure")
def _configure() -> Any:
    """Set configuration values as the engine hands them over; `secret` names those that are encrypted in the file."""

    def configure(values: Mapping[str, str], secret: list[str]) -> None:
        pulumi.runtime.set_all_config(dict(values), secret)

    yield configure
    pulumi.runtime.set_all_config({})


def declare(
    recorder: Recorder,
    settings: Mapping[str, Any] = SETTINGS,
    providers: Providers = list,
    *,
    preview: bool = False,
) -> None:
    """Run a program with a MailStack that is given these providers."""

    def program() -> Any:
        return MailStack("mail", settings, pulumi.ResourceOptions(providers=providers())).smtp

    recorder.run(program, preview=preview)


def handed_on(recorder: Recorder) -> dict[str, Any]:
    """Return the credentials that the plugin was given: JSON text that it accepts, and its provider's only input."""
    given = recorder.one(PROVIDER)
    assert list(given) == ["credentials"]
    assert configuration.faults(given) == {}
    return dict(json.loads(given["credentials"]))


def sealed(recorder: Recorder) -> bool:
    """Tell whether the credentials are one secret."""
    value = recorder.requests["mail-plugin"].object.fields["credentials"].struct_value.fields
    return bool(value[rpc._special_sig_key].string_value == rpc._special_secret_sig)


# From the configuration.


def test_the_configuration_of_aws_and_cloudflare_is_handed_on_as_one_secret(recorder: Recorder, configure: Any) -> None:
    """Text stays text, what pulumi-aws takes as a mapping or list is one: nothing is quoted twice."""
    configure(
        {
            "aws:region": "eu-west-1",
            "aws:accessKey": "AKIACANARY",
            "aws:secretKey": '"quoted" canary-secret',
            "aws:token": "{canary-token}",
            "aws:profile": "0123",
            "aws:assumeRoles": '[{"roleArn": "arn:aws:iam::123456789012:role/mail", "externalId": "canary-external"}]',
            "aws:assumeRoleWithWebIdentity": '{"roleArn": "arn:aws:iam::123456789012:role/ci"}',
            "aws:sharedConfigFiles": '["/etc/aws/config"]',
            "aws:endpoints": '[{"sesv2": "http://127.0.0.1:1", "iam": ""}]',
            "aws:useFipsEndpoint": "true",
            "aws:noProxy": "[::1],localhost",
            "cloudflare:apiToken": "canary-cloudflare",
        },
        ["aws:accessKey", "aws:secretKey", "aws:token", "aws:assumeRoles", "cloudflare:apiToken"],
    )
    declare(recorder)
    assert handed_on(recorder) == {
        "aws": {
            "region": "eu-west-1",
            "accessKey": "AKIACANARY",
            "secretKey": '"quoted" canary-secret',
            "token": "{canary-token}",
            "profile": "0123",
            "assumeRoles": [{"roleArn": "arn:aws:iam::123456789012:role/mail", "externalId": "canary-external"}],
            "assumeRoleWithWebIdentity": {"roleArn": "arn:aws:iam::123456789012:role/ci"},
            "sharedConfigFiles": ["/etc/aws/config"],
            "endpoints": [{"sesv2": "http://127.0.0.1:1", "iam": ""}],
            "useFipsEndpoint": True,
            "noProxy": "[::1],localhost",
        },
        "cloudflare": {"apiToken": "canary-cloudflare"},
        "dns": {},
    }
    assert sealed(recorder)
    _in_no_other_request(recorder, "canary", "CANARY")


def test_without_configuration_the_plugin_is_told_nothing(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the environment by itself: what comes from there is not stored."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "canary-cloudflare")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    declare(recorder)
    assert handed_on(recorder) == {"aws": {}, "cloudflare": {}, "dns": {}}
    assert sealed(recorder)


def test_a_setting_of_aws_in_another_form_is_one_sentence(recorder: Recorder, configure: Any) -> None:
    """The sentence names the key and does not quote it."""
    configure({"aws:assumeRoles": "canary-role"}, [])
    with pytest.raises(SettingsError, match=r"^aws:assumeRoles: ") as refused:
        declare(recorder)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("as_outputs", [True, False])
def test_the_secrets_of_zones_are_part_of_the_one_secret(recorder: Recorder, as_outputs: bool) -> None:
    """With the keys that reach the hosts, by zone and host; the id of a zone reaches nothing."""

    def given() -> Any:
        secrets = OTHERS["secrets"]
        if as_outputs:
            named = {"example.com": {"tsigSecret": pulumi.Output.secret("Y2FuYXJ5LXRzaWc=")}}
            secrets = {"dns": {**secrets["dns"], **named}}
        return MailStack("mail", {**OTHERS, "secrets": secrets}).smtp

    recorder.run(given)
    assert handed_on(recorder)["dns"] == {
        "example.com": {
            "rfc2136": {
                "keys": {"server": "192.0.2.1", "port": 53, "key": "mail", "algorithm": "hmac-sha256"},
                "secrets": {"tsigSecret": "Y2FuYXJ5LXRzaWc="},
            }
        },
        "example.org": {
            "lexicon": {
                "keys": {"provider": "powerdns", "options": {"pdns_server": "http://192.0.2.2"}},
                "secrets": {"options": {"auth_token": "canary-lexicon"}},
            }
        },
    }
    assert sealed(recorder)
    _in_no_other_request(recorder, "canary", "Y2FuYXJ5LXRzaWc=")


def _in_no_other_request(recorder: Recorder, *words: str) -> None:
    """Assert that words are in what the plugin's provider is given and in nothing else that was sent."""
    others = [str(request) for name, request in recorder.requests.items() if name != "mail-plugin"]
    for text in (*others, *map(str, recorder.invokes), *map(str, recorder.settled.values())):
        assert not [word for word in words if word in text]


# From explicit providers.


def aws(**options: Any) -> Providers:
    """Return an explicit AWS provider."""

    def providers() -> list[pulumi.ProviderResource]:
        import pulumi_aws

        return [pulumi_aws.Provider("aws", region="eu-west-1", **options)]

    return providers


def test_the_options_that_explicit_providers_show_are_handed_on(recorder: Recorder) -> None:
    """The SDK's classes have the texts among them as outputs, secret ones too; mappings and lists cannot be read."""

    def providers() -> list[pulumi.ProviderResource]:
        import pulumi_cloudflare

        secret: Any = pulumi.Output.secret("canary-secret")
        keys = {"access_key": "AKIACANARY", "secret_key": secret, "token": "canary-token", "profile": "mail"}
        keys |= {
            "endpoints": [{"sesv2": "http://127.0.0.1:1"}],
            "assume_roles": [{"role_arn": "arn:aws:iam::1:role/x"}],
        }
        return [*aws(**keys)(), pulumi_cloudflare.Provider("cloudflare", api_token="canary-cloudflare")]

    declare(recorder, providers=providers)
    given = handed_on(recorder)
    assert {key: value for key, value in given["aws"].items() if value is not None} == {
        "region": "eu-west-1", "accessKey": "AKIACANARY", "secretKey": "canary-secret", "token": "canary-token",
        "profile": "mail",
    }  # fmt: skip
    assert given["cloudflare"]["apiToken"] == "canary-cloudflare"
    assert sealed(recorder)


def test_an_explicit_aws_provider_is_the_one_that_is_compared(recorder: Recorder) -> None:
    """The account is asked of it and not of the default one."""
    declare(recorder, providers=aws(profile="mail"))
    [caller] = [one for one in recorder.invokes if one.tok == CALLER]
    assert "pulumi:providers:aws::aws::" in caller.provider
    identity = recorder.requests["mail-notify.example.com-eu-west-1-identity"]
    assert "pulumi:providers:aws::aws::" in identity.provider


def test_default_providers_are_not_asked_for_their_account(recorder: Recorder) -> None:
    """They take the same settings and variables as the plugin: nobody pays for two requests in every run."""
    declare(recorder)
    assert [one.tok for one in recorder.invokes if one.tok == CALLER] == []


@pytest.mark.parametrize(("package", "title"), [("aws", "AWS"), ("cloudflare", "Cloudflare")])
def test_a_provider_whose_options_cannot_be_read_is_refused(recorder: Recorder, package: str, title: str) -> None:
    """One sentence asks for a mailstack provider beside it, before anything is declared."""

    def providers() -> list[pulumi.ProviderResource]:
        return [pulumi.ProviderResource(package, "mine", {"secretKey": "canary-secret"})]

    with pytest.raises(SettingsError) as refused:
        declare(recorder, providers=providers)
    assert str(refused.value) == (
        f"opts.providers: the options of the {title} provider cannot be read from the program, so the mailstack plugin "
        "could ask another account; give MailStack a mailstack provider with the same credentials beside it"
    )
    assert recorder.declared() == []


def test_an_explicit_mailstack_provider_is_used_as_it_is(recorder: Recorder) -> None:
    """No second one is made, whatever the others are; it looks up, and it manages the plugin's types."""

    def providers() -> list[pulumi.ProviderResource]:
        thin = pulumi.ProviderResource("aws", "thin", {})
        return [thin, MailstackProvider("mine", "{}", pulumi.ResourceOptions())]

    declare(recorder, providers=providers)
    assert [one.name for one in recorder.of(PROVIDER)] == ["mine"]
    [zones] = [one for one in recorder.invokes if one.tok == ZONES]
    assert f"{PROVIDER}::mine::" in zones.provider
    own = {one.name: one.provider for one in recorder.resources if one.custom and one.typ.startswith("mailstack:")}
    assert len(own) == 2
    assert all(f"{PROVIDER}::mine::" in str(provider) for provider in own.values())


@pytest.mark.parametrize("is_given", [True, False])
def test_hooks_ask_the_provider_of_the_component(recorder: Recorder, is_given: bool) -> None:
    """A second client would ask with other credentials, or the default provider with none."""

    def program() -> Any:
        mine = MailstackProvider("mine", "{}", pulumi.ResourceOptions()) if is_given else None
        stack = MailStack("mail", SETTINGS, pulumi.ResourceOptions(provider=mine))
        [hook] = stack._guards.identity().before_create or []
        assert isinstance(hook, ResourceHook)
        new = {"emailIdentity": "notify.example.com", "region": "eu-west-1", "tags": {"mailstack": MARK}}
        return hook(ResourceHookArgs("urn", "", "name", "type", new_inputs=new))

    recorder.run(program)
    [asked] = [one for one in recorder.invokes if one.tok == EXISTING]
    assert f"{PROVIDER}::{'mine' if is_given else 'mail-plugin'}::" in asked.provider


# The account.


def test_another_account_is_refused_with_both_numbers(recorder: Recorder) -> None:
    """The plugin would look for what exists where nothing is made; nothing is declared."""
    recorder.handlers[CALLER] = lambda _: {"accountId": "210987654321"}
    with pytest.raises(
        SettingsError, match=r"^opts\.providers: .* 210987654321, but .* 123456789012; give MailStack a"
    ):
        declare(recorder, providers=aws(profile="other"))
    assert recorder.declared() == []


def test_an_account_that_cannot_be_asked_for_is_told_in_awss_words(recorder: Recorder) -> None:
    """Wrong keys of the AWS provider are found before anything is declared."""

    def fails(_: dict[str, Any]) -> dict[str, Any]:
        raise Refused("InvalidClientTokenId: The security token included in the request is invalid")

    recorder.handlers[CALLER] = fails
    with pytest.raises(VendorError, match=r"the AWS account .* InvalidClientTokenId: The security token"):
        declare(recorder, providers=aws(profile="other"))
    assert recorder.declared() == []


def test_an_account_that_a_preview_does_not_know_yet_is_not_compared(recorder: Recorder) -> None:
    """An AWS provider whose keys another resource makes answers nothing before the first `up`."""
    recorder.handlers[CALLER] = lambda _: {}

    def providers() -> list[pulumi.ProviderResource]:
        key: Any = UNKNOWN
        return aws(secret_key=pulumi.Output.from_input(key))()

    declare(recorder, providers=providers, preview=True)
    assert "mailstack:index:Owner" in recorder.declared()
