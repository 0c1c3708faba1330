"""The wait before a provider is switched to a new DKIM key: until DNS shows the key's record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from pulumi.resource_hooks import ResourceHook

from mailstack.errors import Conflict, DnsError
from mailstack.mail import dkim
from mailstack.settings.model import Domain
from providers.dns import live

from .hooks import hook
from .lookups import in_thread

_LOOK_EVERY = 5.0  # seconds


def before_switch(name: str, domain: Domain, *, by_hand: bool) -> ResourceHook:
    """Return the hook that waits until DNS shows the key that an identity is to sign with.

    From the call that gives SES another key until it has found that key's record, it may send mail unsigned
    (https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-bring-your-own.html). A name server that
    was asked too early also remembers that there is nothing. So the old key goes on signing until the record is seen.
    A record that is made `by_hand` is not waited for: it is there, or the update fails.
    """

    async def check(new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        selector = _selector(new)
        if not selector or selector == _selector(old):
            return
        record = dkim.record_name(selector, domain.name)
        patience = 0 if by_hand or domain.wait == "off" else domain.wait_minutes * 60
        deadline = time.monotonic() + patience
        while not await in_thread(_is_live, record):
            if (left := deadline - time.monotonic()) <= 0:
                raise Conflict(
                    f"{record}: DNS does not show this DKIM key yet, so SES was not told to sign with it and goes on "
                    "as before; publish the record if it is made by hand, and run `pulumi up` again"
                )
            await asyncio.sleep(min(_LOOK_EVERY, left))

    return hook(name, check, in_previews=False)


def _selector(inputs: Mapping[str, Any]) -> str | None:
    """Return the selector that an identity signs with, None where SES has the keys or it is not known yet."""
    return (inputs.get("dkimSigningAttributes") or {}).get("domainSigningSelector")


def _is_live(record: str) -> bool:
    """Tell whether a name has the record of a key that is not revoked; trouble with DNS counts as not yet."""
    try:
        return any(dkim.public_key(text) for text in live.lookup(record, "TXT"))
    except DnsError:
        return False
