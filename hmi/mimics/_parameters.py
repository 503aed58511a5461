"""Typed parameters of a display: how they are declared, and which values they accept."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from hmi.core.identity import TagRef, is_elsewhere, is_tag_name
from hmi.mimics._catalogue import PlantNames
from hmi.mimics._plain import quoted

PARAMETER_TYPES: Final = ("instance", "tag", "string", "number", "integer", "boolean", "choice")
ANY: Final = "any"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FIELDS: Final = frozenset(
    ("type", "of", "title", "unit", "low", "high", "choices", "default", "note", "help")
)
_ENDS: Final = ("low", "high")
_MOST_LEVELS: Final = 40

# kind of a value -> the types of parameters and properties that take it
_TAKEN_BY: Final[Mapping[str, frozenset[str]]] = {
    "instance": frozenset(("instance",)),
    "tag": frozenset(("tag",)),
    "string": frozenset(("string", "choice", "area", "display", "image")),
    "choice": frozenset(("string", "choice", "area", "display")),
    "area": frozenset(("area", "string")),
    "number": frozenset(("number",)),
    "integer": frozenset(("integer", "number")),
    "boolean": frozenset(("boolean",)),
}

Report = Callable[[str, str, str], None]  # severity, what, do


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter; ``of`` names a type of equipment, ``low`` and ``high`` bound numbers.

    Type ``any`` stands for a declaration that was refused: what refers to it is not refused once more.
    """

    name: str
    type: str
    title: str = ""
    of: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    default: Any = None

    @property
    def required(self) -> bool:
        return self.default is None and self.type != ANY


class Meaning(NamedTuple):
    """What a parameter or a reference stands for; ``open`` while nobody has given a value."""

    parameter: Parameter
    value: Any = None
    open: bool = True

    @property
    def kind(self) -> str:
        return self.parameter.type


def a(kind: str) -> str:
    """The kind with its article."""
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"


def takes(wanted: str, kind: str) -> bool:
    """True when a parameter or property of type ``wanted`` accepts values of ``kind``."""
    return ANY in (wanted, kind) or wanted in _TAKEN_BY.get(kind, ())


def is_a(kind: str, wanted: str, names: PlantNames) -> bool:
    """True when the type ``kind`` is ``wanted`` or extends it, over any number of steps."""
    for _ in range(_MOST_LEVELS):
        if kind == wanted:
            return True
        found = names.types.get(kind)
        if found is None:
            return False
        kind = found.extends
    return False


def is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 1e15
        and math.isfinite(value)
    )


def read_parameters(raw: Any, names: PlantNames, report: Report) -> dict[str, Parameter]:
    """The declarations of a display; each doubt is reported and nothing raises."""
    if not isinstance(raw, Mapping):
        report("error", "parameters is not an object", 'write "parameters": {"pump": {"type": "instance"}}')
        return {}
    found: dict[str, Parameter] = {}
    for name, declared in raw.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            what = f"{quoted(name)} is not the name of a parameter"
            report("error", what, "write small letters, digits and _")
            continue
        parameter, problem, do = _declared(name, declared, names)
        found[name] = parameter
        if problem:
            report("error", f"parameter {name}: {problem}", do)
            found[name] = Parameter(name, ANY)
        elif unknown := [key for key in declared if key not in _FIELDS]:
            fields = ", ".join(quoted(key) for key in unknown[:5])
            report("warning", f"parameter {name}: the field {fields} is kept and ignored", "")
    return found


def needs_arguments(document: Mapping[str, Any]) -> bool:
    """True when a display has a parameter without a default, so that it shows nothing by itself."""
    declared = document.get("parameters")
    values = declared.values() if isinstance(declared, Mapping) else ()
    return any(isinstance(raw, Mapping) and raw.get("default") is None for raw in values)


def _declared(name: str, raw: Any, names: PlantNames) -> tuple[Parameter, str, str]:
    """(parameter, what is wrong, what to do)."""
    refused = Parameter(name, ANY)
    if not isinstance(raw, Mapping):
        return refused, "is not an object", 'write {"type": "string", "default": "…"}'
    kind = raw.get("type")
    if kind not in PARAMETER_TYPES:
        return refused, f"the type {quoted(kind)} is not known", f"use one of: {', '.join(PARAMETER_TYPES)}"
    for key in ("of", "title", "unit"):
        if not isinstance(raw.get(key, ""), str):
            return refused, f"{key} is {quoted(raw[key])}", "write a text"
    if problem := _bounds_problem(raw):
        return refused, problem, 'write numbers, as "low": 0, "high": 10'
    choices = raw.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(c, str) for c in choices):
        return refused, "choices is not a list of texts", 'write "choices": ["a", "b"]'
    if kind == "choice" and not choices:
        return refused, "a choice has no choices", 'write "choices": ["a", "b"]'
    parameter = Parameter(
        name, str(kind), raw.get("title", ""), raw.get("of", ""), raw.get("unit", ""), raw.get("low"), raw.get("high"),
        tuple(choices), raw.get("default"),
    )  # fmt: skip
    if parameter.of and parameter.of not in names.types and parameter.of not in names.broken:
        known = ", ".join(list(names.types)[:20]) or "none"
        return refused, f"there is no type {quoted(parameter.of)}", f"types of this plant: {known}"
    if parameter.default is not None and (problem := value_problem(parameter, parameter.default, names)):
        return refused, f"the default {problem}", "correct it, or leave the default out"
    return parameter, "", ""


