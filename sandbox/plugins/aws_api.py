"""AWS APIs over plain HTTP: credentials, Signature Version 4, and AWS's errors in AWS's words.

Not boto3: loading it costs more than all the rest of a preview. Profiles and other sources of credentials are still
botocore's business, which is imported only where neither settings nor environment hold a key.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import os
import threading
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .http import Answer, Client, Retries
from .resource import VendorError
from .spelling import camel

_THROTTLED: Final = (
    b"Throttling",
    b"TooManyRequests",
    b"RequestLimitExceeded",
    b"ConcurrentModification",
    b"PriorRequestNotComplete",
)
RETRIES: Final = Retries(
    attempts=10,
    first=0.5,
    longest=20.0,
    statuses=frozenset({429, 500, 502, 503, 504}),
    also=lambda answer: answer.status >= 400 and any(code in answer.body for code in _THROTTLED),
)


@dataclass(frozen=True)
class Service:
    """How one AWS service is reached: its name in error messages, its host label and its signing name."""

    title: str
    label: str
    signing: str
    version: str = ""  # of a query API


SESV2: Final = Service("SESv2", "email", "ses")
IAM: Final = Service("IAM", "iam", "iam", "2010-05-08")
STS: Final = Service("STS", "sts", "sts", "2011-06-15")
ROUTE53: Final = Service("Route 53", "route53", "route53")
# By service and partition: the one endpoint, and the region that its requests are signed for.
GLOBAL: Final = {
    IAM: {
        "aws": ("https://iam.amazonaws.com", "us-east-1"),
        "aws-cn": ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "aws-us-gov": ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
    },
    ROUTE53: {
        "aws": ("https://route53.amazonaws.com", "us-east-1"),
        "aws-cn": ("https://route53.amazonaws.com.cn", "cn-northwest-1"),
        "aws-us-gov": ("https://route53.us-gov.amazonaws.com", "us-gov-west-1"),
    },
}
# pulumi-aws's own words.
NO_CREDENTIALS: Final = "No valid credential sources found."
CREDENTIALS_HINT: Final = (
    "Please see https://www.pulumi.com/registry/packages/aws/installation-configuration/ for more information about "
    "providing credentials."
)
_ENDPOINT_KEYS: Final = {"SESv2": "sesv2", "IAM": "iam", "STS": "sts", "Route 53": "route53"}


class AwsError(VendorError):
    """AWS answered with an error; `code` is AWS's own."""

    def __init__(self, operation: str, status: int, request_id: str, code: str, message: str) -> None:
        super().__init__(
            f"operation error {operation}, https response error StatusCode: {status}, RequestID: {request_id}, "
            f"{code}: {message}"
        )
        self.code, self.status = code, status

    @property
    def missing(self) -> bool:
        """Tell whether the object does not exist."""
        return self.code in {"NotFoundException", "NoSuchEntity", "NoSuchEntityException"}


@dataclass(frozen=True)
class Credentials:
    """An AWS key."""

    key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def partition(region: str) -> tuple[str, str]:
    """Return a region's partition and DNS suffix."""
    if region.startswith("cn-"):
        return "aws-cn", "amazonaws.com.cn"
    return ("aws-us-gov" if region.startswith("us-gov-") else "aws"), "amazonaws.com"


class Aws:
    """AWS as one key sees it."""

    def __init__(self, region: str, endpoints: Mapping[str, str], credentials: Credentials, client: Client) -> None:
        self.region, self._endpoints, self.credentials, self._client = region, endpoints, credentials, client

    def with_credentials(self, credentials: Credentials) -> Aws:
        """Return the same AWS for another key."""
        return Aws(self.region, self._endpoints, credentials, self._client)

    def json(
        self,
        operation: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        region: str = "",
        query: str = "",
    ) -> dict[str, Any]:
        """Call an SESv2 operation; `path` and `query` are already percent-encoded. Raises AwsError."""
        payload = b"" if body is None else json.dumps({k: v for k, v in body.items() if v is not None}).encode()
        answer = self._send(SESV2, region or self.region, method, path, query, payload, "application/json")
        if answer.status >= 300:
            raise _json_error(f"{SESV2.title}: {operation}", answer)
        return dict(json.loads(answer.body)) if answer.body.strip() else {}

    def query(self, service: Service, operation: str, **parameters: str | None) -> ET.Element:
        """Call an operation of a query API (IAM, STS) and return its result, namespaces removed. Raises AwsError."""
        given = {key: value for key, value in parameters.items() if value is not None}
        form = urllib.parse.urlencode({"Action": operation, "Version": service.version, **given}).encode()
        answer = self._send(service, self.region, "POST", "/", "", form, "application/x-www-form-urlencoded")
        return _xml(f"{service.title}: {operation}", answer)

    def xml(self, operation: str, method: str, path: str, body: str = "", query: str = "") -> ET.Element:
        """Call a Route 53 operation and return its answer, namespaces removed. Raises AwsError."""
        answer = self._send(ROUTE53, self.region, method, path, query, body.encode(), "application/xml")
        return _xml(f"{ROUTE53.title}: {operation}", answer)

    def _send(
        self, service: Service, region: str, method: str, path: str, query: str, payload: bytes, content_type: str
    ) -> Answer:
        base = self._endpoint(service, region)
        signed_for = GLOBAL[service][partition(region)[0]][1] if service in GLOBAL else region
        url = base + path + (f"?{query}" if query else "")

        def headers() -> Mapping[str, str]:
            now = datetime.datetime.now(datetime.UTC)
            signed = signature(self.credentials, service.signing, signed_for, method, url, payload, now)
            return {**signed, "Content-Type": content_type}

        return self._client.send(method, url, payload, headers)

    def _endpoint(self, service: Service, region: str) -> str:
        key = _ENDPOINT_KEYS[service.title]
        given = self._endpoints.get(key) or os.environ.get(f"AWS_ENDPOINT_URL_{key.upper()}")
        given = given or os.environ.get("AWS_ENDPOINT_URL")
        if given:
            return given.rstrip("/")
        name, suffix = partition(region)
        return GLOBAL[service][name][0] if service in GLOBAL else f"https://{service.label}.{region}.{suffix}"


