"""SES operations on identities: domains and addresses that mail may come from."""

from __future__ import annotations

import re
from typing import Any

from sandbox.aws.errors import AwsError, bad_request
from sandbox.aws.ses.dkim import own_key
from sandbox.aws.ses.paging import page
from sandbox.aws.ses.state import Call, Identity, identity_name, tag_list, tags_of
from sandbox.aws.ses.verification import HOSTED_ZONE, refresh

_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DAY = 24 * 3600.0
# The pattern of the API's Selector (API reference, DkimSigningAttributes).
_SELECTOR = re.compile(r"(?=.{1,63}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?")
_ADDRESS = re.compile(r"[^@\s]{1,64}@(.+)")


def create(call: Call) -> dict[str, Any]:
    """CreateEmailIdentity."""
    given = call.params["EmailIdentity"]
    name = identity_name(given)
    if name in call.region.identities:
        raise AwsError("AlreadyExistsException", f"Email identity {given} already exist.")
    address = _ADDRESS.fullmatch(name)
    if not _DOMAIN.fullmatch(address[1] if address else name):
        raise bad_request(f"The email identity {given} is not a valid domain or email address.")
    default_set = call.params.get("ConfigurationSetName")
    if default_set is not None:
        call.region.configuration_set(default_set)
    signing = call.params.get("DkimSigningAttributes")
    if address and signing:
        raise bad_request("DkimSigningAttributes can only be given for a domain.")
    identity = Identity(name, call.region.arn(f"identity/{name}"), call.now(), tags_of(call.params))
    identity.configuration_set = default_set
    if not address:
        identity.signing_enabled = True
        _set_signing(call, identity, signing or {})
    call.region.identities[name] = identity
    if address:
        refresh(call.region, identity, call.resolve, call.now())
        return {"IdentityType": _kind(identity), "VerifiedForSendingStatus": identity.verified}
    return {"IdentityType": _kind(identity), "VerifiedForSendingStatus": False, "DkimAttributes": _dkim(identity)}


def get(call: Call) -> dict[str, Any]:
    """GetEmailIdentity: asks DNS, then tells."""
    identity = call.identity()
    refresh(call.region, identity, call.resolve, call.now())
    mail_from: dict[str, Any] = {"BehaviorOnMxFailure": identity.behavior_on_mx_failure}
    if identity.mail_from_domain is not None:
        mail_from["MailFromDomain"] = identity.mail_from_domain
        mail_from["MailFromDomainStatus"] = identity.mail_from_status
    return {
        "IdentityType": _kind(identity),
        "FeedbackForwardingStatus": identity.feedback_forwarding,
        "VerifiedForSendingStatus": identity.verified,
        # An address signs as its domain does, where that is an identity too.
        "DkimAttributes": _dkim(call.region.identities.get(identity.domain, identity)),
        "MailFromAttributes": mail_from,
        "Policies": identity.policies,
        "Tags": tag_list(identity.tags),
        "ConfigurationSetName": identity.configuration_set,
        "VerificationStatus": identity.verification_status,
        "VerificationInfo": {
            "LastCheckedTimestamp": identity.checked_at,
            "LastSuccessTimestamp": identity.verified_at,
            "ErrorType": identity.error,
        },
    }


def delete(call: Call) -> dict[str, Any]:
    """DeleteEmailIdentity."""
    del call.region.identities[call.identity().name]
    return {}


def listing(call: Call) -> dict[str, Any]:
    """ListEmailIdentities."""
    identities = sorted(call.region.identities.values(), key=lambda identity: identity.name)
    wanted = call.params.get("Filter", {}).get("NameContains", "")
    rows = []
    for identity in identities:
        refresh(call.region, identity, call.resolve, call.now())
        rows.append(
            {
                "IdentityType": _kind(identity),
                "IdentityName": identity.name,
                "SendingEnabled": identity.verified,
                "VerificationStatus": identity.verification_status,
            }
        )
    return page("EmailIdentities", [row for row in rows if wanted in str(row["IdentityName"])], call.params)


def put_mail_from(call: Call) -> dict[str, Any]:
    """PutEmailIdentityMailFromAttributes; without a domain the identity goes back to amazonses.com."""
    given = call.params["EmailIdentity"]
    identity = call.region.identities.get(identity_name(given))
    if identity is None:
        # Unlike its neighbours this operation does not answer NotFoundException.
        raise bad_request(f"Identity {given} does not exist.")
    domain = (call.params.get("MailFromDomain") or "").lower() or None
    if domain is not None and not (domain.endswith("." + identity.domain) and _DOMAIN.fullmatch(domain)):
        raise bad_request(
            f"Provided MAIL-FROM domain <{domain}> is not subdomain of the domain of the identity <{identity.domain}>."
        )
    if domain != identity.mail_from_domain:
        identity.mail_from_domain = domain
        identity.mail_from_status = None if domain is None else "PENDING"
        identity.mail_from_started = call.now()
    identity.behavior_on_mx_failure = call.params.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
    return {}


