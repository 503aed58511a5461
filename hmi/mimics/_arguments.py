"""What a display is opened with: each argument held against the parameter it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hmi.mimics._catalogue import PlantNames
from hmi.mimics._parameters import Meaning, Parameter, a, meaning_problem, value_problem
from hmi.mimics._plain import quoted
from hmi.mimics._references import ReferenceProblem, Scope, literal_of, reference_in, resolve


class Arguments(NamedTuple):
    """``scope`` gives every parameter its meaning; ``problems`` are (what, what to do)."""

    scope: dict[str, Meaning]
    problems: list[tuple[str, str]]


def arguments_of(
    parameters: Mapping[str, Parameter],
    raw: Mapping[str, Any],
    names: PlantNames,
    *,
    scope: Scope | None = None,
    given: Mapping[str, Meaning] | None = None,
) -> Arguments:
    """Values for the parameters of a display.

    ``raw`` may refer to the parameters of ``scope``; without a scope its values are literals. ``given`` are
    parameters that have their meaning already. A parameter with a problem stays open.
    """
    out = Arguments({}, [])
    for name, parameter in parameters.items():
        out.scope[name] = Meaning(parameter, parameter.default, open=parameter.default is None)
    for name, value in raw.items():
        parameter = parameters.get(name)
        if parameter is None:
            known = ", ".join(list(parameters)[:20]) or "none"
            out.problems.append((f"there is no parameter {quoted(name)}", f"its parameters: {known}"))
            continue
        _take(out, parameter, value, scope, names)
    for name, meaning in (given or {}).items():
        _keep(out, parameters[name], meaning, names)
    for name, parameter in parameters.items():
        if parameter.required and name not in raw and name not in (given or {}):
            what = f"the parameter {name} ({a(parameter.of or parameter.type)}) is missing"
            out.problems.append((what, f"give {name} a value"))
    return out


def _take(out: Arguments, parameter: Parameter, value: Any, scope: Scope | None, names: PlantNames) -> None:
    reference = reference_in(value) if scope is not None else None
    if reference is None:
        value = literal_of(value) if scope is not None else value
        problem = value_problem(parameter, value, names)
        if problem:
            out.problems.append((f"parameter {parameter.name} {problem}", "give another value"))
        else:
            out.scope[parameter.name] = Meaning(parameter, value, open=False)
        return
    try:
        meaning = resolve(reference, scope or {}, names)
    except ReferenceProblem as problem:
        out.problems.append((f"parameter {parameter.name}: {problem.what}", problem.do))
        return
    _keep(out, parameter, meaning, names, f": {reference}")


def _keep(out: Arguments, parameter: Parameter, meaning: Meaning, names: PlantNames, by: str = "") -> None:
    if problem := meaning_problem(parameter, meaning, names):
        out.problems.append((f"parameter {parameter.name}{by} {problem}", "give another value"))
        return
    out.scope[parameter.name] = Meaning(parameter, meaning.value, meaning.open)
