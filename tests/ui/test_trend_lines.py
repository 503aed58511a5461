"""From stored columns to lines: gaps open, steps as steps, spikes kept, doubtful parts apart."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

import itertools

from hmi.core.clock import NS_PER_S
from hmi.core.quality import BAD_NO_COMMUNICATION, BAD_NO_DATA, BAD_SENSOR_FAILURE, GOOD, UNCERTAIN
from hmi.core.values import DataValue
from hmi.ui.trend.curve import EMPTY, KEPT, Curve, Tail, curve_from, joined, shifted
from hmi.ui.trend.look import dashes
from hmi.ui.trend.scale import Scale, made_scale, round_scale
from hmi.ui.trend.strokes import Frame, Stroke, bad_bands, by_pixel, gap_bands, strokes

YEAR_S = 365 * 86_400
SCALE = Scale(0.0, 100.0, 20.0)


def seconds(*values: float) -> np.ndarray:
    return (np.array(values) * NS_PER_S).astype(np.int64)


def frame(start_s: float, end_s: float, width: float = 1000.0) -> Frame:
    return Frame(round(start_s * NS_PER_S), round(end_s * NS_PER_S), 0.0, 0.0, width, 400.0)


def rows(times: np.ndarray, low: np.ndarray, high: np.ndarray, width_s: float, **more: object) -> Curve:
    breaks = np.zeros(len(times), bool)
    return Curve(
        times,
        low,
        low,
        low,
        high,
        np.zeros(len(times), np.uint32),
        breaks,
        False,
        round(width_s * NS_PER_S),
        **more,
    )  # type: ignore[arg-type]


def test_HM_13_a_spike_of_one_sample_is_drawn_at_its_height_in_a_year() -> None:
    count = 20_000
    times = seconds(*np.linspace(0, YEAR_S, count, endpoint=False))
    low, high = np.full(count, 10.0), np.full(count, 12.0)
    high[7_777] = 93.0
    box = frame(0, YEAR_S, 1600)
    lines = strokes(rows(times, low, high, YEAR_S / count), box, SCALE)
    top = min(float(line.y.min()) for line in lines)
    assert top == pytest.approx(400 - 93 * 4)
    (spike,) = {round(float(x)) for line in lines for x, y in zip(line.x, line.y, strict=True) if y < 100}
    assert spike == pytest.approx(7_777 / count * 1600, abs=1.5)
    assert sum(len(line.x) for line in lines) <= 2 * 1603


def test_HI_04_ten_minutes_without_data_are_two_lines_and_a_band() -> None:
    times = seconds(*range(0, 1200, 5), *range(1800, 3600, 5))
    values = np.full(len(times), 50.0)
    statuses = np.zeros(len(times), np.uint32)
    values[240], statuses[240] = np.nan, BAD_NO_DATA  # the mark that the collector wrote when the link went
    times[240] = 1200 * NS_PER_S
    box = frame(0, 3600)
    curve = curve_from(times, values, statuses)
    one, two = strokes(curve, box, SCALE)
    assert float(one.x[-1]) == pytest.approx(1195 / 3.6)
    assert float(two.x[0]) == pytest.approx(1805 / 3.6)
    (band,) = gap_bands(curve, box, 3600 * NS_PER_S)
    assert band.left == pytest.approx(1200 / 3.6)
    assert bad_bands(curve, box, 3600 * NS_PER_S) == []


def test_HI_04_a_break_alone_parts_a_line_too() -> None:
    curve = curve_from(seconds(0, 10, 610, 620), np.array([1.0, 2.0, 3.0, 4.0]))
    curve.breaks[2] = True
    assert [len(line.x) for line in strokes(curve, frame(0, 700), SCALE)] == [2, 2]
    assert curve.drawn_at(300 * NS_PER_S) == 2.0


def test_HI_07_a_step_is_never_drawn_as_a_slope() -> None:
    curve = curve_from(seconds(0, 100, 200), np.array([10.0, 50.0, 30.0]), stepped=True)
    (line,) = strokes(curve, frame(0, 300), SCALE, until=300 * NS_PER_S)
    across, up = np.diff(line.x), np.diff(line.y)
    assert not np.any((np.abs(across) > 1e-9) & (np.abs(up) > 1e-9))
    assert float(line.x[-1]) == pytest.approx(1000)
    assert curve.drawn_at(199 * NS_PER_S) == 50.0


def test_HI_07_steps_stay_steps_in_rows_of_many_samples() -> None:
    times = seconds(*np.arange(0, 86_400, 1.0))
    values = np.where(np.arange(86_400) // 9000 % 2 == 0, 20.0, 70.0)
    (line,) = strokes(curve_from(times, values, stepped=True), frame(0, 86_400), SCALE)
    sloped = (np.abs(np.diff(line.x)) > 1e-9) & (np.abs(np.diff(line.y)) > 1e-9)
    assert not sloped.any()


def test_a_held_step_ends_where_it_is_no_longer_known() -> None:
    statuses = np.array([GOOD, BAD_NO_COMMUNICATION, GOOD], np.uint32)
    curve = curve_from(seconds(0, 100, 200), np.array([10.0, np.nan, 30.0]), statuses, stepped=True)
    first, _ = strokes(curve, frame(0, 1000), SCALE)
    assert float(first.x[-1]) == pytest.approx(100)
    (band,) = bad_bands(curve, frame(0, 1000), 1000 * NS_PER_S)
    assert (band.left, band.right) == (pytest.approx(100), pytest.approx(200))


def test_doubtful_parts_are_lines_of_their_own_and_stay_joined() -> None:
    statuses = np.array([GOOD, GOOD, UNCERTAIN, UNCERTAIN, GOOD], np.uint32)
    curve = curve_from(seconds(0, 1, 2, 3, 4), np.array([1.0, 2.0, 3.0, 4.0, 5.0]), statuses)
    lines = strokes(curve, frame(0, 4), SCALE)
    assert [line.doubtful for line in lines] == [False, True, False]
    assert all(a.x[-1] == b.x[0] and a.y[-1] == b.y[0] for a, b in itertools.pairwise(lines))


def test_a_row_that_is_bad_in_part_is_drawn_and_marked() -> None:
    times = seconds(0, 10, 20)
    curve = rows(times, np.array([1.0, 2.0, 3.0]), np.array([9.0, 8.0, 7.0]), 10)
    curve.statuses[1] = BAD_SENSOR_FAILURE
    (line,) = strokes(curve, frame(0, 30), SCALE)
    assert len(line.x) == 6
    (band,) = bad_bands(curve, frame(0, 30), 30 * NS_PER_S)
    assert band.right - band.left == pytest.approx(1000 / 3)


def test_columns_stand_still_while_the_window_moves() -> None:
    times = seconds(*range(20_000))
    values = np.random.default_rng(1).normal(50, 5, 20_000)
    curve = curve_from(times, values)
    one = by_pixel(curve, frame(0, 10_000, 100))
    two = by_pixel(curve, frame(137, 10_137, 100))
    later = dict(zip(two.times.tolist(), two.high.tolist(), strict=True))
    inside = one.times[3:-3].tolist()
    assert all(
        later[at] == high
        for at, high in zip(inside, one.high[3:-3].tolist(), strict=True)
        if at > 400 * NS_PER_S
    )


def test_every_sample_of_a_dense_curve_is_inside_what_is_drawn() -> None:
    values = np.random.default_rng(2).normal(50, 9, 50_000)
    curve = curve_from(seconds(*range(50_000)), values)
    found = by_pixel(curve, frame(0, 50_000, 500))
    assert float(found.high.max()) == float(values.max())
    assert float(found.low.min()) == float(values.min())


def test_a_line_of_dashes_has_every_point_of_the_line_in_them_or_between() -> None:
    line = Stroke(np.linspace(3, 100, 400), np.linspace(0, 50, 400), doubtful=True)
    parts = list(dashes(line))
    assert len(parts) == 9
    assert all(part.x[0] % 12 == pytest.approx(0, abs=1e-6) or part.x[0] == 3 for part in parts)
    assert all(np.all(np.diff(part.x) >= 0) for part in parts)


# history and live


def live(second: float, value: float | None, status: int = GOOD) -> DataValue:
    at = round(second * NS_PER_S)
    return DataValue(value, status, at, at)


def test_history_and_live_values_join_without_a_seam_and_without_doubles() -> None:
    curve, tail = curve_from(seconds(0, 1, 2), np.array([1.0, 2.0, 3.0])), Tail()
    for n in (1, 2, 3, 4):
        tail.append(live(n, n * 10.0), 100 * NS_PER_S)
    both = joined(curve, tail)
    assert both.times.tolist() == seconds(0, 1, 2, 3, 4).tolist()
    assert both.last.tolist() == [1.0, 2.0, 3.0, 30.0, 40.0]


def test_nothing_is_drawn_from_an_old_past_to_the_first_live_value() -> None:
    curve, tail = curve_from(seconds(0, 1), np.array([1.0, 2.0])), Tail()
    tail.append(live(600, 5.0), 600 * NS_PER_S)
    parted = joined(curve, tail, until=2 * NS_PER_S)
    assert parted.times.tolist() == seconds(0, 1, 2, 600).tolist()
    assert np.isnan(parted.last[2])
    assert parted.statuses.tolist() == [GOOD, GOOD, BAD_NO_DATA, GOOD]
    assert len(strokes(parted, frame(0, 700), SCALE)) == 2
    assert len(joined(curve, tail, until=599 * NS_PER_S)) == 3


def test_a_value_that_is_no_longer_live_ends_its_line_once() -> None:
    tail = Tail()
    tail.append(live(1, 5.0), NS_PER_S)
    assert tail.end(3 * NS_PER_S)
    assert not tail.end(4 * NS_PER_S)
    assert np.isnan(tail.values[-1])


def test_an_older_live_value_is_left_to_the_history_and_the_same_instant_replaced() -> None:
    tail = Tail()
    tail.append(live(5, 1.0), 9 * NS_PER_S)
    assert not tail.append(live(4, 2.0), 9 * NS_PER_S)
    assert tail.append(live(5, 3.0), 9 * NS_PER_S)
    assert tail.values.tolist() == [3.0]


def test_the_live_values_of_a_trend_left_open_stay_bounded() -> None:
    tail = Tail()
    for n in range(KEPT + 10):
        tail.append(live(n, 1.0), n * NS_PER_S)
    assert len(tail) <= KEPT
    assert tail.times[-1] == (KEPT + 9) * NS_PER_S
    assert np.all(np.diff(tail.times) > 0)


def test_another_period_is_the_same_curve_later() -> None:
    curve = curve_from(seconds(0, 1), np.array([1.0, 2.0]))
    assert shifted(curve, 5 * NS_PER_S).times.tolist() == seconds(5, 6).tolist()
    assert strokes(EMPTY, frame(0, 1), SCALE) == []


# scales


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-5.0, 5.0), (1100.0, 1320.0), (7.0, 7.0), (1e-7, 2e-7)]
)
def test_scales_are_round_and_hold_the_data(low: float, high: float) -> None:
    scale = round_scale(low, high)
    assert scale.low <= low
    assert scale.high >= high
    assert 2 <= len(scale.ticks()) <= 13
    assert scale.value_at(scale.place_one(low)) == pytest.approx(low)


def test_a_logarithmic_scale_has_decades_and_no_place_for_zero() -> None:
    scale = round_scale(0.02, 40.0, log=True)
    assert (scale.low, scale.high, scale.log) == (0.01, 100.0, True)
    assert scale.place_one(1.0) == pytest.approx(0.5)
    assert np.isnan(scale.place_one(0.0))
    assert not round_scale(-1.0, 5.0, log=True).log
    curve = curve_from(seconds(0, 1, 2), np.array([1.0, 0.0, 10.0]))
    assert all(np.isfinite(line.y).all() for line in strokes(curve, frame(0, 2), scale))


def test_zooming_a_scale_keeps_the_value_under_the_pointer() -> None:
    scale = made_scale(0.0, 100.0).zoomed(0.25, 0.5)
    assert scale.value_at(0.25) == pytest.approx(25.0)
    assert scale.high - scale.low == pytest.approx(50.0)
