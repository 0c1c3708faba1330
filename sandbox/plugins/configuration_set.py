"""SESv2 configuration sets."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from .aws_api import AwsError
from .resource import OUTPUT, Properties, Property, State
from .sesv2 import REGION, TAGS, Tagged, lower, path_of, tag_list, timestamp, upper

# Block of properties -> the vendor's block and the path that changes it alone.
_OPTIONS: Final = {
    "deliveryOptions": "delivery-options",
    "reputationOptions": "reputation-options",
    "sendingOptions": "sending",
    "suppressionOptions": "suppression-options",
    "trackingOptions": "tracking-options",
    "vdmOptions": "vdm-options",
}


class ConfigurationSet(Tagged):
    """aws:sesv2/configurationSet:ConfigurationSet; its id is the set's name."""

    kind, collection = "configuration-set", "configuration-sets"
    title, operation = "SESv2 Configuration Set", "ConfigurationSet"
    properties: ClassVar[Properties] = {
        "configurationSetName": Property(required=True, replaces=True),
        "deliveryOptions": Property(
            computed=True,
            nested={
                "maxDeliverySeconds": Property(),
                "sendingPoolName": Property(),
                "tlsPolicy": Property(computed=True),
            },
        ),
        "reputationOptions": Property(
            computed=True, nested={"lastFreshStart": OUTPUT, "reputationMetricsEnabled": Property(computed=True)}
        ),
        "sendingOptions": Property(computed=True, nested={"sendingEnabled": Property(computed=True)}),
        "suppressionOptions": Property(nested={"suppressedReasons": Property()}),
        "trackingOptions": Property(
            nested={"customRedirectDomain": Property(required=True), "httpsPolicy": Property(computed=True)}
        ),
        "vdmOptions": Property(
            nested={
                "dashboardOptions": Property(nested={"engagementMetrics": Property()}),
                "guardianOptions": Property(nested={"optimizedSharedDelivery": Property()}),
            }
        ),
        "region": REGION,
        **TAGS,
        "arn": OUTPUT,
    }

    def create(self, inputs: State) -> tuple[str, State]:
        """Create the set and read it."""
        name = inputs["configurationSetName"]
        body: State = {"ConfigurationSetName": name, "Tags": tag_list(inputs.get("tags")) or None}
        body.update({upper(key): _to_vendor(inputs.get(key)) for key in _OPTIONS})
        try:
            self.call(inputs, "CreateConfigurationSet", "POST", "configuration-sets", body)
        except AwsError as error:
            raise self.says("creating", name, error) from None
        return name, self.now(name, inputs)

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Change each block of options that differs, and the tags."""
        try:
            for key, path in _OPTIONS.items():
                wanted, old = inputs.get(key), state.get(key)
                if wanted != old and (wanted is not None or not self.properties[key].computed):
                    body = _to_vendor(wanted) or {}
                    operation = f"PutConfigurationSet{upper(key)}"
                    self.call(state, operation, "PUT", path_of("configuration-sets", id_, path), body)
            self.update_tags(state, id_, inputs.get("tags"))
            return self.now(id_, state)
        except AwsError as error:
            raise self.says("updating", id_, error) from None

    def outputs(self, name: str, found: State, before: State) -> State:
        """Translate GetConfigurationSet's answer."""
        return {**configuration_set_outputs(found), "configurationSetName": name}


def configuration_set_outputs(found: State) -> State:
    """Translate GetConfigurationSet's blocks of options into properties."""
    return {key: _from_vendor(found.get(upper(key))) or None for key in _OPTIONS}


def _to_vendor(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            upper(key): _to_vendor(item) for key, item in value.items() if item is not None and key != "lastFreshStart"
        }
    return value


def _from_vendor(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            lower(key): timestamp(item) if key == "LastFreshStart" else _from_vendor(item)
            for key, item in value.items()
        }
    return value
