"""SES operations on configuration sets and their event destinations."""

from __future__ import annotations

import re
from typing import Any

from sandbox.aws.errors import AwsError, bad_request, not_found
from sandbox.aws.ses.paging import page
from sandbox.aws.ses.state import Call, ConfigurationSet, tag_list, tags_of

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DESTINATIONS = (
    "KinesisFirehoseDestination",
    "CloudWatchDestination",
    "SnsDestination",
    "EventBridgeDestination",
    "PinpointDestination",
)
# What a set has that was made without saying: TLS where the other side offers it, no metrics, sending on.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
    "ReputationOptions": {"ReputationMetricsEnabled": False},
    "SendingOptions": {"SendingEnabled": True},
}
_OPTIONS = (*_DEFAULTS, "TrackingOptions", "SuppressionOptions", "VdmOptions", "ArchivingOptions")


def create(call: Call) -> dict[str, Any]:
    """CreateConfigurationSet."""
    name = call.params["ConfigurationSetName"]
    if not _NAME.fullmatch(name):
        raise bad_request(f"Invalid configuration set name <{name}>: only alphanumeric ASCII characters, '_' and '-'.")
    if name in call.region.configuration_sets:
        raise AwsError("AlreadyExistsException", f"Configuration set <{name}> already exists.")
    made = ConfigurationSet(name, call.region.arn(f"configuration-set/{name}"), tags_of(call.params))
    for option in _OPTIONS:
        given = _DEFAULTS.get(option, {}) | call.params.get(option, {})
        if given:
            made.options[option] = given
    call.region.configuration_sets[name] = made
    return {}


def get(call: Call) -> dict[str, Any]:
    """GetConfigurationSet: an option group that was never set is left out."""
    found = call.configuration_set()
    return {"ConfigurationSetName": found.name, **found.options, "Tags": tag_list(found.tags)}


def delete(call: Call) -> dict[str, Any]:
    """DeleteConfigurationSet: an identity that has it as default keeps the name, and sending through it fails."""
    del call.region.configuration_sets[call.configuration_set().name]
    return {}


def listing(call: Call) -> dict[str, Any]:
    """ListConfigurationSets."""
    wanted = call.params.get("Filter", {}).get("NameContains", "")
    names = sorted(name for name in call.region.configuration_sets if wanted in name)
    return page("ConfigurationSets", names, call.params)


def put_option(call: Call, option: str) -> dict[str, Any]:
    """Any of the PutConfigurationSet...Options: the request's members are the group, an empty request clears it."""
    options = call.configuration_set().options
    given = {key: value for key, value in call.params.items() if key != "ConfigurationSetName" and value != ""}
    group = _DEFAULTS.get(option, {}) | given
    options.pop(option, None)
    if group:
        options[option] = group
    return {}


def put_vdm(call: Call) -> dict[str, Any]:
    """PutConfigurationSetVdmOptions, the one whose group is a member of the request."""
    call.configuration_set().options["VdmOptions"] = call.params.get("VdmOptions", {})
    return {}


def create_destination(call: Call) -> dict[str, Any]:
    """CreateConfigurationSetEventDestination."""
    found, name = call.configuration_set(), call.params["EventDestinationName"]
    if name in found.destinations:
        raise AwsError("AlreadyExistsException", f"Event destination <{name}> already exists.")
    found.destinations[name] = _destination(call.params["EventDestination"])
    return {}


def update_destination(call: Call) -> dict[str, Any]:
    """UpdateConfigurationSetEventDestination."""
    destinations, name = _with_destination(call)
    destinations[name] = _destination(call.params["EventDestination"])
    return {}


def delete_destination(call: Call) -> dict[str, Any]:
    """DeleteConfigurationSetEventDestination."""
    destinations, name = _with_destination(call)
    del destinations[name]
    return {}


def get_destinations(call: Call) -> dict[str, Any]:
    """GetConfigurationSetEventDestinations."""
    destinations = call.configuration_set().destinations
    return {"EventDestinations": [{"Name": name, **value} for name, value in destinations.items()]}


def _with_destination(call: Call) -> tuple[dict[str, dict[str, Any]], str]:
    destinations, name = call.configuration_set().destinations, call.params["EventDestinationName"]
    if name not in destinations:
        raise not_found(f"Event destination <{name}> does not exist.")
    return destinations, name


def _destination(given: dict[str, Any]) -> dict[str, Any]:
    if len([kind for kind in _DESTINATIONS if kind in given]) != 1:
        raise bad_request("An event destination must have exactly one destination.")
    if not given.get("MatchingEventTypes"):
        raise bad_request("An event destination must have at least one matching event type.")
    return {"Enabled": False} | given
