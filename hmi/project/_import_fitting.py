"""Proposed types whose names the plant has for something else: they get a number, and so do the rows that use them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from hmi.project.importing import Imported, ProposedType
from hmi.project.plant import ComponentType, Plant

_NAME: Final = re.compile(r'^name\s*=\s*"[^"\n]*"', re.MULTILINE)
_MOST: Final = 1000
_WRONG: Final[Mapping[str, Any]] = {"extends": "?"}
"""Of a type that the plan finds at fault; it keeps its name."""


def with_fitting_types(imported: Imported, plant: Plant) -> tuple[Imported, dict[str, str]]:
    """A type of the plant serves when it has all parameters and signals of the proposed one. Also: new names, and
    what the list calls these types.

    Types that extend others, are extended or are members of others keep their names: one does not fit without the
    other.
    """
    contents = {one.name: _content(one) for one in imported.types}
    bases = {str(content.get("extends", "")) for content in contents.values()}
    bases |= {kind for content in contents.values() for kind in _members(content).values()}
    names: dict[str, str] = {}
    for name, content in contents.items():
        if name in plant.types and not content.get("extends") and name not in bases:
            names[name] = _free(name, content, plant, {*contents, *names.values()})
    changed = {name: new for name, new in names.items() if new != name}
    if not changed:
        return imported, {}
    fitting = replace(
        imported,
        types=[_renamed(one, changed.get(one.name, one.name)) for one in imported.types],
        rows=[
            replace(row, cells={**row.cells, "kind": changed[row.cells["kind"]]})
            if row.cells.get("kind") in changed
            else row
            for row in imported.rows
        ],
    )
    return fitting, {new: name for name, new in changed.items()}


def _content(one: ProposedType) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(one.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return _WRONG
    parameters, members = content.get("parameters", {}), content.get("members", {})
    if not all(isinstance(tables, dict) for tables in (parameters, members, content.get("signals", {}))):
        return _WRONG
    whole = all(isinstance(table, dict) for table in (*parameters.values(), *members.values()))
    return content if whole else _WRONG


def _free(name: str, content: Mapping[str, Any], plant: Plant, others: set[str]) -> str:
    """The first of name, name_2, name_3 … that the plant has not, or has for the same."""
    for number in range(1, _MOST):
        new = name if number == 1 else f"{name}_{number}"
        if (there := plant.types.get(new)) is not None:
            if _serves(there, content):
                return new
        elif new not in others:
            return new
    return name


def _serves(there: ComponentType, content: Mapping[str, Any]) -> bool:
    wanted = {name: table.get("type") for name, table in content.get("parameters", {}).items()}
    same = all(there.parameters.get(name) == kind for name, kind in wanted.items())
    holds = all(there.members.get(name) == kind for name, kind in _members(content).items())
    return same and holds and set(content.get("signals", {})) <= set(there.signals)


def _members(content: Mapping[str, Any]) -> dict[str, str]:
    """The types of the members by name."""
    tables = content.get("members", {})
    return {name: str(table.get("type", "")) for name, table in tables.items()}


def _renamed(one: ProposedType, name: str) -> ProposedType:
    if name == one.name:
        return one
    return replace(one, name=name, text=_NAME.sub(f'name = "{name}"', one.text, count=1))