def _bounds_problem(raw: Mapping[str, Any]) -> str:
    for key in _ENDS:
        if raw.get(key) is not None and not is_number(raw[key]):
            return f"{key} is {quoted(raw[key])}"
    low, high = raw.get("low"), raw.get("high")
    return f"low {low} is above high {high}" if low is not None and high is not None and low > high else ""


def value_problem(parameter: Parameter, value: Any, names: PlantNames) -> str:
    """What is wrong with a value for a parameter; empty when it is accepted."""
    match parameter.type:
        case "instance":
            return _instance_problem(parameter, value, names)
        case "tag":
            return _tag_problem(parameter, value, names)
        case "number" | "integer":
            return _number_problem(parameter, value)
        case "boolean":
            return "" if isinstance(value, bool) else f"is {quoted(value)}, not true or false"
        case "string" | "choice" if not isinstance(value, str):
            return f"is {quoted(value)}, not a text"
        case "choice" if value not in parameter.choices:
            return f"is {quoted(value)}, not one of {', '.join(parameter.choices[:20])}"
    return ""


def _number_problem(parameter: Parameter, value: Any) -> str:
    if parameter.type == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
        return f"is {quoted(value)}, not a whole number"
    if not is_number(value):
        return f"is {quoted(value)}, not a number"
    if parameter.low is not None and value < parameter.low:
        return f"is {value}, below {parameter.low:g}"
    if parameter.high is not None and value > parameter.high:
        return f"is {value}, above {parameter.high:g}"
    return ""


def _tag_problem(parameter: Parameter, value: Any, names: PlantNames) -> str:
    if not isinstance(value, str):
        return f"is {quoted(value)}, not the name of a tag"
    tag = names.tags.get(value)
    if tag is None:
        if value in names.broken or value.rpartition(".")[0] in names.broken or is_elsewhere(value):
            return ""
        return f"is {quoted(value)}, which is no tag"
    if parameter.unit and tag.unit != parameter.unit:
        return f"is {value} in {tag.unit or 'no unit'}, not in {parameter.unit}"
    return ""


def _instance_problem(parameter: Parameter, value: Any, names: PlantNames) -> str:
    if not isinstance(value, str):
        return f"is {quoted(value)}, not the name of an instance"
    found = names.instances.get(value)
    if found is None:
        known = value in names.broken or (is_elsewhere(value) and is_tag_name(TagRef.parse(value).name))
        return "" if known else f"is {quoted(value)}, which is no instance"
    if parameter.of and not is_a(found.type, parameter.of, names):
        return f"is {value}, {a(found.type)} and not {a(parameter.of)}"
    return ""


def accepts_instance(parameter: Parameter, name: str, names: PlantNames) -> bool:
    """True when the parameter is for an instance, and for this one."""
    return parameter.type == "instance" and not value_problem(parameter, name, names)


def meaning_problem(parameter: Parameter, given: Meaning, names: PlantNames) -> str:
    """What is wrong when a parameter is given what a reference stands for."""
    if not takes(parameter.type, given.kind):
        return f"is {a(given.kind)}, not {a(parameter.type)}"
    if ANY in (parameter.type, given.kind):
        return ""
    if not given.open:
        return value_problem(parameter, given.value, names)
    other = given.parameter
    if parameter.of and other.of and not is_a(other.of, parameter.of, names):
        return f"is {a(other.of)} and not always {a(parameter.of)}"
    if parameter.unit and other.unit and parameter.unit != other.unit:
        return f"is in {other.unit}, not in {parameter.unit}"
    if parameter.choices and (strange := [c for c in other.choices if c not in parameter.choices]):
        return f"may be {quoted(strange[0])}, not one of {', '.join(parameter.choices[:20])}"
    return ""


def from_text(parameter: Parameter, text: str) -> Any:
    """A value written by hand, as on the command line; the text itself where it does not read as the type."""
    try:
        match parameter.type:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean" if text.lower() in ("true", "false"):
                return text.lower() == "true"
    except ValueError:
        return text
    return text
