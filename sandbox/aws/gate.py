"""The one door to AWS: who asks, whether they may, and who answers, SES of its own or moto."""

from __future__ import annotations

import io
import re
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError
from moto.backends import list_of_moto_modules
from moto.core.model import OperationModel
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from sandbox.aws import iam, principals
from sandbox.aws.errors import XML_SERVICES, AwsError
from sandbox.aws.errors import response as error_response
from sandbox.aws.principals import Principal
from sandbox.aws.ses import api
from sandbox.aws.ses.operations import HANDLERS
from sandbox.aws.signature import Credential, credential, signed_with

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from sandbox.aws.ses.state import Call

# Older SDKs list with GET, newer ones with POST to a path of its own; older ones set DKIM keys under /v1.
_OLDER_LISTS = {
    "/v2/email/identities": "ListEmailIdentities",
    "/v2/email/configuration-sets": "ListConfigurationSets",
}
_OLDER_SIGNING = re.compile(r"/v1/email/identities/([^/]+)/dkim/signing")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request as the log and the faults see it; account and action are empty where they are not known."""

    service: str
    method: str
    path: str
    account: str
    region: str
    action: str


OnRequest = Callable[[ApiRequest], Response | None]


class Gate:
    """The one door to AWS: who is it, is the signature right, may they; then SES, or moto for the other services."""

    def __init__(self, on_request: OnRequest | None, make_call: Callable[[str, str, dict[str, Any]], Call]) -> None:
        self._on_request = on_request
        self._make_call = make_call
        self._apps: dict[str, Any] = {"iam": iam.app()}
        self._lock = threading.Lock()
        self._writes = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        body = request.get_data(cache=True)
        environ["wsgi.input"] = io.BytesIO(body)  # moto reads it again
        environ["CONTENT_LENGTH"] = str(len(body))
        protocol = "sts" if _FORM in request.headers.get("Content-Type", "") else "ses"
        try:
            result: Iterable[bytes] = self._respond(request)(environ, start_response)
        except AwsError as error:
            result = error_response(error, protocol)(environ, start_response)
        except NotImplementedError as error:  # so moto names an action it lacks
            result = error_response(AwsError("InvalidAction", str(error)), protocol)(environ, start_response)
        except Exception:  # a bug of the sandbox must be an answer and a line in the log, not a broken connection
            traceback.print_exc()
            failure = AwsError("InternalFailure", "The sandbox failed: see its log.", 500)
            result = error_response(failure, protocol)(environ, start_response)
        return result

    def _respond(self, request: Request) -> Any:
        try:
            scope = credential(request)
        except AwsError:
            self._announce(request, None, None, "")
            raise
        operation, path = _operation(request, scope.service)
        principal = principals.find(scope.access_key)
        name = operation.name if operation else ""
        fault = self._announce(request, scope, principal, name)
        if fault is not None:
            return fault
        try:
            known = _check_identity(request, scope, principal)
            if scope.service == "ses":
                return self._ses(request, scope, known, operation, path)
            _check_permission(request, scope, known, name)
            return self._moto(scope.service)
        except AwsError as error:
            return error_response(error, scope.service)

    def _announce(
        self, request: Request, scope: Credential | None, principal: Principal | None, action: str
    ) -> Response | None:
        if self._on_request is None:
            return None
        return self._on_request(
            ApiRequest(
                scope.service if scope else "",
                request.method,
                request.raw_path,
                principal.account if principal else "",
                scope.region if scope else "",
                action,
            )
        )

    def _ses(
        self, request: Request, scope: Credential, principal: Principal, operation: OperationModel | None, path: Any
    ) -> Response:
        if operation is None or operation.name not in HANDLERS:
            what = operation.name if operation else f"{request.method} {request.path}"
            raise AwsError("UnknownOperationException", f"The sandbox does not serve {what} of SES.", 404)
        given = api.params(request, operation, path)
        arn = api.resource(operation.name, given, scope.region, principal.account)
        _require(principal, f"ses:{operation.name}", arn)
        call = self._make_call(principal.account, scope.region, given)
        if operation.name.startswith(("Get", "List")):
            return api.answer(HANDLERS[operation.name](call))  # these wait for DNS, and so hold nobody up
        with self._writes:
            return api.answer(HANDLERS[operation.name](call))

    def _moto(self, service: str) -> Any:
        with self._lock:
            if service not in self._apps and service not in list_of_moto_modules():
                raise AwsError("UnknownOperationException", f"The sandbox does not serve {service}.", 404)
            if service not in self._apps:
                self._apps[service] = create_backend_app(service)  # type: ignore[arg-type]  # a Literal of all services
            return self._apps[service]


def _operation(request: Request, service: str) -> tuple[OperationModel | None, dict[str, Any]]:
    """Find the operation of a request in the service's own model; None for what is none."""
    model = "sesv2" if service == "ses" else service
    try:
        if model == "sesv2":
            older = _OLDER_LISTS.get(request.path) if request.method == "GET" else None
            if older is not None:
                return get_service_model(model).operation_model(older), {}
            if request.method == "PUT" and (signing := _OLDER_SIGNING.fullmatch(request.path)):
                operation = get_service_model(model).operation_model("PutEmailIdentityDkimSigningAttributes")
                return operation, {"EmailIdentity": signing[1]}
            if not request.path.startswith("/v2/"):
                return None, {}
        return get_service_router(model).match(request)
    except (HTTPException, NotImplementedError, ValueError, BotoCoreError):
        return None, {}


def _check_identity(request: Request, scope: Credential, principal: Principal | None) -> Principal:
    """Refuse an unknown key, a wrong token and a wrong signature, in the service's own words."""
    xml = scope.service in XML_SERVICES
    if principal is None or request.headers.get("X-Amz-Security-Token") != principal.token:
        code = "InvalidClientTokenId" if xml else "UnrecognizedClientException"
        raise AwsError(code, "The security token included in the request is invalid.", 403)
    if principal.expired:
        code = "ExpiredToken" if xml else "ExpiredTokenException"
        raise AwsError(code, "The security token included in the request is expired", 403)
    if not signed_with(request, scope, principal.secret):
        raise AwsError(
            "SignatureDoesNotMatch" if xml else "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
            403,
        )
    return principal


def _check_permission(request: Request, scope: Credential, principal: Principal, action: str) -> None:
    if scope.service == "sts":
        if action == "AssumeRole":
            principals.check_assume_role(
                principal, request.values.get("RoleArn", ""), request.values.get("ExternalId") or None
            )
        return  # the rest of STS tells callers about themselves, which nothing can forbid
    _require(principal, f"{scope.service}:{action}", None)


def _require(principal: Principal, action: str, resource: str | None) -> None:
    if not principals.may(principal, action, resource, {}):
        on = f" on resource: {resource}" if resource else ""
        raise AwsError(
            "AccessDenied" if resource is None else "AccessDeniedException",
            f"User: {principal.arn} is not authorized to perform: {action}{on}",
            403,
        )
