"""SESv2 identities and their MAIL FROM domain, and what they share with configuration sets.

Operations and bodies: https://docs.aws.amazon.com/ses/latest/APIReference-V2/Welcome.html
"""

from __future__ import annotations

import abc
import datetime
import urllib.parse
from typing import Any, ClassVar, Final

from .aws_account import Account
from .aws_api import AwsError
from .resource import OUTPUT, Properties, Property, State, VendorError

REGION: Final = Property(computed=True, replaces=True)
TAGS: Final = {"tags": Property(), "tagsAll": OUTPUT}


def lower(name: str) -> str:
    """Turn a vendor's `TlsPolicy` into the property's `tlsPolicy`."""
    return name[:1].lower() + name[1:]


def upper(name: str) -> str:
    """Turn the property's `tlsPolicy` into the vendor's `TlsPolicy`."""
    return name[:1].upper() + name[1:]


def tag_list(tags: State | None) -> list[State]:
    """Write tags as the API takes them."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def _tags(found: list[State]) -> State | None:
    return {tag["Key"]: tag["Value"] for tag in found} or None


class Tagged(abc.ABC):
    """What identities and configuration sets share: a region, an ARN and tags, and how they are read and deleted."""

    kind: str  # in ARNs
    collection: str  # in paths
    title: str  # in messages
    operation: str  # behind Get, Create, Delete

    def __init__(self, account: Account) -> None:
        self._account = account

    def call(
        self, state: State, operation: str, method: str, path: str, body: State | None = None, query: str = ""
    ) -> State:
        """Call an operation in the object's region."""
        return self._account.aws.json(operation, method, f"/v2/email/{path}", body, state.get("region", ""), query)

    def arn(self, state: State, name: str) -> str:
        """Return the object's ARN."""
        return self._account.arn("ses", f"{self.kind}/{name}", state.get("region", ""))

    def read_tags(self, state: State, name: str) -> State | None:
        """Ask for the object's tags, as the real plugin does on every read."""
        query = urllib.parse.urlencode({"ResourceArn": self.arn(state, name)}, quote_via=urllib.parse.quote)
        return _tags(self.call(state, "ListTagsForResource", "GET", "tags", query=query).get("Tags", []))

    def update_tags(self, state: State, name: str, wanted: State | None) -> None:
        """Bring the object's tags to `wanted`."""
        old, new, arn = state.get("tags") or {}, wanted or {}, self.arn(state, name)
        if gone := [key for key in old if key not in new]:
            pairs = [("ResourceArn", arn), *(("TagKeys", key) for key in gone)]
            query = urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)
            self.call(state, "UntagResource", "DELETE", "tags", query=query)
        if changed := {key: value for key, value in new.items() if old.get(key) != value}:
            self.call(state, "TagResource", "POST", "tags", {"ResourceArn": arn, "Tags": tag_list(changed)})

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Read the object and its tags."""
        try:
            return id_, self.now(id_, state)
        except AwsError as error:
            if error.missing:
                return None
            raise self.says("reading", id_, error) from None

    def delete(self, id_: str, state: State) -> None:
        """Delete the object; one that is gone is fine."""
        try:
            self.call(state, f"Delete{self.operation}", "DELETE", path_of(self.collection, id_))
        except AwsError as error:
            if not error.missing:
                raise self.says("deleting", id_, error) from None

    def now(self, name: str, before: State) -> State:
        """Return the object's properties as they are; `before` is its state so far. Raises AwsError."""
        state = {"region": before.get("region") or self._account.aws.region}
        found = self.call(state, f"Get{self.operation}", "GET", path_of(self.collection, name))
        tags = self.read_tags(state, name)
        shared = {**state, "arn": self.arn(state, name), "tags": tags, "tagsAll": tags or {}}
        return {**self.outputs(name, found, before), **shared}

    @abc.abstractmethod
    def outputs(self, name: str, found: State, before: State) -> State:
        """Translate the vendor's answer into properties."""

    def says(self, doing: str, name: str, error: AwsError) -> VendorError:
        """Say what was being done when AWS refused."""
        return says(f"{doing} {self.title}", name, error)


def path_of(collection: str, name: str, *more: str) -> str:
    """Write the path of an object in a collection; the name is percent-encoded."""
    return "/".join([collection, urllib.parse.quote(name, safe=""), *more])


def says(doing: str, name: str, error: AwsError) -> VendorError:
    """Say what was being done when AWS refused."""
    return VendorError(f"{doing} ({name}): {error}")


def timestamp(value: Any) -> str | None:
    """Write a time (epoch seconds on the wire) as the providers do."""
    if not isinstance(value, int | float):
        return str(value) if value else None
    return datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity_outputs(found: State) -> State:
    """Translate GetEmailIdentity's answer into properties."""
    dkim = found.get("DkimAttributes") or {}
    return {
        "configurationSetName": found.get("ConfigurationSetName") or None,
        "identityType": found.get("IdentityType"),
        "verificationStatus": found.get("VerificationStatus"),
        "verifiedForSendingStatus": bool(found.get("VerifiedForSendingStatus")),
        "dkimSigningAttributes": {
            "currentSigningKeyLength": dkim.get("CurrentSigningKeyLength"),
            "lastKeyGenerationTimestamp": timestamp(dkim.get("LastKeyGenerationTimestamp")),
            "nextSigningKeyLength": dkim.get("NextSigningKeyLength"),
            "signingAttributesOrigin": dkim.get("SigningAttributesOrigin"),
            "status": dkim.get("Status"),
            "tokens": dkim.get("Tokens") or [],
        },
    }


