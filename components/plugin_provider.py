"""The AWS account in use, handed on to the kit's own plugin: a second client must never ask another account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi

from components.resources import MailstackProvider
from mailstack.errors import SettingsError
from mailstack.settings import Settings
from providers.aws import CONFIGURATION_KEYS

# aws:* settings that name credentials in ways the plugin's AWS client does not take from the provider.
_NOT_HANDED_ON = ("sharedConfigFiles", "sharedCredentialsFiles", "assumeRoleWithWebIdentity")


def mailstack_provider(
    component: pulumi.Resource, name: str, settings: Settings, restore: Callable[[Any], Any]
) -> pulumi.ProviderResource:
    """Return the plugin's provider for `component`: the one it was given, else one with the AWS provider's account.

    It is also told of the DNS hosts that it writes to itself; `restore` puts outputs back that the settings were given.

    Raises SettingsError where the account cannot be known: an explicit AWS provider without an explicit mailstack one.
    """
    given = component.get_provider("mailstack:index:Readiness")
    if given is not None:
        return given
    if component.get_provider("aws:sesv2/emailIdentity:EmailIdentity") is not None:
        raise SettingsError(
            "opts.providers: an AWS provider was given without a mailstack one, so the wait for the domain could ask "
            "another account; give both, or configure AWS with aws:* settings",
            path="opts.providers",
        )
    account = _account()
    if hosts := _dns_hosts(settings, restore):
        account["dnsHosts"] = pulumi.Output.secret(pulumi.Output.json_dumps(hosts, sort_keys=True))
    return MailstackProvider(name, account, pulumi.ResourceOptions(parent=component))


def _dns_hosts(settings: Settings, restore: Callable[[Any], Any]) -> dict[str, Any]:
    """Name the hosts that the plugin writes to, by zone and host, each with its secrets."""
    hosts: dict[str, Any] = {}
    for zone, found in settings.dns.items():
        secrets = settings.keyring.get(zone)
        for host in found.served_by:
            if host.host == "rfc2136":
                named = {"server": host.server, "port": host.port}
                key = {"key": host.key, "algorithm": host.algorithm} if host.key else {}
                secret = {"secret": restore(secrets.tsig_secret)} if secrets and secrets.tsig_secret else {}
                hosts.setdefault(zone, {})[host.host] = {**named, **key, **secret}
            elif host.host == "lexicon":
                options = {**host.options, **(restore(secrets.options) if secrets else {})}
                hosts.setdefault(zone, {})[host.host] = {"provider": host.provider, "options": options}
    return hosts


def _account() -> dict[str, Any]:
    config = pulumi.Config("aws")
    for key in _NOT_HANDED_ON:
        if config.get(key):
            raise SettingsError(
                f"aws:{key}: the wait for the domain cannot use it; name the same credentials by aws:profile, "
                "aws:assumeRoles or AWS_* variables",
                path=f"aws:{key}",
            )
    account = {ours: _value(config, theirs) for ours, theirs in CONFIGURATION_KEYS.items()}
    return {key: value for key, value in account.items() if value is not None}


def _value(config: pulumi.Config, key: str) -> pulumi.Input[str] | None:
    if key in ("accessKey", "secretKey", "token"):
        return config.get_secret(key)
    return config.get(key) if key == "profile" else _structured(config, key)


def _structured(config: pulumi.Config, key: str) -> str | None:
    # Provider inputs that are not strings travel as JSON text.
    value = config.get_object(key)
    return None if value is None else json.dumps(value, sort_keys=True)
