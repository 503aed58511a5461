"""Modes, permissives and interlocks of a command, and the state that it asks for (standards 5.4, 5.5)."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.commands._situation import Situation, is_known
from hmi.commands._verify import settled, tolerance_of
from hmi.core.commands import Reason, Refusal
from hmi.core.texts import tr
from hmi.core.values import DataValue, Value
from hmi.expressions import Expression
from hmi.project.causes import guessed_cause
from hmi.tags import raw_step


def conditions(s: Situation) -> Iterator[Refusal]:
    """Permissives must be true, interlocks false; a Bad input counts as unmet.

    A mode that cannot be seen is left out where the command is given without feedback on purpose; a bypass leaves
    out a condition of the process, never a mode or local control.
    """
    causes = dict(s.rule.causes)
    for expression, text in s.conditions.permissives:
        declared = causes.get(expression.text)
        if declared is None and text in s.bypassed:
            continue
        result = expression.evaluate(s.values, s.now_ns)
        if not is_known(result):
            if declared is None or not s.command.without_feedback:
                yield _not_known(s, expression, text, result)
        elif not result.value:
            cause = declared or guessed_cause(expression.names)
            yield Refusal(cause, tr("not met: {condition}", condition=text), _decisive(s, expression, result))
    for expression, text in s.conditions.interlocks:
        if text in s.bypassed:
            continue
        result = expression.evaluate(s.values, s.now_ns)
        if not is_known(result):
            yield _not_known(s, expression, text, result)
        elif result.value:
            told = tr("active: {condition}", condition=text)
            yield Refusal(Reason.BLOCKED_BY_INTERLOCKING, told, _decisive(s, expression, result))


def _not_known(s: Situation, expression: Expression, text: str, result: DataValue) -> Refusal:
    return Refusal(
        Reason.BAD_FEEDBACK, tr("not known: {condition}", condition=text), _decisive(s, expression, result)
    )


def _decisive(s: Situation, expression: Expression, result: DataValue) -> Value:
    """The live value that decided: the tag's where there is one, else the expression's."""
    if len(expression.names) == 1:
        (name,) = expression.names
        if (found := s.values.get(name)) is not None:
            return found.value
    return result.value


def reached(s: Situation) -> Iterator[Refusal]:
    """A command to the state it is in already, where the plant says that this has no use."""
    if not s.rule.reached:
        return
    now = s.values[s.tag.name]
    if s.rule.pulse:
        expression = s.conditions.feedback
        seen = expression.evaluate(s.values, s.now_ns) if expression else None
        is_there = seen is not None and is_known(seen) and bool(seen.value)
    else:
        is_there = is_known(now) and settled(s.command.value, now.value, tolerance_of(s.tag, raw_step(s.tag)))
    if is_there:
        text = tr("{name}: it is in this state already", name=s.tag.name)
        yield Refusal(Reason.POSITION_REACHED, text, now.value)
