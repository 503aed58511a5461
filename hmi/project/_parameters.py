"""Typed parameters of a type: their defaults, the values of an instance, and where a type uses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hmi.core.values import Value
from hmi.project._convert import truth
from hmi.project._findings import FieldError
from hmi.project._templates import has_holes, template
from hmi.project.models import ParameterModel

BUILT_IN = ("name", "description", "area", "id")
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "string": (str,),
}


def check_definition(name: str, model: ParameterModel) -> None:
    """FieldError for a name that is taken or a default that the parameter itself would refuse."""
    if name in BUILT_IN:
        raise FieldError(f"{name!r} is a word of every type", f"these are taken: {', '.join(BUILT_IN)}")
    value = model.default
    if value is None:
        return
    wanted = _PYTHON_TYPES[model.type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise FieldError(f"the default {value!r} is not of type {model.type}")
    _check_bounds(name, value, model)


def parameter_values(
    given: Mapping[str, str], wanted: Mapping[str, ParameterModel], *, path: str = ""
) -> dict[str, Value]:
    """The parameters of one instance; FieldError for the first that does not fit.

    ``path``: what stands before them in the cell of the row, ``p1.`` for those of its member p1.
    """
    for key in given:
        if key not in wanted:
            known = ", ".join(wanted) or "none"
            raise FieldError(f"the type has no parameter {key!r}", f"its parameters: {known}")
    out: dict[str, Value] = {}
    for key, model in wanted.items():
        if key in given:
            out[key] = _check_bounds(key, _typed(key, given[key], model.type), model)
        elif model.default is None:
            raise FieldError(
                f"parameter {key!r} is missing", f"write {path}{key}=… into the column parameters"
            )
        else:
            out[key] = model.default
    return out


def _typed(key: str, text: str, kind: str) -> Value:
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return truth(text, key)
    except ValueError:
        raise FieldError(f"parameter {key} {text!r} is not of type {kind}") from None
    return text


def _check_bounds(key: str, value: Value, model: ParameterModel) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = model.minimum, model.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise FieldError(f"parameter {key} is {value}", f"it goes from {low} to {high}")
    if model.choices is not None and value not in model.choices:
        raise FieldError(f"parameter {key} {value!r} is not known", f"use one of {model.choices}")
    return value


def check_uses(raw: Any, parameters: Mapping[str, ParameterModel]) -> None:
    """FieldError when a text of a type uses a parameter that the type does not have."""
    for text in _texts(raw):
        for name in sorted(template(text).names):
            if name not in parameters and name not in BUILT_IN:
                known = ", ".join((*parameters, *BUILT_IN))
                raise FieldError(f"{text!r} uses {{{name}}}, which is no parameter", f"there are {known}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if has_holes(value):
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def check_texts(given: Mapping[str, str], wanted: Mapping[str, ParameterModel]) -> None:
    """FieldError for parameters that are not known, and for texts without holes that never fit."""
    for key, text in given.items():
        if key not in wanted:
            raise FieldError(f"has no parameter {key!r}", f"its parameters: {', '.join(wanted) or 'none'}")
        if not has_holes(text):
            _check_bounds(key, _typed(key, text, wanted[key].type), wanted[key])
