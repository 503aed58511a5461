"""The pens of a trend: axes, scales, the table, cursors and keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from shell_plant import Desk
from trend_hands import HOUR, drag, middle, opened, turn_wheel
from trend_plant import (
    FLOW,
    LEVEL,
    RESIDUAL,
    SETPOINT,
    TURBIDITY,
    open_trends,
    trend_plant,
)

from hmi.core.clock import NS_PER_S
from hmi.core.quality import BAD
from hmi.testing.client import START_NS, make_tag
from hmi.ui.trend.cards import EntryCard
from hmi.ui.trend.table import Column

pytestmark = pytest.mark.qt


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_trends(qtbot) as made:
        yield made


# pens


def test_pens_of_a_unit_share_an_axis_and_one_may_have_its_own(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW, SETPOINT, LEVEL])
    assert [[pen.tag for pen in axis.pens] for axis in panel.model.axes] == [[FLOW, SETPOINT], [LEVEL]]
    panel.acts._change(panel.pens[1], own_axis=True)
    assert [axis.unit for axis in panel.model.axes] == ["m³/h", "m³/h", "m"]


def test_a_scale_is_by_data_by_range_by_hand_or_logarithmic(desk: Desk, qtbot: Any) -> None:
    from hmi.ui.trend.pens import Mode

    panel = opened(desk, qtbot, [FLOW, RESIDUAL])
    pen = panel.pens[0]
    by_data = panel.model.axes[0].scale
    panel.acts._change(pen, mode=Mode.RANGE)
    assert (panel.model.axes[0].scale.low, panel.model.axes[0].scale.high) == (0.0, 100.0)
    panel.acts.ask_scale(pen)
    card = panel.acts.card
    assert isinstance(card, EntryCard)
    card.fields[0].setText("60")
    card.fields[1].setText("20")
    card.accept()
    assert card.problem.full_text == "The lower end must be below the upper end."
    card.fields[0].setText("10")
    card.accept()
    assert (panel.model.axes[0].scale.low, panel.model.axes[0].scale.high) == (10.0, 20.0)
    panel.acts._change(pen, log=True, mode=Mode.AUTO, manual=None)
    assert panel.model.axes[0].scale.log
    panel.acts._change(pen, log=False)
    assert panel.model.axes[0].scale == by_data


def test_the_wheel_over_an_axis_scales_it_and_a_double_click_gives_it_back(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW])
    chart = panel.chart
    _, box = chart.layout_now.axes[0]
    at = QPoint(round(box.left + 10), round(box.top + box.height / 2))
    before = panel.model.axes[0].scale
    turn_wheel(chart, at, 2)
    after = panel.model.axes[0].scale
    assert after.high - after.low == pytest.approx((before.high - before.low) * 0.64)
    QTest.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=at)
    assert panel.model.axes[0].scale == before


def test_pens_that_were_scaled_together_by_hand_stay_on_one_axis(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW, SETPOINT, LEVEL])
    _, box = panel.chart.layout_now.axes[0]
    turn_wheel(panel.chart, QPoint(round(box.left + 10), round(box.top + box.height / 2)), 1)
    scale = panel.model.axes[0].scale
    panel.toggle_pen(panel.pens[2])
    assert [[pen.tag for pen in axis.pens] for axis in panel.model.axes] == [[FLOW, SETPOINT], [LEVEL]]
    assert panel.model.axes[0].scale == scale


def test_at_most_sixteen_pens_and_it_is_said(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec
    import trend_plant as plant_of

    many = [make_tag(f"many/t{n:02}.pv", unit="bar") for n in range(20)]
    base = trend_plant()
    monkeypatch.setattr(
        plant_of, "trend_plant", lambda _: msgspec.structs.replace(base, tags=[*base.tags, *many])
    )
    with open_trends(qtbot) as desk:
        desk.window.open_trend([tag.name for tag in many[:15]])
        panel = desk.window.trends[0]
        said: list[str] = []
        panel.said.connect(said.append)
        panel.add([many[15].name, many[16].name, many[0].name])
        assert [pen.number for pen in panel.pens] == list(range(1, 17))
        assert said == ["A trend has room for 16 pens; not added: many/t16.pv."]
        panel.model.remove(panel.pens[3])
        panel.add([many[17].name])
        assert panel.pens[-1].number == 4
        assert len({(pen.number, pen.color.rgb()) for pen in panel.pens}) == 16
        assert len({pen.color.rgb() for pen in panel.pens}) == 16


def test_the_table_tells_value_quality_scale_and_figures(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    model = panel.model
    a = START_NS - 10_000 * NS_PER_S
    model.set_cursors(a, START_NS - HOUR)
    qtbot.waitUntil(lambda: all(pen.figures and pen.figures.start == a for pen in panel.pens))
    table, flow = panel.table.pens, panel.pens[0]
    held = flow.whole.at(a)
    assert held is not None
    assert table.told(flow, Column.VALUE).text == f"{held[0]:.1f}"
    assert table.told(flow, Column.DIFFERENCE).text[0] in "+−"
    assert table.told(flow, Column.GOOD).text == "100 %"
    turbidity = panel.pens[2]
    assert table.told(turbidity, Column.VALUE).text == "----"
    assert "ensor" in table.told(turbidity, Column.QUALITY).text
    assert table.told(turbidity, Column.GOOD).text.endswith("%")
    assert turbidity.figures is not None
    assert turbidity.figures.percent_good < 100
    step = panel.pens[5]
    assert table.told(step, Column.VALUE).text in {"Idle", "Drain", "Air", "Wash", "Fill"}
    texts = [table.data(table.index(row, column)) for row in range(6) for column in range(len(Column))]
    assert all(isinstance(text, str) for text in texts)


def test_a_bad_value_at_a_cursor_is_no_number(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [TURBIDITY])
    from hmi.ui.trend.readings import reading_at

    reading = reading_at(panel.pens[0], START_NS - 10_000 * NS_PER_S)
    assert reading.data.status >= BAD
    assert reading.data.value is None


def test_hide_and_remove_by_key(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    qtbot.keyClick(panel.chart, Qt.Key.Key_Down)
    assert panel.model.pen is panel.pens[1]
    qtbot.keyClick(panel.chart, Qt.Key.Key_H)
    assert panel.pens[1].hidden
    assert all(pen.tag != LEVEL for axis in panel.model.axes for pen in axis.shown)
    qtbot.keyClick(panel.chart, Qt.Key.Key_Delete)
    assert LEVEL not in [pen.tag for pen in panel.pens]


# cursors


def test_a_click_sets_cursor_a_and_with_ctrl_cursor_b_and_both_can_be_taken_along(
    desk: Desk, qtbot: Any
) -> None:
    panel = opened(desk, qtbot)
    chart, model = panel.chart, panel.model
    frame = chart.layout_now.time_frame(model.view)
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=middle(chart, 0.3))
    QTest.mouseClick(
        chart, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, middle(chart, 0.6)
    )
    assert model.cursor_a == pytest.approx(frame.instant_at(middle(chart, 0.3).x()), abs=HOUR // 100)
    assert model.cursor_b == pytest.approx(frame.instant_at(middle(chart, 0.6).x()), abs=HOUR // 100)
    drag(chart, middle(chart, 0.6), middle(chart, 0.8))
    assert model.cursor_b == pytest.approx(frame.instant_at(middle(chart, 0.8).x()), abs=HOUR // 60)
    assert "B after" in panel.bar.when.full_text
    qtbot.keyClick(chart, Qt.Key.Key_X)
    assert (model.cursor_a, model.cursor_b) == (None, None)


def test_HM_17_cursors_zoom_and_moves_by_keys_alone(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    chart, model = panel.chart, panel.model
    for _ in range(3):
        qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert model.cursor_a == pytest.approx(model.view.end - 3 * 4 * HOUR // 200, abs=NS_PER_S)
    qtbot.keyClick(chart, Qt.Key.Key_C)
    first = model.cursor_b
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert first is not None
    assert model.cursor_b is not None
    assert model.cursor_b < first
    span = model.view.span
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    assert model.view.span < span
    qtbot.keyClick(chart, Qt.Key.Key_Minus, Qt.KeyboardModifier.KeypadModifier)
    assert model.view.span == pytest.approx(span, rel=1e-6)
    qtbot.keyClick(chart, Qt.Key.Key_PageUp)
    assert not model.view.live
    qtbot.keyClick(chart, Qt.Key.Key_F)
    assert panel.is_full
    assert panel.geometry() == desk.window.working_area()
    qtbot.keyClick(chart, Qt.Key.Key_B)
    assert model.stacked
    qtbot.keyClick(chart, Qt.Key.Key_J)
    assert isinstance(panel.acts.card, EntryCard)
    qtbot.keyClick(panel.acts.card, Qt.Key.Key_Escape)
    assert panel.acts.card is None


def test_two_fingers_zoom_around_their_middle_and_move(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    panel.toggle_live()
    chart, view = panel.chart, panel.model.view
    center = QPointF(middle(chart, 0.5))
    chart.hand.pinch(Qt.GestureState.GestureStarted, center, 1.0, 0.0)
    chart.hand.pinch(Qt.GestureState.GestureUpdated, center, 2.0, 0.0)
    assert panel.model.view.span == pytest.approx(view.span / 2, rel=1e-6)
    start = panel.model.view.start
    chart.hand.pinch(Qt.GestureState.GestureUpdated, center, 1.0, 60.0)
    assert panel.model.view.start < start
    assert panel.model.views.has_before


def test_figures_are_asked_for_one_question_at_a_time(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    model, asked, gate = panel.model, [], asyncio.Event()
    figures = model.figures
    qtbot.waitUntil(lambda: all(pen.figures is not None for pen in panel.pens) and not figures.is_asking)
    answered = desk.client.range_figures

    async def slow(*what: Any) -> Any:
        asked.append(what)
        await gate.wait()
        return await answered(*what)

    desk.client.range_figures = slow  # type: ignore[method-assign]
    for n in range(1, 6):
        model.set_cursors(START_NS - 2 * HOUR, START_NS - HOUR + n * NS_PER_S)
        figures.ask()
    qtbot.waitUntil(lambda: len(asked) == 1)
    desk.station.link._loop.call_soon_threadsafe(gate.set)
    wanted = figures.range
    qtbot.waitUntil(
        lambda: all(pen.figures and (pen.figures.start, pen.figures.end) == wanted for pen in panel.pens)
    )
    assert len(asked) == 2
