"""Look-ups of what exists, as adopt and repair share them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.engine import Engine
from cli.existing import Existing
from providers.aws import AwsAccount

from .conftest import FakePulumi


class _Asked(Exception):
    pass


def existing(project: Path, pulumi: FakePulumi, **config: Any) -> Existing:
    """Read a stack whose configuration the engine answers with."""
    (project / "Pulumi.prod.yaml").write_text("config: {}\n")
    values = {key.replace("__", ":"): value for key, value in config.items()}
    values.setdefault("mailstack:dns", {"example.com": {"host": "route53"}})
    values["mailstack:senders"] = {"notify": {"domain": "notify.example.com"}}
    kinds = {key: "value" if isinstance(value, str) else "objectValue" for key, value in values.items()}
    pulumi.answer(json.dumps({key: {kinds[key]: value} for key, value in values.items()}))
    return Existing.of_stack(Engine(project), ["--stack", "prod"])


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [("us-gov-west-1", "https://route53.us-gov.amazonaws.com"), ("eu-west-1", "https://route53.amazonaws.com")],
)
def test_route_53_is_asked_in_the_partition_of_the_stack(
    project: Path, pulumi: FakePulumi, monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str
) -> None:
    """An account of GovCloud has its hosted zones at another endpoint, which the region decides."""
    endpoints = []
    client = AwsAccount.client

    def no_network(account: AwsAccount, service: str, region: str) -> Any:
        endpoints.append(client(account, service, region).meta.endpoint_url)
        raise _Asked

    monkeypatch.setattr(AwsAccount, "client", no_network)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ROUTE_53"):
        monkeypatch.delenv(name, raising=False)
    account = {"aws__accessKey": "key", "aws__secretKey": "secret"}
    found = existing(project, pulumi, **account, aws__region=region)
    with pytest.raises(_Asked):
        found.records("route53", "example.com", "Z1", ["example.com"])
    assert endpoints == [endpoint]


def test_the_credentials_are_those_that_the_plugin_gets(project: Path, pulumi: FakePulumi) -> None:
    """Provider options, and the keys and secrets of each zone's host, as components/plugin_provider.py names them."""
    found = existing(
        project,
        pulumi,
        aws__region="eu-west-1",
        aws__profile="prod",
        aws__assumeRoles=[{"roleArn": "arn:aws:iam::123456789012:role/mail"}],
        cloudflare__apiToken="token",
        mailstack__dns={"example.com": {"host": "rfc2136", "server": "ns1.example.com", "key": "mailstack"}},
        mailstack__secrets={"dns": {"example.com": {"tsigSecret": "c2VjcmV0c2VjcmV0c2VjcmV0"}}},
    )
    assert found.credentials["aws"] == {
        "region": "eu-west-1",
        "profile": "prod",
        "assumeRoles": [{"roleArn": "arn:aws:iam::123456789012:role/mail"}],
    }
    assert found.credentials["cloudflare"] == {"apiToken": "token"}
    host = found.credentials["dns"]["example.com"]["rfc2136"]
    assert (host["keys"]["server"], host["keys"]["key"]) == ("ns1.example.com", "mailstack")
    assert host["secrets"] == {"tsigSecret": "c2VjcmV0c2VjcmV0c2VjcmV0"}


def test_an_import_id_names_a_region_that_is_not_the_providers(project: Path, pulumi: FakePulumi) -> None:
    """pulumi-aws 7 reads the region from the id ("name@region")."""
    found = existing(project, pulumi, aws__region="eu-west-1")
    assert found.with_region("example.com", "eu-west-1") == "example.com"
    assert found.with_region("example.com", "us-east-1") == "example.com@us-east-1"
