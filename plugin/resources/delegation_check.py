"""A zone that moves from one DNS host to another: the old host is not left before the delegation has left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailstack.errors import Conflict, MailstackError
from plugin.wire import Values, is_unknown
from providers.dns.visible import NameServers


def check(old: Values, new: Values, delegated_to: NameServers) -> None:
    """Refuse to drop a host that a zone is still delegated to; raises Conflict.

    `old` and `new` are a Readiness's inputs: `hosts` and `nameServers`, names by zone. Hosts whose name servers are not
    known, on both sides, cannot be told apart and are let pass.
    """
    had, wanted = _by_zone(old, "hosts"), _by_zone(new, "hosts")
    servers_before, servers_after = _by_zone(old, "nameServers"), _by_zone(new, "nameServers")
    for zone, hosts in had.items():
        dropped = [host for host in hosts if host not in wanted.get(zone, ())]
        if not dropped or zone not in wanted:
            continue
        before, after = _names(servers_before.get(zone, ())), _names(servers_after.get(zone, ()))
        if not before and not after:
            continue
        delegated = _names(_asked(zone, dropped, delegated_to))
        left_behind = delegated & (before - after) if before else delegated - after
        if left_behind:
            raise Conflict(
                f"mailstack:dns.{zone}: {' and '.join(dropped)} is no longer among its hosts, but the zone is still "
                f"delegated to {', '.join(sorted(left_behind))}, and its records there would be deleted. Publish at "
                f"both meanwhile (hosts: [{', '.join([*dropped, *wanted[zone]])}]), change the name servers at the "
                "registrar, and drop the host when the delegation shows the new ones"
            )


def _by_zone(inputs: Values, key: str) -> Mapping[str, Sequence[str]]:
    """Return names by zone, as far as they are known."""
    given = inputs.get(key)
    return {name: found for name, found in given.items() if not is_unknown(found)} if isinstance(given, Mapping) else {}


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
