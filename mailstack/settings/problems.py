"""Mistakes in settings as sentences: where, what was given, what is allowed, what to do."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, Tag, ValidationError
from pydantic_core import ErrorDetails

from mailstack.descriptions import field_texts
from mailstack.errors import SettingsError
from mailstack.paths import Part, key_path
from mailstack.settings.fields import shown
from mailstack.settings.model import MAPPING_OR_OFF, OFF

M = TypeVar("M", bound=BaseModel)

_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
}


def listed(names: Iterable[str], joint: str = "or") -> str:
    """Join names for a sentence: a, b or c."""
    *most, last = names
    return f"{', '.join(most)} {joint} {last}" if most else last


def nearest(given: str, names: Iterable[str]) -> str | None:
    """Return the name that a misspelt one most likely means, whatever its case and separators."""
    plain = {re.sub(r"[-_ ]", "", name).lower(): name for name in names}
    found = difflib.get_close_matches(re.sub(r"[-_ ]", "", given).lower(), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def unknown_key(key: str, allowed: Iterable[str]) -> str:
    """Say that a key is unknown, which it may mean and which there are."""
    allowed = list(allowed)
    guess = nearest(key, allowed)
    return f"unknown key{f'; did you mean {guess}?' if guess else ''} (allowed: {', '.join(allowed)})"


def not_one_of(allowed: Iterable[str], given: Any) -> str:
    """Say which words are allowed in the place of another one, and which it may mean."""
    allowed = list(allowed)
    guess = nearest(given, allowed) if isinstance(given, str) else None
    return f"must be {listed(allowed)}, not {shown(given)}{f'; did you mean {guess}?' if guess else ''}"


class Problems:
    """The mistakes found so far; no secret of the settings gets into their text."""

    def __init__(self, secrets: Any = None) -> None:
        self._found: dict[tuple[str, str], None] = {}
        # The beginning of a long one is enough where a sentence cuts it; case is lost where a name is normalised.
        texts = sorted({each[:50] for each in _leaves(secrets)}, key=len, reverse=True)
        pattern = "|".join(rf"{re.escape(each)}[^\s\"'\]]*" for each in texts)
        self._secrets = re.compile(pattern or r"(?!)", re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, path: str, sentence: str) -> None:
        """Note a mistake at a key path."""
        self._found[self._secrets.sub("[secret]", path), self._secrets.sub("[secret]", sentence)] = None

    def check(self, model: type[M], value: Any, *at: Part, quiet: bool = False, beside: Sequence[str] = ()) -> M | None:
        """Return the value as a model, or note its mistakes and return None.

        quiet quotes no given value; `beside` are keys that may be written beside the model's and are read elsewhere.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                place, sentence = _sentence(model, detail, quiet, beside)
                self.add(key_path(*at, *place), sentence)
            return None

    def raise_if_any(self) -> None:
        """Raise SettingsError with one line per mistake; its path is that of the first."""
        if self._found:
            first = next(iter(self._found))[0]
            raise SettingsError("\n".join(f"{path}: {sentence}" for path, sentence in self._found), path=first)


