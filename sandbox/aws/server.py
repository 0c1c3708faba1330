"""Two AWS accounts as one WSGI application, and what the mail server asks of them."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.utilities.utils import get_partition

from sandbox.aws import principals
from sandbox.aws.gate import ApiRequest, Gate, OnRequest
from sandbox.aws.principals import ACCOUNT, OTHER_ACCOUNT, ROLE, AccessKey
from sandbox.aws.ses import verification
from sandbox.aws.ses.dkim import DkimKey, DkimKeys
from sandbox.aws.ses.state import Call, Identity, Region, Resolve, identity_name

__all__ = ["AccessKey", "ApiRequest", "AwsWorld", "DkimKey", "Identity", "Login", "Verdict"]


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in by SMTP: the IAM user behind an access key, and the region whose password was right."""

    account: str
    user_arn: str
    access_key: str
    region: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a mail may go out; if not, why, in the words that AWS puts behind `554 `."""

    allowed: bool
    why: str = ""


class AwsWorld:
    """Two AWS accounts in one WSGI application, and what a mail server has to ask of them.

    `resolve` answers DNS questions (name, type) with the values as text. `on_request` sees each request, and may
    answer in its place (a fault). `now` is the clock in epoch seconds. One world per process: see principals.new_world.
    """

    def __init__(
        self, resolve: Resolve, on_request: OnRequest | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self.bootstrap: AccessKey = principals.new_world()
        self.accounts: dict[str, dict[str, str]] = {
            ACCOUNT: {},
            OTHER_ACCOUNT: {"role_arn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/{ROLE}"},
        }
        self._resolve = resolve
        self._now = now
        self._keys = DkimKeys()
        self.amazonses_selector: str = self._keys.new_token("RSA_2048_BIT")
        self._regions: dict[tuple[str, str], Region] = {}
        self._gate = Gate(on_request, self._call)

    @property
    def app(self) -> Gate:
        """Give the WSGI application that all services are asked at."""
        return self._gate

    def dkim_keys(self) -> Mapping[str, DkimKey]:
        """Give the key pairs behind all tokens (`.pem`, `.record`); each is made when first asked for."""
        return self._keys

    def dkim_record(self, token: str) -> str | None:
        """Give the TXT text of <token>.dkim.amazonses.com, None for a token that SES never gave out."""
        return self._keys[token].record if token in self._keys else None

    def signing_key(self, identity: Identity) -> tuple[str, DkimKey] | None:
        """Give the selector and key that mail of an identity is signed with; None where it is not signed."""
        _, _, _, region, account, _ = identity.arn.split(":")
        place = self._region(account, region)
        source = verification.verified_domain(place, identity.domain, self._resolve, self._now())
        if source is None or not source.signing_enabled or source.dkim_status != "SUCCESS":
            return None
        if source.own_selector is not None and source.own_key is not None:
            return source.own_selector, source.own_key
        return source.easy_tokens[0], self._keys[source.easy_tokens[0]]

    def smtp_login(self, username: str, password: str, region: str) -> Login | None:
        """Check an SMTP user name and password for a region; only keys of IAM users have one."""
        principal = principals.find(username)
        if principal is None or principal.user is None:
            return None
        wanted = smtp_password(principal.secret, region)
        if not hmac.compare_digest(wanted.encode(), password.encode()):
            return None
        return Login(principal.account, principal.arn, username, region)

    def verified_identity(self, account: str, region: str, address: str) -> Identity | None:
        """Find the verified identity an address falls under: itself, its domain or the nearest parent domain."""
        place = self._region(account, region)
        now = self._now()
        own = place.identities.get(identity_name(address))
        if own is not None and own.is_address:
            verification.refresh(place, own, self._resolve, now)
            if own.verified:
                return own
        return verification.verified_domain(place, address.rpartition("@")[2], self._resolve, now)

    def verify_address(self, account: str, region: str, address: str) -> None:
        """Do what the owner of a mailbox does with the link in SES's verification mail."""
        self._region(account, region).identity(address).confirmed = True

    def set_production_access(self, account: str, region: str, granted: bool) -> None:
        """Put an account into the SES sandbox, where recipients must be verified, or let it out, as it is at first."""
        self._region(account, region).production = granted

    def may_send(
        self,
        login: Login,
        region: str,
        from_address: str,
        recipients: Sequence[str],
        identity: Identity,
        configuration_set: str | None,
    ) -> Verdict:
        """Judge a mail that an identity was found for: account, configuration set, recipients, then IAM.

        `configuration_set` is the one the mail asks for; None stands for the identity's default.
        """
        place = self._region(login.account, region)
        if not place.sending_enabled:
            return Verdict(False, "Message rejected: Sending suspended for this account.")
        resources = [identity.arn]
        used = configuration_set or identity.configuration_set
        if used is not None:
            found = place.configuration_sets.get(used)
            if found is None:
                return Verdict(False, f"Configuration set <{used}> does not exist.")
            if not found.options["SendingOptions"]["SendingEnabled"]:
                return Verdict(False, f"Message rejected: Sending is disabled for configuration set <{used}>.")
            resources.append(found.arn)
        if not place.production:
            # In the SES sandbox a recipient must be verified, and is authorised as an identity.
            known = {address: self.verified_identity(login.account, region, address) for address in recipients}
            unknown = [address for address, found_identity in known.items() if found_identity is None]
            if unknown:
                return Verdict(False, _not_verified(region, unknown))
            resources += [recipient.arn for recipient in known.values() if recipient]
        return _authorise(login, resources, from_address, recipients)

    def count_sent(self, account: str, region: str, mails: int = 1) -> None:
        """Count mails that were taken, for GetAccount's quota."""
        self._region(account, region).sent += [self._now()] * mails

    def _region(self, account: str, name: str) -> Region:
        return self._regions.setdefault((account, name), Region(account, name, get_partition(name)))

    def _call(self, account: str, region: str, params: dict[str, Any]) -> Call:
        return Call(self._region(account, region), params, self._keys, self._resolve, self._now)


def _authorise(login: Login, resources: Sequence[str], sender: str, recipients: Sequence[str]) -> Verdict:
    principal = principals.find(login.access_key)
    # The keys that SES hands to IAM with a mail (developer guide, "Controlling access to Amazon SES").
    context: dict[str, str | list[str]] = {
        "ses:FromAddress": sender,
        "ses:Recipients": list(recipients),
        "ses:ApiVersion": "2",
    }
    context |= {"aws:SourceIp": "127.0.0.1", "aws:SecureTransport": "true"}  # where all mail comes from, after TLS
    for resource in dict.fromkeys(resources):
        if principal is None or not principals.may(principal, "ses:SendRawEmail", resource, context):
            return Verdict(
                False,
                f"Access denied: User `{login.user_arn}' is not authorized to perform `ses:SendRawEmail' "
                f"on resource `{resource}'",
            )
    return Verdict(True)


def _not_verified(region: str, addresses: Sequence[str]) -> str:
    return (
        "Message rejected: Email address is not verified. The following identities failed the check in region "
        f"{region.upper()}: {', '.join(addresses)}"
    )


def smtp_password(secret: str, region: str) -> str:
    """Derive the SMTP password of a secret access key for a region (SES developer guide, "Obtaining SMTP credentials").

    The signature's date, service and message are constants of the algorithm; the version byte 4 comes first.
    """
    signature = b"AWS4" + secret.encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.digest(signature, part.encode(), "sha256")
    return base64.b64encode(b"\x04" + signature).decode()
