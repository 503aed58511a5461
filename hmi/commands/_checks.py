"""Everything that has to hold before a command is sent; each check is a function, all unmet ones are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hmi.core import quality
from hmi.core.commands import CommandClass, OperatorCommand, Reason, Refusal
from hmi.core.principal import Principal, Role
from hmi.core.values import DataValue, Value, ValueType
from hmi.expressions import Expression
from hmi.project.plant import CommandRule, TagDef

_INTEGERS = (ValueType.INT64, ValueType.UINT64, ValueType.ENUM)
_FLOATS = (ValueType.FLOAT32, ValueType.FLOAT64)
_PLACES = frozenset({"remote", "local", "location"})
_MODES = frozenset({"auto", "manual", "mode"})
_NO_LINK = frozenset(
    {
        quality.BAD_NO_COMMUNICATION,
        quality.BAD_TIMEOUT,
        quality.BAD_NOT_CONNECTED,
        quality.BAD_WAITING_FOR_INITIAL_DATA,
        quality.UNCERTAIN_LAST_USABLE,
        quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the checks look at: the command, its tag and rule, and the plant as it is now."""

    principal: Principal
    command: OperatorCommand
    tag: TagDef
    rule: CommandRule
    values: Mapping[str, DataValue]
    is_live: Callable[[str], bool]
    permissives: tuple[tuple[Expression, str], ...]
    interlocks: tuple[tuple[Expression, str], ...]
    since_last_write_ms: float
    now_ns: int


Check = Callable[[Situation], Iterator[Refusal]]


def refusals_of(situation: Situation) -> tuple[Refusal, ...]:
    """Every unmet condition. Authority and value come first: without them nothing else is told."""
    for checks in (_FIRST, _THEN):
        found = tuple(refusal for check in checks for refusal in check(situation))
        if found:
            return found
    return ()


def authority(s: Situation) -> Iterator[Refusal]:
    """Writing needs the operate role, class C a reason as well; class X is nobody's."""
    if s.rule.klass is CommandClass.FORBIDDEN:
        yield Refusal(Reason.NO_ACCESS_AUTHORITY, f"{s.tag.name} takes no commands from here")
    elif not s.principal.has(Role.OPERATE):
        yield Refusal(Reason.NO_ACCESS_AUTHORITY, f"{s.principal.user} has no right to operate")
    elif s.rule.klass is CommandClass.CRITICAL and not s.command.reason.strip():
        yield Refusal(Reason.INCONSISTENT_PARAMETERS, "a critical command needs a reason")


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
        return "" if isinstance(value, str) else f"{value!r} is not a text"
    return f"a tag of type {tag.type.value} cannot be written"


def limits(s: Situation) -> Iterator[Refusal]:
    """Engineering range and operator range; an entry outside is refused, never clamped."""
    value = s.command.value
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    for name, bounds in (("engineering range", s.tag.range), ("operator range", s.rule.limits)):
        if bounds and not bounds.contains(value):
            text = f"{value:g} is outside the {name} {bounds.low:g} to {bounds.high:g} {s.tag.unit}".rstrip()
            yield Refusal(Reason.LIMIT_EXCEEDED, text, value)
    if s.tag.states and int(value) not in s.tag.states:
        yield Refusal(Reason.INVALID_POSITION, f"{value:g} is not a state of {s.tag.name}", value)


def step_size(s: Situation) -> Iterator[Refusal]:
    """A step above the limit needs a reason (the confirmation of the larger step)."""
    now, wanted = s.values[s.tag.name].value, s.command.value
    if not s.rule.max_step or s.command.reason.strip():
        return
    if (
        isinstance(now, int | float)
        and isinstance(wanted, int | float)
        and abs(wanted - now) > s.rule.max_step
    ):
        text = f"a step of {abs(wanted - now):g} is larger than {s.rule.max_step:g} {s.tag.unit}".rstrip()
        yield Refusal(Reason.LIMIT_EXCEEDED, f"{text}; confirm it with a reason", now)


def rate(s: Situation) -> Iterator[Refusal]:
    """A minimum pause between two writes of one item."""
    if s.since_last_write_ms < s.rule.min_interval_ms:
        yield Refusal(Reason.RATE_EXCEEDED, f"the last write is less than {s.rule.min_interval_ms} ms ago")


def communication(s: Situation) -> Iterator[Refusal]:
    """No command into the dark: the tag's own value has to be live, unless it is a pulse."""
    value = s.values[s.tag.name]
    unread = value.is_bad and not s.rule.pulse
    if unread or _is_dark(value.status) or not s.is_live(s.tag.name):
        yield Refusal(Reason.NO_COMMUNICATION, f"{s.tag.name} is not live", value.value)


def _is_dark(status: int) -> bool:
    return status & quality.CODE_MASK in _NO_LINK


def expected_value(s: Situation) -> Iterator[Refusal]:
    """Compare and set: what the asker saw has to be what is."""
    expected, now = s.command.expected, s.values[s.tag.name].value
    if expected is None or now == expected:
        return
    both = isinstance(expected, int | float) and isinstance(now, int | float)
    if both and math.isclose(float(expected), float(now), rel_tol=1e-6, abs_tol=1e-9):  # type: ignore[arg-type]
        return
    yield Refusal(Reason.INCONSISTENT_PARAMETERS, f"{s.tag.name} has changed to {now} meanwhile", now)


def conditions(s: Situation) -> Iterator[Refusal]:
    """Permissives must be true, interlocks false; a Bad input counts as unmet."""
    for expression, text in s.permissives:
        result = expression.evaluate(s.values, s.now_ns)
        if not _is_known(result):
            yield Refusal(Reason.BAD_FEEDBACK, f"not known: {text}", _decisive(s, expression, result))
        elif not result.value:
            yield Refusal(_cause(expression), f"not met: {text}", _decisive(s, expression, result))
    for expression, text in s.interlocks:
        result = expression.evaluate(s.values, s.now_ns)
        if not _is_known(result):
            yield Refusal(Reason.BAD_FEEDBACK, f"not known: {text}", _decisive(s, expression, result))
        elif result.value:
            yield Refusal(Reason.BLOCKED_BY_INTERLOCKING, f"active: {text}", _decisive(s, expression, result))


def _is_known(result: DataValue) -> bool:
    """A stale answer is no answer."""
    return not result.is_bad and not _is_dark(result.status)


def _cause(expression: Expression) -> Reason:
    """Local control and mode have words of their own; the signal's name tells (standards 5.4)."""
    signals = {name.rpartition(".")[2] for name in expression.names}
    if signals & _PLACES:
        return Reason.BLOCKED_BY_SWITCHING_HIERARCHY
    return Reason.BLOCKED_BY_MODE if signals & _MODES else Reason.BLOCKED_BY_PROCESS


def _decisive(s: Situation, expression: Expression, result: DataValue) -> Value:
    """The live value that decided: the tag's where there is one, else the expression's."""
    if len(expression.names) == 1 and (found := s.values.get(expression.names[0])) is not None:
        return found.value
    return result.value


_FIRST: tuple[Check, ...] = (authority, value_fits)
_THEN: tuple[Check, ...] = (limits, step_size, rate, communication, expected_value, conditions)
