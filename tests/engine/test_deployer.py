"""The deployer's policy of docs/deployer-policy.json: enough for a stack's whole life, and nothing that no one asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from .project import ROOT, Project
from .test_repair import repair
from .world import World

POLICY = json.loads((ROOT / "docs" / "deployer-policy.json").read_text())
LOGINS = next(statement for statement in POLICY["Statement"] if statement["Sid"] == "Logins")
NEEDED = "ses:PutEmailIdentityMailFromAttributes"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
# The sandbox's name servers show a change at once; what AWS calls PENDING is asked for again (test_route53.py).
ONLY_ON_AWS = {"GetChange"}


class Deployer:
    """An IAM user outside the senders' path, with a policy and nothing else."""

    def __init__(self, world: World, name: str) -> None:
        self._iam, self._name = world.aws("iam"), name
        self._iam.create_user(UserName=name, Path="/deployers/")
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.environment = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }

    def allow(self, policy: Mapping[str, Any]) -> None:
        """Give it this policy in place of the one before."""
        self._iam.put_user_policy(UserName=self._name, PolicyName="deploy", PolicyDocument=json.dumps(policy))


class Asked:
    """Collects the AWS actions that were asked for, except what a test itself does between the watches."""

    def __init__(self, world: World) -> None:
        self._world, self.actions = world, set[str]()

    def begin(self) -> None:
        """Forget what the test did."""
        self._world.control("DELETE", "/requests")

    def end(self) -> None:
        """Note what was asked since."""
        self.actions |= {one["action"] for one in self._world.control("GET", "/requests") if one["service"] == "aws"}


def _without(action: str) -> dict[str, Any]:
    text = json.dumps(POLICY)
    assert f'"{action}", ' in text
    return dict(json.loads(text.replace(f'"{action}", ', "")))


@pytest.fixture(name="deployer")
def _deployer(world: World, zone: str) -> Deployer:
    return Deployer(world, f"deployer-{zone}")


def test_the_documented_policy_is_enough_and_no_more(
    world: World, zone: str, tmp_path: Path, deployer: Deployer
) -> None:
    """Up, drift, change, refresh, repair and destroy use every action of the policy; one less fails in AWS's words."""
    domain = f"notify.{zone}"
    world.aws("route53").create_hosted_zone(Name=zone, CallerReference=zone)
    project = Project(tmp_path / "project", {**world.environment, **deployer.environment})
    ses: dict[str, Any] = {}
    settings: dict[str, Any] = {
        "dns": {zone: {"hosts": ["cloudflare", "route53"]}},
        "domains": {domain: {"protect": False, "wait": "require", "waitMinutes": 1, "routes": {"main": {"ses": ses}}}},
        "senders": {"notify": {"domain": domain}},
    }
    project.configure(**settings)
    asked = Asked(world)
    deployer.allow(_without(NEEDED))
    asked.begin()
    refused = project.up(check=False)
    asked.end()
    assert refused.returncode != 0
    assert f"deployer-{zone} is not authorized to perform: {NEEDED}" in refused.stdout + refused.stderr

    deployer.allow(POLICY)
    asked.begin()
    project.up()
    asked.end()
    _drift(world, domain, project.resources())
    ses |= {"userPath": "/mailstack/other/", "permissionsBoundary": _boundary(world)}
    settings["domains"][domain]["dkim"] = {"bits": 1024}
    project.configure(**settings)
    asked.begin()
    project.up("--refresh")
    project.assert_unchanged()
    _repair(world, project)
    project.up()  # what was imported learns what it depends on
    project.destroy()
    asked.end()

    documented = {action.partition(":")[2] for statement in POLICY["Statement"] for action in statement["Action"]}
    # STS tells every caller who it is, whatever its policy says.
    assert (asked.actions - {"GetCallerIdentity"}) | ONLY_ON_AWS == documented


