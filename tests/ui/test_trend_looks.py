"""How a chart looks, in both themes: curves, gap, doubtful and Bad stretches, limits, lanes, cursors, what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect
from trend_plant import FLOW, LEVEL, RESIDUAL, RUNNING, SETPOINT, STEP, TURBIDITY, open_trends

from hmi.core.clock import NS_PER_S
from hmi.testing.client import START_NS
from hmi.ui.theme import THEMES, Theme
from hmi.ui.trend.chart import Chart
from hmi.ui.trend.look import luminance, on_color
from hmi.ui.trend.markers import Marker
from hmi.ui.trend.model import TrendModel
from hmi.ui.trend.pens import pen_color

pytestmark = pytest.mark.qt
TAGS = [FLOW, LEVEL, TURBIDITY, RESIDUAL, RUNNING, STEP]
SIZE = (1200, 480)
CELLS = {
    f"{name} {n}": QRect(240 * n, top, 240, height)
    for name, top, height in (("curves", 0, 366), ("lanes", 366, 72), ("time", 438, 42))
    for n in range(5)
}


def shown(desk: Any, qtbot: Any, tags: list[str] = TAGS) -> Chart:
    """A chart of four hours that stands still."""
    model = TrendModel(desk.window.theme, desk.station, tags, 4 * 3600 * NS_PER_S, desk.window)
    chart = Chart(desk.window.theme, model)
    qtbot.addWidget(chart)
    chart._tell_width = lambda: None  # type: ignore[method-assign]
    model.pixels = 1000
    model.read()
    chart.resize(*SIZE)
    chart.show()
    qtbot.waitUntil(lambda: all(len(pen.curve) for pen in model.pens) and not model._reader.is_asking)
    model.views.show(START_NS - 4 * 3600 * NS_PER_S, START_NS, START_NS)
    read_again(model, qtbot)
    model.markers = [
        Marker(START_NS - 11_500 * NS_PER_S, "annotation", "Probe calibrated", "", key="n"),
        Marker(START_NS - 8_000 * NS_PER_S, "command", "FIC-1 set point", "", key="c"),
        Marker(START_NS - 3_000 * NS_PER_S, "alarm", "AT-402 low", "", priority=2, key="a"),
    ]
    return chart


def read_again(model: TrendModel, qtbot: Any) -> None:
    """From one answer, whatever was read while the chart found its size."""
    qtbot.waitUntil(lambda: not model._reader.is_asking)
    model._reader.forget()
    model.read(anew=True)
    qtbot.waitUntil(lambda: model._reader.answer is not None and not model._reader.is_asking)
    for pen in model.pens:
        pen.tail.clear()


@pytest.mark.parametrize("theme", THEMES)
def test_a_chart_and_its_lanes_look_as_before(qtbot: Any, theme: str, tmp_path: Path) -> None:
    with open_trends(qtbot, theme=theme) as desk:
        chart = shown(desk, qtbot)
        model = chart.model
        model.choose(2)
        read_again(model, qtbot)
        model.rescale(anew=True)
        model.set_cursors(START_NS - 4_000 * NS_PER_S, START_NS - 2_000 * NS_PER_S)
        chart.refresh()
        golden.check(f"trend-{theme}", chart.grab().toImage(), CELLS, tmp_path)
        model.close()


@pytest.mark.parametrize("theme", THEMES)
def test_strips_and_another_period_look_as_before(qtbot: Any, theme: str, tmp_path: Path) -> None:
    with open_trends(qtbot, theme=theme) as desk:
        chart = shown(desk, qtbot, [FLOW, SETPOINT, LEVEL, RESIDUAL])
        model = chart.model
        model.stacked = True
        model.compare(3600 * NS_PER_S)
        qtbot.waitUntil(lambda: all(pen.ghost is not None for pen in model.pens))
        read_again(model, qtbot)
        model.arrange()
        golden.check(f"trend-strips-{theme}", chart.grab().toImage(), CELLS, tmp_path)
        model.close()


@pytest.mark.parametrize("name", THEMES)
def test_sixteen_pens_can_be_told_from_the_plot_and_their_numbers_read(name: str) -> None:
    theme = Theme.load(name)
    ground = luminance(theme.color("plot"))
    for number in range(1, 17):
        color = pen_color(number, theme)
        for other, least in ((ground, 2.6), (luminance(on_color(color, theme)), 4.0)):
            high, low = max(luminance(color), other), min(luminance(color), other)
            assert (high + 0.05) / (low + 0.05) >= least, f"pen {number}"


def test_a_gap_is_empty_in_the_picture(qtbot: Any) -> None:
    with open_trends(qtbot) as desk:
        chart = shown(desk, qtbot, [LEVEL])
        chart.model.markers = []
        chart.refresh()
        frame = chart.layout_now.time_frame(chart.model.view)
        image = golden.pixels(chart.grab().toImage())
        pen = np.array(chart.model.pens[0].color.getRgb()[:3])
        middle = round(frame.x_at(START_NS - 4_900 * NS_PER_S))
        before = round(frame.x_at(START_NS - 6_500 * NS_PER_S))

        def is_drawn(x: int) -> bool:
            column = image[round(frame.top) : round(frame.foot), x - 3 : x + 4].astype(int)
            return bool((np.abs(column - pen).sum(axis=2) < 60).any())

        assert is_drawn(before)
        assert not is_drawn(middle)
        chart.model.close()
