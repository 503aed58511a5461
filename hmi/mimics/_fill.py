"""Blueprints become elements: each reference and expression gets what it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hmi.expressions import Expression
from hmi.mimics._catalogue import PlantNames
from hmi.mimics._document import Element
from hmi.mimics._parameters import Meaning
from hmi.mimics._plain import quoted
from hmi.mimics._reader import Blueprint, Slot, fill, slot_problem
from hmi.mimics._references import Reference, ReferenceProblem, Scope, resolve
from hmi.mimics._values import fits, shown

_DO: Final = "give another argument"
_PLACES: Final = frozenset(("x", "y", "w", "h", "tooltip"))


@dataclass(slots=True)
class _Filled:
    """What the slots of one element stand for."""

    values: dict[str, Any] = field(default_factory=dict)
    bindings: dict[str, Expression] = field(default_factory=dict)


class Filler:
    """Fills blueprints of one plant; equal bindings of one expression are one object."""

    def __init__(self, names: PlantNames) -> None:
        self.names = names
        self._bound: dict[tuple[Any, ...], Expression] = {}

    def element(self, blueprint: Blueprint, scope: Scope) -> tuple[Element, bool]:
        """The element, and whether it is complete; ReferenceProblem when an argument does not fit."""
        filled, complete = _Filled(), True
        for slot in blueprint.slots:
            try:
                complete &= self._slot(slot, scope, filled)
            except ReferenceProblem as problem:
                raise ReferenceProblem(f"{slot.prop.name}: {problem.what}", problem.do) from None
        return (_with(blueprint.element, filled) if blueprint.slots else blueprint.element), complete

    def _slot(self, slot: Slot, scope: Scope, filled: _Filled) -> bool:
        """True when the slot has its value, False while that is open."""
        if slot.expression is not None:
            return self._bind(slot, slot.expression, scope, filled)
        if not isinstance(slot.raw, Reference):
            return self._nested(slot, scope, filled)
        meaning = resolve(slot.raw, scope, self.names)
        if problem := slot_problem(slot.prop, slot.raw, meaning):
            raise ReferenceProblem(problem, _DO)
        if meaning.open:
            return False
        self._check_display(slot, meaning)
        filled.values[slot.prop.name] = shown(slot.prop, meaning.value)
        return True

    def _check_display(self, slot: Slot, meaning: Meaning) -> None:
        if slot.prop.type != "display" or not meaning.value:
            return
        if meaning.value not in self.names.displays and meaning.value not in self.names.broken:
            what = f"there is no display {quoted(meaning.value)}"
            raise ReferenceProblem(what, "name a display of this plant")

    def _nested(self, slot: Slot, scope: Scope, filled: _Filled) -> bool:
        complete = True

        def meaning_of(reference: Reference) -> Meaning:
            nonlocal complete
            meaning = resolve(reference, scope, self.names)
            complete &= not meaning.open
            return meaning

        value = fill(slot.raw, meaning_of, slot.prop)
        if not fits(slot.prop, value):
            raise ReferenceProblem(f"is {quoted(value)}, expected {slot.prop.type}", _DO)
        if complete:
            filled.values[slot.prop.name] = shown(slot.prop, value)
        return complete

    def _bind(self, slot: Slot, expression: Expression, scope: Scope, filled: _Filled) -> bool:
        tags: dict[str, str] = {}
        constants: dict[str, Any] = {}
        for written, reference in slot.references.items():
            meaning = resolve(reference, scope, self.names)
            if meaning.kind == "instance":
                raise ReferenceProblem(f"{reference} is an instance and has no value", _DO)
            if meaning.open:
                filled.bindings[slot.prop.name] = expression
                return False
            if meaning.kind == "tag":
                tags[written] = str(meaning.value)
            else:
                constants[written] = meaning.value
        key = (
            expression,
            tuple(sorted(tags.items())),
            tuple((k, repr(v)) for k, v in sorted(constants.items())),
        )
        if key not in self._bound:
            self._bound[key] = expression.bound(tags, constants)
        filled.bindings[slot.prop.name] = self._bound[key]
        return True


def _with(element: Element, filled: _Filled) -> Element:
    """Written out: ``dataclasses.replace`` would be a third of the time that a display takes to unfold."""
    values, bindings = filled.values, filled.bindings
    place = {name: values.pop(name) for name in _PLACES.intersection(values)} if values else {}
    return Element(
        element.id,
        element.type,
        float(place.get("x", element.x)),
        float(place.get("y", element.y)),
        float(place.get("w", element.w)),
        float(place.get("h", element.h)),
        {**element.properties, **values} if values else element.properties,
        {**element.bindings, **bindings} if bindings else element.bindings,
        element.definition,
        element.unknown,
        place.get("tooltip", element.tooltip),
    )
