"""Inputs as pydantic models: what is wrong with given ones, by key, and how a package schema describes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from mailstack.dns.records import domain_name
from mailstack.errors import RecordError
from mailstack.model import Model
from mailstack.paths import place

from .wire import Values, is_unknown

Given = TypeVar("Given", bound=BaseModel)
_KINDS: Mapping[str, str] = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


class Inputs(Model):
    """What a resource, a function or the provider is given; nothing is converted."""

    model_config = ConfigDict(strict=True)


def _domain(text: str) -> str:
    try:
        written = domain_name(text)
    except RecordError as error:
        raise PydanticCustomError("domain", "{words}", {"words": str(error)}) from None
    if written != text:
        raise PydanticCustomError("domain", "give a domain name in lower case: {name}", {"name": written})
    return text


Domain = Annotated[str, AfterValidator(_domain)]


def keys(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys that a model takes, in its order."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def defaults(model: type[BaseModel], given: Values) -> dict[str, Any]:
    """Return what is taken for the inputs that were not given."""
    empty = model.model_construct()
    return {
        field.alias or name: getattr(empty, name)
        for name, field in model.model_fields.items()
        if not field.is_required() and field.default is not None and (field.alias or name) not in given
    }


def resource(
    model: type[BaseModel], description: str, outputs: Mapping[str, Any], *, unset: Collection[str] = ()
) -> dict[str, Any]:
    """Describe a type for the package schema by its inputs and outputs; `unset` are those that it may not have."""
    inputs = properties(model)[0]
    return {
        "description": description,
        "inputProperties": inputs,
        "requiredInputs": required(model),
        "properties": {**inputs, **outputs},
        "required": [key for key in (*inputs, *outputs) if key not in unset],
    }


def problems(model: type[BaseModel], given: Values, *, title: str, secret: bool = False) -> dict[str, str]:
    """Return what is wrong with inputs, by key ("" for all together); unknown values are passed.

    title: what takes the inputs, as a sentence names it. secret: quote no given value.
    """
    unknown = {key for key, value in given.items() if is_unknown(value)}
    try:
        model.model_validate({key: value for key, value in given.items() if key not in unknown})
    except ValidationError as error:
        found: dict[str, str] = {}
        for detail in error.errors(include_url=False):
            key, sentence = _sentence(model, detail, title, secret)
            if key not in unknown and key not in found:
                found[key] = sentence
        return found
    return {}


def _sentence(model: type[BaseModel], detail: ErrorDetails, title: str, secret: bool) -> tuple[str, str]:
    """Say one mistake: its key, and a sentence with the place below it."""
    location, kind = detail["loc"], detail["type"]
    key, path = str(location[0]) if location else "", place(location)
    if kind == "missing" and location:
        return key, f"{path}: missing; give it"
    if kind == "extra_forbidden":
        allowed = ", ".join(keys(_model_at(model, location[:-1])))
        return key, f"{path}: not an input of {title}; it takes {allowed}"
    given = "" if secret else f"{detail['input']!r} was given; "
    if kind in _KINDS:
        return key, f"{path}: {given}give {_KINDS[kind]}"
    if kind == "literal_error":
        return key, f"{path}: {given}give {detail['ctx']['expected'].replace(chr(39), '')}"
    if kind == "greater_than_equal":
        return key, f"{path}: {given}give {detail['ctx']['ge']:g} or more"
    if kind == "string_too_short":
        return key, f"{path}: it is empty; give text"
    if kind == "too_long":
        return key, f"{path}: {given}give at most {detail['ctx']['max_length']}"
    if kind == "string_pattern_mismatch":
        return key, f"{path}: {given}write it as {detail['ctx']['pattern']}"
    words = str(detail.get("ctx", {}).get("error") or detail["msg"])
    return key, words if not path else f"{path}: {given}{words[0].lower()}{words[1:]}"


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the model below a model's key, through lists and mappings."""
    for part in location:
        field = next((one for name, one in model.model_fields.items() if part in (name, one.alias)), None)
        below = _models(field.annotation) if field else ()
        model = next(iter(below), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def properties(model: type[BaseModel], *, secret: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe a model for the package schema: its properties, and the types below them by token."""
    from mailstack.descriptions import Described

    described = model.model_json_schema(by_alias=True, schema_generator=Described)
    types = {
        f"mailstack:index:{name}": {
            "type": "object",
            "description": one.get("description", ""),
            "properties": _properties(one, secret),
            "required": one.get("required", []),
        }
        for name, one in described.get("$defs", {}).items()
    }
    return _properties(described, secret), types


def required(model: type[BaseModel]) -> list[str]:
    """Return the keys that must be given."""
    return [field.alias or name for name, field in model.model_fields.items() if field.is_required()]


def _properties(described: Mapping[str, Any], secret: bool) -> dict[str, Any]:
    marked = {"secret": True} if secret else {}
    return {key: {**_property(one), **marked} for key, one in described.get("properties", {}).items()}


def _property(one: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": one["description"]} if "description" in one else {}
    default = {"default": one["default"]} if isinstance(one.get("default"), str | int) else {}
    return {**_kind(one), **described, **default}


def _kind(one: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a JSON Schema type to the package schema's (github.com/pulumi/pulumi, pkg/codegen/schema)."""
    if "$ref" in one:
        return {"$ref": f"#/types/mailstack:index:{one['$ref'].rpartition('/')[2]}"}
    if "anyOf" in one:  # a value or null
        return next(_kind(each) for each in one["anyOf"] if each.get("type") != "null")
    match one.get("type"):
        case "array":
            return {"type": "array", "items": _kind(one["items"])}
        case "object":
            below = one.get("additionalProperties")
            return {"type": "object", "additionalProperties": _kind(below) if isinstance(below, dict) else _ANY}
        case str() as plain:
            return {"type": plain}
    return dict(_ANY)


_ANY = {"$ref": "pulumi.json#/Any"}