def put_configuration_set(call: Call) -> dict[str, Any]:
    """PutEmailIdentityConfigurationSetAttributes; without a name the identity has no default set."""
    identity = call.identity()
    name = call.params.get("ConfigurationSetName") or None
    if name is not None:
        call.region.configuration_set(name)
    identity.configuration_set = name
    return {}


def put_feedback(call: Call) -> dict[str, Any]:
    """PutEmailIdentityFeedbackAttributes."""
    call.identity().feedback_forwarding = call.params.get("EmailForwardingEnabled", False)
    return {}


def put_dkim(call: Call) -> dict[str, Any]:
    """PutEmailIdentityDkimAttributes: signing on or off; the state of the records stays as it is."""
    given = call.params["EmailIdentity"]
    identity = call.region.identities.get(identity_name(given))
    if identity is None or identity.is_address:
        domain = given.rpartition("@")[2]
        if identity is not None and domain.lower() in call.region.identities:
            return {}  # an address signs as its domain does
        raise bad_request(f"Domain {domain} is not verified for DKIM signing.")
    identity.signing_enabled = call.params.get("SigningEnabled", False)
    return {}


def put_dkim_signing(call: Call) -> dict[str, Any]:
    """PutEmailIdentityDkimSigningAttributes: Easy DKIM or a key of the owner's."""
    if "@" in call.params["EmailIdentity"]:
        raise bad_request("The EmailIdentity value must be a valid domain.")
    identity = call.identity()
    signing = call.params.get("SigningAttributes", {})
    origin = call.params["SigningAttributesOrigin"]
    if origin == "EXTERNAL" and not signing.get("DomainSigningPrivateKey"):
        raise bad_request("EXTERNAL signing needs DomainSigningSelector and DomainSigningPrivateKey.")
    _set_signing(call, identity, signing | {"DomainSigningAttributesOrigin": origin})
    hosted = {} if identity.own_key else {"SigningHostedZone": HOSTED_ZONE}
    return {"DkimStatus": identity.dkim_status, "DkimTokens": list(identity.tokens)} | hosted


def _set_signing(call: Call, identity: Identity, signing: dict[str, Any]) -> None:
    selector, private = signing.get("DomainSigningSelector"), signing.get("DomainSigningPrivateKey")
    origin = signing.get("DomainSigningAttributesOrigin", "EXTERNAL" if private else "AWS_SES")
    if origin not in ("AWS_SES", "EXTERNAL"):
        raise bad_request(f"The sandbox does not replicate DKIM keys between regions ({origin}).")
    before = identity.tokens
    if origin == "EXTERNAL":
        if not selector or not private:
            raise bad_request("DomainSigningSelector and DomainSigningPrivateKey must be given together.")
        if not _SELECTOR.fullmatch(selector):
            raise bad_request("DomainSigningSelector must be one label of letters, digits and inner hyphens.")
        try:
            identity.own_selector, identity.own_key = selector, own_key(private)
        except ValueError:
            raise bad_request("DomainSigningPrivateKey must be base64 of an RSA key of 1024 to 2048 bits.") from None
    else:
        length = signing.get("NextSigningKeyLength", identity.current_key_length or "RSA_2048_BIT")
        _check_length(identity, length, call.now())
        identity.own_selector = identity.own_key = None
        if not identity.easy_tokens or length != identity.current_key_length:
            identity.easy_tokens = tuple(call.keys.new_token(length) for _ in range(3))
            identity.current_key_length = identity.next_key_length = length
            identity.key_made_at = call.now()
    if identity.tokens != before:
        # New records to publish; that the domain is verified is not undone by it.
        identity.dkim_status, identity.dkim_started, identity.dkim_verified_at = "NOT_STARTED", call.now(), None


def _check_length(identity: Identity, length: str, now: float) -> None:
    """Let the length of Easy DKIM keys change once in 24 hours, and back to 1024 bits once more.

    The SES guide, "DKIM signing key length", says so; the words of the refusal are not documented.
    """
    if identity.current_key_length in (None, length):
        return
    recent = [to for when, to in identity.key_length_changes if now - when < _DAY]
    if recent and (length != "RSA_1024_BIT" or length in recent):
        raise bad_request("The DKIM signing key length can be changed only once in 24 hours.")
    identity.key_length_changes.append((now, length))


def _kind(identity: Identity) -> str:
    return "EMAIL_ADDRESS" if identity.is_address else "DOMAIN"


def _dkim(identity: Identity) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "SigningEnabled": identity.signing_enabled,
        "Status": identity.dkim_status,
        "SigningAttributesOrigin": "EXTERNAL" if identity.own_key else "AWS_SES",
    }
    if identity.own_key is not None:
        return attributes | {"Tokens": list(identity.tokens)}
    attributes["NextSigningKeyLength"] = identity.next_key_length
    if identity.easy_tokens:
        attributes |= {
            "Tokens": list(identity.tokens),
            "SigningHostedZone": HOSTED_ZONE,
            "CurrentSigningKeyLength": identity.current_key_length,
            "LastKeyGenerationTimestamp": identity.key_made_at,
        }
    return attributes