def _xml(operation: str, answer: Answer) -> ET.Element:
    """Read an XML answer, namespaces removed. Raises AwsError."""
    try:
        root = ET.fromstring(answer.body)  # noqa: S314 - the vendor's API, on loopback here
    except ET.ParseError:
        root = ET.Element("none")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if answer.status >= 300:
        code, message = root.findtext(".//Code") or "UnknownError", root.findtext(".//Message") or answer.text
        raise AwsError(operation, answer.status, root.findtext(".//RequestId") or "", code, message)
    return root


def _json_error(operation: str, answer: Answer) -> AwsError:
    try:
        body = dict(json.loads(answer.body))
    except ValueError:
        body = {}
    code = answer.headers.get("x-amzn-errortype", "") or str(body.get("__type") or body.get("code") or "UnknownError")
    message = str(body.get("message") or body.get("Message") or ("" if body else answer.text))
    request_id = answer.headers.get("x-amzn-requestid", "")
    return AwsError(operation, answer.status, request_id, code.partition(":")[0].rpartition("#")[2], message)


def signature(
    credentials: Credentials,
    service: str,
    region: str,
    method: str,
    url: str,
    payload: bytes,
    now: datetime.datetime,
) -> dict[str, str]:
    """Sign a request with Signature Version 4.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    parts = urllib.parse.urlsplit(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-date": stamp}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    pairs = sorted(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    canonical = "\n".join(
        [
            method,
            urllib.parse.quote(parts.path or "/", safe="/-_.~"),  # encoded once more, as every service but S3 wants it
            "&".join(
                f"{urllib.parse.quote(key, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}"
                for key, value in pairs
            ),
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(payload).hexdigest(),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signed = hmac.new(key, text.encode(), "sha256").hexdigest()
    authorization = f"AWS4-HMAC-SHA256 Credential={credentials.key}/{scope}, SignedHeaders={names}, Signature={signed}"
    return {**headers, "Authorization": authorization}


def find_credentials(config: Mapping[str, Any], profile: str | None) -> Credentials:
    """Find the key as the real plugin does: settings, then a profile that is named there, then the environment.

    Raises VendorError when none is found.
    """
    if config.get("accessKey") and config.get("secretKey"):
        return Credentials(config["accessKey"], config["secretKey"], config.get("token", ""))
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if profile is None and key and secret:
        return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", ""))
    import botocore.exceptions
    import botocore.session

    try:
        found = botocore.session.Session(profile=profile).get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise VendorError(f"{NO_CREDENTIALS} {error}") from None
    if found is None:
        raise VendorError(f"{NO_CREDENTIALS}\n{CREDENTIALS_HINT}")
    frozen = found.get_frozen_credentials()
    return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token or "")


def assume(aws: Aws, roles: Sequence[Mapping[str, Any]]) -> Aws:
    """Assume the roles in turn; raises AwsError."""
    for role in map(camel, roles):  # the SDK writes the keys as its user did, role_arn or roleArn
        result = aws.query(
            STS,
            "AssumeRole",
            RoleArn=role.get("roleArn"),
            RoleSessionName=role.get("sessionName") or "pulumi-aws",
            ExternalId=role.get("externalId"),
        )
        found = {
            name: result.findtext(f".//{name}") or "" for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        }
        aws = aws.with_credentials(Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]))
    return aws


def account_of(aws: Aws) -> str:
    """Ask STS whose key this is, as the real plugin does; raises VendorError on a wrong key."""
    try:
        return aws.query(STS, "GetCallerIdentity").findtext(".//Account") or ""
    except AwsError as error:
        raise VendorError(f"validating provider credentials: retrieving caller identity from STS: {error}") from None


def client(cancelled: threading.Event) -> Client:
    """Return the HTTP client with AWS's retries."""
    return Client(RETRIES, cancelled)
