"""Where SES is: endpoints, ports and the hosts of its MX records, against AWS's published values."""

from __future__ import annotations

import pytest

from mailstack.errors import InvalidValue
from mailstack.mail import spf
from providers.smtp import ses_regions
from providers.smtp.ses import PROVIDER


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("eu-west-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_lies_in_its_partition(region: str, name: str) -> None:
    assert ses_regions.partition(region) == name


@pytest.mark.parametrize(
    ("region", "fips", "host"),
    [
        ("eu-west-1", False, "email-smtp.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", False, "email-smtp.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", True, "email-smtp-fips.us-gov-west-1.amazonaws.com"),
        ("us-east-2", True, "email-smtp-fips.us-east-2.amazonaws.com"),
    ],
)
def test_the_smtp_endpoint_is_named_for_its_region(region: str, fips: bool, host: str) -> None:
    assert ses_regions.smtp_host(region, fips) == host


@pytest.mark.parametrize("region", ["af-south-1", "ap-southeast-3", "eu-central-2", "me-south-1", "cn-north-1", ""])
def test_a_region_without_smtp_endpoint_is_refused_with_those_that_have_one(region: str) -> None:
    with pytest.raises(InvalidValue, match=f'no SMTP endpoint in region "{region}".*-1'):
        ses_regions.smtp_host(region)


def test_a_refused_region_is_answered_with_regions_of_the_same_area() -> None:
    with pytest.raises(InvalidValue) as refused:
        ses_regions.smtp_host("eu-south-1")
    assert "eu-west-1" in str(refused.value)
    assert "us-east-1" not in str(refused.value)


def test_a_misspelt_region_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidValue, match='use "eu-west-1"'):
        ses_regions.smtp_host("eu-wst-1")


def test_a_region_of_an_area_without_smtp_endpoint_is_not_taken_for_another_area() -> None:
    """af-south-1 is one letter from ap-south-1 and an ocean away."""
    with pytest.raises(InvalidValue) as refused:
        ses_regions.smtp_host("af-south-1")
    assert 'use "ap-south-1"' not in str(refused.value)


def test_a_region_without_fips_endpoint_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(InvalidValue, match='no FIPS endpoint in region "eu-west-1"; use one of ca-central-1'):
        ses_regions.smtp_host("eu-west-1", fips=True)


def test_every_smtp_and_fips_region_is_one_where_the_sdk_knows_ses() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    known = set()
    for name in session.get_available_partitions():
        known |= set(session.get_available_regions("sesv2", name))
    assert known >= ses_regions.INBOUND_REGIONS
    assert known >= ses_regions.SMTP_REGIONS >= ses_regions.FIPS_REGIONS


@pytest.mark.parametrize(
    ("port", "security"), [(25, "starttls"), (587, "starttls"), (2587, "starttls"), (465, "tls"), (2465, "tls")]
)
def test_each_port_of_the_endpoint_has_its_way_of_tls(port: int, security: str) -> None:
    assert PROVIDER.ports[port] == security
    assert next(iter(PROVIDER.ports)) == 587


def test_a_mail_from_domain_points_its_mx_at_the_identitys_region_and_includes_ses() -> None:
    assert ses_regions.feedback_mx("eu-west-1") == "feedback-smtp.eu-west-1.amazonses.com"
    assert str(spf.parse(PROVIDER.spf)) == "v=spf1 include:amazonses.com ~all"
