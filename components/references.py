"""The SES identities that senders use and this stack does not own (`manage: false`)."""

from __future__ import annotations

from collections.abc import Sequence

from mailstack import marks
from mailstack.errors import SettingsError, VendorError
from mailstack.paths import key_path
from mailstack.plan import Plan, Route

from .lookups import Lookups, unknown
from .routes.ses import Identity


def look_up(plan: Plan, lookups: Lookups, stacks: Sequence[str]) -> dict[str, Identity]:
    """Look up the identity of each referenced domain's route that a sender uses; a given login needs none.

    `stacks` are the full names of this stack, its former one too. Raises SettingsError where there is no identity and
    where it is this very stack's, which the update would delete; VendorError where SES refuses the look-up.
    """
    used = {plan.logins[key].route for key, sender in plan.settings.senders.items() if sender.login != "given"}
    routes = [plan.routes[key] for key in sorted(used)]
    return {route.key: _identity(route, lookups, stacks) for route in routes if not route.manage}


def _identity(route: Route, lookups: Lookups, stacks: Sequence[str]) -> Identity:
    if not lookups.are_possible:
        return Identity(unknown(), unknown())
    path = key_path("domains", route.domain, "manage")
    try:
        found = lookups.identity(route.domain, route.region)
    except VendorError as error:
        raise VendorError(f"{path}: is false, and the identity that it refers to is not known: {error}") from None
    if not found:
        raise SettingsError(
            f"{path}: is false, but there is no identity {route.domain} in {route.region} in this AWS account; name "
            "the region of its route, use the account that owns it, or write manage: true to own it here",
            path=path,
        )
    if any(marks.is_of(found["mark"], stack) for stack in stacks):
        raise SettingsError(
            f"{path}: is false, but the SES identity {route.domain} in {route.region} is this stack's own, and the "
            "update would delete it with its records; write manage: true, or hand it over first: give it the other "
            "stack's mark at SES (the tag mailstack) and remove it and its records from this stack's state (pulumi "
            "state delete)",
            path=path,
        )
    arn, used = found["arn"], found["configurationSet"]
    return Identity(arn, arn.replace(f"identity/{route.domain}", f"configuration-set/{used}") if used else None)
