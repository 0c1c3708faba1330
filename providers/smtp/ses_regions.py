"""Where Amazon SES is: its endpoints in each region, for sending, for bounces and for receiving."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from mailstack.catalog import Security
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
# Regions where SES receives mail: the table "Email receiving endpoints" of the same page as of January 2024; since then
# São Paulo (Resend has its customers' MX there), Mumbai and Stockholm (MX records and Received fields of public mail).
# SES adds regions from time to time.
INBOUND_REGIONS = frozenset(
    {
        "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "sa-east-1", "us-east-1", "us-east-2", "us-west-2",
    }
)  # fmt: skip
# SES Developer Guide, "Connecting to an SMTP endpoint"; 587 is what nearly every network lets through.
PORTS: Mapping[int, Security] = {
    587: "starttls", 2587: "starttls", 25: "starttls", 465: "tls", 2465: "tls"
}  # fmt: skip
_PARTITIONS = {"us-gov-": "aws-us-gov", "cn-": "aws-cn", "eusc-": "aws-eusc"}


def partition(region: str) -> str:
    """Return the AWS partition of a region, as ARNs have it."""
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


def feedback_mx(region: str) -> str:
    """Return the host that receives the bounces of a custom MAIL FROM domain of an identity in `region`."""
    return f"feedback-smtp.{region}.amazonses.com"


def inbound_mx(region: str) -> str:
    """Return the host that receives mail for domains in a region (SES Developer Guide, "Publishing an MX record").

    Raises InvalidValue where SES is not known to receive mail.
    """
    if region not in INBOUND_REGIONS:
        raise InvalidValue(
            f'SES is not known to receive mail in region "{region}"; use {_suggestion(region, INBOUND_REGIONS)}'
        )
    return f"inbound-smtp.{region}.amazonaws.com"


def _suggestion(region: str, regions: frozenset[str]) -> str:
    area = sorted(name for name in regions if name.split("-")[0] == region.split("-")[0])
    # af-south-1 is no misspelt ap-south-1: the nearest name is one of the same area, where the area has any.
    close = difflib.get_close_matches(region, area, n=1, cutoff=0.9)
    if close:
        return f'"{close[0]}", or another of {", ".join(sorted(regions))}'
    return f"one of {', '.join(area or sorted(regions))}"
