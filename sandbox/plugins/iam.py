"""IAM users, their inline policies and access keys.

Operations: https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
"""

from __future__ import annotations

import base64
import hmac
import json
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, ClassVar

from .aws_account import Account
from .aws_api import IAM, AwsError
from .resource import OUTPUT, Properties, Property, State, VendorError


class _Iam:
    def __init__(self, account: Account) -> None:
        self._account = account

    def call(self, operation: str, **parameters: str | None) -> ET.Element:
        """Call an IAM operation; raises AwsError."""
        return self._account.aws.query(IAM, operation, **parameters)


def _numbered(tags: State | None) -> dict[str, str]:
    """Write tags as the query API takes them."""
    members = enumerate((tags or {}).items(), start=1)
    return {
        f"Tags.member.{n}.{part}": text
        for n, pair in members
        for part, text in zip(("Key", "Value"), pair, strict=True)
    }


def _says(doing: str, name: str, error: AwsError) -> VendorError:
    return VendorError(f"{doing} ({name}): {error}")


def user_outputs(found: ET.Element) -> State:
    """Translate GetUser's answer into properties."""
    user = found.find(".//User")
    if user is None:
        raise VendorError("IAM answered without a user")
    tags = {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in user.iterfind("Tags/member")}
    return {
        "name": user.findtext("UserName"),
        "path": user.findtext("Path"),
        "arn": user.findtext("Arn"),
        "uniqueId": user.findtext("UserId"),
        "permissionsBoundary": user.findtext("PermissionsBoundary/PermissionsBoundaryArn"),
        "tags": tags or None,
        "tagsAll": tags,
    }


class User(_Iam):
    """aws:iam/user:User; its id is the user's name."""

    properties: ClassVar[Properties] = {
        "name": Property(computed=True),
        "path": Property(default="/"),
        "permissionsBoundary": Property(),
        "forceDestroy": Property(default=False),
        "tags": Property(),
        "tagsAll": OUTPUT,
        "arn": OUTPUT,
        "uniqueId": OUTPUT,
    }

    def create(self, inputs: State) -> tuple[str, State]:
        """Create the user."""
        name = inputs["name"]
        try:
            found = self.call(
                "CreateUser",
                UserName=name,
                Path=inputs.get("path"),
                PermissionsBoundary=inputs.get("permissionsBoundary"),
                **_numbered(inputs.get("tags")),
            )
        except AwsError as error:
            raise _says("creating IAM User", name, error) from None
        read = self.read(name, inputs)
        return name, read[1] if read else {**inputs, **user_outputs(found)}

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Read the user."""
        try:
            found = self.call("GetUser", UserName=state.get("name") or id_)
        except AwsError as error:
            if error.missing:
                return None
            raise _says("reading IAM User", id_, error) from None
        return id_, {**user_outputs(found), "forceDestroy": state.get("forceDestroy", False)}

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Rename or move the user, change its boundary or its tags."""
        old, name = state.get("name") or id_, inputs["name"]
        try:
            if name != old or inputs.get("path") != state.get("path"):
                self.call("UpdateUser", UserName=old, NewUserName=name, NewPath=inputs.get("path"))
            boundary = inputs.get("permissionsBoundary")
            if boundary and boundary != state.get("permissionsBoundary"):
                self.call("PutUserPermissionsBoundary", UserName=name, PermissionsBoundary=boundary)
            elif not boundary and state.get("permissionsBoundary"):
                self.call("DeleteUserPermissionsBoundary", UserName=name)
            self._update_tags(name, state.get("tags") or {}, inputs.get("tags") or {})
        except AwsError as error:
            raise _says("updating IAM User", name, error) from None
        read = self.read(name, inputs)
        if read is None:
            raise VendorError(f"reading IAM User ({name}): couldn't find resource")
        return read[1]

    def delete(self, id_: str, state: State) -> None:
        """Take the user out of its groups and delete it; with forceDestroy also what would keep it from that."""
        name = state.get("name") or id_
        try:
            for group in self._list("ListGroupsForUser", name, "GroupName"):
                self.call("RemoveUserFromGroup", UserName=name, GroupName=group)
            if state.get("forceDestroy"):
                for key in self._list("ListAccessKeys", name, "AccessKeyId"):
                    self.call("DeleteAccessKey", UserName=name, AccessKeyId=key)
                for policy in [one.text for one in self.call("ListUserPolicies", UserName=name).iterfind(".//member")]:
                    self.call("DeleteUserPolicy", UserName=name, PolicyName=policy)
            self.call("DeleteUser", UserName=name)
        except AwsError as error:
            if not error.missing:
                raise _says("deleting IAM User", name, error) from None

    def _list(self, operation: str, name: str, field: str) -> Iterator[str]:
        for member in list(self.call(operation, UserName=name).iterfind(".//member")):
            yield member.findtext(field) or ""

    def _update_tags(self, name: str, old: State, new: State) -> None:
        if gone := [key for key in old if key not in new]:
            self.call("UntagUser", UserName=name, **{f"TagKeys.member.{n}": key for n, key in enumerate(gone, start=1)})
        if changed := {key: value for key, value in new.items() if old.get(key) != value}:
            self.call("TagUser", UserName=name, **_numbered(changed))


