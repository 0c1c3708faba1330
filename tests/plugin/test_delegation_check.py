"""A DNS host is dropped only when the zone's delegation has left it."""

from __future__ import annotations

import grpc
import pytest

from tests.plugin.harness import PENDING, refusal, running

ZONE, OLD, NEW = "example.com", ["a.ns.old.example", "b.ns.old.example"], ["a.ns.new.example"]
BOTH = {"hosts": {ZONE: ["cloudflare", "route53"]}, "nameServers": {ZONE: [*OLD, *NEW]}}
MOVED = {"hosts": {ZONE: ["route53"]}, "nameServers": {ZONE: NEW}}


def test_a_host_that_the_zone_is_delegated_to_is_not_dropped() -> None:
    """Its records would be deleted while resolvers still ask there; the sentence names servers and the way on."""
    with running(PENDING) as plugin:
        plugin.dns[ZONE, "NS"] = OLD
        code, said, _ = refusal(lambda: plugin.diff("pending", BOTH, **MOVED))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "cloudflare is no longer among its hosts" in said
    assert "still delegated to a.ns.old.example, b.ns.old.example" in said
    assert "hosts: [cloudflare, route53]" in said


def test_a_host_that_the_delegation_has_left_is_dropped() -> None:
    """With the delegation at the new host alone, the change is an ordinary one."""
    with running(PENDING) as plugin:
        plugin.dns[ZONE, "NS"] = NEW
        assert set(plugin.diff("pending", BOTH, **MOVED).detailedDiff) == {"hosts", "nameServers"}


@pytest.mark.parametrize("delegated", [OLD, []])
def test_a_host_is_exchanged_in_one_step_only_where_nobody_asks_it(delegated: list[str]) -> None:
    """Cloudflare to route53 without both in between is refused while the delegation names the old one."""
    old = {"hosts": {ZONE: ["cloudflare"]}, "nameServers": {ZONE: OLD}}
    with running(PENDING) as plugin:
        plugin.dns[ZONE, "NS"] = delegated
        if delegated:
            assert "still delegated" in refusal(lambda: plugin.diff("pending", old, **MOVED))[1]
        else:
            assert plugin.diff("pending", old, **MOVED).changes
