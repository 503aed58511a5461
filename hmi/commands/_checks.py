"""Everything that has to hold before a command is sent; each check is a function, all unmet ones are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from hmi.commands._feedback import communication, feedback
from hmi.commands._limits import carried, limits, rate, step_size
from hmi.commands._modes import conditions, reached
from hmi.commands._situation import Situation
from hmi.commands._steps import steps
from hmi.core.commands import CommandClass, Reason, Refusal
from hmi.core.holds import TagKind
from hmi.core.texts import tr
from hmi.core.values import Value, ValueType
from hmi.project.plant import TagDef

TEXT_LIMIT = 1_000
_INTEGERS = (ValueType.INT64, ValueType.UINT64, ValueType.ENUM)
_FLOATS = (ValueType.FLOAT32, ValueType.FLOAT64)

Check = Callable[[Situation], Iterator[Refusal]]


def refusals_of(situation: Situation) -> tuple[Refusal, ...]:
    """Every unmet condition. Authority and value come first: without them nothing else is told."""
    return _unmet(situation, (_FIRST, _THEN))


def refusals_to_select(situation: Situation) -> tuple[Refusal, ...]:
    """As far as they can be told before the steps of the command are made."""
    return _unmet(situation, (_FIRST, _AT_SELECT))


def _unmet(situation: Situation, stages: tuple[tuple[Check, ...], ...]) -> tuple[Refusal, ...]:
    for checks in stages:
        found = tuple(refusal for check in checks for refusal in check(situation))
        if found:
            return found
    return ()


def authority(s: Situation) -> Iterator[Refusal]:
    """The right that the command needs in the tag's area; class X is nobody's."""
    if s.rule.klass is CommandClass.FORBIDDEN:
        text = tr("{name} takes no commands from here", name=s.tag.name)
        yield Refusal(Reason.NO_ACCESS_AUTHORITY, text)
    elif not s.may(s.rule.right):
        text = tr("{user} has no right to {right} here", user=s.principal.user, right=s.rule.right.value)
        yield Refusal(Reason.NO_ACCESS_AUTHORITY, text)


def held_back(s: Situation) -> Iterator[Refusal]:
    """People who work on the equipment, and positions that control its area, come before the command."""
    if s.objection is not None:
        yield s.objection
    for one in s.control_tags:
        if one.kind is TagKind.DO_NOT_OPERATE:
            text = tr(
                "do not operate: {reason} ({owner})", reason=one.reason, owner=one.owner_name or one.owner
            )
            yield Refusal(Reason.TAGGED_DO_NOT_OPERATE, text)


def value_fits(s: Situation) -> Iterator[Refusal]:
    """The value has the tag's type and is a number where one is needed."""
    if problem := _type_problem(s.tag, s.command.value):
        yield Refusal(Reason.INCONSISTENT_PARAMETERS, problem, s.command.value)


def _type_problem(tag: TagDef, value: Value) -> str:
    if tag.type is ValueType.BOOL:
        return "" if isinstance(value, bool) or value in (0, 1) else f"{value!r} is neither on nor off"
    if tag.type in _INTEGERS:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return (
            ""
            if whole or (isinstance(value, float) and value.is_integer())
            else f"{value!r} is no whole number"
        )
    if tag.type in _FLOATS:
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return "" if number else f"{value!r} is not a number"
    if tag.type is ValueType.STRING:
        return _text_problem(value)
    return f"a tag of type {tag.type.value} cannot be written"


def _text_problem(value: Value) -> str:
    if not isinstance(value, str):
        return f"{value!r} is not a text"
    return f"the text is longer than {TEXT_LIMIT} characters" if len(value) > TEXT_LIMIT else ""


def expected_value(s: Situation) -> Iterator[Refusal]:
    """Compare and set: what the asker saw has to be what is."""
    expected, now = s.command.expected, s.values[s.tag.name].value
    if expected is None or now == expected:
        return
    both = isinstance(expected, int | float) and isinstance(now, int | float)
    if both and math.isclose(float(expected), float(now), rel_tol=1e-6, abs_tol=1e-9):  # type: ignore[arg-type]
        return
    yield Refusal(Reason.INCONSISTENT_PARAMETERS, f"{s.tag.name} has changed to {now} meanwhile", now)


_FIRST: tuple[Check, ...] = (authority, value_fits)
_AT_SELECT: tuple[Check, ...] = (held_back, limits, carried, communication, conditions, reached)
_THEN: tuple[Check, ...] = (
    held_back, limits, carried, step_size, rate, communication, feedback, expected_value, conditions, reached,
    steps,
)  # fmt: skip
