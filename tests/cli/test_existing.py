"""Look-ups of what stands, as adopt and repair share them."""

from __future__ import annotations

from typing import Any

import pytest

from cli.existing import Standing
from providers.aws import AwsAccount


class _Asked(Exception):
    pass


def test_route_53_is_asked_in_the_partition_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account of GovCloud has its hosted zones at another endpoint, which the region decides."""
    endpoints = []
    client = AwsAccount.client

    def no_network(account: AwsAccount, service: str, region: str) -> Any:
        endpoints.append(client(account, service, region).meta.endpoint_url)
        raise _Asked

    monkeypatch.setattr(AwsAccount, "client", no_network)
    monkeypatch.delenv("AWS_ENDPOINT_URL_ROUTE_53", raising=False)
    account = AwsAccount(access_key="key", secret_key="secret")
    for region in ("us-gov-west-1", "eu-west-1"):
        with pytest.raises(_Asked):
            Standing(account, region, None).records("route53", "Z1")
    assert endpoints == ["https://route53.us-gov.amazonaws.com", "https://route53.amazonaws.com"]
