"""SES's wire format, read and written by the service's own model in botocore."""

from __future__ import annotations

import json
import uuid
from typing import Any

from botocore.model import Shape, StructureShape
from botocore.validate import ParamValidator
from moto.core.model import OperationModel
from moto.core.request import Request
from moto.utilities.utils import get_partition
from werkzeug.wrappers import Response

from sandbox.aws.errors import AwsError, bad_request


def params(request: Request, operation: OperationModel, path: dict[str, Any]) -> dict[str, Any]:
    """Read an operation's input as the service's own model lays it out: path, query string, JSON body.

    Raises AwsError for a body that is no JSON and for members that are missing, unknown or of the wrong kind.
    """
    shape = operation.input_shape
    given: dict[str, Any] = {}
    if request.get_data(cache=True):
        try:
            given = json.loads(request.get_data(cache=True))
        except ValueError:
            raise AwsError("SerializationException", "The request's body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise AwsError("SerializationException", "The request's body is not a JSON object.")
    if not isinstance(shape, StructureShape):
        return given
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        if member.serialization.get("location") == "uri":
            given[name] = path[wire]
        elif wire in request.args and name not in given:
            values = request.args.getlist(wire)
            given[name] = values if member.type_name == "list" else _number(member, values[0])
    given = {name: value for name, value in given.items() if value is not None}
    report = ParamValidator().validate(given, shape)
    if report.has_errors():
        raise bad_request(report.generate_report())
    _check_choices(shape, given)
    return given


def _number(shape: Shape, text: str) -> str | int:
    return int(text) if shape.type_name == "integer" and text.isdigit() else text


def _check_choices(shape: Shape, value: Any) -> None:
    """Refuse a value that is not one of an enumeration's, which the SDKs leave to the service."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in value:
                _check_choices(member, value[name])
    elif shape.type_name == "list":
        for item in value:
            _check_choices(shape.member, item)  # type: ignore[attr-defined]  # only list shapes have it
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        raise bad_request(
            f"1 validation error detected: Value '{value}' at '{shape.name}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(choices)}]"
        )


def answer(result: dict[str, Any]) -> Response:
    """Write a result as restJson1: members without a value are left out, times are epoch seconds."""
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    return Response(json.dumps(_present(result)), 200, headers, content_type="application/json")


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _present(member) for name, member in value.items() if member is not None}
    return [_present(item) for item in value] if isinstance(value, list) else value


def resource(operation: str, given: dict[str, Any], region: str, account: str) -> str:
    """Give the ARN that IAM judges an operation by, * for those that concern no single resource."""
    start = f"arn:{get_partition(region)}:ses:{region}:{account}:"
    if "EmailIdentity" in given:
        return f"{start}identity/{given['EmailIdentity']}"
    if "ConfigurationSetName" in given and "EmailIdentity" not in operation:
        return f"{start}configuration-set/{given['ConfigurationSetName']}"
    return str(given.get("ResourceArn", "*"))
