"""One period of one calculation from stored samples, with the share of the time that is known; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import ReadProcessed
from hmi.core.values import DataValue, bad
from hmi.expressions import compile_expression
from hmi.historian.aggregates import Source, processed
from hmi.historian.calculated._periods import Period
from hmi.historian.samples import Samples
from hmi.project.calculation import TOTAL, CalculationRule

_MS_PER_H: Final = 3_600_000.0
_AGGREGATES: Final = {
    TOTAL: "Total2", "hours": "DurationInStateNonZero", "average": "TimeAverage2", "minimum": "Minimum2",
    "maximum": "Maximum2", "delta": "DeltaBounds",
}  # fmt: skip


def calculated(rule: CalculationRule, source: Source, period: Period, *, stepped: bool) -> DataValue:
    """The result of a period that is over, at its begin (source time); the receive time is its end.

    The status says how much of the time had a Good value: Good from ``rule.good`` percent on, below that Uncertain, Bad
    with none. What is not known adds nothing to a total.
    """
    percent = _aggregate("PercentGood", rule, source, period, stepped=stepped).value
    share = float(percent) if isinstance(percent, int | float) else 0.0
    if rule.kind == "percent_good":
        return DataValue(share, quality.GOOD, period.start, period.end)
    if share <= 0:
        return bad(quality.BAD_NO_DATA, period.start)._replace(receive_time=period.end)
    number = _number(rule, source, period, stepped=stepped)
    if number is None or not math.isfinite(number):
        return bad(quality.BAD_NO_DATA, period.start)._replace(receive_time=period.end)
    status = quality.GOOD if share >= rule.good else quality.UNCERTAIN_SUBNORMAL
    return DataValue(number, status, period.start, period.end)


def combined(rule: CalculationRule, parts: Mapping[str, DataValue], period: Period) -> DataValue:
    """A KPI from the results of the same period by tag name; Bad where one of them is missing or Bad."""
    found = compile_expression(rule.expression).evaluate(parts, period.end)
    value = found.value
    if found.is_bad or isinstance(value, bool | str) or not isinstance(value, int | float):
        status = found.status if found.is_bad else quality.BAD_NO_DATA
        return bad(status, period.start)._replace(receive_time=period.end)
    status = quality.GOOD if found.is_good else quality.UNCERTAIN_SUBNORMAL
    return DataValue(float(value), status, period.start, period.end)


def _aggregate(
    name: str, rule: CalculationRule, source: Source, period: Period, *, stepped: bool
) -> DataValue:
    request = ReadProcessed(rule.of, period.start, period.end, 0, name)
    return processed(source, request, stepped, known_until=period.end)[0]


def _number(rule: CalculationRule, source: Source, period: Period, *, stepped: bool) -> float | None:
    if rule.kind == "starts":
        return float(_starts(source, period))
    if rule.kind == "state_hours":
        return _state_ns(source, period, rule.state) / NS_PER_S / 3_600
    found = _aggregate(_AGGREGATES[rule.kind], rule, source, period, stepped=stepped).value
    if not isinstance(found, int | float):
        return None
    if rule.kind == TOTAL:
        return found / rule.base_s
    return found / _MS_PER_H if rule.kind == "hours" else float(found)


def _starts(source: Source, period: Period) -> int:
    """How often the value turned from 0 to another one; what was before a gap counts as known."""
    before = source.before(period.start)
    was_on = _last_known(before, was_on=False)
    count = 0
    for piece in source.samples(period.start, period.end - 1):
        on = piece.numbers()[~piece.is_bad()]
        on = on[~np.isnan(on)] != 0
        if len(on):
            count += int((on & ~np.concatenate(([was_on], on[:-1]))).sum())
            was_on = bool(on[-1])
    return count


def _last_known(samples: Samples, *, was_on: bool) -> bool:
    numbers = samples.numbers()[~samples.is_bad()]
    numbers = numbers[~np.isnan(numbers)]
    return bool(numbers[-1] != 0) if len(numbers) else was_on


def _state_ns(source: Source, period: Period, state: float) -> int:
    """How long a Good value was the one of the state; each value holds until the next one."""
    before = source.before(period.start)
    since = period.start
    is_state = bool(len(before)) and bool(before.is_good()[-1]) and float(before.numbers()[-1]) == state
    total = 0
    for piece in source.samples(period.start, period.end - 1):
        times = np.concatenate(([since], piece.times))
        states = np.concatenate(([is_state], piece.is_good() & (piece.numbers() == state)))
        total += int(np.diff(times)[states[:-1]].sum())
        since, is_state = int(times[-1]), bool(states[-1])
    return total + (period.end - since if is_state else 0)
