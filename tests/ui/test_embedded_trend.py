"""HM-13 on the embedded trend as it is painted: gaps stay open, spikes survive, what is uncertain is dashed."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRectF, QSize
from PySide6.QtWidgets import QApplication

from hmi.core import quality as q
from hmi.core.values import DataValue
from hmi.elements.trend.paint import plot
from hmi.mimics import Catalogue, Scene, load_display, shipped_definitions
from hmi.testing.client import make_tag
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import THEMES, Theme

pytestmark = pytest.mark.qt

SECOND = 1_000_000_000
NOW = 1_795_000_000 * SECOND
HOURS_8 = 8 * 3600


def sample(second: int, value: float | None, status: int = q.GOOD) -> DataValue:
    at = NOW - (HOURS_8 - second) * SECOND
    return DataValue(value, q.BAD_NO_COMMUNICATION if value is None else status, at, at)


def painted(
    samples: list[DataValue], *, theme: str = "light", kind: str = "trend", **more: Any
) -> np.ndarray:
    """True where the line of the value stands: columns of the plot, from top to bottom."""
    element = {
        "id": "e", "type": kind, "x": 0, "y": 0, "w": 626, "h": 176, "tag": "u/v.pv", "span_min": 480, "low": 0,
        "high": 100, **more,
    }  # fmt: skip
    if kind != "trend":
        del element["low"], element["high"]
    tag = make_tag("u/v.pv", unit="m", low=0.0, high=100.0)
    scene = Scene(
        load_display({"size": [700, 200], "elements": [element]}, shipped_definitions()), Catalogue([tag])
    )
    scene.backfill("u/v.pv", samples, NOW)
    box = plot(scene.elements[0]) if kind == "trend" else QRectF(0, 0, 626, 176)
    image = golden.pixels(render(scene, QSize(700, 200), Theme.load(theme)))
    image = image[int(box.top()) : int(box.bottom()) + 1, int(box.left()) : int(box.right())]
    return near(image, Theme.load(theme).color("value").getRgb()[:3])


def near(image: np.ndarray, color: tuple[int, ...]) -> np.ndarray:
    return (np.abs(image.astype(int) - np.array(color)).max(axis=2) < 60).T


def hours(step: int = 2) -> list[DataValue]:
    return [sample(n, 30.0) for n in range(0, HOURS_8, step)]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", ["trend", "sparkline"])
def test_HM_13_a_spike_of_one_sample_in_eight_hours_is_seen(
    qapp: QApplication, kind: str, theme: str
) -> None:
    values = hours()
    values[7_000] = sample(14_000, 95.0)
    calm, spiky = (painted(v, theme=theme, kind=kind) for v in (hours(), values))
    columns = np.flatnonzero(spiky.sum(axis=1) > calm.sum(axis=1).max() + 20)
    assert 1 <= columns.size <= 4
    assert abs(columns.mean() / spiky.shape[0] - 14_000 / HOURS_8) < 0.01


@pytest.mark.parametrize("kind", ["trend", "sparkline"])
def test_HM_13_a_gap_of_ten_minutes_is_a_gap(qapp: QApplication, kind: str) -> None:
    values = [v for v in hours() if not 12_000 <= HOURS_8 - (NOW - v.source_time) // SECOND < 12_600]
    values.append(sample(12_000, None))
    line = painted(sorted(values, key=lambda v: v.source_time), kind=kind)
    seen = line.any(axis=1)
    first, last = round(12_000 / HOURS_8 * seen.size), round(12_600 / HOURS_8 * seen.size)
    assert not seen[first + 2 : last - 2].any()
    assert seen[first - 40 : first - 2].all()
    assert seen[last + 3 : last + 40].all()


def test_values_without_the_mark_of_a_gap_are_held_and_not_bridged_by_a_slope(qapp: QApplication) -> None:
    line = painted([sample(0, 20.0), sample(20_000, 80.0), sample(HOURS_8 - 1, 80.0)])
    rows = [int(np.flatnonzero(column).mean()) for column in line if column.any()]
    assert len(set(np.round(rows, -1))) <= 4  # before, after, and the step itself
    assert line.any(axis=1).all()


def test_uncertain_values_are_dashed(qapp: QApplication) -> None:
    values = [sample(n, 30.0, q.UNCERTAIN if 10_000 <= n < 20_000 else q.GOOD) for n in range(0, HOURS_8, 2)]
    seen = painted(values).any(axis=1)
    first, last = round(10_000 / HOURS_8 * seen.size) + 4, round(20_000 / HOURS_8 * seen.size) - 4
    assert 0.3 < seen[first:last].mean() < 0.85
    assert seen[: first - 8].all()
    assert seen[last + 8 :].all()


def test_a_day_of_a_fast_value_is_filled_in_at_once(qapp: QApplication) -> None:
    """86,400 samples: the number of Python steps on the Qt thread does not grow with them."""
    from hmi.mimics import Past, samples_of

    made = samples_of([sample(n // 3, float(n % 50)) for n in range(86_400)])
    past = Past(24 * 3600 * SECOND, 500)
    past.fill(made, NOW)
    assert np.nanmax(past.high) == 49.0
    assert past.points()[1].size == 500
