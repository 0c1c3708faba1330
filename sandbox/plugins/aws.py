"""The stand-in for pulumi-resource-aws: SESv2, IAM and Route 53 types, look-ups."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from .aws_account import Account, structured
from .aws_api import STS, AwsError, partition
from .configuration_set import ConfigurationSet, configuration_set_outputs
from .iam import AccessKey, User, UserPolicy, user_outputs
from .resource import Resource, State, VendorError
from .route53 import Record
from .route53_zones import find_records, find_zone
from .sesv2 import EmailIdentity, MailFrom, identity_outputs, path_of
from .wire import has_unknown

if TYPE_CHECKING:
    from .servicer import Function

Result = TypeVar("Result")


class AwsProvider:
    """The package `aws`."""

    name = "aws"
    logs_failures = False

    def __init__(self, version: str, cancelled: threading.Event) -> None:
        self.version, self.cancelled = version, cancelled
        self._account = Account(cancelled)
        self.resources: Mapping[str, Resource] = {
            "aws:sesv2/emailIdentity:EmailIdentity": EmailIdentity(self._account),
            "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": MailFrom(self._account),
            "aws:sesv2/configurationSet:ConfigurationSet": ConfigurationSet(self._account),
            "aws:iam/user:User": User(self._account),
            "aws:iam/userPolicy:UserPolicy": UserPolicy(self._account),
            "aws:iam/accessKey:AccessKey": AccessKey(self._account),
            "aws:route53/record:Record": Record(self._account),
        }
        self.functions: Mapping[str, Function] = {
            "aws:index/getCallerIdentity:getCallerIdentity": self._caller_identity,
            "aws:index/getRegion:getRegion": self._region,
            "aws:index/getPartition:getPartition": self._partition,
            "aws:iam/getUser:getUser": self._user,
            "aws:route53/getZone:getZone": lambda arguments: find_zone(self._account, arguments),
            "aws:route53/getRecords:getRecords": lambda arguments: find_records(self._account, arguments),
            "aws:sesv2/getEmailIdentity:getEmailIdentity": self._email_identity,
            "aws:sesv2/getConfigurationSet:getConfigurationSet": self._configuration_set,
        }

    def check_config(self, config: State) -> State:
        """Take the region from the environment where no setting names one, and validate the credentials."""
        region = config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        defaults: State = {"skipCredentialsValidation": "false", "skipRegionValidation": "true"}
        checked = {**defaults, **config, **({"region": region} if region else {})}
        if region and not has_unknown(checked) and not structured(checked, "skipCredentialsValidation"):
            self._account.validate(checked)
        return checked

    def configure(self, config: State) -> None:
        """Find the credentials and ask AWS once more whose they are."""
        if not config.get("region"):
            raise VendorError(
                'missing required configuration key "aws:region": The region where AWS operations will take place. '
                "Examples are us-east-1, us-west-2, etc.\n"
                "Set a value using the command `pulumi config set aws:region <value>`."
            )
        self._account.configure(config)

    def check(self, token: str, inputs: State) -> State:
        """Fill in the provider's region and default tags."""
        properties, filled = self.resources[token].properties, dict(inputs)
        if "region" in properties and "region" not in filled and self._account.aws.region:
            filled["region"] = self._account.aws.region
        if "tags" in properties and self._account.default_tags and isinstance(filled.get("tags", {}), dict):
            filled["tags"] = {**self._account.default_tags, **filled.get("tags", {})}
        return filled

    def planned(self, token: str, inputs: State) -> State:
        """Give the tags: they are known before anything is made."""
        return {"tagsAll": inputs.get("tags", {})} if "tagsAll" in self.resources[token].properties else {}

    def _caller_identity(self, _arguments: State) -> State:
        found = self._account.aws.query(STS, "GetCallerIdentity")
        account = found.findtext(".//Account")
        return {
            "accountId": account,
            "arn": found.findtext(".//Arn"),
            "id": account,
            "userId": found.findtext(".//UserId"),
        }

    def _region(self, arguments: State) -> State:
        region = arguments.get("region") or arguments.get("name") or self._account.aws.region
        endpoint = f"ec2.{region}.{partition(region)[1]}"
        return {"id": region, "name": region, "region": region, "endpoint": endpoint, "description": region}

    def _partition(self, _arguments: State) -> State:
        name, suffix = partition(self._account.aws.region)
        return {
            "id": name,
            "partition": name,
            "dnsSuffix": suffix,
            "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        }

    def _user(self, arguments: State) -> State:
        name = arguments["userName"]
        found = _found(f"reading IAM User ({name})", lambda: User(self._account).call("GetUser", UserName=name))
        user = user_outputs(found)
        return {
            "arn": user["arn"],
            "id": user["uniqueId"],
            "path": user["path"],
            "permissionsBoundary": user["permissionsBoundary"] or "",
            "tags": user["tags"] or {},
            "userId": user["uniqueId"],
            "userName": user["name"],
        }

    def _email_identity(self, arguments: State) -> State:
        name, state = arguments["emailIdentity"], {"region": arguments.get("region") or self._account.aws.region}
        identity = EmailIdentity(self._account)
        found = _found(
            f"reading SESv2 Email Identity ({name})",
            lambda: identity.call(state, "GetEmailIdentity", "GET", path_of("identities", name)),
        )
        outputs = identity_outputs(found)
        signing = outputs.pop("dkimSigningAttributes")
        return {
            **outputs,
            **state,
            "configurationSetName": outputs["configurationSetName"] or "",
            "dkimSigningAttributes": [{"domainSigningPrivateKey": "", "domainSigningSelector": "", **_filled(signing)}],
            "emailIdentity": name,
            "id": name,
            "arn": identity.arn(state, name),
            "tags": identity.read_tags(state, name) or {},
        }

    def _configuration_set(self, arguments: State) -> State:
        name, state = arguments["configurationSetName"], {"region": arguments.get("region") or self._account.aws.region}
        one = ConfigurationSet(self._account)
        found = _found(
            f"reading SESv2 Configuration Set ({name})",
            lambda: one.call(state, "GetConfigurationSet", "GET", path_of("configuration-sets", name)),
        )
        return {
            **{key: [value] if value else [] for key, value in configuration_set_outputs(found).items()},
            **state,
            "configurationSetName": name,
            "id": name,
            "arn": one.arn(state, name),
            "tags": one.read_tags(state, name) or {},
        }


def _filled(values: State) -> State:
    """Write texts that are missing as empty ones, as the real data sources do."""
    return {key: "" if value is None else value for key, value in values.items()}


def _found(doing: str, call: Callable[[], Result]) -> Result:
    try:
        return call()
    except AwsError as error:
        missing = "couldn't find resource: " if error.missing else ""
        raise VendorError(f"{doing}: {missing}{error}") from None


def main() -> None:
    """Serve the package to the engine that started this process."""
    from .launch import serve

    serve(AwsProvider, "aws")


if __name__ == "__main__":
    from .launch import protocol_only

    protocol_only()
    main()
