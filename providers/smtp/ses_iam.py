"""Who may send through Amazon SES: the IAM policy of a sender, and the SMTP password of an access key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any

from mailstack.errors import InvalidValue
from mailstack.settings.model import Domain, Sender

from .ses_names import configuration_set
from .ses_regions import partition

# IAM quotas: the inline policies of a user together; white space does not count.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICY_LIMIT = 2048
_IDENTITY_ARN = re.compile(r"(?P<prefix>arn:aws[a-z-]*:ses:[a-z0-9-]+:\d{12}):identity/.+")


def smtp_password(secret_access_key: str, region: str) -> str:
    """Derive the SMTP password of an access key for one region (SES Developer Guide, "Obtaining SMTP credentials")."""
    signature = ("AWS4" + secret_access_key).encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def sending_policy(
    identity_arn: str,
    configuration_set_arn: str | None,
    from_addresses: Sequence[str],
    recipients: Sequence[str],
    sandbox_account: bool,
) -> dict[str, Any]:
    """Write the IAM policy document of one sender: this identity, these From addresses, these recipients.

    Addresses may hold the wildcards * and ?; no recipients means any. SMTP needs `ses:SendRawEmail` alone, on the
    identity and on the configuration set that SES applies to it. In the SES sandbox recipients are authorised as
    identities, so `sandbox_account` widens the resource to all identities of the account and region. Raises
    InvalidValue where no condition would be left.
    """
    identity = _IDENTITY_ARN.fullmatch(identity_arn)
    if not identity:
        raise InvalidValue(f'"{identity_arn}" is not the ARN of an SES identity')
    if not from_addresses:
        raise InvalidValue(
            f"{identity_arn}: a sending policy without a From address would allow any; name at least one"
        )
    for address in (*from_addresses, *recipients):
        _check_pattern(address)
    resources = [f"{identity['prefix']}:identity/*" if sandbox_account else identity_arn]
    if configuration_set_arn:
        resources.append(configuration_set_arn)
    condition = {_operator(from_addresses): {"ses:FromAddress": list(dict.fromkeys(from_addresses))}}
    if recipients:
        condition[f"ForAllValues:{_operator(recipients)}"] = {"ses:Recipients": list(dict.fromkeys(recipients))}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": resources, "Condition": condition}],
    }


def policy_size(sender: Sender, domain: Domain, region: str, sandbox_account: bool) -> int:
    """Count the characters of a sender's policy as IAM does, before identity and configuration set exist."""
    prefix = f"arn:{partition(region)}:ses:{region}:{'0' * 12}"
    policy = sending_policy(
        f"{prefix}:identity/{domain.name}",
        f"{prefix}:configuration-set/{configuration_set(domain.name)}",
        [sender.from_address, *sender.send_as],
        sender.recipients,
        sandbox_account,
    )
    return len(re.sub(r"\s", "", json.dumps(policy)))


def _operator(patterns: Sequence[str]) -> str:
    """Compare exactly where no wildcard is used; one operator for all, since two would both have to hold."""
    return "StringLike" if any(set("*?") & set(pattern) for pattern in patterns) else "StringEquals"


def _check_pattern(address: str) -> None:
    local, at, domain = address.rpartition("@")
    if not (local and at and domain.strip("*?.")):
        raise InvalidValue(
            f'"{address}" does not limit a sending policy; write an address or a pattern with its domain, '
            "such as hello@example.com or *@example.com"
        )
    if "$" in address or any(character.isspace() for character in address):
        raise InvalidValue(f'"{address}" holds a space or "$", which an IAM condition would not take literally')
