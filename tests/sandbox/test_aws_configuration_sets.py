"""SES configuration sets, suppression and account settings, asked with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.aws_world import Aws, served

SNS = {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:bounces"}


@pytest.fixture(name="aws")
def _aws() -> Iterator[Aws]:
    with served() as aws:
        yield aws


@pytest.fixture(name="ses")
def _ses(aws: Aws) -> Any:
    return aws.client("sesv2")


def _without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_plain_set_has_the_defaults_and_no_empty_groups(ses: Any) -> None:
    """A set made without options has TLS optional, no metrics and sending on; groups never set are absent."""
    ses.create_configuration_set(ConfigurationSetName="mail", Tags=[{"Key": "a", "Value": "1"}])
    assert _without_metadata(ses.get_configuration_set(ConfigurationSetName="mail")) == {
        "ConfigurationSetName": "mail",
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": False},
        "SendingOptions": {"SendingEnabled": True},
        "Tags": [{"Key": "a", "Value": "1"}],
    }


def test_options_given_at_creation_are_read_back(ses: Any) -> None:
    """Every option group given at creation reads back in the shape it was given."""
    given = {
        "TrackingOptions": {"CustomRedirectDomain": "click.example.com", "HttpsPolicy": "REQUIRE"},
        "DeliveryOptions": {"TlsPolicy": "REQUIRE", "MaxDeliverySeconds": 600},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": False},
        "SuppressionOptions": {"SuppressedReasons": ["BOUNCE"]},
        "VdmOptions": {"DashboardOptions": {"EngagementMetrics": "ENABLED"}},
    }
    ses.create_configuration_set(ConfigurationSetName="mail", **given)
    found = ses.get_configuration_set(ConfigurationSetName="mail")
    assert {name: found[name] for name in given} == given


def test_options_are_put_one_group_at_a_time(ses: Any) -> None:
    """Each of the option requests changes its own group, and an empty one takes the group back to its default."""
    name = {"ConfigurationSetName": "mail"}
    ses.create_configuration_set(**name)
    ses.put_configuration_set_delivery_options(**name, TlsPolicy="REQUIRE")
    ses.put_configuration_set_reputation_options(**name, ReputationMetricsEnabled=True)
    ses.put_configuration_set_sending_options(**name, SendingEnabled=False)
    ses.put_configuration_set_suppression_options(**name, SuppressedReasons=["COMPLAINT"])
    ses.put_configuration_set_tracking_options(**name, CustomRedirectDomain="click.example.com")
    ses.put_configuration_set_vdm_options(
        **name, VdmOptions={"GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"}}
    )
    found = _without_metadata(ses.get_configuration_set(**name))
    assert found == {
        "ConfigurationSetName": "mail",
        "DeliveryOptions": {"TlsPolicy": "REQUIRE"},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": False},
        "SuppressionOptions": {"SuppressedReasons": ["COMPLAINT"]},
        "TrackingOptions": {"CustomRedirectDomain": "click.example.com"},
        "VdmOptions": {"GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"}},
        "Tags": [],
    }
    ses.put_configuration_set_delivery_options(**name)
    ses.put_configuration_set_tracking_options(**name)
    found = ses.get_configuration_set(**name)
    assert found["DeliveryOptions"] == {"TlsPolicy": "OPTIONAL"}
    assert "TrackingOptions" not in found


def test_set_is_made_once_and_deleted_once(ses: Any) -> None:
    """A second set of a name is AlreadyExistsException; reading and deleting a missing one NotFoundException."""
    ses.create_configuration_set(ConfigurationSetName="mail")
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_configuration_set(ConfigurationSetName="mail")
    ses.delete_configuration_set(ConfigurationSetName="mail")
    for operation in (ses.get_configuration_set, ses.delete_configuration_set):
        with pytest.raises(ses.exceptions.NotFoundException):
            operation(ConfigurationSetName="mail")


@pytest.mark.parametrize("options", [{"TlsPolicy": "SOMETIMES"}, {"TlsPolicy": "optional"}])
def test_value_outside_an_enumeration_is_refused(ses: Any, options: dict[str, str]) -> None:
    """A value that the API's model does not list is a BadRequestException that names it."""
    with pytest.raises(ses.exceptions.BadRequestException, match=options["TlsPolicy"]):
        ses.create_configuration_set(ConfigurationSetName="mail", DeliveryOptions=options)


