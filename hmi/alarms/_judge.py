"""What the comparator of an alarm is given: its value, or what is made of it and its partners (standards 1.4); pure.

A reading that is not usable freezes the alarm; a Good one without a value leaves the condition as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from hmi.alarms._condition_state import Alarm
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue, Value

STALE_CODES = frozenset({quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE, quality.UNCERTAIN_LAST_USABLE})
LOOKS = 5
"""How often a slope is looked at in one window when no value comes."""
SHORTEST_LOOK_NS = NS_PER_S // 10

Values: TypeAlias = Sequence[DataValue]
Names: TypeAlias = Mapping[str, DataValue]


class Reading(NamedTuple):
    """``look_at``: session time at which to judge again though no value came, 0 = not needed."""

    value: DataValue
    look_at: int = 0


def is_stale(value: DataValue) -> bool:
    return value.status & quality.CODE_MASK in STALE_CODES


def is_usable(value: DataValue) -> bool:
    """Neither Bad nor the last value of a source that is silent (standards 1.10)."""
    return not value.is_bad and not is_stale(value)


def reading_of(alarm: Alarm, values: Values, by_name: Names, now_ns: int) -> Reading:
    """What to compare now; keeps in the alarm what the next reading needs."""
    if alarm.expression is not None:
        return Reading(alarm.expression.evaluate(by_name, now_ns))
    if alarm.cases:
        _choose_limit(alarm, by_name, now_ns)
    judge = _JUDGES.get(alarm.definition.kind)
    return Reading(values[alarm.handle]) if judge is None else judge(alarm, values, now_ns)


def _choose_limit(alarm: Alarm, by_name: Names, now_ns: int) -> None:
    """The first true case counts; from the first that cannot be judged on, the plain limit does."""
    chosen = alarm.cases[-1]
    for case in alarm.cases[:-1]:
        result = case.when.evaluate(by_name, now_ns) if case.when is not None else None
        if result is None or not is_usable(result):
            break
        if result.value:
            chosen = case
            break
    alarm.compare, alarm.limit = chosen.compare, chosen.limit


def _deviation(alarm: Alarm, values: Values, now_ns: int) -> Reading:
    """Distance from the set point; nothing is judged for ``hold_s`` after the set point changed."""
    own, goal = values[alarm.handle], values[alarm.partner]
    if not is_usable(own) or not is_usable(goal):
        return Reading(goal if is_usable(own) else own)
    if goal.value != alarm.seen:
        alarm.seen_at = now_ns if alarm.seen is not None else 0
        alarm.seen = goal.value
    free_at = alarm.seen_at + int(alarm.definition.hold_s * NS_PER_S)
    if alarm.seen_at and now_ns < free_at:
        return Reading(_made(None if alarm.flags.active else 0.0, own, goal), free_at)
    return Reading(_made(_distance(own.value, goal.value), own, goal))


def _distance(first: Value, second: Value) -> float | None:
    both = isinstance(first, int | float) and isinstance(second, int | float)
    return abs(first - second) if both else None  # type: ignore[operator]


def _rate(alarm: Alarm, values: Values, now_ns: int) -> Reading:
    """Slope over the window; a value that stands still gives samples too."""
    own, slope = values[alarm.handle], alarm.slope
    if slope is None or not is_usable(own) or not isinstance(own.value, int | float):
        if slope is not None:
            slope.clear()
        return Reading(own)
    slope.add(now_ns, float(own.value))
    rate = slope.per_second()
    if rate is not None and alarm.definition.kind == "rate_down":
        rate = -rate
    look_at = now_ns + max(int(alarm.definition.window_s * NS_PER_S) // LOOKS, SHORTEST_LOOK_NS)
    return Reading(own._replace(value=rate), look_at)


def _discrepancy(alarm: Alarm, values: Values, now_ns: int) -> Reading:
    """Command and feedback differ; another command gets its full time."""
    own, wanted = values[alarm.handle], values[alarm.partner]
    if not is_usable(own) or not is_usable(wanted):
        return Reading(wanted if is_usable(own) else own)
    if wanted.value != alarm.seen:
        if alarm.seen is not None and not alarm.flags.active:
            alarm.present, alarm.due = False, 0
        alarm.seen = wanted.value
    apart = _distance(own.value, wanted.value)
    differs = own.value != wanted.value if apart is None else apart > alarm.definition.tolerance
    return Reading(_made(differs, own, wanted))


def _stale(alarm: Alarm, values: Values, now_ns: int) -> Reading:
    """The source is silent, or the value stood still for the window; a Bad value has alarms of its own."""
    own, window_ns = values[alarm.handle], int(alarm.definition.window_s * NS_PER_S)
    if own.is_bad:
        alarm.seen_at = 0
        return Reading(own)
    moved = _distance(own.value, alarm.seen)
    changed = own.value != alarm.seen if moved is None else moved > alarm.definition.deadband
    if changed or not alarm.seen_at:
        alarm.seen, alarm.seen_at = own.value, now_ns
    still = window_ns > 0 and now_ns - alarm.seen_at >= window_ns
    look_at = alarm.seen_at + window_ns if window_ns and not still else 0
    return Reading(DataValue(still or is_stale(own), quality.GOOD, own.source_time, now_ns), look_at)


def _made(value: Value, first: DataValue, second: DataValue) -> DataValue:
    return DataValue(
        value,
        quality.worst(first.status, second.status),
        max(first.source_time, second.source_time),
        max(first.receive_time, second.receive_time),
    )


_JUDGES: dict[str, Callable[[Alarm, Values, int], Reading]] = {
    "deviation": _deviation,
    "rate_up": _rate,
    "rate_down": _rate,
    "discrepancy": _discrepancy,
    "stale": _stale,
}
