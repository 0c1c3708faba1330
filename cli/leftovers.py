"""What a killed run left in the world: found by its physical name and our mark, with the id to import it by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cli.engine import Engine
from cli.existing import Standing
from providers.dns import cloudflare, route53

# Type token -> how the thing is looked for; other types (components, waits) leave nothing in the world.
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
USER = "aws:iam/user:User"
POLICY = "aws:iam/userPolicy:UserPolicy"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
RECORD_SET = "aws:route53/record:Record"  # what the kit's own plugin writes, the next `up` takes over by itself


class Leftovers:
    """Look-ups of one stack's leftovers, in the account and with the token that the stack uses."""

    def __init__(self, standing: Standing, owner: str, key_ids: frozenset[str]) -> None:
        """Take what answers, whose mark is looked for, and the access keys that the state knows."""
        self._standing, self._owner, self._key_ids = standing, owner, key_ids
        self._finders: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
            CONFIGURATION_SET: self._configuration_set,
            IDENTITY: self._identity,
            MAIL_FROM: self._mail_from,
            USER: self._user,
            POLICY: self._policy,
            RECORD: self._record,
            RECORD_SET: self._record_set,
        }

    @classmethod
    def of_stack(cls, engine: Engine, choice: Sequence[str], deployment: Mapping[str, Any]) -> Leftovers:
        """Read account, region and token from a stack's configuration and the environment, as its providers do."""
        resources = deployment.get("resources") or []
        keys = frozenset(one["id"] for one in resources if one["type"] == ACCESS_KEY and one.get("id"))
        stack, project = _stack_and_project(deployment)
        return cls(Standing.of_stack(engine, choice), f"{project}/{stack}", keys)

    def id_of(self, operation: Any) -> str | None:
        """Return the import id of what a killed create has made; None where it made nothing, or nothing of ours."""
        finder = self._finders.get(operation.type)
        return finder(operation.inputs) if finder and operation.kind == "creating" else None

    def delete_useless(self, operation: Any) -> Iterator[str]:
        """Delete the access keys that a killed create has made: their secret was never seen and cannot be had again."""
        if operation.type != ACCESS_KEY:
            return
        iam = self._iam
        user = operation.inputs["user"]
        try:
            keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        except iam.exceptions.NoSuchEntityException:
            return
        for key in keys:
            if key["AccessKeyId"] not in self._key_ids:
                iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
                yield f"deleted access key {key['AccessKeyId']} of {user}: made by the killed run, its secret is lost"

    @property
    def _iam(self) -> Any:
        return self._standing.account.client("iam", self._standing.region)

    def _region(self, inputs: Mapping[str, Any]) -> str:
        return str(inputs.get("region") or self._standing.region)

    def _configuration_set(self, inputs: Mapping[str, Any]) -> str | None:
        name, region = inputs["configurationSetName"], self._region(inputs)
        found = self._standing.configuration_set(name, region)
        return self._standing.with_region(name, region) if found and self._ours(found.get("Tags")) else None

    def _identity(self, inputs: Mapping[str, Any]) -> str | None:
        name, region = inputs["emailIdentity"], self._region(inputs)
        found = self._standing.identity(name, region)
        return self._standing.with_region(name, region) if found and self._ours(found.get("Tags")) else None

    def _mail_from(self, inputs: Mapping[str, Any]) -> str | None:
        name, region = inputs["emailIdentity"], self._region(inputs)
        found = self._standing.identity(name, region) or {}
        standing = (found.get("MailFromAttributes") or {}).get("MailFromDomain")
        return self._standing.with_region(name, region) if standing == inputs["mailFromDomain"] else None

    def _user(self, inputs: Mapping[str, Any]) -> str | None:
        iam, name = self._iam, inputs["name"]
        try:
            tags = iam.list_user_tags(UserName=name)["Tags"]
        except iam.exceptions.NoSuchEntityException:
            return None
        return name if self._ours(tags) else None

    def _policy(self, inputs: Mapping[str, Any]) -> str | None:
        iam = self._iam
        try:
            iam.get_user_policy(UserName=inputs["user"], PolicyName=inputs["name"])
        except iam.exceptions.NoSuchEntityException:
            return None
        return f"{inputs['user']}:{inputs['name']}"

    def _record(self, inputs: Mapping[str, Any]) -> str | None:
        wanted = cloudflare.standing([{**inputs, "comment": ""}])[0]
        for other in self._standing.records("cloudflare", inputs["zoneId"]):
            same = (other.name, other.type, other.content) == (wanted.name, wanted.type, wanted.content)
            if same and other.mark == cloudflare.mark(self._owner):
                return self._standing.import_id("cloudflare", inputs["zoneId"], other)
        return None

    def _record_set(self, inputs: Mapping[str, Any]) -> str | None:
        """Find a record set that stands as it was to be made: Route 53 keeps no marks."""
        wanted = {route53.content(inputs["type"], value) for value in inputs["records"]}
        standing = self._standing.records("route53", inputs["zoneId"])
        there = [one for one in standing if (one.name, one.type) == (inputs["name"], inputs["type"])]
        same = {one.content for one in there} == wanted
        return self._standing.import_id("route53", inputs["zoneId"], there[0]) if there and same else None

    def _ours(self, tags: Sequence[Mapping[str, str]] | None) -> bool:
        return {"Key": "mailstack", "Value": self._owner} in [dict(tag) for tag in tags or []]


def _stack_and_project(deployment: Mapping[str, Any]) -> tuple[str, str]:
    """Read stack and project from any urn of the deployment: "urn:pulumi:<stack>::<project>::..."."""
    operations = [one["resource"] for one in deployment.get("pending_operations") or []]
    urn = [*operations, *(deployment.get("resources") or [])][0]["urn"]
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    return stack, project
