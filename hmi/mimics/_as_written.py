"""Elements in which every value stands as it is written: nearly all, read in one pass over their keys.

What is anything else (a reference, an expression, a fault, a text that cannot be drawn) is left to the reader, which
knows what to say of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from hmi.mimics._definition import ElementDefinition, Property
from hmi.mimics._document import Element
from hmi.mimics._plain import MOST_CHARACTERS
from hmi.mimics._references import has_references
from hmi.mimics._values import MOST_PIXELS, TEXTS, fits

Stands = Callable[[Any], bool]
COMMON: Final = frozenset(("id", "type", "x", "y", "w", "h", "tooltip", "note", "lint"))
"""Keys that mean the same in elements of every type."""
_LITERALS: Final = frozenset(("number", "integer", "boolean"))


class Plan(NamedTuple):
    """How elements of one type are read: ``properties`` by key, and what holds of those left out.

    ``stands`` says of each key whether a value may stay as it is written; None for a key that is no property.
    """

    definition: ElementDefinition
    properties: Mapping[str, Property]
    defaults: dict[str, Any]
    stands: Mapping[str, Stands | None]


def plan_of(definition: ElementDefinition) -> Plan:
    """Made once for each definition. An element may be given its properties, and a tag for each signal."""
    known = _plans.get(id(definition))
    if known is None or known.definition is not definition:
        properties = {s.role: Property(s.role, "tag", "", s.help) for s in definition.signals}
        properties |= {p.name: p for p in definition.properties}
        defaults = {p.name: p.default for p in definition.properties}
        stands = {**{name: _stands(prop) for name, prop in properties.items()}, **dict.fromkeys(COMMON)}
        known = _plans[id(definition)] = Plan(definition, properties, defaults, stands)
    return known


# by identity, as a definition's hash would look at all of it
_plans: Final[dict[int, Plan]] = {}


def _stands(prop: Property) -> Stands:
    if prop.type in TEXTS:
        return partial(_is_choice, frozenset(prop.choices)) if prop.choices else _is_text
    if prop.type in _LITERALS:
        return partial(fits, prop)
    return partial(_is_list_of_points, prop) if prop.type == "points" else _never


def _is_text(value: Any) -> bool:
    """A text that is drawn as it is and refers to nothing."""
    return type(value) is str and value[:1] != "$" and len(value) <= MOST_CHARACTERS and value.isprintable()


def _is_choice(choices: frozenset[str], value: Any) -> bool:
    return _is_text(value) and value in choices


def _is_list_of_points(prop: Property, value: Any) -> bool:
    return fits(prop, value) and not has_references(value)


def _never(_value: Any) -> bool:
    return False


def element_as_written(plan: Plan, identity: str, raw: Mapping[str, Any]) -> Element | None:
    """The element; None when something in it has to be looked at closely."""
    definition, _, defaults, stands = plan
    width, height = definition.size
    x, y, w, h = raw.get("x", 0), raw.get("y", 0), raw.get("w", width), raw.get("h", height)
    if not (type(x) is type(y) is type(w) is type(h) is int and _is_box(x, y, w, h)):
        return None
    properties = defaults.copy()
    for name, value in raw.items():
        accepts = stands.get(name, _never)
        if accepts is not None:
            if not accepts(value):
                return None
            properties[name] = value
    tooltip = raw.get("tooltip") or ""
    if not _is_text(tooltip):
        return None
    return Element(
        identity, definition.name, float(x), float(y), float(w), float(h), properties, {}, definition, {}, tooltip
    )  # fmt: skip


def _is_box(x: int, y: int, w: int, h: int) -> bool:
    return abs(x) <= MOST_PIXELS >= abs(y) and 0 <= w <= MOST_PIXELS >= h >= 0
