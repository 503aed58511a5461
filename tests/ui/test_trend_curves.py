"""Trends: gaps stay gaps, spikes survive, buckets stand still, history and live join."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from shell_plant import good, open_station

from hmi.core.clock import NS_PER_S
from hmi.core.quality import BAD_NO_COMMUNICATION, GOOD
from hmi.core.values import DataValue
from hmi.testing.client import START_NS
from hmi.ui.trend.decimate import decimate, nice_scale, pieces
from hmi.ui.trend.series import Series

pytestmark = pytest.mark.qt
HOURS_8 = 8 * 3600


def test_HM_13_a_spike_of_one_sample_in_eight_hours_survives() -> None:
    times = np.arange(0.0, HOURS_8)
    values = np.sin(times / 900)
    values[12_345] = 50.0
    _, shown = decimate(times, values, 0.0, HOURS_8, 800)
    assert np.nanmax(shown) == 50.0
    assert len(shown) <= 1700


def test_HM_13_ten_minutes_of_bad_quality_are_a_gap() -> None:
    times = np.arange(0.0, HOURS_8)
    values = np.ones(HOURS_8)
    values[10_000:10_600] = np.nan
    t, shown = decimate(times, values, 0.0, HOURS_8, 800)
    assert len(pieces(shown)) == 2
    (_, first_end), (second, _) = pieces(shown)
    assert t[second] - t[first_end - 1] >= 599


def test_buckets_are_aligned_to_absolute_time_so_that_a_curve_does_not_shimmer() -> None:
    times = np.arange(0.0, 20_000.0)
    values = np.random.default_rng(1).normal(size=20_000)
    t1, v1 = decimate(times, values, 0.0, 10_000.0, 100)
    t2, v2 = decimate(times, values, 130.0, 10_130.0, 100)
    inside = (t1 > 300) & (t1 < 9_800)
    later = dict(zip(t2, v2, strict=True))
    assert all(later[t] == v for t, v in zip(t1[inside], v1[inside], strict=True))


def test_few_samples_are_drawn_as_they_are() -> None:
    times, values = np.array([1.0, 2.0, 3.0]), np.array([1.0, np.nan, 3.0])
    t, v = decimate(times, values, 0.0, 4.0, 800)
    assert list(t) == [1.0, 2.0, 3.0]
    assert pieces(v) == [(0, 1), (2, 3)]


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (0.41, 0.43), (-5.0, 5.0), (1100.0, 1320.0), (7.0, 7.0), (0.0, 0.0)]
)
def test_scales_are_round_and_hold_the_data(low: float, high: float) -> None:
    bottom, top, step = nice_scale(low, high)
    assert bottom <= low
    assert top >= high
    assert step > 0
    assert top > bottom


def sample(second: float, value: float | None, status: int = GOOD) -> DataValue:
    at = START_NS + int(second * NS_PER_S)
    return DataValue(value, status, at, at)


def test_history_and_live_values_join_without_a_seam() -> None:
    series = Series(START_NS)
    series.append(sample(10, 5.0), START_NS + 10 * NS_PER_S)
    series.backfill([sample(n, float(n)) for n in range(8)])
    assert list(series.times) == [*map(float, range(8)), 10.0]
    assert series.at(7.5) == (7.0, GOOD)
    assert series.at(-1) is None
    series.append(sample(11, None, BAD_NO_COMMUNICATION), START_NS + 11 * NS_PER_S)
    assert np.isnan(series.values[-1])
    assert series.extent(0, 20) == (0.0, 7.0)


def test_a_long_live_series_stays_bounded_and_ordered() -> None:
    series = Series(0)
    for n in range(20_000):
        series.append(DataValue(float(n), GOOD, n * NS_PER_S, 0), n * NS_PER_S)
    assert len(series) == 20_000
    assert series.times[-1] == 19_999.0
    assert np.all(np.diff(series.times) > 0)


def test_the_panel_backfills_goes_on_live_and_pauses(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.window.open_trend(["intake/fic1.pv"])
        panel = desk.window.trends[0]
        pen = panel.pens[0]
        qtbot.waitUntil(lambda: len(pen.curve) > 100)
        before = len(pen.whole)
        desk.client.tick({"intake/fic1.pv": DataValue(55.0, GOOD, desk.client.session_time + 10**8, 1)})
        desk.station.drain()
        assert len(pen.whole) == before + 1
        assert pen.whole.last[-1] == 55.0
        assert [limit.value for limit in pen.limits] == [80.0]
        qtbot.keyClick(panel, Qt.Key.Key_Space)
        assert not panel.live
        assert panel.bar.pause.text() == "Live"
        qtbot.keyClick(panel, Qt.Key.Key_Left)
        assert panel.bar.when.full_text.startswith("cursor")
        qtbot.keyClick(panel, Qt.Key.Key_3)
        assert panel.span_s == HOURS_8


def test_a_stale_value_becomes_a_gap_in_the_trend(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.client.tick({"intake/fic1.pv": good(50.0)})
        desk.window.open_trend(["intake/fic1.pv"])
        panel = desk.window.trends[0]
        qtbot.waitUntil(lambda: len(panel.pens[0].curve) > 100)
        desk.client.tick({"intake/fic1.pv": DataValue(51.0, GOOD, desk.client.session_time + 10**8, 1)})
        desk.station.drain()
        desk.time.pass_s(5)
        panel.model.beat()
        assert np.isnan(panel.pens[0].whole.last[-1])
