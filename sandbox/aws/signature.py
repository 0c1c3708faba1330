"""AWS Signature Version 4 from the server's side: read the header, make the signature anew, compare."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from moto.core.request import Request

from sandbox.aws.errors import AwsError

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
    r",\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Credential:
    """Who a request says it is from, and where it is meant for: the scope of a Signature Version 4 header."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def credential(request: Request) -> Credential:
    """Read the Authorization header of a request; raises AwsError as AWS answers an unsigned one."""
    match = _AUTHORIZATION.match(request.headers.get("Authorization", ""))
    if match is None:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    key, date, region, service, headers, signature = match.groups()
    return Credential(key, date, region, service.lower(), tuple(headers.split(";")), signature)


def signed_with(request: Request, scope: Credential, secret: str) -> bool:
    """Say whether a request is signed with this secret (AWS Signature Version 4, "Create a signed AWS API request")."""
    canonical = hashlib.sha256(_canonical_request(request, scope).encode()).hexdigest()
    day_scope = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    timestamp = request.headers.get("X-Amz-Date", "")
    to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{day_scope}\n{canonical}"
    key = signing_key(secret, scope.date, scope.region, scope.service)
    return hmac.compare_digest(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), scope.signature)


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Derive the key of one day, region and service from a secret access key."""
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _canonical_request(request: Request, scope: Credential) -> str:
    body = hashlib.sha256(request.get_data(cache=True)).hexdigest()
    payload = request.headers.get("X-Amz-Content-Sha256", body)
    if payload not in (body, "UNSIGNED-PAYLOAD"):
        payload = body  # the header lies about the body, so the signature must not fit
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in scope.signed_headers]
    return "\n".join(
        [
            request.method,
            # Every service but S3 signs the path as it is on the wire, encoded once more.
            quote(request.raw_path, safe="/~"),
            _canonical_query(request.query_string.decode()),
            *lines,
            "",
            ";".join(scope.signed_headers),
            payload,
        ]
    )


def _canonical_query(query: str) -> str:
    pairs = []
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        pairs.append((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
