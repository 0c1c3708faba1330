"""The provider of the kit's own plugin, with the credentials of the providers in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pulumi
from pydantic import BaseModel

from mailstack.errors import SettingsError, VendorError
from mailstack.settings.model import Settings
from providers.aws import AwsAccount

from .resources import MailstackProvider, sdk_version

_ANY_TYPE = "{}:index/any:Any"  # get_provider looks at the package only
_PARTITION = "aws:index/getPartition:getPartition"
_CALLER = "aws:index/getCallerIdentity:getCallerIdentity"
# What the plugin takes of each provider: its key, and the attribute of the SDK's provider class.
_AWS = {str(field.alias): name for name, field in AwsAccount.model_fields.items()}
_CLOUDFLARE = {"apiToken": "api_token", "baseUrl": "base_url"}


def plugin_provider(
    component: pulumi.Resource, name: str, settings: Settings, restore: Callable[[Any], Any]
) -> pulumi.ProviderResource:
    """Return the plugin's provider for `component`: the one it was given, else one with the providers' credentials.

    All credentials are one secret input. `restore` puts outputs back that the settings were given. Raises SettingsError
    where an explicit provider does not show its options.
    """
    given = component.get_provider(_ANY_TYPE.format("mailstack"))
    if given is not None:
        return given
    credentials = {
        "aws": _aws(component),
        "cloudflare": _cloudflare(component),
        "dns": _dns_hosts(settings, restore),
    }
    text: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(credentials, sort_keys=True))
    return MailstackProvider(name, text, pulumi.ResourceOptions(parent=component))


def accounts_may_differ(component: pulumi.Resource) -> bool:
    """Tell whether the plugin may ask another AWS account than the AWS provider: where either was given explicitly.

    By default both take the same `aws:*` settings and AWS_* variables; a comparison would cost each run two requests.
    """
    return any(component.get_provider(_ANY_TYPE.format(package)) is not None for package in ("aws", "mailstack"))


def start_aws(component: pulumi.Resource, after: pulumi.ProviderResource) -> None:
    """Let the engine start the AWS provider as soon as `after` runs, while that one looks things up.

    The engine starts one provider at a time, each when it is first needed. AWS is asked for the partition, which costs
    no request; a failure is left to its first resource.
    """

    async def ask() -> Any:
        with suppress(Exception):
            await after.urn.future()
            await pulumi.runtime.invoke_async(_PARTITION, {}, _of_resources(component))

    pulumi.Output.from_input(ask())  # which the program awaits at its end


def check_account(component: pulumi.Resource, asked: str) -> None:
    """Refuse to go on where the plugin's AWS account, `asked`, is not the AWS provider's.

    Raises SettingsError with both account numbers, VendorError where AWS refuses the look-up.
    """
    try:
        answer = pulumi.runtime.invoke(_CALLER, {}, _of_resources(component))
    except Exception as error:  # the SDK raises what the engine said as a bare Exception
        raise VendorError(
            f"the AWS account of this stack cannot be asked for: {' '.join(str(error).split())}"
        ) from None
    used = (answer.value or {}).get("accountId")
    if used and used != asked:
        raise SettingsError(
            f"opts.providers: the AWS provider uses account {used}, but the mailstack plugin would ask account "
            f"{asked}; give MailStack a mailstack provider with the same credentials (opts.providers), or configure "
            "AWS with aws:* settings",
            path="opts.providers",
        )


def _of_resources(component: pulumi.Resource) -> pulumi.InvokeOptions:
    """With its version the engine asks the provider that the stack's resources use, and starts no second one."""
    return pulumi.InvokeOptions(parent=component, version=sdk_version("pulumi_aws"))


def _aws(component: pulumi.Resource) -> Mapping[str, Any]:
    explicit = component.get_provider(_ANY_TYPE.format("aws"))
    if explicit is not None:
        return _readable(explicit, _AWS, "AWS")
    config = pulumi.Config("aws")
    found = {key: _configured(config, key, AwsAccount.model_fields[name].annotation) for key, name in _AWS.items()}
    return {key: value for key, value in found.items() if value is not None}


def _cloudflare(component: pulumi.Resource) -> Mapping[str, Any]:
    explicit = component.get_provider(_ANY_TYPE.format("cloudflare"))
    if explicit is not None:
        return _readable(explicit, _CLOUDFLARE, "Cloudflare")
    config = pulumi.Config("cloudflare")
    return {key: value for key in _CLOUDFLARE if (value := config.get(key))}


def _readable(provider: pulumi.ProviderResource, options: Mapping[str, str], title: str) -> dict[str, Any]:
    """Return the options that an explicit provider's class documents as outputs; raises SettingsError without any.

    They are the texts among its options. What it takes as mapping or list (assumed roles, endpoints) cannot be read.
    """
    kind = type(provider)
    shown = {key: _option(getattr(provider, name)) for key, name in options.items() if hasattr(kind, name)}
    if not shown:
        raise SettingsError(
            f"opts.providers: the options of the {title} provider cannot be read from the program, so the mailstack "
            "plugin could ask another account; give MailStack a mailstack provider with the same credentials beside it",
            path="opts.providers",
        )
    return shown


def _option(output: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """Return a provider's option, None where it was not given.

    To a preview the SDK calls an option that was not given unknown, as one that depends on a resource to be made. Only
    the latter has an Unknown for its value, which makes the new output unknown, too.
    """

    async def is_known() -> bool:
        return True

    return pulumi.Output(output.resources(), output.future(with_unknowns=True), is_known(), output.is_secret())


def _configured(config: pulumi.Config, key: str, kind: Any) -> Any:
    """Return a setting of pulumi-aws: text as it is, anything else as the JSON that the engine makes of it."""
    if kind == str | None:
        return config.get(key)
    try:
        return config.get_object(key)
    except pulumi.ConfigTypeError:
        raise SettingsError(
            f"aws:{key}: it is not a value of the form that pulumi-aws documents; correct it", path=f"aws:{key}"
        ) from None


def _dns_hosts(settings: Settings, restore: Callable[[Any], Any]) -> dict[str, Any]:
    """Name what reaches the hosts of each zone: {zone: {host: {keys, secrets}}}, by the names of the settings."""
    found: dict[str, Any] = {}
    for zone, hosts in settings.dns.items():
        for host in hosts.hosts:
            keys = _by_alias(host.keys, restore)
            secrets = _by_alias(settings.secrets.dns.get(zone, {}).get(host.host), restore)
            if keys or secrets:
                found.setdefault(zone, {})[host.host] = {"keys": keys, "secrets": secrets}
    return found


def _by_alias(model: BaseModel | None, restore: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what was written for a host, secrets as secret outputs; the id of its zone reaches nothing."""
    fields = type(model).model_fields if model else {}
    given = {field.alias or name: restore(getattr(model, name)) for name, field in fields.items() if name != "zone_id"}
    return {key: value for key, value in given.items() if value is not None}
