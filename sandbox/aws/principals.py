"""Who signs requests in this world: its first key, IAM users, and the sessions of roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, ManagedPolicy, User, iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import PARTITION_NAMES

from sandbox.aws import policy
from sandbox.aws.errors import AwsError

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "222222222222"
ROLE = "mailstack-deployer"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, slots=True)
class AccessKey:
    """The key that the world starts with: an administrator's, in the first account."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account: str = ACCOUNT


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signed a request: an IAM user, or a role's session (then with a token)."""

    account: str
    arn: str
    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    user: User | None = None
    role_arn: str | None = None
    expired: bool = False


def new_world() -> AccessKey:
    """Empty all accounts and furnish two: an administrator in the first, a role it may assume in the second.

    moto keeps its accounts in module globals, so a process has one world: making another empties the one before.
    """
    BackendDict.reset()
    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_user("us-east-1", user_name="sandbox")
    iam.put_user_policy("sandbox", "everything", json.dumps(EVERYTHING))
    key = iam.create_access_key("sandbox")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    other = iam_backends[OTHER_ACCOUNT]["aws"]
    other.create_role(ROLE, json.dumps(trust), "/", None, "", [], "3600")
    other.put_role_policy(ROLE, "everything", json.dumps(EVERYTHING))
    return AccessKey(key.access_key_id, key.secret_access_key)


def find(access_key: str, *, active: bool = True) -> Principal | None:
    """Look up who owns an access key in any account; None for a key that no account has, or that is inactive."""
    for account in list(iam_backends):
        for partition in PARTITION_NAMES:
            for user in list(iam_backends[account][partition].users.values()):
                for key in user.access_keys:
                    if key.access_key_id == access_key and (key.status == "Active" or not active):
                        return Principal(account, user.arn, access_key, key.secret_access_key, user=user)
            for session in list(sts_backends[account][partition].assumed_roles):
                if session.access_key_id == access_key:
                    return Principal(
                        account,
                        session.arn,
                        access_key,
                        session.secret_access_key,
                        token=session.session_token,
                        role_arn=session.role_arn,
                        expired=session.expiration < utcnow(),
                    )
    return None


def policies(principal: Principal) -> list[policy.Document]:
    """Collect the policies of a principal: inline and attached ones, and for a user those of its groups."""
    owners: list[Any] = []
    if principal.user is not None:
        owners = [principal.user, *_iam(principal.arn).get_groups_for_user(principal.user.name)]
    elif principal.role_arn is not None:
        owners = [_iam(principal.role_arn).get_role_by_arn(principal.role_arn)]
    return [_document(text) for owner in owners for text in (*owner.policies.values(), *_attached(owner))]


def boundary(principal: Principal) -> policy.Document | None:
    """Give the permissions boundary of a user or role, None where there is none."""
    owner: Any = principal.user
    if principal.role_arn is not None:
        owner = _iam(principal.role_arn).get_role_by_arn(principal.role_arn)
    arn = (getattr(owner, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn")
    return None if arn is None else _document(_text(_iam(principal.arn).get_policy(arn)))


def may(principal: Principal, action: str, resource: str | None, context: policy.Context) -> bool:
    """Say whether a principal's policies, and its boundary if it has one, allow an action on a resource."""
    limit = boundary(principal)
    return policy.allowed(policies(principal), action, resource, context) and (
        limit is None or policy.allowed([limit], action, resource, context)
    )


def check_assume_role(principal: Principal, role_arn: str, external_id: str | None) -> None:
    """Refuse to hand out a role that does not exist or does not trust the caller: AWS words both alike."""
    if not role_arn:
        words = (
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
        )
        raise AwsError("ValidationError", words, 400)
    refusal = AwsError(
        "AccessDenied",
        f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
        403,
    )
    try:
        role = _iam(role_arn).get_role_by_arn(role_arn)
    except (ServiceException, IndexError, KeyError):
        raise refusal from None
    context = {} if external_id is None else {"sts:ExternalId": external_id}
    trust = _document(role.assume_role_policy_document)
    if not may(principal, "sts:AssumeRole", role_arn, {}) or not policy.trusted(
        trust, principal.arn, principal.account, context
    ):
        raise refusal


def _iam(arn: str) -> IAMBackend:
    _, partition, _, _, account, *_ = arn.split(":")
    return iam_backends[account][partition]


def _attached(owner: Any) -> list[str]:
    return [_text(attached) for attached in owner.managed_policies.values()]


def _text(managed: ManagedPolicy) -> str:
    return next(version.document for version in managed.versions if version.version_id == managed.default_version_id)


def _document(text: str | Mapping[str, Any]) -> policy.Document:
    document: policy.Document = json.loads(text) if isinstance(text, str) else text
    return document
