"""What a resource type is made of: its properties, and the lifecycle that a vendor's file fills in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from .wire import UNKNOWN, Secret, has_unknown

# The bridge of the real plugins notes here which inputs it filled in itself.
DEFAULTS: Final = "__defaults"

State = dict[str, Any]


class VendorError(Exception):
    """The vendor refused or could not be reached; the message is told to the user as it is."""


@dataclass(frozen=True)
class Property:
    """One property of a resource type.

    `computed`: the vendor fills it in where the program leaves it out, so its absence is no difference.
    `output`: only ever the vendor's. `replaces`: a change makes a new object. `same` decides equality of old
    and new, seen with all inputs, where texts differ and meanings do not. `unset` is what the state holds where the
    program gives nothing. `stamped`: the vendor changes it with every update, so a diff lists it beside the reason.
    """

    required: bool = False
    default: Any = None
    computed: bool = False
    output: bool = False
    replaces: bool = False
    secret: bool = False
    stamped: bool = False
    unset: Any = None
    nested: Mapping[str, Property] | None = None
    same: Callable[[Any, Any, State], bool] | None = None

    @property
    def filled_in(self) -> bool:
        """Tell whether the vendor may give it a value that the program did not."""
        return self.output or self.computed


OUTPUT: Final = Property(output=True)
Properties = Mapping[str, Property]


class Resource(Protocol):
    """One resource type: what the engine's calls come down to. All raise VendorError."""

    @property
    def properties(self) -> Properties:
        """The type's inputs and outputs by name."""

    def create(self, inputs: State) -> tuple[str, State]:
        """Make the object; return its id and state."""

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Return the object's id and state as they are now, None if it is gone; `state` is empty on import."""

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Change the object in place; return its state."""

    def delete(self, id_: str, state: State) -> None:
        """Remove the object."""


def check(name: str, properties: Properties, inputs: State, olds: State, seed: bytes) -> tuple[State, dict[str, str]]:
    """Fill in defaults and an automatic `name`; return the inputs and the reasons for refusing some, by property."""
    checked = {key: value for key, value in inputs.items() if key != DEFAULTS}
    filled = {key: one.default for key, one in properties.items() if one.default is not None and key not in checked}
    if "name" in properties and properties["name"].computed and "name" not in checked and "namePrefix" not in checked:
        kept = olds.get("name") if "name" in olds.get(DEFAULTS, []) else None
        filled["name"] = kept or f"{name}-{hashlib.sha256(seed).hexdigest()[:7]}"
    checked.update(filled)
    checked[DEFAULTS] = sorted(filled)
    reasons = {
        key: f'Missing required argument. The argument "{key}" is required, but no definition was found.. '
        f"Examine values at '{name}.{key}'."
        for key, one in properties.items()
        if one.required and key not in checked
    }
    for key in inputs:
        if key != DEFAULTS and (key not in properties or properties[key].output):
            reasons[key] = f"Invalid or unknown key. Examine values at '{name}.{key}'."
    return checked, reasons


@dataclass(frozen=True)
class Change:
    """One difference: `kind` is add, delete or update."""

    path: str
    kind: str
    replaces: bool


def differences(properties: Properties, state: State, inputs: State) -> list[Change]:
    """Compare what the program wants with what the state holds, as the real plugins do (not with old inputs)."""
    changes = _differences(properties, state, inputs)
    stamped = [key for key, one in properties.items() if one.stamped] if changes else []
    return changes + [Change(key, "add" if state.get(key) is None else "update", replaces=False) for key in stamped]


def _differences(properties: Properties, state: State, inputs: State, prefix: str = "") -> list[Change]:
    changes: list[Change] = []
    for key, one in properties.items():
        if one.output:
            continue
        path, old, new = prefix + key, state.get(key), inputs.get(key)
        if new is None:
            if not one.computed and not _empty(old):
                changes.append(Change(path, "delete", one.replaces))
        elif new is UNKNOWN:
            changes.append(Change(path, "update" if old is not None else "add", one.replaces))
        elif one.nested is not None and isinstance(new, dict) and isinstance(old, dict):
            changes += _differences(one.nested, old, new, f"{path}.")
        elif not _equal(one, old, new, inputs):
            changes.append(Change(path, "add" if old is None else "update", one.replaces))
    return changes


def _empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_empty(item) for item in value.values())
    return value in (None, "", False, 0, [], {})


def _equal(one: Property, old: Any, new: Any, inputs: State) -> bool:
    if has_unknown(new):
        return False
    if one.same is not None and old is not None:
        return one.same(old, new, inputs)
    return bool(old == new) or (_empty(old) and _empty(new))


def deletes_first(properties: Properties, state: State, inputs: State) -> bool:
    """Tell whether a replacement must delete first: a given name that stays the same is taken until then.

    The real plugins decide so for types with an automatic `name` only.
    """
    automatic = "name" in properties and properties["name"].computed
    return automatic and "name" not in inputs.get(DEFAULTS, []) and state.get("name") == inputs.get("name")


def planned(properties: Properties, inputs: State, state: State | None = None) -> State:
    """Return the state that a preview expects: the inputs, and what the vendor fills in unknown or as it was."""
    result: State = {}
    old = state or {}
    for key, one in properties.items():
        wanted = inputs.get(key)
        if one.nested is not None and isinstance(wanted, dict):
            before = old.get(key) if isinstance(old.get(key), dict) else None
            result[key] = planned(one.nested, wanted, before)
        elif wanted is not None:
            result[key] = wanted
        elif one.filled_in:
            result[key] = UNKNOWN if state is None or one.stamped else old.get(key)
        elif one.unset is not None:
            result[key] = one.unset
    return result


def as_inputs(properties: Properties, state: State, inputs: State | None) -> State:
    """Return the inputs that would give `state`.

    They are those of `inputs` brought up to date; on import (`inputs` is None) all that say something.
    """
    result: State = {} if inputs is None else {DEFAULTS: inputs.get(DEFAULTS, [])}
    for key, one in properties.items():
        value = state.get(key)
        if one.output or value is None or (inputs is not None and key not in inputs):
            continue
        if inputs is None and (_empty(value) or value == one.default):
            continue
        if one.nested is not None and isinstance(value, dict):
            given = None if inputs is None else inputs[key]
            value = as_inputs(one.nested, value, given if isinstance(given, dict) else None)
            value.pop(DEFAULTS, None)
        result[key] = value
    return {DEFAULTS: [], **result}


def sealed(properties: Properties, state: State) -> State:
    """Mark the type's secret properties, nested ones too."""
    result = dict(state)
    for key, one in properties.items():
        value = state.get(key)
        if one.nested is not None and isinstance(value, dict):
            result[key] = sealed(one.nested, value)
        elif one.secret and value is not None:
            result[key] = Secret(value)
    return result
