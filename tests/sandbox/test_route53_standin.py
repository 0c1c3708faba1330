"""The stand-in for pulumi-aws writes Route 53's record sets as the real plugin does (record.go of the AWS provider)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import grpc
import pytest
from botocore.config import Config
from pulumi import _types
from pulumi_aws.route53 import GetRecordsResult, GetZoneResult, Record, RecordArgs, outputs

from sandbox.plugins.aws import AwsProvider
from sandbox.plugins.aws_api import GLOBAL, IAM, ROUTE53, Service, partition
from sandbox.plugins.servicer import schema

from .route53_world import Route53World, alias, change, route53_world
from .standin import Engine, plugin, words

RECORD = "aws:route53/record:Record"
ZONE, RECORDS = "aws:route53/getZone:getZone", "aws:route53/getRecords:getRecords"
CREATE, READ = ["GetHostedZone", "ChangeResourceRecordSets", "GetChange"], ["GetHostedZone", "ListResourceRecordSets"]


@pytest.fixture(name="world")
def _world() -> Iterator[Route53World]:
    with route53_world() as world:
        yield world


@pytest.fixture(name="engine")
def _engine(world: Route53World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    for name in ("PROFILE", "REGION", "DEFAULT_REGION", "SESSION_TOKEN"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    key = world.aws.world.bootstrap
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.url)
    with plugin(AwsProvider) as engine:
        engine.configure(region="eu-west-1", accessKey=key.access_key_id, secretKey=key.secret_access_key)
        yield engine.of(RECORD)


@pytest.fixture(name="zone")
def _zone(world: Route53World, engine: Engine) -> str:
    made = world.zone("example.org")
    asked(world)
    return made


def given(zone: str, name: str = "a.example.org", *values: str, **more: Any) -> dict[str, Any]:
    """Write a record's inputs."""
    return {"zoneId": zone, "name": name, "type": "TXT", "ttl": 300, "records": list(values or ("one",)), **more}


def asked(world: Route53World) -> list[str]:
    """Give the actions that AWS was asked for and forget them."""
    actions = [one.action for one in world.aws.seen]
    world.aws.seen.clear()
    return actions


def values(world: Route53World, zone: str) -> dict[str, list[str]]:
    """Give each record set's values as the API keeps them."""
    return {one["Name"]: [value["Value"] for value in one["ResourceRecords"]] for one in world.sets(zone)}


def test_the_properties_are_the_sdks() -> None:
    """The type has the SDK class's outputs and inputs, and needs what the SDK's arguments need."""
    described = schema(AwsProvider("1", threading.Event()))["resources"][RECORD]
    assert sorted(described["properties"]) == sorted(_types.resource_types(Record))
    inputs = _types.input_type_py_to_pulumi_names(RecordArgs)
    assert sorted(described["inputProperties"]) == sorted(inputs.values())
    assert sorted(described["requiredInputs"]) == ["name", "type", "zoneId"]


def test_the_look_ups_answer_with_the_sdks_properties(world: Route53World, engine: Engine, zone: str) -> None:
    """What getZone and getRecords return has the names of the SDK's result types."""
    world.change(zone, change("CREATE", "a.example.org", "TXT", '"one"'), alias("b.example.org", "c.example.net"))
    found = engine.invoke(ZONE, name="example.org")
    assert set(found) == set(_types.output_type_types(GetZoneResult))
    listed = engine.invoke(RECORDS, zoneId=zone)
    assert set(listed) <= set(_types.output_type_types(GetRecordsResult))
    sets = {one["name"]: one for one in listed["resourceRecordSets"]}
    of_set = outputs.GetRecordsResourceRecordSetResult
    assert set(sets["a.example.org."]) <= set(_types.output_type_types(of_set))
    of_alias = outputs.GetRecordsResourceRecordSetAliasTargetResult
    target = sets["b.example.org."]["aliasTarget"]
    assert set(target) == set(_types.output_type_types(of_alias))
    assert sets["a.example.org."]["resourceRecords"] == [{"value": '"one"'}]


def test_a_record_is_created_and_read(world: Route53World, engine: Engine, zone: str) -> None:
    """A create asks for the zone, sends CREATE, asks for the change and reads; TXT gets its quotes on the way."""
    made = engine.create(given(zone, "A.example.org.", "one", 'x""y \\"z\\"'))
    assert asked(world) == CREATE + READ
    assert values(world, zone) == {"a.example.org.": ['"one"', '"x""y \\"z\\""']}
    assert made.id == f"{zone}_a.example.org._TXT"
    assert (made.state["fqdn"], made.state["ttl"]) == ("a.example.org", 300)
    assert sorted(made.state["records"]) == ["one", 'x""y \\"z\\"']


