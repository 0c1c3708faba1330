"""The Pulumi program as a function: a stack's configuration in, its outputs out."""

from __future__ import annotations

import gc
import json
from typing import Any

import pulumi
from pulumi.runtime import config as runtime
from pulumi.runtime import resource as registration
from pulumi.runtime.proto import source_pb2

from mailstack.errors import MailstackError, SettingsError
from mailstack.settings.load import check_secret_keys

NAMESPACE, REGION = "mailstack:", "aws:region"


def run() -> None:
    """Build the stack that the configuration describes and export its outputs; a mistake is one sentence."""
    _spare_time()
    from .mail_stack import MailStack  # once garbage is looked for less often

    try:
        stack = MailStack("mail", _arguments())
    except MailstackError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in stack.outputs().items():
        pulumi.export(name, value)


def _spare_time() -> None:
    """Spare the SDK what costs a stack of 200 senders half of its time.

    For each resource it sends the engine a debug line and waits until it is taken; it also notes which lines declared
    it, which are always the kit's own. And of the many objects that it makes, nearly all live until the program ends,
    so that collecting garbage after every few hundred finds none.
    """
    pulumi.log.debug = _silent
    registration._get_stack_trace = source_pb2.StackTrace
    gc.set_threshold(200_000, 50, 100)


def _silent(*_: Any, **__: Any) -> None:
    pass


def _arguments() -> dict[str, Any]:
    """Read every `mailstack:` key of the stack's configuration, a misspelt one too, so that it is seen.

    Raises SettingsError for a secret in the wrong place, and for a region that nobody would read.
    """
    values = {**runtime.get_config_env(), **runtime.CONFIG.get()}
    for key in values:
        if key.lower() == REGION and key != REGION:
            raise SettingsError(f"{key}: is not read, since keys have one spelling; rename it to {REGION}", path=key)
    keys = {key: key.removeprefix(NAMESPACE) for key in values if key.startswith(NAMESPACE)}
    check_secret_keys([name for key, name in keys.items() if runtime.is_config_secret(key)])
    return {name: _parsed(values[key]) for key, name in keys.items()}


def _parsed(text: str) -> Any:
    """Return what a value means: mappings and lists arrive as JSON, anything else is text, a label like 2024 too.

    A key with nothing behind its colon arrives as empty text.
    """
    if not text:
        return None
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
