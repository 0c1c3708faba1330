"""The bundles of a stack: its secret output `smtp`, read through the engine."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.engine import Engine, project_root
from mailstack.errors import CommandError, EngineError

Bundles = Mapping[str, Mapping[str, Any]]


NOT_OPENED = (
    "the passphrase does not open the stack's secrets: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE "
    "to the one that the stack was made with"
)
# What pulumi says (CLI 3.220.0) -> what to do about it. Its own words follow, so nothing is lost.
REMEDIES = (
    (
        r"no stack selected",
        "no stack is selected: name it with --stack, or choose it once with `pulumi stack select`",
    ),
    (
        r"no stack named",
        "there is no such stack in this backend: `pulumi stack ls` lists those there are",
    ),
    (
        r"does not have output property",
        "the stack has no bundle yet: run `pulumi up` on it and see that it has senders",
    ),
    (r"incorrect passphrase", NOT_OPENED),
    (
        r"passphrase must be set",
        "the stack's secrets need a passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    ),
    (
        r"PULUMI_ACCESS_TOKEN must be set|not logged in",
        "pulumi has no backend to ask: run `pulumi login`, or set PULUMI_BACKEND_URL to where the state is kept",
    ),
    (
        r"unable to open bucket",
        "the backend that holds the state cannot be opened: see PULUMI_BACKEND_URL",
    ),
)


def read(stack: str | None) -> Bundles:
    """Return every sender's bundle of a stack (default: the selected one); raises CommandError with what to do.

    The secret comes over a pipe and is in no argument, no file and no message.
    """
    root = project_root()
    choice = ["--stack", stack] if stack else []
    try:
        printed = Engine(root).read("stack", "output", "smtp", "--json", "--show-secrets", *choice)
    except EngineError as error:
        raise CommandError(explain(error, root)) from None
    try:
        bundles = json.loads(printed)
    except ValueError:
        bundles = printed
    if bundles is None:  # what `stack output` makes of a secret that it cannot decrypt, with exit code 0 (CLI 3.220.0)
        raise CommandError(f"{NOT_OPENED} (pulumi: null)")
    if not isinstance(bundles, dict) or not all(isinstance(bundle, dict) for bundle in bundles.values()):
        raise CommandError(
            "the stack's output smtp is not an object of senders; is this the project of another program? Run "
            "`pulumi up` with this version of mailstack"
        )
    return bundles


def pick(bundles: Bundles, sender: str | None) -> Mapping[str, Any]:
    """Return the bundle of a sender, or the only one; raises CommandError that names the senders."""
    known = ", ".join(bundles)
    if not bundles:
        raise CommandError(
            "the stack hands out no bundle: no sender has an SMTP login; give one `login: create` and run `pulumi up`"
        )
    if sender is None and len(bundles) > 1:
        raise CommandError(f"the stack has {len(bundles)} senders: say which with --sender ({known})")
    if sender is None:
        return next(iter(bundles.values()))
    if sender not in bundles:
        near = difflib.get_close_matches(sender, bundles, n=1)
        advice = f'did you mean "{near[0]}"? ' if near else ""
        raise CommandError(f'the stack has no bundle for sender "{sender}": {advice}it has {known}')
    return bundles[sender]


def explain(error: EngineError, root: Path) -> str:
    """Say what to do about pulumi's refusal where that is known, with its own words."""
    for pattern, remedy in REMEDIES:
        if re.search(pattern, error.said, re.IGNORECASE):
            return f"{remedy}{_local_hint(root)} (pulumi: {error.said})"
    return str(error)


def _local_hint(root: Path) -> str:
    """Point at the local mail cloud's environment where one runs here and this shell does not speak to it."""
    if (root / ".sandbox" / "sandbox.json").exists() and "PULUMI_BACKEND_URL" not in os.environ:
        return '; for the stack `local` first run: eval "$(mailstack sandbox env)"'
    return ""
