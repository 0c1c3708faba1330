"""Values as the engine sends them: protobuf structs with marks for unknown and for secret.

The signatures are those of the engine's sdk/go/common/resource/properties.go. The SDK's own helpers
(pulumi.runtime.rpc) do the same, but importing them costs half of a plugin's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the protocol, not a password
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# One for each kind of value; the provider side only ever sends the first, which stands for any kind.
_UNKNOWNS: Final = (
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
)


class Unknown:
    """A value that a preview cannot know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class Secret:
    """A value to be sent marked as secret."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Secret(...)"


def has_unknown(value: Any) -> bool:
    """Tell whether a value is or holds an unknown one."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Read a struct: nulls dropped, secrets unwrapped, whole numbers as int, unknown values as UNKNOWN."""
    decoded = {key: _decode(value) for key, value in struct.fields.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_object(value.struct_value)
        case _:
            return None


def _decode_object(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else ""
    if signature == _SECRET:
        return _decode(struct.fields["value"])
    if signature == _OUTPUT:
        return _decode(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    return decode(struct)


def encode(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Write a struct: None dropped, UNKNOWN and Secret marked as the engine expects."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        if value is not None:
            struct.fields[key].CopyFrom(_encode(value))
    return struct


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWNS[0])
        case Secret():
            return struct_pb2.Value(struct_value=encode({_SIGNATURE: _SECRET, "value": value.value}))
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent to the engine")
