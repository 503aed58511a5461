"""A trend draws and tells only what is known: nothing over time that was not read, nothing later than now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PySide6")

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtTest import QTest
from shell_plant import Desk
from trend_hands import HOUR, middle, opened, say, settle
from trend_plant import FLOW, LEVEL, RESIDUAL, open_trends

from hmi.client.alarms import JournalPage, JournalQuery
from hmi.core.clock import NS_PER_S
from hmi.core.errors import CommunicationError
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.mimics import NO_VALUE
from hmi.testing.client import START_NS, make_tag
from hmi.ui.trend.curve import EMPTY, KEPT, Tail, curve_from, joined
from hmi.ui.trend.markers import MOST, Happened, Marker, read_markers
from hmi.ui.trend.paint_lanes import placed_markers
from hmi.ui.trend.panel import TrendPanel
from hmi.ui.trend.pens import Pen
from hmi.ui.trend.readings import number_at, reading_at, told_at, told_difference
from hmi.ui.trend.strokes import strokes
from hmi.ui.trend.table import Column

pytestmark = pytest.mark.qt


@pytest.fixture
def desk(qtbot: Any) -> Iterator[Desk]:
    with open_trends(qtbot) as made:
        yield made


def go(desk: Desk, qtbot: Any, at: int) -> None:
    """To an instant of the past, and the trend has heard of it."""
    desk.station.clock.go_to(at)

    def there() -> bool:
        desk.station.drain()
        return not desk.station.clock.is_seeking

    qtbot.waitUntil(there)
    for panel in desk.window.trends:
        panel.model.beat()


def fail(desk: Desk, verb: str, sentence: str = "history busy") -> Any:
    """The verb fails from now on; what puts it back."""
    before = getattr(desk.client, verb)

    async def bad(*_: Any) -> Any:
        raise CommunicationError(sentence)

    setattr(desk.client, verb, bad)
    return lambda: setattr(desk.client, verb, before)


def hold(desk: Desk, verb: str) -> Any:
    """Answers of the verb wait from now on; what lets them go."""
    before, gate = getattr(desk.client, verb), asyncio.Event()

    async def slow(*asked: Any) -> Any:
        await gate.wait()
        return await before(*asked)

    setattr(desk.client, verb, slow)
    return lambda: desk.station.link._loop.call_soon_threadsafe(gate.set)


def drawn_to(panel: TrendPanel) -> float:
    """How far right the lines of the first pen go, in shares of the plot."""
    model, pen = panel.model, panel.pens[0]
    frame = panel.chart.layout_now.frame(model.view, 0)
    lines = strokes(pen.whole, frame, model.axes[0].scale, until=min(model.known_until(pen), frame.end))
    return max((float(line.x[-1]) - frame.left for line in lines), default=0.0) / frame.width


def made_pen(tag: str = "a", **more: Any) -> Pen:
    return Pen(1, tag, make_tag(tag, **more), QColor("red"))


def asked_to(panel: TrendPanel) -> int:
    """The end of what the newest answer was asked for (UTC ns)."""
    answer = panel.model._reader.answer
    assert answer is not None
    return answer.asked.end


# what was not read


def test_no_line_goes_over_the_gap_between_the_past_that_was_shown_and_the_present(
    desk: Desk, qtbot: Any
) -> None:
    go(desk, qtbot, START_NS - 6 * HOUR)
    panel = opened(desk, qtbot, [FLOW], 8 * 3600)
    fail(desk, "read_trend")
    desk.station.clock.go_live()
    qtbot.waitUntil(lambda: not desk.station.mailbox.is_history and desk.station.now() >= START_NS)
    pen = panel.pens[0]

    def arrives() -> bool:
        say(desk, FLOW, 42.0)
        panel.model.beat()
        return len(pen.tail) > 0

    qtbot.waitUntil(arrives)
    assert pen.curve is EMPTY
    assert pen.until == 0
    assert int(pen.whole.times[0]) >= START_NS - NS_PER_S
    qtbot.waitUntil(lambda: bool(panel.model.problem))


def test_an_answer_that_was_on_its_way_to_the_past_is_not_shown_in_the_present(
    desk: Desk, qtbot: Any
) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    let_go = hold(desk, "read_trend")
    go(desk, qtbot, START_NS - 6 * HOUR)
    reader = panel.model._reader
    assert reader.is_asking
    desk.station.clock.go_live()
    qtbot.waitUntil(lambda: not desk.station.mailbox.is_history and desk.station.now() >= START_NS)
    panel.model.beat()
    let_go()
    qtbot.waitUntil(lambda: reader.answer is not None and not reader.is_asking)
    assert asked_to(panel) >= START_NS


def test_what_an_answer_says_is_known_to_the_end_that_was_asked_for_at_most(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    panel.show_range(START_NS - 9 * HOUR, START_NS - 8 * HOUR)
    settle(panel, qtbot)
    pen = panel.pens[0]
    assert pen.until == asked_to(panel) < START_NS - 7 * HOUR


def test_a_live_value_far_from_a_past_of_unknown_end_begins_a_line_of_its_own() -> None:
    curve, tail = curve_from(np.array([0, NS_PER_S]), np.array([1.0, 2.0])), Tail()
    tail.append(DataValue(3.0, GOOD, 60 * NS_PER_S, 0), 60 * NS_PER_S)
    assert np.isnan(joined(curve, tail).last[2])


def test_a_value_that_was_live_all_the_time_has_no_gap_however_seldom_it_changes() -> None:
    tail = Tail()
    for second in (1, 300):
        tail.append(DataValue(3.0, GOOD, second * NS_PER_S, 0), 300 * NS_PER_S)
    curve = curve_from(np.array([0, 2 * NS_PER_S]), np.array([1.0, 3.0]))
    tail.forget_before(2 * NS_PER_S)
    assert joined(curve, tail, until=5 * NS_PER_S).last.tolist() == [1.0, 3.0, 3.0]


def test_no_flat_line_and_no_number_over_time_that_is_still_being_read(desk: Desk, qtbot: Any) -> None:
    go(desk, qtbot, START_NS - 12 * HOUR)
    panel = opened(desk, qtbot, [FLOW], 900)
    assert drawn_to(panel) == pytest.approx(1.0, abs=0.02)
    let_go = hold(desk, "read_trend")
    go(desk, qtbot, START_NS - 6 * HOUR)
    model, pen = panel.model, panel.pens[0]
    assert model.view.end == START_NS - 6 * HOUR
    assert model._reader.is_asking
    assert drawn_to(panel) <= 0
    assert told_at(model, pen, model.view.end).text == NO_VALUE
    assert told_at(model, pen, model.view.start).text == NO_VALUE
    let_go()
    settle(panel, qtbot)
    assert drawn_to(panel) == pytest.approx(1.0, abs=0.02)
    assert told_at(model, pen, model.view.end).is_good


def test_a_setpoint_is_drawn_as_far_as_it_was_read(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    assert len(panel.model.setpoint)
    asked = asked_to(panel)
    fail(desk, "read_trend")
    desk.client.session_time += 120 * NS_PER_S
    desk.client.tick({})
    desk.station.drain()
    panel.model.beat()
    assert panel.model.setpoint_until <= asked


# figures


def figures_texts(panel: TrendPanel) -> list[str]:
    table = panel.table.pens
    return [table.told(panel.pens[0], one).text for one in (Column.LEAST, Column.MOST, Column.MEAN)]


def test_figures_of_another_stretch_are_not_told(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 900)
    qtbot.waitUntil(lambda: all(figures_texts(panel)))
    let_go = hold(desk, "range_figures")
    panel.set_span(8 * 3600)
    assert figures_texts(panel) == ["", "", ""]
    let_go()
    qtbot.waitUntil(lambda: all(figures_texts(panel)))


def test_figures_that_cannot_be_read_are_not_told_and_asked_for_again(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 900)
    qtbot.waitUntil(lambda: panel.pens[0].figures is not None)
    mend = fail(desk, "range_figures")
    panel.set_span(8 * 3600)
    qtbot.waitUntil(lambda: panel.pens[0].figures is None)
    mend()
    desk.time.pass_s(6)
    panel.model.beat()
    qtbot.waitUntil(lambda: all(figures_texts(panel)))


def test_figures_go_with_every_jump_through_the_past(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 900)
    qtbot.waitUntil(lambda: panel.pens[0].figures is not None)
    for hours in (12, 6, 18):
        go(desk, qtbot, START_NS - hours * HOUR)
        wanted = panel.model.figures.range
        assert wanted[1] == START_NS - hours * HOUR
        qtbot.waitUntil(
            lambda wanted=wanted: (
                (one := panel.pens[0].figures) is not None and (one.start, one.end) == wanted
            )
        )


# cursors


def test_the_table_tells_what_the_dot_on_the_line_shows() -> None:
    pen = made_pen(unit="m")
    pen.curve = curve_from(np.array([0, 60 * NS_PER_S]), np.array([0.0, 60.0]))
    assert reading_at(pen, 30 * NS_PER_S).data.value == pytest.approx(30.0)
    assert number_at(pen, 30 * NS_PER_S) == pen.whole.drawn_at(30 * NS_PER_S)
    held = made_pen("b", type="bool")
    held.curve = curve_from(np.array([0, 60 * NS_PER_S]), np.array([0.0, 1.0]))
    assert reading_at(held, 30 * NS_PER_S).data.value is False


def test_a_cursor_after_now_tells_no_number_and_the_mouse_sets_none_there(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    model, pen = panel.model, panel.pens[0]
    panel.pan(0.4)
    assert model.view.end > model.now
    QTest.mouseClick(panel.chart, Qt.MouseButton.LeftButton, pos=middle(panel.chart, 0.95))
    assert model.cursor_a is not None
    assert model.cursor_a <= model.now
    model.set_cursors(model.now + 300 * NS_PER_S, model.now - HOUR // 2)
    assert told_at(model, pen, model.cursor_a).text == NO_VALUE
    assert told_difference(model, pen).text == NO_VALUE


def test_a_cursor_after_the_instant_of_the_past_tells_nothing_of_then(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    panel.model.set_cursors(START_NS - HOUR, None)
    go(desk, qtbot, START_NS - 2 * HOUR)
    settle(panel, qtbot)
    assert told_at(panel.model, panel.pens[0], panel.model.cursor_a).text == NO_VALUE


# failures


def test_a_failed_read_is_tried_again_while_the_past_stands_still(desk: Desk, qtbot: Any) -> None:
    go(desk, qtbot, START_NS - 6 * HOUR)
    mend = fail(desk, "read_trend")
    desk.window.open_trend([FLOW])
    panel = desk.window.trends[0]
    panel.model.beat()
    panel.grab()
    qtbot.waitUntil(lambda: bool(panel.model.problem))
    panel.model.beat()
    mend()
    at = desk.station.now()
    desk.time.pass_s(6)
    desk.client.tick({})
    desk.station.drain()
    assert desk.station.now() == at
    panel.model.beat()
    qtbot.waitUntil(lambda: not panel.model.problem and len(panel.pens[0].curve) > 0)


def test_one_pen_that_could_not_be_read_is_tried_again_while_the_past_stands_still(
    desk: Desk, qtbot: Any
) -> None:
    go(desk, qtbot, START_NS - 6 * HOUR)
    read = desk.client.read_trend

    async def silent(query: Any) -> Any:
        answer = await read(query)
        return replace(
            answer, series=[replace(one, problem="south does not answer") for one in answer.series]
        )

    desk.client.read_trend = silent  # type: ignore[method-assign]
    desk.window.open_trend([FLOW])
    panel = desk.window.trends[0]
    panel.grab()
    qtbot.waitUntil(lambda: bool(panel.pens[0].curve.problem))
    panel.model.beat()
    assert panel.model.why_unread == f"{FLOW}: south does not answer"
    desk.client.read_trend = read  # type: ignore[method-assign]
    desk.time.pass_s(16)
    panel.model.beat()
    qtbot.waitUntil(lambda: not panel.pens[0].curve.problem)
    assert not panel.model.why_unread


def test_another_period_that_could_not_be_read_is_asked_for_again(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 900)
    panel.show_range(START_NS - 2 * HOUR, START_NS - HOUR)
    settle(panel, qtbot)
    mend = fail(desk, "read_trend")
    panel.model.compare(3 * HOUR)
    qtbot.waitUntil(lambda: panel.model._other_failed_at > 0)
    mend()
    desk.time.pass_s(6)
    panel.model.beat()
    qtbot.waitUntil(lambda: panel.pens[0].ghost is not None)


def test_nothing_is_written_before_all_that_is_shown_was_read(desk: Desk, qtbot: Any, tmp_path: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 900)
    said: list[str] = []
    panel.said.connect(said.append)
    let_go = hold(desk, "read_trend")
    panel.set_span(86_400)
    for ending in ("csv", "png"):
        panel.acts.write(tmp_path / f"x.{ending}")
    assert (
        said
        == ["Nothing was written. The history of what is shown is still being read. Try again in a moment."]
        * 2
    )
    let_go()
    settle(panel, qtbot)
    panel.acts.write(tmp_path / "x.csv")
    qtbot.waitUntil((tmp_path / "x.csv").exists)
    fail(desk, "read_trend", "disk gone")
    panel.show_range(START_NS - 40 * HOUR, START_NS - 30 * HOUR)
    qtbot.waitUntil(lambda: bool(panel.model.problem))
    panel.acts.write(tmp_path / "y.csv")
    assert said[-1] == "Nothing was written. The history cannot be read: disk gone"
    assert not (tmp_path / "y.csv").exists()


# the past has words of its own


def test_in_the_past_a_trend_does_not_say_now_or_live(desk: Desk, qtbot: Any) -> None:
    go(desk, qtbot, START_NS - 6 * HOUR)
    panel = opened(desk, qtbot, [FLOW])
    panel.model.beat()
    across = panel.table.pens.headerData(Column.VALUE, Qt.Orientation.Horizontal)
    assert panel.bar.when.full_text.startswith("then  ")
    assert across == "Then"
    panel.toggle_live()
    assert panel.bar.pause.text() == "Follow"
    desk.station.clock.go_live()
    qtbot.waitUntil(lambda: not desk.station.mailbox.is_history and desk.station.now() >= START_NS)
    panel.model.beat()
    assert panel.bar.pause.text() == "Live"


# markers


def test_no_marker_stands_after_the_instant_that_is_shown(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW], 3600)
    panel.toggle_live()
    go(desk, qtbot, START_NS - HOUR // 2)
    marks = [
        Marker(START_NS - HOUR // 2 + n * 60 * NS_PER_S, "alarm", str(n), "", priority=1) for n in (-1, 1)
    ]
    panel.model.markers = marks
    picture = QPixmap(10, 10)
    painter = QPainter(picture)
    placed = placed_markers(panel.chart.sheet(painter))
    painter.end()
    assert [one.title for group in placed for one in group.markers] == ["-1"]


def test_markers_are_read_again_after_a_jump_back_and_when_they_failed(desk: Desk, qtbot: Any) -> None:
    asked: list[int] = []
    search = desk.client.search_journal

    async def counted(query: Any) -> Any:
        asked.append(query.end)
        return await search(query)

    desk.client.search_journal = counted  # type: ignore[method-assign]
    panel = opened(desk, qtbot, [FLOW], 3600)
    qtbot.waitUntil(lambda: bool(asked))
    go(desk, qtbot, START_NS - 6 * HOUR)
    qtbot.waitUntil(lambda: asked[-1] <= START_NS - 6 * HOUR + 1)
    desk.client.search_journal = search  # type: ignore[method-assign]
    mend = fail(desk, "search_journal")
    panel.model.read_markers(anew=True)
    qtbot.waitUntil(lambda: panel.model._happened._failed_at > 0)
    mend()
    desk.time.pass_s(6)
    panel.model.beat()
    qtbot.waitUntil(lambda: panel.model._happened._failed_at == 0)


def test_a_plant_with_more_records_than_are_read_says_from_when_on_markers_are_complete(
    desk: Desk, qtbot: Any
) -> None:
    class Busy:
        """A journal full of records of something else."""

        async def annotations(self, *_: Any) -> list[Any]:
            return []

        async def search_journal(self, query: JournalQuery) -> JournalPage:
            newest = query.before or 10_000
            numbers = range(newest - 1, max(newest - query.limit - 1, 0), -1)
            told = {"kind": "alarm", "event": "ALM", "object_id": "other", "payload": {}}
            page = [{**told, "seq": one, "receive_time": one, "event_time": one} for one in numbers]
            return JournalPage(page, numbers[-1] if numbers[-1] > 1 else 0)

    found = asyncio.run(read_markers(Busy(), ["a"], ["a"], [], 0, 10_000))  # type: ignore[arg-type]
    assert found == ([], 10_000 - MOST)
    panel = opened(desk, qtbot, [FLOW], 3600)
    panel.model._take_markers(Happened([], START_NS - HOUR // 2))
    pictures = [panel.chart.grab().toImage()]
    panel.model._take_markers(Happened([]))
    pictures.append(panel.chart.grab().toImage())
    assert pictures[0] != pictures[1]


# live values of a trend that is left open


def test_a_second_value_of_the_same_instant_is_drawn() -> None:
    pen = made_pen(type="bool")
    for value in (True, False):
        pen.tail.append(DataValue(value, GOOD, 1000, 1000), 5000)
        assert pen.whole.last.tolist() == [float(value)]


def test_what_comes_live_does_not_make_a_paused_past_anew_and_stays_bounded(desk: Desk, qtbot: Any) -> None:
    panel = opened(desk, qtbot, [FLOW, LEVEL, RESIDUAL], 900)
    panel.show_range(START_NS - 9 * HOUR, START_NS - 8 * HOUR)
    settle(panel, qtbot)
    pen = panel.pens[0]
    before = pen.whole
    for n in range(KEPT + 50):
        pen.tail.append(DataValue(1.0, GOOD, START_NS + n, START_NS), START_NS + 2 * KEPT)
    assert pen.whole is before is pen.curve
    assert len(pen.tail) <= KEPT
    panel.toggle_live()
    assert pen.whole is not before
    assert int(pen.whole.times[-1]) == START_NS + KEPT + 49
