"""The slope that is kept sum by sum is the least-squares slope of what lies in its window."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.alarms._slope import LEAST_SAMPLES, LEAST_SHARE, Slope
from hmi.core.clock import NS_PER_S

WINDOW_S = 10.0
BEGIN = 1_700_000_000 * NS_PER_S
VALUES = st.one_of(
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, 0.1, 0.2, 5.0, -(2.0**-40), 1e15, 1e300, -1e300]),
    st.integers(0, 2**53),
)
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.02, 0.5, 1.0, 1.0, 2.0, 30.0]), VALUES), max_size=60)


def plainly(samples: list[tuple[int, float]]) -> Fraction | None:
    """By its definition, exactly."""
    count = len(samples)
    if count < LEAST_SAMPLES or samples[-1][0] - samples[0][0] < LEAST_SHARE * WINDOW_S * NS_PER_S:
        return None
    times, values = [Fraction(at, NS_PER_S) for at, _ in samples], [Fraction(value) for _, value in samples]
    mean_time, mean_value = sum(times) / count, sum(values) / count
    spread = sum(((time - mean_time) ** 2 for time in times), Fraction(0))
    pairs = zip(times, values, strict=True)
    rise = sum(((time - mean_time) * (value - mean_value) for time, value in pairs), Fraction(0))
    return Fraction(rise / spread) if spread else None


@settings(max_examples=300, deadline=None)
@given(STEPS, st.integers(-(10**12), 10**12))
def test_it_is_the_slope_of_the_window(steps: list[tuple[float, float]], by_ns: int) -> None:
    slope, at, kept = Slope(WINDOW_S), BEGIN, list[tuple[int, float]]()
    for number, (step, value) in enumerate(steps):
        at += int(step * NS_PER_S)
        slope.add(at, value)
        if len(kept) > 1 and at - kept[-2][0] < WINDOW_S * NS_PER_S // 200:
            kept.pop()
        kept.append((at, value))
        kept = [one for one in kept if one[0] >= at - WINDOW_S * NS_PER_S]
        if number == 20:  # the clock is set
            slope.shift(by_ns)
            at, kept = at + by_ns, [(one + by_ns, value) for one, value in kept]
        found, expected = slope.per_second(), plainly(kept)
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-15)


def test_it_says_the_same_however_long_it_has_run() -> None:
    """Nothing is left of samples that are gone, however large they were."""
    old, new = Slope(WINDOW_S), Slope(WINDOW_S)
    for second in range(100_000):
        old.add(BEGIN + second * NS_PER_S, 1e12 / (second + 1) + second / 7)
    for second in range(100_000, 100_020):
        for slope in (old, new):
            slope.add(BEGIN + second * NS_PER_S, 0.1 * second)
    assert old.per_second() == new.per_second() == pytest.approx(0.1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e308])
def test_what_no_value_can_be_ends_nothing(value: float) -> None:
    slope = Slope(WINDOW_S)
    for second in range(30):
        slope.add(BEGIN + second * NS_PER_S, value if second % 2 else -value)
        slope.per_second()
    for second in range(30, 60):
        slope.add(BEGIN + second * NS_PER_S, 3.0 * second)
    assert slope.per_second() == pytest.approx(3.0)
