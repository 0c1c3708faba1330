"""Amazon SES: endpoints, the SMTP password of a key, and the policy that a sender's key needs."""

from __future__ import annotations

import base64
import difflib
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any, Literal

from mailstack.errors import InvalidValue

# From Nodemailer's well-known services (lib/well-known/services.json), which follow the table of SMTP endpoints in the
# AWS General Reference (https://docs.aws.amazon.com/general/latest/gr/ses.html). Other regions have SES but no SMTP
# endpoint, so that its name does not resolve: Cape Town, Milan and Bahrain by the SES Developer Guide (2023), Jakarta
# and Zurich by users' reports. botocore's endpoint data has no SES in the China regions at all.
SMTP_REGIONS = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
        "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1",
    }
)  # fmt: skip
# Regions with FIPS endpoints of SES (botocore's endpoint data for `email`).
FIPS_REGIONS = frozenset(
    {"ca-central-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1"}
)
# Regions where SES takes mail: the table "Email receiving endpoints" of the same page as of January 2024, and
# São Paulo, where Resend has had its customers point their MX since. SES adds regions from time to time.
INBOUND_REGIONS = frozenset(
    {
        "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ca-central-1", "eu-central-1",
        "eu-west-1", "eu-west-2", "sa-east-1", "us-east-1", "us-east-2", "us-west-2",
    }
)  # fmt: skip
STARTTLS_PORTS, TLS_PORTS = (25, 587, 2587), (465, 2465)  # SES Developer Guide, "Connecting to an SMTP endpoint"
MAIL_FROM_SPF = "v=spf1 include:amazonses.com ~all"
_PARTITIONS = {"us-gov-": "aws-us-gov", "cn-": "aws-cn", "eusc-": "aws-eusc"}
_IDENTITY_ARN = re.compile(r"(?P<prefix>arn:aws[a-z-]*:ses:[a-z0-9-]+:\d{12}):identity/.+")


def partition(region: str) -> str:
    """Return the AWS partition of a region, as it stands in ARNs."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def smtp_host(region: str, fips: bool = False) -> str:
    """Return the SMTP endpoint of a region; raises InvalidValue where SES has none there."""
    if region not in SMTP_REGIONS:
        raise InvalidValue(f'SES has no SMTP endpoint in region "{region}"; use {_suggestion(region, SMTP_REGIONS)}')
    if fips and region not in FIPS_REGIONS:
        raise InvalidValue(
            f'SES has no FIPS endpoint in region "{region}"; use one of {", ".join(sorted(FIPS_REGIONS))}'
        )
    return f"email-smtp{'-fips' if fips else ''}.{region}.amazonaws.com"


def smtp_security(port: int) -> Literal["starttls", "tls"]:
    """Return how TLS begins on a port of the SMTP endpoint; raises InvalidValue for a port that it does not serve."""
    if port in STARTTLS_PORTS:
        return "starttls"
    if port in TLS_PORTS:
        return "tls"
    raise InvalidValue(f"SES does not listen on port {port}; use 587, 2587 or 25 for STARTTLS, 465 or 2465 for TLS")


def smtp_password(secret_access_key: str, region: str) -> str:
    """Derive the SMTP password of an access key for one region (SES Developer Guide, "Obtaining SMTP credentials")."""
    signature = ("AWS4" + secret_access_key).encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def feedback_mx(region: str) -> str:
    """Return the host that takes the bounces of a custom MAIL FROM domain of an identity in `region`."""
    return f"feedback-smtp.{region}.amazonses.com"


def inbound_mx(region: str) -> str:
    """Return the host that takes mail for domains in a region (SES Developer Guide, "Publishing an MX record").

    Raises InvalidValue where SES is not known to receive mail.
    """
    if region not in INBOUND_REGIONS:
        raise InvalidValue(
            f'SES is not known to receive mail in region "{region}"; use {_suggestion(region, INBOUND_REGIONS)}'
        )
    return f"inbound-smtp.{region}.amazonaws.com"


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
        raise InvalidValue(f'"{address}" holds a space or "$", which an IAM condition would not take as it stands')


def _suggestion(region: str, regions: frozenset[str]) -> str:
    close = difflib.get_close_matches(region, sorted(regions), n=1, cutoff=0.9)
    area = sorted(name for name in regions if name.split("-")[0] == region.split("-")[0])
    if close:
        return f'"{close[0]}", or another of {", ".join(sorted(regions))}'
    return f"one of {', '.join(area or sorted(regions))}"
