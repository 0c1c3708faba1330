"""Hooks of resources, each handed the resource's inputs as plain values."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pulumi
from pulumi.output import Unknown
from pulumi.resource_hooks import ResourceHook, ResourceHookArgs, ResourceHookOptions

from mailstack import marks

# What a resource is to become, and what it was; a value that is not known yet is None.
Check = Callable[[Mapping[str, Any], Mapping[str, Any]], Awaitable[None]]


def hook(name: str, check: Check, *, in_previews: bool = True) -> ResourceHook:
    """Return a hook that gives `check` the new and the old inputs as plain values, {} where there are none.

    In previews it runs, too, but for those in which `mailstack adopt` looks for what exists.
    """

    async def run(args: ResourceHookArgs) -> None:
        if not (pulumi.runtime.is_dry_run() and os.environ.get(marks.ADOPTING)):
            await check(await plain(args.new_inputs or {}), await plain(args.old_inputs or {}))

    return ResourceHook(name, run, ResourceHookOptions(on_dry_run=in_previews))


async def plain(value: Any) -> Any:
    """Return what a hook was given as plain values: secrets, which arrive as outputs, awaited, unknown ones as None."""
    if isinstance(value, pulumi.Output):
        value = await value.future(with_unknowns=True)
    if isinstance(value, Unknown):
        return None
    if isinstance(value, Mapping):
        return {key: await plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [await plain(item) for item in value]
    return value