def test_a_preview_asks_nothing(world: Route53World, engine: Engine, zone: str) -> None:
    """A preview knows what the program gave; the full name is the vendor's."""
    seen = engine.preview(given(zone))
    assert seen["records"] == ["one"]
    assert "fqdn" in seen
    assert asked(world) == []


def test_what_stands_is_not_overwritten(world: Route53World, engine: Engine, zone: str) -> None:
    """AWS refuses a second set in its own words; with allowOverwrite, off by default, it is an UPSERT."""
    world.change(zone, change("CREATE", "a.example.org", "TXT", '"foreign"'))
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(given(zone))
    assert "creating Route53 Record: operation error Route 53: ChangeResourceRecordSets, " in words(refused.value)
    assert (
        "InvalidChangeBatch: [Tried to create resource record set [name='a.example.org.', type='TXT'] but it already "
        "exists]" in words(refused.value)
    )
    assert values(world, zone) == {"a.example.org.": ['"foreign"']}
    engine.create(given(zone, allowOverwrite=True))
    assert values(world, zone) == {"a.example.org.": ['"one"']}


def test_name_and_zone_replace_and_the_rest_changes_in_place(engine: Engine, zone: str) -> None:
    """The order of values and the case of the name are no difference."""
    made = engine.create(given(zone, "a.example.org", "one", "two"))
    assert engine.changes(made, given(zone, "A.Example.org.", "two", "one")) == []
    assert engine.changes(made, given(zone, "a.example.org", "two")) == ["records"]
    replacing = engine.diff(made, given("Z2", "b.example.org", "one", "two", type="CNAME", ttl=60))
    assert sorted(replacing.detailedDiff) == ["name", "ttl", "type", "zoneId"]
    assert sorted(replacing.replaces) == ["name", "zoneId"]


def test_an_update_overwrites(world: Route53World, engine: Engine, zone: str) -> None:
    """Values and TTL are sent as UPSERT: also over what somebody changed since."""
    made = engine.create(given(zone))
    world.change(zone, change("UPSERT", "a.example.org", "TXT", '"by hand"'))
    asked(world)
    made = engine.update(made, given(zone, "a.example.org", "two", ttl=60))
    assert asked(world) == CREATE + READ
    assert values(world, zone) == {"a.example.org.": ['"two"']}
    assert made.state["ttl"] == 60


def test_a_type_is_changed_in_one_batch(world: Route53World, engine: Engine, zone: str) -> None:
    """The old set is deleted and the new one created in one step (hashicorp/terraform-provider-aws#47105)."""
    made = engine.create(given(zone))
    engine.update(made, given(zone, "a.example.org", "elsewhere.example.net", type="CNAME"))
    assert [one["Type"] for one in world.sets(zone)] == ["CNAME"]


def test_a_refresh_shows_what_stands(world: Route53World, engine: Engine, zone: str) -> None:
    """Values that others added come back, a set that is gone leaves the state, as does one in a zone that is gone."""
    made = engine.create(given(zone))
    asked(world)
    assert engine.refresh(made) is not None
    assert asked(world) == READ
    world.change(zone, change("UPSERT", "a.example.org", "TXT", '"one"', '"foreign"'))
    found = engine.refresh(made)
    assert found is not None
    assert sorted(found.inputs["records"]) == ["foreign", "one"]
    world.change(zone, change("DELETE", "a.example.org", "TXT", '"foreign"', '"one"'))
    assert engine.refresh(made) is None
    world.api.delete_hosted_zone(Id=zone)
    assert engine.refresh(made) is None


@pytest.mark.parametrize("name", ["_dmarc.example.org", "a_TXT.example.org", "*.example.org", "example.org"])
def test_an_import_needs_the_id_only(engine: Engine, zone: str, name: str) -> None:
    """`<zone>_<name>_<type>` is taken apart, underscores in the name too; the imported inputs are no difference."""
    engine.create(given(zone, name))
    found = engine.import_(f"{zone}_{name}_TXT")
    assert found is not None
    assert (found.id, found.state["fqdn"]) == (f"{zone}_{name}_TXT", name.lower())
    assert engine.changes(found, given(zone, name)) == []


def test_an_import_of_nothing_or_of_no_id_is_said(engine: Engine, zone: str) -> None:
    """A set that is not there is no resource; an id without its parts is explained as the real plugin does."""
    assert engine.import_(f"{zone}_a.example.org_TXT") is None
    for wrong in (zone, f"{zone}_TXT", f"{zone}_a.example.org_TEXT"):
        with pytest.raises(grpc.RpcError) as refused:
            engine.import_(wrong)
        assert f'unexpected format of ID ("{wrong}"), expected ZONEID_RECORDNAME_TYPE' in words(refused.value)


