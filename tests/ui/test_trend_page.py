"""The trend of a station: live and past in one view, other periods, what happened, bad times."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from shell_plant import Desk
from trend_hands import HOUR, drag, middle, opened, say, settle, turn_wheel, type_in
from trend_plant import (
    FLOW,
    LEVEL,
    RESIDUAL,
    TURBIDITY,
    open_trends,
    tag_of,
)

from hmi.client.history import MOST_PIXELS
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.openings import opening, trend_of
from hmi.testing.client import START_NS
from hmi.testing.history import make_samples
from hmi.ui.shot_open import open_all
from hmi.ui.trend.cards import EntryCard, MarkerCard
from hmi.ui.trend.panel import TrendPanel
from hmi.ui.trend.table import Column

pytestmark = pytest.mark.qt


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_trends(qtbot) as made:
        yield made


# live


def test_history_and_live_stand_in_one_view_and_follow_the_present(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    before = panel.model.view
    say(desk, FLOW, 47.5)
    panel.model.beat()
    pen = panel.pens[0]
    assert pen.whole.last[-1] == 47.5
    assert panel.model.view.end == desk.station.now() > before.end
    assert panel.model.view.span == before.span
    assert panel.model.known_until(pen) == desk.station.now()


def test_a_picture_of_a_trend_is_opened_by_its_address(desk: Desk, qtbot: Any) -> None:
    open_all(desk.window, [opening(f"trend:{FLOW}+{LEVEL}@-24h")])
    panel = desk.window.trends[0]
    assert [pen.tag for pen in panel.pens] == [FLOW, LEVEL]
    assert panel.span_s == 86_400
    assert panel.is_full
    for wrong in ("trend:", "trend:a@24h", "trend:@-1h", "trend:a@-9y"):
        with pytest.raises(UsageError):
            trend_of(opening(wrong).name)


def test_a_pause_holds_the_picture_while_values_go_on(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    qtbot.keyClick(panel.chart, Qt.Key.Key_Space)
    held = panel.model.view
    say(desk, FLOW, 47.5)
    desk.time.pass_s(0.4)
    panel.model.beat()
    assert panel.model.view == held
    assert not held.live
    assert panel.pens[0].tail.values[-1] == 47.5
    qtbot.keyClick(panel.chart, Qt.Key.Key_Space)
    assert panel.model.view.live
    assert panel.pens[0].whole.last[-1] == 47.5


def test_a_stale_value_is_never_drawn_on_as_live_and_begins_again_when_it_is_back(
    desk: Desk, qtbot: Any
) -> None:
    panel = opened(desk, qtbot, [FLOW])
    pen = panel.pens[0]
    say(desk, FLOW, 44.0)
    desk.time.pass_s(8)
    panel.model.beat()
    ended = int(pen.whole.times[-1])
    assert np.isnan(pen.whole.last[-1])
    desk.time.pass_s(30)
    desk.client.session_time += 38 * NS_PER_S
    panel.model.beat()
    assert panel.model.known_until(pen) == ended
    told = panel.table.pens.told(pen, Column.VALUE)
    assert told.mark == "stale"
    assert not told.is_good
    say(desk, FLOW, 44.0)
    panel.model.beat()
    assert pen.whole.last[-1] == 44.0


def test_only_what_changed_is_painted_again(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, span_s=24 * 3600)
    panel.chart.grab()
    painted = panel.chart.painted
    for _ in range(5):
        panel.model.told.emit()
        panel.model.set_cursors(panel.model.view.start + HOUR, None)
        panel.chart.grab()
    assert panel.chart.painted == painted


# time


def test_ranges_by_key_and_button(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    for key, span in ((Qt.Key.Key_2, 3600), (Qt.Key.Key_5, 7 * 86_400), (Qt.Key.Key_1, 900)):
        qtbot.keyClick(panel.chart, key)
        assert panel.span_s == span
    panel.bar.ranges[3].click()
    assert panel.span_s == 86_400
    assert panel.bar.ranges[3].isChecked()


def test_the_wheel_zooms_where_it_stands_and_a_drag_moves(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    chart = panel.chart
    panel.toggle_live()
    at = middle(chart, 0.25)
    view = panel.model.view
    under = chart.layout_now.time_frame(view).instant_at(at.x())
    turn_wheel(chart, at, 3)
    share = (under - panel.model.view.start) / panel.model.view.span
    assert share == pytest.approx((under - view.start) / view.span, abs=1e-6)
    assert panel.model.view.span == pytest.approx(4 * HOUR * 0.8**3, rel=1e-6)
    before = panel.model.view
    drag(chart, middle(chart), middle(chart) + QPoint(200, 0))
    moved = round(200 * before.span / chart.layout_now.plot.width)
    assert before.start - panel.model.view.start == pytest.approx(moved, rel=0.02)
    assert panel.model.view.span == before.span


def test_the_wheel_keeps_the_present_at_the_right_while_live(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    turn_wheel(panel.chart, middle(panel.chart, 0.1), -2)
    assert panel.model.view.live
    assert panel.model.view.end == desk.station.now()
    assert panel.model.view.span > 4 * HOUR


def test_a_band_is_zoomed_into_and_back_and_forward_lead_through_the_views(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    chart, first = panel.chart, panel.model.view
    frame = chart.layout_now.time_frame(first)
    a, b = middle(chart, 0.25), middle(chart, 0.5)
    drag(chart, a, b, Qt.KeyboardModifier.ShiftModifier)
    assert panel.model.view.start == pytest.approx(frame.instant_at(a.x()), abs=HOUR // 60)
    assert panel.model.view.span == pytest.approx(HOUR, rel=0.02)
    zoomed = panel.model.view
    qtbot.keyClick(chart, Qt.Key.Key_Backspace)
    assert (panel.model.view.live, panel.model.view.span) == (True, first.span)
    qtbot.keyClick(chart, Qt.Key.Key_Backspace, Qt.KeyboardModifier.ShiftModifier)
    assert panel.model.view == zoomed


def test_from_and_to_are_typed_on_the_plants_clock(qtbot: Any) -> None:
    with open_trends(qtbot, zone="Europe/Berlin") as desk:
        panel = opened(desk, qtbot, [FLOW])
        type_in(qtbot, panel.bar.start, "2026-11-18 09:00")
        panel.bar.end.setFocus()
        panel.model.beat()
        type_in(qtbot, panel.bar.end, "2026-11-18 10:30")
        qtbot.keyClick(panel.bar.end, Qt.Key.Key_Return)
        begin = round(datetime(2026, 11, 18, 8, tzinfo=UTC).timestamp()) * NS_PER_S
        assert panel.model.view.start == begin
        assert panel.model.view.span == HOUR * 3 // 2
        assert not panel.live
        said: list[str] = []
        panel.said.connect(said.append)
        panel.bar.end.setText("tomorrow")
        panel.bar.enter()
        assert said == ["tomorrow is no time; write 2026-10-25 or 2026-10-25 14:30"]
        panel.bar.start.setText("2026-11-19")
        panel.bar.end.setText("2026-11-18 10:30")
        panel.bar.enter()
        assert said[-1] == "The range ends before it begins."


def test_panning_asks_one_question_at_a_time_and_shows_what_is_here_meanwhile(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    panel.toggle_live()
    reader, client = panel.model._reader, desk.client
    answered, gate = client.read_trend, asyncio.Event()
    asked: list[Any] = []

    async def slow(query: Any) -> Any:
        asked.append(query)
        await gate.wait()
        return await answered(query)

    client.read_trend = slow  # type: ignore[method-assign]
    for _ in range(8):
        panel.pan(-0.4)
    qtbot.waitUntil(lambda: bool(asked))
    assert reader.is_asking
    assert len(asked) == 1
    assert all(len(pen.curve) for pen in panel.pens)
    qtbot.waitUntil(lambda: panel.model.is_waiting)
    desk.station.link._loop.call_soon_threadsafe(gate.set)
    qtbot.waitUntil(
        lambda: not reader.is_asking and reader.answer is not None and reader.answer.covers(_wanted(panel))
    )
    assert len(asked) <= 3


def _wanted(panel: TrendPanel) -> Any:
    from hmi.ui.trend.reader import Wanted

    view = panel.model.view
    return Wanted(tuple(pen.info.id for pen in panel.pens), view.start, view.end, panel.model.pixels)


def test_the_neighbours_are_read_along_so_that_a_small_move_asks_nothing(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    panel.toggle_live()
    asked = len(desk.client.archive.queries)
    panel.pan(-0.3)
    settle(panel, qtbot)
    assert len(desk.client.archive.queries) == asked


def test_ten_years_are_bounded(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    panel.show_range(START_NS - 10 * 365 * 24 * HOUR, START_NS)
    settle(panel, qtbot)
    query = desk.client.archive.queries[-1]
    assert query.pixels <= MOST_PIXELS
    assert all(len(pen.curve) <= 2 * MOST_PIXELS + 4 for pen in panel.pens)
    for _ in range(40):
        panel.zoom(3.0)
    assert panel.model.view.start >= 0
    assert panel.model.view.span <= 20 * 366 * 24 * HOUR
    panel.grab()


def test_a_spike_of_one_second_stands_in_the_picture_of_a_year(desk: Desk, qtbot: Any) -> None:
    count = 400_000
    times = START_NS - np.arange(count)[::-1] * 78 * NS_PER_S
    values = np.full(count, 0.15)
    values[123_456] = 0.97
    desk.client.columns[TURBIDITY] = make_samples(times, values)
    panel = opened(desk, qtbot, [TURBIDITY], 365 * 86_400)
    chart = panel.chart
    axis, frame = panel.model.axes[0], chart.layout_now.frame(panel.model.view, 0)
    assert axis.scale.high >= 0.97
    x = round(frame.x_at(int(times[123_456])))
    y = round(frame.foot - axis.scale.place_one(0.9) * frame.height)
    picture = chart.grab().toImage()
    ground = picture.pixelColor(x - 12, y)
    assert any(picture.pixelColor(x + by, y) != ground for by in (-2, -1, 0, 1, 2))


def test_at_an_instant_of_the_past_the_trend_ends_there_and_nothing_in_it_is_live(
    desk: Desk, qtbot: Any
) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    at = START_NS - 6 * HOUR
    desk.station.clock.go_to(at)
    qtbot.waitUntil(lambda: desk.station.mailbox.is_history and desk.station.now() <= at + NS_PER_S)
    panel.model.beat()
    assert panel.model.view.end == desk.station.now()
    qtbot.waitUntil(lambda: bool(len(panel.pens[0].curve)) and not panel.model._reader.is_asking)
    assert len(panel.pens[0].tail) == 0
    newest = int(panel.pens[0].whole.times[-1])
    assert at - 60 * NS_PER_S <= newest <= at + 60 * NS_PER_S
    panel.grab()
    desk.station.clock.go_live()
    qtbot.waitUntil(lambda: not desk.station.mailbox.is_history and desk.station.now() >= START_NS)
    panel.model.beat()
    assert panel.model.view.end == desk.station.now()
    qtbot.waitUntil(lambda: bool(panel.pens[0].until))
    assert int(panel.pens[0].whole.times[-1]) > START_NS - 60 * NS_PER_S


# another period


def test_the_same_time_yesterday_is_laid_behind(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    panel.model.compare(panel.acts.days_back(1))
    assert panel.model.shift_ns == 24 * HOUR
    pen = panel.pens[0]
    qtbot.waitUntil(lambda: pen.ghost is not None)
    assert pen.ghost is not None
    at = START_NS - HOUR // 2
    direct = desk.client.columns[FLOW]
    index = int(np.searchsorted(direct.times, at - 24 * HOUR, side="right")) - 1
    assert pen.ghost.at(at)[0] == direct.numbers()[index]  # type: ignore[index]
    panel.model.compare(0)
    assert pen.ghost is None


def test_HI_15_yesterday_is_25_hours_ago_after_the_clock_was_put_back(qtbot: Any) -> None:
    with open_trends(qtbot, zone="Europe/Berlin") as desk:
        panel = opened(desk, qtbot, [FLOW])
        noon = round(datetime(2026, 10, 25, 11, tzinfo=UTC).timestamp()) * NS_PER_S
        panel.show_range(noon - HOUR, noon)
        assert panel.acts.days_back(1) == 25 * HOUR


# what happened


def record(number: int, kind: str, event: str, at: int, object_id: str, **said: object) -> dict[str, Any]:
    return {
        "seq": number, "kind": kind, "event": event, "event_time": at, "object_id": object_id, "payload": said,
        "actor": "demo-operator", "station": "local",
    }  # fmt: skip


def fill_journal(desk: Desk) -> None:
    tag, other = tag_of(desk, RESIDUAL), tag_of(desk, FLOW)
    desk.client.records.extend([
        record(1, "alarm", "ALM", START_NS - 3 * HOUR, "a_9", tag_id=tag.id, tag=RESIDUAL, priority=2, message="low"),
        record(2, "audit", "command.requested", START_NS - 2 * HOUR, other.id, tag=FLOW, new=44),
        record(3, "audit", "command.confirmed", START_NS - 2 * HOUR, other.id, tag=FLOW, new=44),
        record(4, "alarm", "ALM", START_NS - HOUR, "a_9", tag_id=tag.id, tag=RESIDUAL, priority=2, message="low"),
        record(5, "alarm", "ALM", START_NS - HOUR, "a_x", tag_id="t_elsewhere", tag="elsewhere/x.pv", priority=1),
        record(6, "note", "note", START_NS - HOUR // 2, tag.id, text="probe cleaned"),
    ])  # fmt: skip


def test_alarms_commands_and_notes_stand_on_the_time_axis_and_open_by_a_click(desk: Desk, qtbot: Any) -> None:
    fill_journal(desk)
    panel = opened(desk, qtbot)
    model = panel.model
    qtbot.waitUntil(lambda: len(model.markers) == 4)
    assert [one.kind for one in model.markers] == ["alarm", "command", "alarm", "note"]
    panel.grab()
    place = panel.chart.placed[2]
    at = QPoint(round(place.x), round(panel.chart.layout_now.head.height / 2))
    QTest.mouseClick(panel.chart, Qt.MouseButton.LeftButton, pos=at)
    card = panel.acts.card
    assert isinstance(card, MarkerCard)
    card.compareAsked.emit(place.markers[0])
    assert model.shift_ns == 2 * HOUR
    qtbot.keyClick(panel.chart, Qt.Key.Key_M)
    panel.grab()
    assert panel.chart.placed == []


def test_a_remark_is_added_shown_and_withdrawn_with_a_reason(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW])
    model = panel.model
    model.set_cursors(START_NS - HOUR, None)
    qtbot.keyClick(panel.chart, Qt.Key.Key_N)
    card = panel.acts.card
    assert isinstance(card, EntryCard)
    card.accept()
    assert card.problem.full_text == "Write what is to be remembered."
    card.fields[0].setText("Strainer changed")
    card.accept()
    qtbot.waitUntil(lambda: len(model.markers) == 1)
    (made,) = model.markers
    assert (made.kind, made.title, made.at) == ("annotation", "Strainer changed", START_NS - HOUR)
    panel.acts._ask_withdraw(made)
    again = panel.acts.card
    assert isinstance(again, EntryCard)
    again.fields[0].setText("wrong pump")
    again.accept()
    qtbot.waitUntil(lambda: model.markers == [])
    assert desk.client.archive.notes[0].deleted


# bad times


def test_a_runtime_that_does_not_answer_leaves_the_picture_and_says_so_in_a_sentence(
    desk: Desk, qtbot: Any
) -> None:
    panel = opened(desk, qtbot)
    before = [pen.curve for pen in panel.pens]
    desk.client.lose_link()
    panel.toggle_live()
    panel.pan(-3.0)
    qtbot.waitUntil(lambda: bool(panel.model.problem))
    assert panel.model.problem == "the runtime does not answer"
    assert [pen.curve for pen in panel.pens] == before
    panel.grab()
    desk.client.return_link()
    desk.time.pass_s(6)
    desk.client.session_time += 20 * NS_PER_S
    desk.client.tick({})
    desk.station.drain()
    panel.model.beat()
    qtbot.waitUntil(lambda: not panel.model.problem)


def test_a_trend_of_tags_without_a_past_opens_empty_and_goes_on_live(qtbot: Any) -> None:
    def nothing(desk: Desk) -> None:
        desk.client.columns[FLOW] = make_samples([], [])

    with open_trends(qtbot, past=nothing) as desk:
        desk.window.open_trend([FLOW])
        panel = desk.window.trends[0]
        settle(panel, qtbot)
        say(desk, FLOW, 41.0)
        assert panel.pens[0].whole.last[-1] == 41.0
        panel.grab()


def test_escape_closes_a_card_then_the_cursors_then_the_trend(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot)
    panel.model.set_cursors(START_NS - HOUR, None)
    panel.acts.ask_range()
    panel.close_last()
    assert panel.acts.card is None
    panel.close_last()
    assert panel.model.cursor_a is None
    panel.close_last()
    assert desk.window.trends == []
