"""Which function answers which operation of SES API v2."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.aws.ses import account, configuration_sets, identities
from sandbox.aws.ses.state import Call

Handler = Callable[[Call], dict[str, Any]]


def _option(name: str) -> Handler:
    return partial(configuration_sets.put_option, option=name)


HANDLERS: dict[str, Handler] = {
    "CreateEmailIdentity": identities.create,
    "GetEmailIdentity": identities.get,
    "DeleteEmailIdentity": identities.delete,
    "ListEmailIdentities": identities.listing,
    "PutEmailIdentityMailFromAttributes": identities.put_mail_from,
    "PutEmailIdentityConfigurationSetAttributes": identities.put_configuration_set,
    "PutEmailIdentityFeedbackAttributes": identities.put_feedback,
    "PutEmailIdentityDkimAttributes": identities.put_dkim,
    "PutEmailIdentityDkimSigningAttributes": identities.put_dkim_signing,
    "CreateEmailIdentityPolicy": account.create_policy,
    "UpdateEmailIdentityPolicy": account.update_policy,
    "DeleteEmailIdentityPolicy": account.delete_policy,
    "GetEmailIdentityPolicies": account.get_policies,
    "CreateConfigurationSet": configuration_sets.create,
    "GetConfigurationSet": configuration_sets.get,
    "DeleteConfigurationSet": configuration_sets.delete,
    "ListConfigurationSets": configuration_sets.listing,
    "PutConfigurationSetArchivingOptions": _option("ArchivingOptions"),
    "PutConfigurationSetDeliveryOptions": _option("DeliveryOptions"),
    "PutConfigurationSetReputationOptions": _option("ReputationOptions"),
    "PutConfigurationSetSendingOptions": _option("SendingOptions"),
    "PutConfigurationSetSuppressionOptions": _option("SuppressionOptions"),
    "PutConfigurationSetTrackingOptions": _option("TrackingOptions"),
    "CreateConfigurationSetEventDestination": configuration_sets.create_destination,
    "UpdateConfigurationSetEventDestination": configuration_sets.update_destination,
    "DeleteConfigurationSetEventDestination": configuration_sets.delete_destination,
    "GetConfigurationSetEventDestinations": configuration_sets.get_destinations,
    "PutConfigurationSetVdmOptions": configuration_sets.put_vdm,
    "GetAccount": account.get,
    "PutAccountDetails": account.put_details,
    "PutAccountSendingAttributes": account.put_sending,
    "PutAccountSuppressionAttributes": account.put_suppression,
    "PutAccountVdmAttributes": account.put_vdm,
    "PutAccountDedicatedIpWarmupAttributes": account.put_warm_up,
    "PutSuppressedDestination": account.put_suppressed,
    "GetSuppressedDestination": account.get_suppressed,
    "DeleteSuppressedDestination": account.delete_suppressed,
    "ListSuppressedDestinations": account.list_suppressed,
    "TagResource": account.tag,
    "UntagResource": account.untag,
    "ListTagsForResource": account.list_tags,
}
