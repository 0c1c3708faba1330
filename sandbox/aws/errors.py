"""AWS's refusals: one exception, and how each protocol writes it."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

XML_SERVICES = frozenset({"iam", "sts", "route53", "sns", "s3"})


class AwsError(Exception):
    """A refusal as AWS words it: error code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def not_found(message: str) -> AwsError:
    """Make the 404 of SES API v2."""
    return AwsError("NotFoundException", message, 404)


def bad_request(message: str) -> AwsError:
    """Make the 400 of SES API v2 for an input it does not accept."""
    return AwsError("BadRequestException", message)


def response(error: AwsError, service: str) -> Response:
    """Write an error in the protocol of the service: XML for the query protocol and REST-XML, JSON for the others."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if service in XML_SERVICES:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{error.code}</Code>"
            f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Response(body, error.status, headers, content_type="text/xml")
    headers["x-amzn-ErrorType"] = error.code
    return Response(json.dumps({"message": error.message}), error.status, headers, content_type="application/json")
