"""Names in the stack's state: what a slot and a resource are called, so that they stay the same from run to run."""

from __future__ import annotations


def slot_name(name: str, record_type: str, suffix: str = "") -> str:
    """Name the slot of a record whose name is known: "_dmarc.example.com-txt", "example.com-txt-spf".

    It holds name and type and no value: another name or type is another resource, another value is an update.
    """
    return "-".join(filter(None, (name, record_type.lower(), suffix)))


def route_name(domain: str, provider: str, region: str) -> str:
    """Return how the names of a route's resources begin: "notify.example.com-eu-west-1".

    The provider is in the place of the region where the provider has no regions.
    """
    return f"{domain}-{region or provider}"


def resource_name(stack_name: str, slot: str) -> str:
    """Name the resource that publishes a slot, below the name that the program gives its MailStack."""
    return f"{stack_name}-dns-{slot}"
