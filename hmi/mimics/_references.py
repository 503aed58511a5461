"""References to parameters: ``$pump``, ``$pump.flow``; typed, never a piece of text in another text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from hmi.core.identity import is_elsewhere
from hmi.mimics._catalogue import PlantNames
from hmi.mimics._parameters import ANY, Meaning, Parameter, a, is_number
from hmi.mimics._plain import quoted

_PATTERN: Final = r"\$([a-z][a-z0-9_]{0,63})(?:\.([A-Za-z][A-Za-z0-9_]{0,63}))?"
_WHOLE: Final = re.compile(_PATTERN)
_STRINGS: Final = re.compile(r"'([^']*)'|\"[^\"]*\"")
_BUILT_IN: Final[Mapping[str, str]] = {"name": "string", "title": "string", "area": "area"}
_TEXT_KINDS: Final = frozenset(("string", "choice", "area", ANY))
_MOST_LEVELS: Final = 40

Scope = Mapping[str, Meaning]


class Reference(NamedTuple):
    """A parameter, or a part of the instance that it names."""

    name: str
    member: str = ""

    def __str__(self) -> str:
        return f"${self.name}.{self.member}" if self.member else f"${self.name}"


class ReferenceProblem(Exception):
    """A reference that leads nowhere; the caller knows element and property."""

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what, self.do = what, do


def reference_in(value: Any) -> Reference | None:
    """The reference that a value is as a whole; None for a literal."""
    if not isinstance(value, str) or not value.startswith("$"):
        return None
    found = _WHOLE.fullmatch(value)
    return Reference(found[1], found[2] or "") if found else None


def literal_of(value: Any) -> Any:
    """``$$`` at the beginning of a text stands for one ``$``."""
    return value[1:] if isinstance(value, str) and value.startswith("$$") else value


def has_references(value: Any) -> bool:
    """True when a list or object holds a reference or a doubled ``$`` at any depth."""
    return any(isinstance(text, str) and text.startswith("$") for text in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    level: list[Any] = [value]
    for _ in range(_MOST_LEVELS):
        children: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                children.extend(item.values())
            elif isinstance(item, list):
                children.extend(item)
            else:
                yield item
        if not children:
            return
        level = children


def references_of_expression(text: str) -> dict[str, Reference]:
    """The references in single quotes of an expression, by how they are written."""
    found: dict[str, Reference] = {}
    for match in _STRINGS.finditer(text[:4_000]):
        if match[1] is not None and (reference := reference_in(match[1])):
            found[match[1]] = reference
    return found


def resolve(reference: Reference, scope: Scope, names: PlantNames) -> Meaning:
    """What a reference stands for; ReferenceProblem when it stands for nothing."""
    given = scope.get(reference.name)
    if given is None:
        known = ", ".join(f"${name}" for name in list(scope)[:20]) or "none"
        raise ReferenceProblem(
            f"{reference}: the display has no parameter {reference.name}", f"its parameters: {known}"
        )
    if not reference.member or given.kind == ANY:
        return given
    if given.kind != "instance":
        raise ReferenceProblem(
            f"{reference}: {reference.name} is {a(given.kind)} and has no parts", f"write ${reference.name}"
        )
    return _member_of_type(reference, given, names) if given.open else _member(reference, given, names)


def _member_of_type(reference: Reference, given: Meaning, names: PlantNames) -> Meaning:
    """By the declared type alone, while no instance is given."""
    kind, member = names.types.get(given.parameter.of), reference.member
    if kind is None:
        return Meaning(Parameter(member, ANY))
    if member in kind.signals:
        return Meaning(Parameter(member, "tag"))
    if member in kind.parameters:
        return Meaning(Parameter(member, kind.parameters[member]))
    if member in _BUILT_IN:
        return Meaning(Parameter(member, _BUILT_IN[member]))
    known = ", ".join([*kind.signals[:20], *list(kind.parameters)[:10], *_BUILT_IN])
    raise ReferenceProblem(
        f"{reference}: the type {kind.name} has neither a signal nor a parameter {member}", f"it has: {known}"
    )


def _member(reference: Reference, given: Meaning, names: PlantNames) -> Meaning:
    member, name = reference.member, str(given.value)
    found = names.instances.get(name)
    if found is None:
        return _member_elsewhere(reference, given, names)
    if member in found.signals:
        return Meaning(Parameter(member, "tag"), found.signals[member], open=False)
    if member in found.parameters:
        value = found.parameters[member]
        return Meaning(Parameter(member, _kind_of(value)), value, open=False)
    if member in _BUILT_IN:
        value = {"name": found.name, "title": found.title or found.name, "area": found.area}[member]
        return Meaning(Parameter(member, _BUILT_IN[member]), value, open=False)
    raise ReferenceProblem(
        f"{reference}: {name} has neither a signal nor a parameter {member}",
        f"it has: {', '.join([*list(found.signals)[:20], *list(found.parameters)[:10], *_BUILT_IN])}",
    )


def _member_elsewhere(reference: Reference, given: Meaning, names: PlantNames) -> Meaning:
    """An instance of another runtime: its declared type says what it has, its name says how that is called."""
    name = str(given.value)
    if name in names.broken:
        return Meaning(Parameter(reference.member, ANY))
    if not is_elsewhere(name):
        raise ReferenceProblem(
            f"{reference}: {quoted(name)} is no instance", "name an instance of this plant"
        )
    if reference.member in ("name", "title"):
        return Meaning(Parameter(reference.member, "string"), name, open=False)
    declared = _member_of_type(reference, given, names)
    if declared.kind in ("tag", ANY):
        return Meaning(Parameter(reference.member, "tag"), f"{name}.{reference.member}", open=False)
    raise ReferenceProblem(f"{reference}: {name} belongs to another runtime", "refer to its signals only")


def takes_text(kind: str) -> bool:
    """True when a value of this kind is a text."""
    return kind in _TEXT_KINDS


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if is_number(value) else "string"
