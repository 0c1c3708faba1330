"""Values as the engine sends them: protobuf structs in which unknown and secret values are marked.

The marks are those of the engine's sdk/go/common/resource/properties.go. The SDK's own helpers do the same, but
importing them costs several times what the rest of the plugin's start costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

Values = dict[str, Any]

_MARK: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark of the protocol, not a password
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# One for each kind of value; what a provider answers is always the first, which means any kind.
_UNKNOWNS: Final = (
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
)


class Unknown:
    """A value that a preview cannot know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def is_unknown(value: Any) -> bool:
    """Tell whether a value is unknown or holds one that is."""
    if isinstance(value, Mapping):
        return any(map(is_unknown, value.values()))
    if isinstance(value, list):
        return any(map(is_unknown, value))
    return value is UNKNOWN


def decode(struct: struct_pb2.Struct) -> Values:
    """Return a struct's values: null left out, secrets without their mark, unknown values as UNKNOWN."""
    decoded = {key: _decode(value) for key, value in struct.fields.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            mark = _mark(value)
            if mark == _SECRET:
                return _decode(value.struct_value.fields["value"])
            if mark == _OUTPUT:
                inner = value.struct_value.fields
                return _decode(inner["value"]) if "value" in inner else UNKNOWN
            return decode(value.struct_value)
    return None


def _mark(value: struct_pb2.Value) -> str:
    fields = value.struct_value.fields
    return fields[_MARK].string_value if _MARK in fields else ""


def secret_texts(struct: struct_pb2.Struct) -> Iterator[str]:
    """Yield every text that is under a secret mark."""
    for value in struct.fields.values():
        yield from _secret_texts(value, inside=False)


def _secret_texts(value: struct_pb2.Value, inside: bool) -> Iterator[str]:
    match value.WhichOneof("kind"):
        case "string_value" if inside:
            yield value.string_value
        case "list_value":
            for item in value.list_value.values:
                yield from _secret_texts(item, inside)
        case "struct_value":
            fields = value.struct_value.fields
            inside = inside or _mark(value) == _SECRET or (_mark(value) == _OUTPUT and fields["secret"].bool_value)
            for key, item in fields.items():
                if key != _MARK:
                    yield from _secret_texts(item, inside)


def has_secret(struct: struct_pb2.Struct) -> bool:
    """Tell whether anything in a struct is marked as secret."""
    return any(_has_secret(value) for value in struct.fields.values())


def _has_secret(value: struct_pb2.Value) -> bool:
    match value.WhichOneof("kind"):
        case "list_value":
            return any(map(_has_secret, value.list_value.values))
        case "struct_value":
            return _mark(value) == _SECRET or any(map(_has_secret, value.struct_value.fields.values()))
    return False


def encode(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return a struct of values; None is left out, UNKNOWN is marked."""
    return struct_pb2.Struct(fields={key: _encode(value) for key, value in values.items() if value is not None})


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWNS[0])
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
    raise TypeError(f"a {type(value).__name__} cannot be sent to the engine")


def secret(value: Any) -> Values:
    """Return a value marked as secret, for `encode`."""
    return {_MARK: _SECRET, "value": value}


def sealed(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    """Return a struct with each of its values marked as secret."""
    return struct_pb2.Struct(
        fields={
            key: struct_pb2.Value(
                struct_value=struct_pb2.Struct(
                    fields={_MARK: struct_pb2.Value(string_value=_SECRET), "value": value},
                )
            )
            for key, value in struct.fields.items()
        }
    )


def joined(*structs: struct_pb2.Struct) -> struct_pb2.Struct:
    """Return one struct with the values of all, a later one's before an earlier one's."""
    fields = {key: value for struct in structs for key, value in struct.fields.items()}
    return struct_pb2.Struct(fields=fields)
