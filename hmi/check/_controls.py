"""Checks the controls of displays: that each one writes a tag which takes such a command."""

from __future__ import annotations

from collections.abc import Mapping

from hmi.core.values import ValueType
from hmi.mimics import Element
from hmi.project.plant import TagDef

_NUMBERS = frozenset((ValueType.FLOAT32, ValueType.FLOAT64, ValueType.INT64, ValueType.UINT64))


def control_problem(element: Element, tags: Mapping[str, TagDef]) -> tuple[str, str] | None:
    """(what is wrong, what to do) with the tag that a control writes; None where it is well or not known here."""
    if element.definition is None or not element.definition.control:
        return None
    if "tag" in element.bindings:
        return (
            f"element {element.id}: a control writes one tag, not an expression",
            "name the tag itself under tag",
        )
    tag = tags.get(str(element.properties.get("tag") or ""))
    if tag is None:
        return None
    if tag.command is None:
        what = f"element {element.id}: {tag.name} takes no commands, so this {element.type} can do nothing"
        return what, "set writable to true in its row, or show it with a readout"
    problem, do = _of_kind(element, tag)
    return (f"element {element.id}: {problem}", do) if problem else None


def _of_kind(element: Element, tag: TagDef) -> tuple[str, str]:
    """What the kind of control asks of its tag; two empty texts when it has it."""
    kind = element.definition.control if element.definition is not None else ""
    is_number = tag.type in _NUMBERS and not tag.states
    has_states = bool(tag.states) or tag.type is ValueType.BOOL
    if kind in ("number", "track") and not is_number:
        return f"{tag.name} is no number, as this {element.type} needs", "use a selector or a button"
    if kind == "choice" and not has_states:
        return f"{tag.name} has no states to choose from", "give it states, or use an entry"
    if kind == "track" and not _has_range(element, tag):
        return f"{tag.name} has no range for a slider to move in", "give it low and high, or limits"
    if kind == "value" and element.properties.get("action") == "toggle" and tag.type is not ValueType.BOOL:
        return f"{tag.name} is not on or off, as a toggle needs", "use a selector"
    return "", ""


def _has_range(element: Element, tag: TagDef) -> bool:
    """Two ends: of the element, of the tag, or of its command."""
    limits = tag.command.limits if tag.command is not None else None
    own = None not in (element.properties.get("low"), element.properties.get("high"))
    return bool(own or tag.range or limits)