def test_sets_are_listed_in_pages(ses: Any) -> None:
    """Configuration sets are listed by name, in pages."""
    for name in ("c", "a", "b"):
        ses.create_configuration_set(ConfigurationSetName=name)
    first = ses.list_configuration_sets(PageSize=2)
    assert first["ConfigurationSets"] == ["a", "b"]
    assert ses.list_configuration_sets(NextToken=first["NextToken"])["ConfigurationSets"] == ["c"]
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.list_configuration_sets(NextToken="no token of yours")


def test_event_destinations_are_made_changed_and_deleted(ses: Any) -> None:
    """An event destination is made, read back, changed and deleted under its name."""
    name = {"ConfigurationSetName": "mail"}
    ses.create_configuration_set(**name)
    definition = {"Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": SNS}
    ses.create_configuration_set_event_destination(**name, EventDestinationName="bounces", EventDestination=definition)
    found = ses.get_configuration_set_event_destinations(**name)["EventDestinations"]
    assert found == [{"Name": "bounces", **definition}]
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_configuration_set_event_destination(
            **name, EventDestinationName="bounces", EventDestination=definition
        )
    definition["MatchingEventTypes"] = ["BOUNCE", "COMPLAINT"]
    ses.update_configuration_set_event_destination(**name, EventDestinationName="bounces", EventDestination=definition)
    found = ses.get_configuration_set_event_destinations(**name)["EventDestinations"]
    assert found[0]["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT"]
    ses.delete_configuration_set_event_destination(**name, EventDestinationName="bounces")
    assert ses.get_configuration_set_event_destinations(**name)["EventDestinations"] == []
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.delete_configuration_set_event_destination(**name, EventDestinationName="bounces")


@pytest.mark.parametrize(
    "definition",
    [
        {"MatchingEventTypes": ["BOUNCE"]},
        {"MatchingEventTypes": [], "SnsDestination": SNS},
        {
            "MatchingEventTypes": ["BOUNCE"],
            "SnsDestination": SNS,
            "EventBridgeDestination": {"EventBusArn": "arn:aws:events:eu-west-1:123456789012:event-bus/default"},
        },
    ],
)
def test_event_destination_needs_one_target_and_an_event(ses: Any, definition: dict[str, Any]) -> None:
    """A destination without a target, without events or with two targets is a BadRequestException."""
    ses.create_configuration_set(ConfigurationSetName="mail")
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.create_configuration_set_event_destination(
            ConfigurationSetName="mail", EventDestinationName="events", EventDestination=definition
        )


def test_account_tells_its_limits(aws: Aws, ses: Any) -> None:
    """An account with production access is healthy; without it the quota is 200 mails a day and one a second."""
    found = ses.get_account()
    assert (found["ProductionAccessEnabled"], found["EnforcementStatus"]) == (True, "HEALTHY")
    aws.world.set_production_access("123456789012", "eu-west-1", False)
    aws.world.count_sent("123456789012", "eu-west-1", 3)
    found = ses.get_account()
    assert found["ProductionAccessEnabled"] is False
    assert found["SendQuota"] == {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 3.0}
    assert aws.client("sesv2", "us-east-1").get_account()["ProductionAccessEnabled"] is True
    aws.time += 86400
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 0.0


def test_account_settings_are_read_back(ses: Any) -> None:
    """What is put for the account is in GetAccount; a request for production access is under review."""
    ses.put_account_sending_attributes(SendingEnabled=False)
    ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    ses.put_account_vdm_attributes(VdmAttributes={"VdmEnabled": "ENABLED"})
    ses.put_account_details(MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=True)
    found = ses.get_account()
    assert found["SendingEnabled"] is False
    assert found["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE"]
    assert found["VdmAttributes"] == {"VdmEnabled": "ENABLED"}
    assert found["Details"]["ReviewDetails"] == {"Status": "PENDING"}


def test_suppression_list_is_kept(aws: Aws, ses: Any) -> None:
    """Addresses are put on the suppression list, read, listed by reason and taken off."""
    ses.put_suppressed_destination(EmailAddress="a@example.net", Reason="BOUNCE")
    ses.put_suppressed_destination(EmailAddress="b@example.net", Reason="COMPLAINT")
    entry = ses.get_suppressed_destination(EmailAddress="a@example.net")["SuppressedDestination"]
    assert entry["LastUpdateTime"].timestamp() == aws.time
    rows = ses.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"]
    assert [row["EmailAddress"] for row in rows] == ["b@example.net"]
    ses.delete_suppressed_destination(EmailAddress="a@example.net")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress="a@example.net")


def test_operation_that_is_not_served_says_so(ses: Any) -> None:
    """An operation of SES that the sandbox does not have is refused by name, not answered with nothing."""
    with pytest.raises(Exception, match="The sandbox does not serve CreateTenant of SES"):
        ses.create_tenant(TenantName="one")