class EmailIdentity(Tagged):
    """aws:sesv2/emailIdentity:EmailIdentity; its id is the identity's name."""

    kind, collection, title, operation = "identity", "identities", "SESv2 Email Identity", "EmailIdentity"
    properties: ClassVar[Properties] = {
        "emailIdentity": Property(required=True, replaces=True),
        "configurationSetName": Property(),
        "dkimSigningAttributes": Property(
            computed=True,
            nested={
                # Both are empty texts under Easy DKIM; the secret one makes the whole block a secret output in the SDK.
                "domainSigningPrivateKey": Property(secret=True, unset=""),
                "domainSigningSelector": Property(unset=""),
                "nextSigningKeyLength": Property(computed=True),
                "currentSigningKeyLength": OUTPUT,
                "lastKeyGenerationTimestamp": OUTPUT,
                "signingAttributesOrigin": OUTPUT,
                "status": OUTPUT,
                "tokens": OUTPUT,
            },
        ),
        "region": REGION,
        **TAGS,
        "arn": OUTPUT,
        "identityType": OUTPUT,
        "verificationStatus": OUTPUT,
        "verifiedForSendingStatus": OUTPUT,
    }

    def create(self, inputs: State) -> tuple[str, State]:
        """Create the identity and read it."""
        name = inputs["emailIdentity"]
        body = {
            "EmailIdentity": name,
            "ConfigurationSetName": inputs.get("configurationSetName"),
            "DkimSigningAttributes": _signing(inputs.get("dkimSigningAttributes")),
            "Tags": tag_list(inputs.get("tags")) or None,
        }
        try:
            self.call(inputs, "CreateEmailIdentity", "POST", "identities", body)
        except AwsError as error:
            raise self.says("creating", name, error) from None
        return name, self.now(name, inputs)

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Change the default configuration set, the DKIM keys or the tags."""
        try:
            if inputs.get("configurationSetName") != state.get("configurationSetName"):
                body = {"ConfigurationSetName": inputs.get("configurationSetName")}
                path = path_of("identities", id_, "configuration-set")
                self.call(state, "PutEmailIdentityConfigurationSetAttributes", "PUT", path, body)
            self._update_signing(id_, state, inputs)
            self.update_tags(state, id_, inputs.get("tags"))
            return self.now(id_, {**state, **inputs})
        except AwsError as error:
            raise self.says("updating", id_, error) from None

    def _update_signing(self, id_: str, state: State, inputs: State) -> None:
        wanted, old = inputs.get("dkimSigningAttributes"), state.get("dkimSigningAttributes") or {}
        if not wanted or all(old.get(key) == value for key, value in wanted.items()):
            return
        origin = "EXTERNAL" if wanted.get("domainSigningPrivateKey") else "AWS_SES"
        body = {"SigningAttributes": _signing(wanted), "SigningAttributesOrigin": origin}
        path = path_of("identities", id_, "dkim", "signing")
        self.call(state, "PutEmailIdentityDkimSigningAttributes", "PUT", path, body)

    def outputs(self, name: str, found: State, before: State) -> State:
        """Translate GetEmailIdentity's answer, with the owner's key as it was given: AWS never gives it back."""
        outputs = {**identity_outputs(found), "emailIdentity": name}
        kept = before.get("dkimSigningAttributes") or {}
        for key in ("domainSigningPrivateKey", "domainSigningSelector"):
            outputs["dkimSigningAttributes"][key] = kept.get(key) or ""
        return outputs


def _signing(attributes: State | None) -> State | None:
    given = {upper(key): value for key, value in (attributes or {}).items() if value}
    return given or None


class MailFrom:
    """aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes; its id is the identity's name."""

    properties: ClassVar[Properties] = {
        "emailIdentity": Property(required=True, replaces=True),
        "behaviorOnMxFailure": Property(default="USE_DEFAULT_VALUE"),
        "mailFromDomain": Property(),
        "region": REGION,
    }

    def __init__(self, account: Account) -> None:
        self._account = account

    def create(self, inputs: State) -> tuple[str, State]:
        """Set the attributes of an identity that exists."""
        name = inputs["emailIdentity"]
        return name, self._put("creating", name, inputs)

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Read the attributes from the identity."""
        region = state.get("region") or self._account.aws.region
        path = f"/v2/email/{path_of('identities', id_)}"
        try:
            found = (
                self._account.aws.json("GetEmailIdentity", "GET", path, region=region).get("MailFromAttributes") or {}
            )
        except AwsError as error:
            if error.missing:
                return None
            raise says("reading SESv2 Email Identity Mail From Attributes", id_, error) from None
        return id_, {
            "emailIdentity": id_,
            "behaviorOnMxFailure": found.get("BehaviorOnMxFailure"),
            "mailFromDomain": found.get("MailFromDomain") or None,
            "region": region,
        }

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Set the attributes anew."""
        return self._put("updating", id_, inputs)

    def delete(self, id_: str, state: State) -> None:
        """Clear the attributes; an identity that is gone is fine."""
        try:
            self._request(id_, {}, state.get("region", ""))
        except AwsError as error:
            if not error.missing:
                raise says("deleting SESv2 Email Identity Mail From Attributes", id_, error) from None

    def _put(self, doing: str, name: str, inputs: State) -> State:
        body = {key: inputs.get(lower(key)) for key in ("BehaviorOnMxFailure", "MailFromDomain")}
        try:
            self._request(name, body, inputs.get("region", ""))
        except AwsError as error:
            raise says(f"{doing} SESv2 Email Identity Mail From Attributes", name, error) from None
        found = self.read(name, inputs)
        return found[1] if found else dict(inputs)

    def _request(self, name: str, body: State, region: str) -> None:
        path = f"/v2/email/{path_of('identities', name, 'mail-from')}"
        self._account.aws.json("PutEmailIdentityMailFromAttributes", "PUT", path, body, region)
