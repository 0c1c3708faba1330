"""What exists already, asked through the kit's own plugin: one process, one client for each vendor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, cast

import grpc
import pulumi
from pulumi.output import UNKNOWN
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2

from mailstack.errors import VendorError

ZONES = "mailstack:index:zones"
EXISTING = "mailstack:index:existing"
_PATIENCE = 300.0  # seconds: longer than the plugin tries on its own


class Lookups:
    """The two functions of the plugin, asked with the credentials of one component's plugin provider."""

    def __init__(self, plugin: pulumi.ProviderResource) -> None:
        """Take the provider that is asked."""
        self.plugin = plugin
        # False in a preview that does not know the provider's credentials yet: the engine then answers with nothing.
        self.are_possible = True

    def zones(self, zones: Mapping[str, list[str]], *, account: bool) -> dict[str, Any]:
        """Find zones at their hosts while the program is being built; raises VendorError.

        `zones` are the hosts by zone. The answer has `zones` ({zone: {host: {id, nameServers}}}) and, where `account`
        asks for it, `awsAccount`.
        """
        answer = self._invoke(ZONES, {"zones": dict(zones), "account": account})
        self.are_possible = "zones" in answer
        return answer

    def _invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = pulumi.runtime.invoke(token, dict(arguments), pulumi.InvokeOptions(provider=self.plugin))
        except Exception as error:  # the SDK raises what the engine said as a bare Exception
            raise VendorError(_words(str(error), token)) from None
        return cast(dict[str, Any], answer.value or {})

    def identity(self, domain: str, region: str) -> dict[str, str] | None:
        """Return the SES identity of a domain while the program is being built, None where there is none.

        It has `arn`, `mark` and `configurationSet`, each "" where there is none. Raises VendorError where SES refuses
        the look-up.
        """
        arguments = {"of": "ses", "kind": "identity", "name": domain, "region": region, "fresh": False}
        return cast("dict[str, str] | None", self._invoke(EXISTING, arguments).get("existing"))

    async def existing(self, **arguments: Any) -> dict[str, Any]:
        """Ask what exists from within a resource hook; raises VendorError.

        The call runs on a thread of its own: the SDK's executor may be full of RegisterResource calls that wait for the
        very hook that asks.
        """
        reference = f"{await self.plugin.urn.future()}::{await self.plugin.id.future() or rpc.UNKNOWN}"
        request = resource_pb2.ResourceInvokeRequest(
            tok=EXISTING,
            args=await rpc.serialize_properties(arguments, {}),
            provider=reference,
            acceptResources=True,
        )
        monitor = cast(Any, settings.get_monitor())
        try:
            answer = await in_thread(partial(monitor.Invoke, timeout=_PATIENCE), request)
        except grpc.RpcError as error:
            call = cast(grpc.Call, error)
            if call.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise VendorError(f"no answer in {_PATIENCE:.0f} s; run it again") from None
            raise VendorError(_words(str(call.details()), EXISTING)) from None
        if answer.failures:
            raise VendorError(answer.failures[0].reason)
        return cast(dict[str, Any], rpc.deserialize_properties_unwrap_secrets(getattr(answer, "return"))[0])


def unknown() -> pulumi.Output[Any]:
    """Return what a look-up would have found, in a preview in which none is possible."""
    return pulumi.Output.from_input(UNKNOWN)


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="mailstack-lookup")


async def in_thread(function: Any, *arguments: Any) -> Any:
    """Run a blocking function from within a resource hook on the look-ups' own threads."""
    return await asyncio.get_running_loop().run_in_executor(_executor(), function, *arguments)


def _words(text: str, token: str) -> str:
    """Keep the plugin's sentence and drop what the engine and the SDK put around it."""
    for wrapping in (f"invoke of {token} failed:", f"invocation of {token} returned an error:", f"invoking {token}:"):
        text = text.replace(wrapping, "")
    return " ".join(text.split()).removesuffix(" ()")