def _same_document(old: Any, new: Any, _inputs: State | None = None) -> bool:
    """Compare policies by meaning: order of keys and white space say nothing, nor does a list of one."""
    try:
        return bool(_canonical(json.loads(old)) == _canonical(json.loads(new)))
    except (TypeError, ValueError):
        return bool(old == new)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((_canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return value


class UserPolicy(_Iam):
    """aws:iam/userPolicy:UserPolicy; its id is `user:name`."""

    properties: ClassVar[Properties] = {
        "user": Property(required=True, replaces=True),
        "name": Property(computed=True, replaces=True),
        "namePrefix": Property(computed=True, replaces=True),
        "policy": Property(required=True, same=_same_document),
    }

    def create(self, inputs: State) -> tuple[str, State]:
        """Put the policy."""
        return f"{inputs['user']}:{inputs['name']}", self._put(inputs)

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Read the policy; the state's text stays where it means the same."""
        user, _, name = id_.partition(":")
        if not name:
            raise VendorError(f"unexpected format of ID ({id_}), expected <user>:<name>")
        try:
            found = self.call("GetUserPolicy", UserName=user, PolicyName=name).findtext(".//PolicyDocument") or ""
        except AwsError as error:
            if error.missing:
                return None
            raise _says("reading IAM User Policy", id_, error) from None
        document, kept = urllib.parse.unquote(found), state.get("policy")
        if kept is not None and _same_document(kept, document):
            document = kept
        return id_, {"user": user, "name": name, "policy": document}

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Put the policy anew."""
        return self._put({**inputs, "user": state["user"], "name": state["name"]})

    def delete(self, id_: str, state: State) -> None:
        """Delete the policy; one that is gone is fine."""
        user, _, name = id_.partition(":")
        try:
            self.call("DeleteUserPolicy", UserName=user, PolicyName=name)
        except AwsError as error:
            if not error.missing:
                raise _says("deleting IAM User Policy", id_, error) from None

    def _put(self, inputs: State) -> State:
        user, name = inputs["user"], inputs["name"]
        try:
            self.call("PutUserPolicy", UserName=user, PolicyName=name, PolicyDocument=inputs["policy"])
        except AwsError as error:
            raise _says("putting IAM User Policy", f"{user}:{name}", error) from None
        read = self.read(f"{user}:{name}", inputs)
        if read is None:
            raise VendorError(f"reading IAM User Policy ({user}:{name}): couldn't find resource")
        return read[1]


class AccessKey(_Iam):
    """aws:iam/accessKey:AccessKey; its id is the key's id. The secret is known after a create only."""

    properties: ClassVar[Properties] = {
        "user": Property(required=True, replaces=True),
        "pgpKey": Property(replaces=True),
        "status": Property(default="Active"),
        "createDate": OUTPUT,
        "secret": Property(output=True, secret=True),
        "sesSmtpPasswordV4": Property(output=True, secret=True),
        "encryptedSecret": OUTPUT,
        "encryptedSesSmtpPasswordV4": OUTPUT,
        "keyFingerprint": OUTPUT,
    }

    def create(self, inputs: State) -> tuple[str, State]:
        """Create the key; its SMTP password is the one of the provider's region."""
        user = inputs["user"]
        if inputs.get("pgpKey"):
            raise VendorError("pgpKey: the stand-in plugin does not encrypt keys")
        try:
            found = self.call("CreateAccessKey", UserName=user)
            id_ = found.findtext(".//AccessKeyId") or ""
            if inputs["status"] == "Inactive":
                self.call("UpdateAccessKey", UserName=user, AccessKeyId=id_, Status="Inactive")
        except AwsError as error:
            raise _says("creating IAM Access Key", user, error) from None
        secret = found.findtext(".//SecretAccessKey") or ""
        return id_, {
            "user": user,
            "status": inputs["status"],
            "createDate": found.findtext(".//CreateDate"),
            "secret": secret,
            "sesSmtpPasswordV4": ses_smtp_password(secret, self._account.aws.region),
        }

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Look the key up among its user's; an import asks AWS whose it is."""
        try:
            user = state.get("user") or self.call("GetAccessKeyLastUsed", AccessKeyId=id_).findtext(".//UserName")
            listed = self.call("ListAccessKeys", UserName=user).iterfind(".//member")
        except AwsError as error:
            if error.missing:
                return None
            raise _says("reading IAM Access Key", id_, error) from None
        for key in listed:
            if key.findtext("AccessKeyId") == id_:
                found = {"user": user, "status": key.findtext("Status"), "createDate": key.findtext("CreateDate")}
                return id_, {**state, **found}
        return None

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Switch the key on or off."""
        try:
            self.call("UpdateAccessKey", UserName=state["user"], AccessKeyId=id_, Status=inputs["status"])
        except AwsError as error:
            raise _says("updating IAM Access Key", id_, error) from None
        return {**state, "status": inputs["status"]}

    def delete(self, id_: str, state: State) -> None:
        """Delete the key; one that is gone is fine."""
        try:
            self.call("DeleteAccessKey", UserName=state.get("user"), AccessKeyId=id_)
        except AwsError as error:
            if not error.missing:
                raise _says("deleting IAM Access Key", id_, error) from None


def ses_smtp_password(secret: str, region: str) -> str:
    """Derive the SMTP password of a secret key (docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html)."""
    key = f"AWS4{secret}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.digest(key, part.encode(), "sha256")
    return base64.b64encode(b"\x04" + key).decode()
