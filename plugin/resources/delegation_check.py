"""A zone that moves from one DNS host to another: the old host is not left before the delegation has left it."""

from __future__ import annotations

from collections.abc import Sequence

from mailstack.errors import Conflict, MailstackError
from plugin.resources.readiness_inputs import Wanted
from providers.dns.visible import NameServers


def check(old: Wanted, new: Wanted, delegated_to: NameServers) -> None:
    """Refuse to drop a host that a zone is still delegated to; raises Conflict.

    Hosts whose name servers are not known, on both sides, cannot be told apart and are let pass.
    """
    for zone, hosts in old.hosts.items():
        dropped = [host for host in hosts if host not in new.hosts.get(zone, ())]
        if not dropped or zone not in new.hosts:
            continue
        before, after = _names(old.name_servers.get(zone, ())), _names(new.name_servers.get(zone, ()))
        if not before and not after:
            continue
        delegated = _names(_asked(zone, dropped, delegated_to))
        left_behind = delegated & (before - after) if before else delegated - after
        if left_behind:
            raise Conflict(
                f"mailstack:dns.{zone}: {' and '.join(dropped)} is no longer among its hosts, but the zone is still "
                f"delegated to {', '.join(sorted(left_behind))}, and its records there would be deleted. Publish at "
                f"both meanwhile (hosts: [{', '.join([*dropped, *new.hosts[zone]])}]), change the name servers at the "
                "registrar, and drop the host when the delegation shows the new ones"
            )


def _asked(zone: str, dropped: Sequence[str], delegated_to: NameServers) -> Sequence[str]:
    try:
        return delegated_to(zone)
    except MailstackError as error:
        raise Conflict(
            f"mailstack:dns.{zone}: {' and '.join(dropped)} is no longer among its hosts, and whether the zone is "
            f"still delegated there is not known: {error}; keep it among the hosts until DNS answers"
        ) from None


def _names(names: Sequence[str]) -> set[str]:
    return {name.lower().removesuffix(".") for name in names}
