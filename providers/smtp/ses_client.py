"""Amazon SES: what it says of a domain, and what exists there (API v2; its logins are IAM users)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from mailstack.errors import Busy, Missing, Refused, VendorError
from providers.aws import AwsAccount

from .base import DomainStatus
from .ses_regions import partition

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

POLICY = "docs/deployer-policy.json"
Kind = Literal["identity", "configurationSet", "user"]
TITLES: Final[Mapping[Kind, str]] = {
    "identity": "SES identity",
    "configurationSet": "SES configuration set",
    "user": "IAM user",
}
_LISTS: Final[Mapping[Kind, str]] = {
    "identity": "identities",
    "configurationSet": "configuration sets",
}
_DONE = "SUCCESS"
# botocore's own retries have been used up when one of these arrives.
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException"}
)
_NO_LOGIN = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException",
        "SignatureDoesNotMatch", "UnrecognizedClientException",
    }
)  # fmt: skip
_NO_PERMISSION = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized"})
_NOT_THERE = frozenset({"NotFoundException", "NoSuchEntity"})


@dataclass(frozen=True, slots=True)
class Existing:
    """Something that exists at AWS: its ARN, and the text of its tag "mailstack" ("" = none).

    configuration_set: the name of an identity's default configuration set, "" where it has none.
    """

    arn: str
    mark: str
    configuration_set: str = ""


class Ses:
    """SES in one account and region, and the IAM users that send through it."""

    def __init__(self, account: AwsAccount, region: str) -> None:
        """Keep the account and region; the clients are made with the first question."""
        self._account, self._region = account, region
        self._clients: dict[str, Any] = {}
        self._number = ""
        self._lock = threading.Lock()

    def status(self, domain: str, expect_mail_from: bool) -> DomainStatus:
        """Ask once for the domain's identity; verified means DKIM and, where expected, MAIL FROM are SUCCESS.

        Raises Missing where there is no such identity, Busy where asking again may help, Refused without permission,
        VendorError where credentials are missing.
        """
        with self._asking(f"about {domain}", f"identity {domain}", "ses:GetEmailIdentity"):
            identity = self._client("sesv2").get_email_identity(EmailIdentity=domain)
        return _status(identity, expect_mail_from)

    def names(self, kind: Kind, path: str = "/") -> list[str]:
        """List what exists of a kind: domain identities, configuration sets, or the users below a path.

        Raises Busy, Refused, VendorError.
        """
        match kind:
            case "identity":
                pages = self._pages("sesv2", "list_email_identities", "NextToken", f"for its {_LISTS[kind]}")
                listed = [one for page in pages for one in page.get("EmailIdentities", [])]
                return [str(one["IdentityName"]) for one in listed if one.get("IdentityType") != "EMAIL_ADDRESS"]
            case "configurationSet":
                pages = self._pages("sesv2", "list_configuration_sets", "NextToken", f"for its {_LISTS[kind]}")
                return [str(name) for page in pages for name in page.get("ConfigurationSets", [])]
            case "user":
                pages = self._pages("iam", "list_users", "Marker", f"for the IAM users below {path}", PathPrefix=path)
                return [str(one["UserName"]) for page in pages for one in page["Users"]]

    def existing(self, kind: Kind, name: str) -> Existing | None:
        """Ask for one thing; None where there is none. Raises Busy, Refused, VendorError."""
        found = self.described(kind, name)
        if found is None:
            return None
        match kind:
            case "identity":
                used = str(found.get("ConfigurationSetName") or "")
                return Existing(self._arn(f"identity/{name}"), mark(found), used)
            case "configurationSet":
                return Existing(self._arn(f"configuration-set/{name}"), mark(found))
            case "user":
                return Existing(str(found["Arn"]), mark(found))

    def described(self, kind: Kind, name: str) -> Mapping[str, Any] | None:
        """Return what AWS tells of one thing, in the words of its API; None where there is none.

        Raises Busy, Refused, VendorError.
        """
        ask = {"identity": self._identity, "configurationSet": self._configuration_set, "user": self._user}[kind]
        try:
            return ask(name)
        except Missing:
            return None

    def has_policy(self, user: str, name: str) -> bool:
        """Tell whether a user has an inline policy of this name; raises Busy, Refused, VendorError."""
        try:
            with self._asking(f"about the policy {name} of {user}", f"policy {name}", "iam:GetUserPolicy"):
                self._client("iam").get_user_policy(UserName=user, PolicyName=name)
        except Missing:
            return False
        return True

    def access_keys(self, user: str) -> list[str]:
        """List the ids of a user's access keys, none where there is no such user; raises Busy, Refused, VendorError."""
        about = f"for the access keys of {user}"
        try:
            pages = list(self._pages("iam", "list_access_keys", "Marker", about, UserName=user))
        except Missing:
            return []
        return [str(one["AccessKeyId"]) for page in pages for one in page["AccessKeyMetadata"]]

    def delete_access_key(self, user: str, key_id: str) -> None:
        """Delete one access key of a user; raises Missing, Busy, Refused, VendorError."""
        with self._asking(f"to delete the access key {key_id}", f"access key {key_id}", "iam:DeleteAccessKey"):
            self._client("iam").delete_access_key(UserName=user, AccessKeyId=key_id)

    def _identity(self, name: str) -> Mapping[str, Any]:
        with self._asking(f"about {name}", f"identity {name}", "ses:GetEmailIdentity"):
            return dict(self._client("sesv2").get_email_identity(EmailIdentity=name))

    def _configuration_set(self, name: str) -> Mapping[str, Any]:
        about = f"about the configuration set {name}"
        with self._asking(about, f"configuration set {name}", "ses:GetConfigurationSet"):
            return dict(self._client("sesv2").get_configuration_set(ConfigurationSetName=name))

    def _user(self, name: str) -> Mapping[str, Any]:
        with self._asking(f"about the IAM user {name}", f"IAM user {name}", "iam:GetUser"):
            return dict(self._client("iam").get_user(UserName=name)["User"])

    def _arn(self, resource: str) -> str:
        self._number = self._number or self._account.account_id(self._region)
        return f"arn:{partition(self._region)}:ses:{self._region}:{self._number}:{resource}"

    def _pages(self, service: str, operation: str, token: str, about: str, **arguments: str) -> Iterator[Any]:
        """Yield the pages of a list; `token` is how the service calls what asks for the next one."""
        permission = f"{'ses' if service == 'sesv2' else service}:{operation.title().replace('_', '')}"
        while True:
            with self._asking(about, "such list", permission):
                page = getattr(self._client(service), operation)(**arguments)
            yield page
            following = page.get(token)
            if not following:
                return
            arguments[token] = following

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._account.client(service, self._region)
            return self._clients[service]

    @contextmanager
    def _asking(self, about: str, what: str, permission: str) -> Iterator[None]:
        """Turn what goes wrong with a question into an error of the tree, in AWS's words."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.exceptions import ConnectionError as NoConnection

        head = f"{'IAM' if permission.startswith('iam:') else f'SES in {self._region}'} could not be asked {about}"
        try:
            yield
        except ClientError as error:
            raise _refusal(head, f"SES in {self._region} has no {what}", error, permission) from None
        except (NoConnection, HTTPClientError) as error:
            raise Busy(f"{head}: {error}") from None
        except BotoCoreError as error:  # what the client cannot do by itself: no credentials, an SSO session that ended
            raise VendorError(f"{head}: {error}; {_login_advice(permission)}") from None
        except VendorError as error:
            raise VendorError(f"{head}: {error}") from None


def _refusal(head: str, absent: str, error: ClientError, permission: str) -> VendorError:
    """Return the error for a refusal of AWS; `absent` says that there is no such thing."""
    said, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code, message = str(said.get("Code", "")), str(said.get("Message", ""))
    words = f"{code}: {message}" if message else code
    if code in _NOT_THERE:
        return Missing(f"{absent} ({words})")
    if code in _NO_PERMISSION:
        needed = f"sts:{error.operation_name}" if error.operation_name.startswith("AssumeRole") else permission
        return Refused(f"{head}: {words}; the caller needs the permission {needed} ({POLICY} lists all that is needed)")
    if code in _NO_LOGIN:
        return VendorError(f"{head}: {words}; {_login_advice(permission)}")
    busy = code in _THROTTLED or status == 429 or status >= 500
    return (Busy if busy else VendorError)(f"{head}: {words}")


def _login_advice(permission: str) -> str:
    return f"check the AWS credentials in use (they need the permission {permission})"


def mark(found: Mapping[str, Any]) -> str:
    """Return the text of the tag "mailstack" of what `described` told, "" where there is none."""
    return next((str(tag["Value"]) for tag in found.get("Tags") or () if tag["Key"] == "mailstack"), "")


def _status(identity: Mapping[str, Any], expect_mail_from: bool) -> DomainStatus:
    dkim = str(identity.get("DkimAttributes", {}).get("Status", ""))
    own = identity.get("MailFromAttributes", {})
    mail_from = str(own.get("MailFromDomainStatus", "")) if own.get("MailFromDomain") else ""
    verified = (
        dkim == _DONE
        and bool(identity.get("VerifiedForSendingStatus"))
        and (not expect_mail_from or mail_from == _DONE)
    )
    return DomainStatus(dkim, mail_from, verified, str(identity.get("VerificationInfo", {}).get("ErrorType", "")))