def test_a_delete_takes_the_set_as_it_stands(world: Route53World, engine: Engine, zone: str) -> None:
    """Also values that others added go with it; a set that is gone is no failure."""
    made = engine.create(given(zone))
    world.change(zone, change("UPSERT", "a.example.org", "TXT", '"one"', '"foreign"'))
    asked(world)
    engine.delete(made)
    assert asked(world) == [*READ, "ChangeResourceRecordSets", "GetChange"]
    assert world.sets(zone) == []
    engine.delete(made)


def test_a_relative_name_is_completed(engine: Engine, zone: str) -> None:
    """A name without the zone's gets it appended, no name is the zone's own."""
    assert engine.create(given(zone, "b")).state["fqdn"] == "b.example.org"
    assert engine.create(given(zone, "")).state["fqdn"] == "example.org"


def test_a_zone_that_is_gone_is_said(engine: Engine, zone: str) -> None:
    """A record in no zone fails with the zone's id."""
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(given("Z0NONE"))
    assert "reading Route 53 Hosted Zone (Z0NONE): couldn't find resource" in words(refused.value)


def test_get_zone_finds_the_one_zone_of_a_name_and_kind(world: Route53World, engine: Engine, zone: str) -> None:
    """Private zones are others than public ones; none or two are a failure in the real plugin's words."""
    private = world.zone("example.org", private=True)
    assert engine.invoke(ZONE, name="Example.org.")["zoneId"] == zone
    assert asked(world) == ["ListHostedZones", "GetHostedZone", "ListTagsForResource"]
    assert engine.invoke(ZONE, name="example.org", privateZone=True)["zoneId"] == private
    found = engine.invoke(ZONE, zoneId=zone)
    assert (found["name"], found["privateZone"]) == ("example.org", False)
    assert found["nameServers"] == world.api.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    with pytest.raises(grpc.RpcError) as refused:
        engine.invoke(ZONE, name="example.com")
    assert "no matching Route 53 Hosted Zone found" in words(refused.value)
    world.zone("example.org")
    with pytest.raises(grpc.RpcError) as refused:
        engine.invoke(ZONE, name="example.org")
    assert "multiple Route 53 Hosted Zones matched" in words(refused.value)


def test_get_records_lists_all_pages(world: Route53World, engine: Engine, zone: str) -> None:
    """A page holds 300 record sets; all are listed, SOA and NS too, or those whose names a pattern finds."""
    world.change(zone, *(change("CREATE", f"n{number}.example.org", "TXT", '"one"') for number in range(305)))
    asked(world)
    listed = engine.invoke(RECORDS, zoneId=zone)["resourceRecordSets"]
    assert asked(world) == ["ListResourceRecordSets"] * 2
    assert len(listed) == len({one["name"] for one in listed if one["type"] == "TXT"}) + 2 == 307
    assert len(engine.invoke(RECORDS, zoneId=zone, nameRegex="^n30[0-9]")["resourceRecordSets"]) == 5


def test_get_records_passes_on_a_refusal(world: Route53World, engine: Engine, zone: str) -> None:
    """A zone that is not there is said in AWS's words."""
    with pytest.raises(grpc.RpcError) as refused:
        engine.invoke(RECORDS, zoneId="Z0NONE")
    assert "listing Route 53 Records (Z0NONE): " in words(refused.value)
    assert "NoSuchHostedZone" in words(refused.value)


def test_an_alias_is_not_served(engine: Engine, zone: str) -> None:
    """What the kit never writes is refused rather than half done."""
    target = {"name": "c.example.net", "zoneId": zone, "evaluateTargetHealth": False}
    with pytest.raises(grpc.RpcError) as refused:
        engine.create({"zoneId": zone, "name": "b.example.org", "type": "A", "aliases": [target]})
    assert "plain record sets only, without aliases" in words(refused.value)


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-east-1"])
@pytest.mark.parametrize("service", [IAM, ROUTE53])
def test_global_services_are_reached_where_botocore_reaches_them(service: Service, region: str) -> None:
    """IAM and Route 53 have one endpoint for each partition, and a region that requests are signed for."""
    make: Any = boto3.client  # the service's name is a variable here, which its stubs have no case for
    client = make(
        service.signing,
        region_name=region,
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(signature_version="v4"),
    )
    signed = urlsplit(client.generate_presigned_url("list_users" if service is IAM else "list_hosted_zones"))
    signed_for = parse_qs(signed.query)["X-Amz-Credential"][0].split("/")[2]
    assert GLOBAL[service][partition(region)[0]] == (f"https://{signed.netloc}", signed_for)
