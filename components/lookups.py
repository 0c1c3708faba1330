"""Look-ups through the providers' own invokes, so that no second client ever asks another account."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Any, cast

import grpc
import pulumi
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2

from mailstack.errors import VendorError

from .resources import sdk_version

# Functions that ask the vendor nothing. Cloudflare's plugin has none, so it is asked for one that it does not know: its
# own refusals are reported as errors of the run, this one is not.
_IDLE = {"aws": "aws:index/getPartition:getPartition", "cloudflare": "cloudflare:index/getNothing:getNothing"}

# Longer than a provider tries on its own. A program with providers of its own may start one while hooks wait.
_PATIENCE = 300.0  # seconds


@cache
def _executor() -> ThreadPoolExecutor:
    # The SDK's default executor may be full of RegisterResource calls that wait for the very hook that looks up.
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="mailstack-lookup")


def look_up(token: str, arguments: Mapping[str, Any], parent: pulumi.Resource) -> dict[str, Any]:
    """Ask a provider function while the program is being built; raises VendorError.

    `token` is like "cloudflare:index/getZones:getZones". The provider is the one that `parent` was given, else the
    package's default provider.
    """
    options = pulumi.InvokeOptions(parent=parent, version=_version(token))
    try:
        result = pulumi.runtime.invoke(token, dict(arguments), options)
    except Exception as error:
        raise VendorError(_words(str(error), token)) from None
    return cast(dict[str, Any], result.value or {})


def start_provider(package: str, parent: pulumi.Resource) -> None:
    """Have the engine start the provider of "aws" or "cloudflare" now, where nothing has yet.

    The engine starts default providers one at a time, each in a step of its own, and every look-up waits meanwhile,
    one through another provider too. Hooks that look up and hold all the steps that may run at once would leave none
    for the start that they wait for, and the run would hang.
    """
    with suppress(VendorError):  # what is wrong with the provider the first resource says in its own words
        look_up(_IDLE[package], {}, parent)


async def look_up_in_hook(
    token: str,
    arguments: Mapping[str, Any],
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource | None = None,
) -> dict[str, Any]:
    """Ask a provider function from within a resource hook, on threads of its own; raises VendorError.

    `provider` is asked, else the one that `parent` was given, else the package's default provider.
    """
    provider = provider or parent.get_provider(token)
    reference = ""
    if provider is not None:
        reference = f"{await provider.urn.future()}::{await provider.id.future() or rpc.UNKNOWN}"
    request = resource_pb2.ResourceInvokeRequest(
        tok=token,
        args=await rpc.serialize_properties(dict(arguments), {}),
        provider=reference,
        version=_version(token),
        acceptResources=True,
    )
    monitor = cast(Any, settings.get_monitor())
    try:
        answer = await in_thread(partial(monitor.Invoke, timeout=_PATIENCE), request)
    except grpc.RpcError as error:
        call = cast(grpc.Call, error)
        if call.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
            raise VendorError(
                f"no answer in {_PATIENCE:.0f} s; run it again, with a higher --parallel if that does not help"
            ) from None
        raise VendorError(_words(str(call.details()), token)) from None
    if answer.failures:
        raise VendorError(_words(answer.failures[0].reason, token))
    return cast(dict[str, Any], rpc.deserialize_properties_unwrap_secrets(getattr(answer, "return"))[0])


async def in_thread(function: Any, *arguments: Any) -> Any:
    """Run a blocking function from within a resource hook on the look-ups' own threads."""
    return await asyncio.get_running_loop().run_in_executor(_executor(), function, *arguments)


def _version(token: str) -> str:
    """Return the version of the plugin that answers, that of the installed SDK; the kit's own has none."""
    package = token.partition(":")[0]
    return "" if package == "mailstack" else sdk_version(f"pulumi_{package}")


def _words(text: str, token: str) -> str:
    """Keep the provider's words and drop the wrapping: the engine's ("invoke of X failed"), Cloudflare's JSON body."""
    for wrapping in (f"invoke of {token} failed:", f"invocation of {token} returned an error:", f"invoking {token}:"):
        text = text.replace(wrapping, "")
    start = text.find("{")
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        errors = json.JSONDecoder().raw_decode(text, start)[0]["errors"]
        text = text[:start] + "; ".join(f"{error['message']} ({error['code']})" for error in errors)
    return " ".join(text.split())
