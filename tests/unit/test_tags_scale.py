"""Scaling in and out: curves, ranges, live zero, NaN, rounding, type range and tolerance (standards 4.3)."""

from __future__ import annotations

import math

import pytest

from hmi.core import quality
from hmi.core.commands import Refusal
from hmi.core.values import DataValue, EURange, Value, ValueType
from hmi.project.plant import Scaling, TagDef
from hmi.tags import OutOfTypeRange, TagEngine, raw_for, to_raw
from hmi.testing.clock import ManualClock
from hmi.testing.plant import good, make_plant, make_tag

LINEAR = Scaling(EURange(0, 1000), EURange(-50, 150))
EXCEEDED = quality.UNCERTAIN_EU_EXCEEDED


def converted(tag: TagDef, raw: DataValue) -> DataValue:
    return TagEngine(make_plant([tag]), ManualClock()).scaled(0, raw)


@pytest.mark.parametrize(("raw", "eu"), [(0, -50.0), (500, 50.0), (1000, 150.0), (250.0, 0.0)])
def test_linear(raw: float, eu: float) -> None:
    assert converted(make_tag("a/x", scaling=LINEAR), good(raw)) == good(eu)


@pytest.mark.parametrize(("raw", "eu"), [(0, 0.0), (250, 50.0), (1000, 100.0)])
def test_square_root(raw: float, eu: float) -> None:
    scaling = Scaling(EURange(0, 1000), EURange(0, 100), kind="sqrt")
    assert converted(make_tag("a/x", scaling=scaling), good(raw)).value == pytest.approx(eu)


def test_square_root_of_a_negative_share_is_the_low_end_and_low_limited() -> None:
    scaling = Scaling(EURange(0, 1000), EURange(0, 100), kind="sqrt")
    value = converted(make_tag("a/x", scaling=scaling), good(-5))
    assert value.value == 0.0
    assert value.status == EXCEEDED | quality.LIMIT_LOW


@pytest.mark.parametrize(
    ("raw", "eu", "limit"), [(1100, 170.0, quality.LIMIT_HIGH), (-100, -70.0, quality.LIMIT_LOW)]
)
def test_beyond_the_range_the_true_number_stays_and_is_marked(raw: float, eu: float, limit: int) -> None:
    value = converted(make_tag("a/x", scaling=LINEAR), good(raw))
    assert value.value == pytest.approx(eu)
    assert value.status == EXCEEDED | limit


def test_clamp_only_where_the_engineer_says_so() -> None:
    clamped = Scaling(LINEAR.raw, LINEAR.eu, clamp=True)
    value = converted(make_tag("a/x", scaling=clamped), good(1100))
    assert (value.value, value.status) == (150.0, EXCEEDED | quality.LIMIT_HIGH)


@pytest.mark.parametrize(("raw", "broken"), [(-26, True), (-24, False), (1062, False), (1063, True)])
def test_live_zero_makes_a_broken_transmitter_bad(raw: float, broken: bool) -> None:
    tag = make_tag("a/x", scaling=LINEAR, options={"live_zero": True})
    assert (converted(tag, good(raw)).status == quality.BAD_SENSOR_FAILURE) is broken


@pytest.mark.parametrize("scaling", [None, LINEAR])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_NaN_and_infinity_are_bad_and_never_a_number(number: float, scaling: Scaling | None) -> None:
    value = converted(make_tag("a/x", scaling=scaling), good(number))
    assert value.is_bad
    assert value.value is None


def test_a_text_for_a_number_is_bad() -> None:
    assert converted(make_tag("a/x"), good("12")).status == quality.BAD_TYPE_MISMATCH


def test_the_device_status_survives_scaling() -> None:
    raw = DataValue(500, quality.UNCERTAIN_SENSOR_NOT_ACCURATE, 1, 2)
    assert converted(make_tag("a/x", scaling=LINEAR), raw) == DataValue(50.0, raw.status, 1, 2)
    bad = DataValue(None, quality.BAD_TIMEOUT, 1, 2)
    assert converted(make_tag("a/x", scaling=LINEAR), bad) == bad


def test_the_operating_range_marks_unscaled_numbers() -> None:
    tag = make_tag("a/x", range=EURange(0, 100))
    assert converted(tag, good(100.0)).is_good
    assert converted(tag, good(100.5)) == good(100.5).with_status(EXCEEDED | quality.LIMIT_HIGH)


INT16 = make_tag(
    "a/x", scaling=Scaling(EURange(-32768, 32767), EURange(0, 65_535)), options={"wire": "int16"}
)


@pytest.mark.parametrize(
    ("value", "raw"),
    [(0, -32768), (65_535, 32767), (32_768.5, 1), (32_767.5, -1), (32_770.4, 2), (65_536, None), (-1, None)],
)
def test_a_write_rounds_half_away_from_zero_and_must_fit_the_wire(value: float, raw: int | None) -> None:
    answer = raw_for(INT16, value)
    if raw is None:
        assert isinstance(answer, Refusal)
    else:
        assert answer == raw


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        (make_tag("a/b", type=ValueType.BOOL), 1, True),
        (make_tag("a/b", type=ValueType.BOOL), 2, None),
        (make_tag("a/f"), 3, 3.0),
        (make_tag("a/f"), math.nan, None),
        (make_tag("a/f"), True, None),
        (make_tag("a/f"), "3", None),
        (make_tag("a/f", type=ValueType.FLOAT32), 1e39, None),
        (make_tag("a/i", type=ValueType.INT64), 2**53 + 1, 2**53 + 1),
        (make_tag("a/i", type=ValueType.INT64), 1.5, None),
        (make_tag("a/u", type=ValueType.UINT64, options={"wire": "uint16"}), 65_536, None),
        (make_tag("a/s", type=ValueType.STRING), "text", "text"),
    ],
)
def test_what_may_be_written(tag: TagDef, value: Value, expected: Value) -> None:
    answer = raw_for(tag, value)
    if expected is None:
        assert isinstance(answer, Refusal)
        with pytest.raises(OutOfTypeRange):
            to_raw(tag, value)
    else:
        assert answer == expected
        assert type(answer) is type(expected)


def test_the_read_back_tolerance_is_half_a_raw_step_or_a_thousandth_of_the_span() -> None:
    coarse = make_tag("a/c", scaling=Scaling(EURange(0, 100), EURange(0, 50)), options={"wire": "uint16"})
    fine = make_tag("a/f", scaling=Scaling(EURange(0, 10_000), EURange(0, 50)), options={"wire": "uint16"})
    discrete = make_tag("a/d", type=ValueType.ENUM)
    tags = TagEngine(make_plant([coarse, fine, discrete]), ManualClock())
    assert [tags.tolerance(h) for h in range(3)] == pytest.approx([0.25, 0.05, 0.0])


def test_a_number_that_scaling_makes_infinite_is_bad() -> None:
    scaling = Scaling(EURange(0, 1), EURange(0, 1_000))
    value = converted(make_tag("a/x", scaling=scaling), good(1.7e308))
    assert value.is_bad
    assert value.value is None
