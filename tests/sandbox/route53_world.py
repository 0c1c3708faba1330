"""A served AWS whose Route 53 answers as the sandbox's does, and the DNS of its zones, for the tests of both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.dns import Names
from sandbox.route53 import Route53

from .aws_world import Aws, served

ACCOUNT, OTHER_ACCOUNT = "123456789012", "222222222222"


class Route53World:
    """Hosted zones of two accounts behind one API; `names` is the DNS that serves them."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.url = aws, f"http://127.0.0.1:{aws.server.port}"
        self.api, self.hosts = aws.client("route53"), [Route53(account) for account in (ACCOUNT, OTHER_ACCOUNT)]
        self.names = Names(self.hosts, lambda token: None)

    def zone(self, name: str, *, private: bool = False) -> str:
        """Make a hosted zone in the first account and give its id."""
        return self.hosts[0].add_zone(name, private=private)

    def change(self, zone: str, *changes: dict[str, Any]) -> None:
        """Send one batch of changes."""
        self.api.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": list(changes)})

    def sets(self, zone: str) -> list[dict[str, Any]]:
        """List the record sets of a zone but for its SOA and NS, as the API gives them."""
        pages = self.api.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        return [one for page in pages for one in page["ResourceRecordSets"] if one["Type"] not in ("SOA", "NS")]


def change(action: str, name: str, kind: str, *values: str, ttl: int = 300, **more: Any) -> dict[str, Any]:
    """Write one change; `more` are further keys of the record set."""
    records = [{"Value": value} for value in values]
    return {
        "Action": action,
        "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": records, **more},
    }


def alias(name: str, target: str) -> dict[str, Any]:
    """Write the change that makes an alias to an AWS resource."""
    points = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": target, "EvaluateTargetHealth": False}
    return {"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": points}}


@contextmanager
def route53_world() -> Iterator[Route53World]:
    """Serve a fresh world for as long as the block runs."""
    with served() as aws:
        yield Route53World(aws)
