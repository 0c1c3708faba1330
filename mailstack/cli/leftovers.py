"""What a killed run left in the world: found by its physical name and our mark, with the id to import it by."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mailstack.cli.adoption.standing import as_the_plugin_takes_it
from mailstack.cli.engine import Engine
from plugin.configuration import account
from providers.aws import AwsAccount
from providers.dns import cloudflare, route53
from providers.dns.base import HostedZone

# Type token -> how the thing is looked for; other types (components, waits) leave nothing in the world.
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
USER = "aws:iam/user:User"
POLICY = "aws:iam/userPolicy:UserPolicy"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
RECORD_SET = "aws:route53/record:Record"  # what the kit's own plugin writes, the next `up` takes over by itself
IAM_REGION = "us-east-1"  # IAM is the same in every region of the commercial partition


class Leftovers:
    """Look-ups of one stack's leftovers, in the account and with the token that the stack uses."""

    def __init__(
        self, account: AwsAccount, region: str, owner: str, key_ids: frozenset[str], cloudflare_token: str | None
    ) -> None:
        """Take what the stack's configuration says; `key_ids` are the access keys that its state knows."""
        self._account, self._region, self._owner, self._key_ids = account, region, owner, key_ids
        self._token = cloudflare_token
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
        config = json.loads(engine.read("config", "--json", "--show-secrets", *choice))
        values = {key: entry.get("objectValue", entry.get("value")) for key, entry in config.items()}
        resources = deployment.get("resources") or []
        keys = frozenset(one["id"] for one in resources if one["type"] == ACCESS_KEY and one.get("id"))
        region = values.get("aws:region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        token = values.get("cloudflare:apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN")
        stack, project = _stack_and_project(deployment)
        owner = f"{project}/{stack}"
        return cls(account(as_the_plugin_takes_it(values)), region or IAM_REGION, owner, keys, token)

    def id_of(self, operation: Any) -> str | None:
        """Return the import id of what a killed create has made; None where it made nothing, or nothing of ours."""
        finder = self._finders.get(operation.type)
        return finder(operation.inputs) if finder and operation.kind == "creating" else None

    def delete_useless(self, operation: Any) -> Iterator[str]:
        """Delete the access keys that a killed create has made: their secret was never seen and cannot be had again."""
        if operation.type != ACCESS_KEY:
            return
        iam = self._account.client("iam", self._region)
        user = operation.inputs["user"]
        try:
            keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        except iam.exceptions.NoSuchEntityException:
            return
        for key in keys:
            if key["AccessKeyId"] not in self._key_ids:
                iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
                yield f"deleted access key {key['AccessKeyId']} of {user}: made by the killed run, its secret is lost"

    def _ses(self, inputs: Mapping[str, Any]) -> Any:
        return self._account.client("sesv2", inputs.get("region") or self._region)

    def _with_region(self, id: str, inputs: Mapping[str, Any]) -> str:
        """Name the region where it is not the provider's own (pulumi-aws 7: "<id>@<region>")."""
        region = inputs.get("region")
        return id if region in (None, self._region) else f"{id}@{region}"

    def _configuration_set(self, inputs: Mapping[str, Any]) -> str | None:
        ses, name = self._ses(inputs), inputs["configurationSetName"]
        try:
            found = ses.get_configuration_set(ConfigurationSetName=name)
        except ses.exceptions.NotFoundException:
            return None
        return self._with_region(name, inputs) if self._ours(found.get("Tags")) else None

    def _identity(self, inputs: Mapping[str, Any]) -> str | None:
        found = self._get_identity(inputs)
        return self._with_region(inputs["emailIdentity"], inputs) if found and self._ours(found.get("Tags")) else None

    def _mail_from(self, inputs: Mapping[str, Any]) -> str | None:
        found = self._get_identity(inputs) or {}
        standing = (found.get("MailFromAttributes") or {}).get("MailFromDomain")
        return self._with_region(inputs["emailIdentity"], inputs) if standing == inputs["mailFromDomain"] else None

    def _get_identity(self, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        ses = self._ses(inputs)
        try:
            return dict(ses.get_email_identity(EmailIdentity=inputs["emailIdentity"]))
        except ses.exceptions.NotFoundException:
            return None

    def _user(self, inputs: Mapping[str, Any]) -> str | None:
        iam, name = self._account.client("iam", self._region), inputs["name"]
        try:
            tags = iam.list_user_tags(UserName=name)["Tags"]
        except iam.exceptions.NoSuchEntityException:
            return None
        return name if self._ours(tags) else None

    def _policy(self, inputs: Mapping[str, Any]) -> str | None:
        iam = self._account.client("iam", self._region)
        try:
            iam.get_user_policy(UserName=inputs["user"], PolicyName=inputs["name"])
        except iam.exceptions.NoSuchEntityException:
            return None
        return f"{inputs['user']}:{inputs['name']}"

    def _record(self, inputs: Mapping[str, Any]) -> str | None:
        wanted = cloudflare.standing([{**inputs, "comment": ""}])[0]
        host, zone = cloudflare.Cloudflare.from_environment(self._token), HostedZone(inputs["zoneId"], "")
        for other in host.standing(zone):
            same = (other.name, other.type, other.content) == (wanted.name, wanted.type, wanted.content)
            if same and other.mark == cloudflare.mark(self._owner):
                return host.import_id(zone, other)
        return None

    def _record_set(self, inputs: Mapping[str, Any]) -> str | None:
        """Find a record set that stands as it was to be made: Route 53 keeps no marks."""
        host, zone = route53.Route53(self._account), HostedZone(inputs["zoneId"], "")
        wanted = {route53.content(inputs["type"], value) for value in inputs["records"]}
        there = [one for one in host.standing(zone) if (one.name, one.type) == (inputs["name"], inputs["type"])]
        same = {one.content for one in there} == wanted
        return host.import_id(zone, there[0]) if there and same else None

    def _ours(self, tags: Sequence[Mapping[str, str]] | None) -> bool:
        return {"Key": "mailstack", "Value": self._owner} in [dict(tag) for tag in tags or []]


def _stack_and_project(deployment: Mapping[str, Any]) -> tuple[str, str]:
    """Read stack and project from any urn of the deployment: "urn:pulumi:<stack>::<project>::..."."""
    operations = [one["resource"] for one in deployment.get("pending_operations") or []]
    urn = [*operations, *(deployment.get("resources") or [])][0]["urn"]
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    return stack, project