def _leaves(value: Any) -> Iterator[str]:
    """Yield every secret text; a shorter one, like a username, would only blot out ordinary words."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, str) and len(value) >= 8:
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key not in ("username", "accessKeyId"):
                yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)


def _sentence(
    model: type[BaseModel], detail: ErrorDetails, quiet: bool, beside: Sequence[str]
) -> tuple[list[Part], str]:
    """Turn one of pydantic's errors into a place and a sentence."""
    loc, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    place = _place(model, loc[:-1] if _is_about_a_key(model, loc) else loc)
    given = "" if quiet else f", not {shown(detail['input'])}"
    if kind == "extra_forbidden":
        key, allowed = str(place[-1]), [*keys_of(model, loc[:-1]), *(beside if len(loc) == 1 else ())]
        if quiet and not nearest(key, allowed):  # it may be a secret that got before the colon
            return place[:-1], f"holds an unknown key (allowed: {', '.join(allowed)})"
        return place, unknown_key(key, allowed)
    if kind == "missing":
        about = field_texts(next(_models(_at(model, loc[:-1])))).get(str(loc[-1]), "")
        return place, f"is missing: write {about[:1].lower()}{about[1:].rstrip('.')}"
    if kind == "model_type":
        either, keys = "off or " if loc[-1:] == (MAPPING_OR_OFF,) else "", keys_of(model, loc)
        return place, f"must be {either}a mapping with the key{'s' if keys[1:] else ''} {listed(keys)}{given}"
    if kind in _KINDS:
        return place, f"must be {_KINDS[kind]}{given}"
    if kind == "literal_error":
        allowed = [part.strip("'") for part in re.split(r", | or ", context["expected"])]
        return place, f"must be {listed(allowed)}" if quiet else not_one_of(allowed, detail["input"])
    if kind == "greater_than":
        return place, f"must be more than {context['gt']:g}{given}"
    if kind == "less_than_equal":
        return place, f"must be at most {context['le']:g}{given}"
    if kind == "value_error":
        return place, str(context["error"])
    return place, f"{detail['msg'][0].lower()}{detail['msg'][1:]}{given}"


def _place(model: type[BaseModel], loc: tuple[Part, ...]) -> list[Part]:
    """Return the keys of a place, without pydantic's names of branches; a key may have the same name as one."""
    place: list[Part] = []
    at: Any = model
    for part in loc:
        if not _is_branch(at, part):
            place.append(part)
        try:
            at = _inside(at, part)
        except LookupError:  # an unknown key: nothing is known below it
            at = None
    return place


def _is_about_a_key(model: type[BaseModel], loc: tuple[Part, ...]) -> bool:
    """Tell whether pydantic names the key of a mapping, not its value, which it marks behind the key."""
    if loc[-1:] != ("[key]",) or len(loc) == 1:
        return False
    return any(get_origin(each) is dict for each in _branches(_at(model, loc[:-2])))


def _is_branch(at: Any, part: Part) -> bool:
    return part in (MAPPING_OR_OFF, OFF) and any(Tag(str(part)) in get_args(each)[1:] for each in _branches(at))


def keys_of(model: type[BaseModel], loc: tuple[Part, ...] = ()) -> list[str]:
    """Return the keys that the mapping at a place of a model may have."""
    owner = next(_models(_at(model, loc)))
    return [field.alias or name for name, field in owner.model_fields.items()]


def _at(at: Any, loc: tuple[Part, ...]) -> Any:
    for part in loc:
        at = _inside(at, part)
    return at


def _inside(at: Any, part: Part) -> Any:
    """Return the annotation of what is under a key, an index or a branch of an annotated place."""
    if _is_branch(at, part):
        return next(get_args(each)[0] for each in _branches(at) if Tag(str(part)) in get_args(each)[1:])
    for each in _branches(at):
        if isinstance(each, type) and issubclass(each, BaseModel):
            fields = {field.alias or name: field for name, field in each.model_fields.items()}
            return fields[str(part)].rebuild_annotation()
        if get_origin(each) in (dict, tuple):
            return get_args(each)[1 if get_origin(each) is dict else 0]
    raise LookupError(f"nothing is under {part!r} of {at!r}")


def _branches(at: Any) -> Iterator[Any]:
    """Yield the alternatives of an annotation, whole and, where it is annotated, bare."""
    if get_origin(at) in (Union, types.UnionType):
        for each in get_args(at):
            yield from _branches(each)
        return
    yield at
    if get_origin(at) is Annotated:
        yield from _branches(get_args(at)[0])


def _models(at: Any) -> Iterator[type[BaseModel]]:
    return (each for each in _branches(at) if isinstance(each, type) and issubclass(each, BaseModel))
