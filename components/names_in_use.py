"""What the MailStacks of one program want: two of them must not want one thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from pulumi.runtime import settings

from mailstack.errors import SettingsError
from mailstack.plan import Plan
from providers.smtp import ses_names

# By the connection to the engine, which is one for each run of a program.
_claims: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def claim(plan: Plan, name: str) -> None:
    """Note what a MailStack wants; raises SettingsError where another one of the same program wants it too."""
    taken = _claims.setdefault(settings.get_monitor(), {})
    for thing, remedy in _wanted(plan):
        other = taken.setdefault(thing, name)
        if other != name:
            raise SettingsError(
                f'MailStack "{name}": the {thing} is already declared by MailStack "{other}" of this program; {remedy}'
            )


def _wanted(plan: Plan) -> Iterator[tuple[str, str]]:
    """Name what a plan wants, each with what can be done where another one wants it."""
    for domain in plan.settings.domains.values():
        if domain.manage:
            yield f"domain {domain.name}", "declare it in one of them, and set manage: false on it in the other"
    for record in plan.records:
        yield f"record {record.type} {record.name}", "leave it to one of them"
    for sender in plan.settings.senders.values():
        if sender.login == "create":
            user = ses_names.iam_user(sender.was or sender.key, sender.domain)
            yield f"login {user}", "declare the sender in one of them, or give it another key in the other"