def _boundary(world: World) -> str:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ses:*", "Resource": "*"}]}
    made = world.aws("iam").create_policy(PolicyName="senders", PolicyDocument=json.dumps(document))
    return str(made["Policy"]["Arn"])


def _drift(world: World, domain: str, resources: list[dict[str, Any]]) -> None:
    """Change by hand everything that the next `up` puts right."""
    ses, iam = world.aws("sesv2"), world.aws("iam")
    outputs = {one["type"]: one.get("outputs", {}) for one in resources}
    name = outputs["aws:sesv2/configurationSet:ConfigurationSet"]["configurationSetName"]
    user = outputs["aws:iam/user:User"]["name"]
    identity = outputs["aws:sesv2/emailIdentity:EmailIdentity"]["arn"]
    ses.put_configuration_set_delivery_options(ConfigurationSetName=name, TlsPolicy="REQUIRE")
    ses.put_configuration_set_reputation_options(ConfigurationSetName=name, ReputationMetricsEnabled=False)
    ses.put_configuration_set_sending_options(ConfigurationSetName=name, SendingEnabled=False)
    ses.put_configuration_set_suppression_options(ConfigurationSetName=name, SuppressedReasons=["BOUNCE"])
    ses.put_email_identity_configuration_set_attributes(EmailIdentity=domain)
    ses.tag_resource(ResourceArn=identity, Tags=[{"Key": "by", "Value": "hand"}, {"Key": "mailstack", "Value": "x"}])
    iam.tag_user(UserName=user, Tags=[{"Key": "by", "Value": "hand"}, {"Key": "sender", "Value": "x"}])


def _repair(world: World, project: Project) -> None:
    """Leave what a killed run leaves: `mailstack repair` finds each thing and deletes a useless key, with these rights.

    The state knows no thing at AWS but the access key; of each it knows that its creation began.
    """
    resources = project.resources()
    users = [one["outputs"]["arn"] for one in resources if one["type"] == "aws:iam/user:User"]
    assert [fnmatchcase(arn, LOGINS["Resource"]) for arn in users] == [True]  # the sandbox does not compare IAM's ARNs
    lost = [one for one in resources if one["type"].startswith("aws:") and one["type"] != ACCESS_KEY]
    [key] = [one for one in resources if one["type"] == ACCESS_KEY]
    orphan = world.aws("iam").create_access_key(UserName=key["inputs"]["user"])["AccessKey"]["AccessKeyId"]
    _lose(project, {one["urn"] for one in lost}, began=[*lost, key])
    assert f"deleted access key {orphan} of {key['inputs']['user']}: made by the killed run" in repair(project)
    ids = {one["urn"]: one.get("id") for one in project.resources()}
    assert {one["urn"]: ids.get(one["urn"]) for one in [*lost, key]} == {one["urn"]: one["id"] for one in [*lost, key]}


def _lose(project: Project, urns: set[str], began: list[dict[str, Any]]) -> None:
    """Take resources out of the state, and write down operations that began and never ended."""
    [path] = (project.folder / "state" / ".pulumi" / "stacks" / "mailstack").glob("*.json")
    whole = json.loads(path.read_text())
    latest = whole["checkpoint"]["latest"]
    latest["resources"] = [_without_dependencies(one, urns) for one in latest["resources"] if one["urn"] not in urns]
    creating = [{key: value for key, value in one.items() if key not in ("id", "outputs")} for one in began]
    latest["pending_operations"] = [
        {"resource": _without_dependencies(one, urns), "type": "creating"} for one in creating
    ]
    path.write_text(json.dumps(whole))


def _without_dependencies(resource: dict[str, Any], urns: set[str]) -> dict[str, Any]:
    """Return a resource of the state that depends on none of these."""
    properties = {
        key: [urn for urn in found if urn not in urns]
        for key, found in (resource.get("propertyDependencies") or {}).items()
    }
    kept = [urn for urn in resource.get("dependencies") or [] if urn not in urns]
    return {**resource, "dependencies": kept, "propertyDependencies": properties}
