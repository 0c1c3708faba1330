"""SES operations on the account, its suppression list, tags and identity policies."""

from __future__ import annotations

from typing import Any

from sandbox.aws.errors import AwsError, not_found
from sandbox.aws.ses.paging import page
from sandbox.aws.ses.state import Call, ConfigurationSet, Identity, tag_list, tags_of

DAY = 86400.0


def get(call: Call) -> dict[str, Any]:
    """GetAccount; without production access 200 mails in 24 hours, one per second (SES developer guide, "Sandbox")."""
    region = call.region
    region.sent[:] = [moment for moment in region.sent if moment > call.now() - DAY]
    return {
        "DedicatedIpAutoWarmupEnabled": region.warm_up,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": region.production,
        "SendQuota": {
            "Max24HourSend": 50000.0 if region.production else 200.0,
            "MaxSendRate": 14.0 if region.production else 1.0,
            "SentLast24Hours": float(len(region.sent)),
        },
        "SendingEnabled": region.sending_enabled,
        "SuppressionAttributes": {"SuppressedReasons": region.suppressed_reasons},
        "VdmAttributes": region.vdm,
        "Details": region.details,
    }


def put_details(call: Call) -> dict[str, Any]:
    """PutAccountDetails: the request for production access, which people review; so it stays pending."""
    details = {key: value for key, value in call.params.items() if key != "ProductionAccessEnabled"}
    call.region.details = details | {"ReviewDetails": {"Status": "PENDING"}}
    return {}


def put_sending(call: Call) -> dict[str, Any]:
    """PutAccountSendingAttributes."""
    call.region.sending_enabled = call.params.get("SendingEnabled", False)
    return {}


def put_suppression(call: Call) -> dict[str, Any]:
    """PutAccountSuppressionAttributes."""
    call.region.suppressed_reasons = call.params.get("SuppressedReasons", [])
    return {}


def put_vdm(call: Call) -> dict[str, Any]:
    """PutAccountVdmAttributes."""
    call.region.vdm = call.params["VdmAttributes"]
    return {}


def put_warm_up(call: Call) -> dict[str, Any]:
    """PutAccountDedicatedIpWarmupAttributes."""
    call.region.warm_up = call.params.get("AutoWarmupEnabled", False)
    return {}


def put_suppressed(call: Call) -> dict[str, Any]:
    """PutSuppressedDestination."""
    address = call.params["EmailAddress"]
    entry = {"EmailAddress": address, "Reason": call.params["Reason"], "LastUpdateTime": call.now()}
    call.region.suppressed[address] = entry
    return {}


def get_suppressed(call: Call) -> dict[str, Any]:
    """GetSuppressedDestination."""
    return {"SuppressedDestination": call.region.suppressed[_suppressed(call)]}


def delete_suppressed(call: Call) -> dict[str, Any]:
    """DeleteSuppressedDestination."""
    del call.region.suppressed[_suppressed(call)]
    return {}


def list_suppressed(call: Call) -> dict[str, Any]:
    """ListSuppressedDestinations."""
    reasons = call.params.get("Reasons")
    rows = [row for _, row in sorted(call.region.suppressed.items()) if not reasons or row["Reason"] in reasons]
    return page("SuppressedDestinationSummaries", rows, call.params)


def tag(call: Call) -> dict[str, Any]:
    """TagResource."""
    _tagged(call).tags.update(tags_of(call.params))
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagResource."""
    tags = _tagged(call).tags
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"Tags": tag_list(_tagged(call).tags)}


def create_policy(call: Call) -> dict[str, Any]:
    """CreateEmailIdentityPolicy."""
    policies, name = call.identity().policies, call.params["PolicyName"]
    if name in policies:
        raise AwsError("AlreadyExistsException", f"Policy <{name}> already exists.")
    policies[name] = call.params["Policy"]
    return {}


def update_policy(call: Call) -> dict[str, Any]:
    """UpdateEmailIdentityPolicy."""
    policies, name = call.identity().policies, call.params["PolicyName"]
    if name not in policies:
        raise not_found(f"Policy <{name}> does not exist.")
    policies[name] = call.params["Policy"]
    return {}


def delete_policy(call: Call) -> dict[str, Any]:
    """DeleteEmailIdentityPolicy: deleting what is not there is no error (API reference)."""
    call.identity().policies.pop(call.params["PolicyName"], None)
    return {}


def get_policies(call: Call) -> dict[str, Any]:
    """GetEmailIdentityPolicies."""
    return {"Policies": call.identity().policies}


def _suppressed(call: Call) -> str:
    address: str = call.params["EmailAddress"]
    if address not in call.region.suppressed:
        raise not_found(f"Email address {address} does not exist on your suppression list.")
    return address


def _tagged(call: Call) -> Identity | ConfigurationSet:
    arn = call.params["ResourceArn"]
    resources: list[Identity | ConfigurationSet] = [*call.region.identities.values()]
    resources += call.region.configuration_sets.values()
    for resource in resources:
        if resource.arn == arn:
            return resource
    raise not_found(f"No resource present with ARN: {arn}")
