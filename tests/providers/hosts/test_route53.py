"""Route 53 as the sandbox plays it, written to as pulumi-aws writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sandbox
from mailstack.dns.records import Mx, RecordSet
from providers.aws import FIRST_REGION, AwsAccount
from providers.dns import route53
from sandbox.plugins.aws import AwsProvider
from tests.sandbox.standin import Engine, plugin

from .suite import HostBehaviours, Subject, asker

RECORD, LIST = "aws:route53/record:Record", "aws:route53/getRecords:getRecords"
ZONE = "example.org"  # the sandbox also holds a private zone of this name


@pytest.fixture(scope="module", name="world")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    directory: Path = tmp_path_factory.mktemp("route53")
    info = sandbox.start(directory)
    patch = pytest.MonkeyPatch()
    environment = sandbox.environment(directory)
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        patch.setenv(name, environment[name])
    patch.delenv("AWS_PROFILE", raising=False)
    patch.delenv("AWS_SESSION_TOKEN", raising=False)
    yield {**environment, "dns": str(info["ports"]["dns"])}
    patch.undo()
    sandbox.stop(directory)


@pytest.fixture(scope="module", name="engine")
def _engine(world: dict[str, str]) -> Iterator[Engine]:
    with plugin(AwsProvider) as engine:
        engine.configure(region=world["AWS_REGION"])
        yield engine.of(RECORD)


@pytest.fixture(scope="module")
def subject(world: dict[str, str], engine: Engine) -> Subject:
    account = AwsAccount()
    host = route53.Route53(account)
    zone = host.zone(ZONE)
    api = account.client("route53", FIRST_REGION)

    def write(record: RecordSet) -> None:
        texts = [route53.value_text(record.type, str(value)) for value in record.values]
        given = {"zoneId": zone.id, "name": record.name, "type": record.type, "ttl": record.ttl, "records": texts}
        engine.create(given)

    def plant(name: str, kind: str, text: str) -> None:
        value = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if kind == "TXT" else text
        record: dict[str, Any] = {"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": [{"Value": value}]}
        batch: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        api.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=batch)

    return Subject(
        host=host,
        zone=zone,
        write=write,
        plant=plant,
        ask=asker(int(world["dns"])),
        # ResourceRecord in the API reference: a value has at most 4,000 characters.
        refused=(RecordSet(f"big.{ZONE}", "TXT", 300, ("a" * 4001,)),),
    )


class TestRoute53(HostBehaviours):
    """Route 53 keeps one record set per name and type."""


def test_the_engines_list_reads_as_the_adapters(subject: Subject, engine: Engine) -> None:
    """pulumi-aws's getRecords and the API's list say the same of every record."""
    subject.write(RecordSet(subject.name("*"), "MX", 300, (Mx(0, "."),)))
    subject.write(RecordSet(subject.name("both"), "TXT", 300, ('a "b" \\c', "d" * 300)))
    answer = engine.invoke(LIST, zoneId=subject.zone.id)
    assert route53.standing(answer["resourceRecordSets"]) == subject.host.standing(subject.zone)


def test_the_values_of_a_set_are_imported_as_one(subject: Subject) -> None:
    """All values of one name and type share the id "<zone>_<name>_<type>" (pulumi-aws, route53.Record, Import)."""
    record = RecordSet(subject.name("_set"), "TXT", 300, ("one=1", "two=2"))
    subject.write(record)
    ids = {subject.host.import_id(subject.zone, one) for one in subject.standing_at(record.name)}
    assert ids == {f"{subject.zone.id}_{record.name}_TXT"}
