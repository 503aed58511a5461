"""Suppression by design: rules over tags, and what a rule says at the moment (standards 1.8)."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.alarms._book import Book
from hmi.alarms._change import AlarmChange
from hmi.alarms._condition_state import Alarm
from hmi.alarms._judge import is_usable
from hmi.core.alarms import AlarmEvent
from hmi.core.values import WAITING, DataValue
from hmi.expressions import Expression


@dataclass(frozen=True, slots=True)
class RuleView:
    """A suppression rule at one moment: ``truth`` is true, false or unknown; unknown does not suppress.

    ``inputs``: (tag, value) of every tag that the rule or the alarm's own expressions read.
    """

    text: str
    truth: str
    inputs: tuple[tuple[str, DataValue], ...]


def apply_rules(book: Book, handle: int, now_ns: int, found: list[AlarmChange]) -> None:
    """Judge the rules that read a tag."""
    for alarm in book.tables.rules[handle]:
        if not alarm.disabled:
            judge_rule(book, alarm, now_ns, found)


def judge_rule(book: Book, alarm: Alarm, now_ns: int, found: list[AlarmChange]) -> None:
    """Only a rule that is surely true suppresses; a Bad or stale input never hides an alarm."""
    rule = alarm.suppress_when
    if rule is None:
        return
    wanted = _truth(book, rule, now_ns) == "true"
    if wanted == alarm.rule_hidden:
        return
    event = AlarmEvent.SUPPRESS if wanted else AlarmEvent.UNSUPPRESS
    if book.apply(alarm, event, now_ns, found, comment=f"suppressed by design: {rule.text}") is None:
        alarm.rule_hidden = wanted


def rule_view(book: Book, alarm: Alarm, now_ns: int) -> RuleView:
    """The rule of one alarm, with its inputs as they are now."""
    rule = alarm.suppress_when
    names = dict.fromkeys(rule.names if rule else ())
    names.update(dict.fromkeys(alarm.expression.names if alarm.expression else ()))
    for case in alarm.cases:
        names.update(dict.fromkeys(case.when.names if case.when else ()))
    names.update(dict.fromkeys(alarm.definition.partners))
    inputs = tuple((name, book.by_name.get(name, WAITING)) for name in names)
    return RuleView(rule.text if rule else "", _truth(book, rule, now_ns) if rule else "", inputs)


def _truth(book: Book, rule: Expression, now_ns: int) -> str:
    result = rule.evaluate(book.by_name, now_ns)
    if not is_usable(result):
        return "unknown"
    return "true" if result.value else "false"
