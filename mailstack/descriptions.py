"""The texts below a model's fields: in its JSON Schema, and where a field is missing."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema


class Described(GenerateJsonSchema):
    """Describes each field by the text below it in its class.

    Pydantic's own `use_attribute_docstrings` parses the source of every model in every process that imports it, a third
    of what the settings cost there.
    """

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """Return the schema of a model."""
        model: type[BaseModel] = schema["cls"]
        whole = super().model_schema(schema)
        texts = field_texts(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            if name in texts and key in whole["properties"]:
                whole["properties"][key].setdefault("description", texts[name])
        return whole


def field_texts(model: type[BaseModel]) -> dict[str, str]:
    """Return the texts below the fields of a model, and of the models that it is made from, by field."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part is not BaseModel:
            declared = cast(ast.ClassDef, ast.parse(textwrap.dedent(inspect.getsource(part))).body[0])
            for field, below in pairwise(declared.body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                        found[name] = inspect.cleandoc(text)
    return found
