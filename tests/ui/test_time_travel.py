"""The one clock of a station: what every window shows of the past, and that no live alarm is missed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

pytest.importorskip("PySide6")

from msgspec.structs import replace
from PySide6.QtCore import QRect, Qt
from shell_plant import Desk, alarms, display, open_station, plant

from hmi.client.port import LiveUpdate
from hmi.core.clock import NS_PER_S
from hmi.core.quality import GOOD
from hmi.core.values import DataValue
from hmi.testing.client import START_NS, make_alarm
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
FLOW, LEVEL = "intake/fic1.pv", "outlet/lt2.pv"
HOUR = 3_600 * NS_PER_S
THEN = START_NS - HOUR


def recorded(desk: Desk, tag: str, *points: tuple[int, float]) -> None:
    desk.client.history[tag] = [DataValue(value, GOOD, at, at) for at, value in points]


def make_history(desk: Desk) -> None:
    """An hour ago the flow was 11 with an alarm of priority 1; a minute later it was 12 and the alarm ended."""
    recorded(desk, FLOW, (THEN - 9 * NS_PER_S, 11.0), (THEN + 60 * NS_PER_S, 12.0))
    for tag, value in desk.client.values.items():
        if tag != FLOW:
            recorded(desk, tag, (THEN - 9 * NS_PER_S, value.value))  # type: ignore[arg-type]
    old = make_alarm(
        FLOW, 7, priority=1, name="LowLow", message="Raw flow low low", alarm_time=THEN - NS_PER_S
    )
    desk.client.travel.turn(THEN - NS_PER_S, old)
    desk.client.travel.turn(THEN + 60 * NS_PER_S, old, ends=True)


def go(qtbot, desk: Desk, at: int) -> None:
    desk.station.clock.go_to(at)
    settle(qtbot, desk)


def settle(qtbot, desk: Desk) -> None:
    def there() -> bool:
        desk.station.drain()
        return not desk.station.clock.is_seeking

    qtbot.waitUntil(there)


def until(qtbot, desk: Desk, done: Callable[[], bool]) -> None:
    def look() -> bool:
        desk.client.tick({})
        desk.station.drain()
        return done()

    qtbot.waitUntil(look)


def strip(window: StationWindow) -> list[str]:
    return [row.message for row in window.strip.model.shown]


def test_every_part_shows_what_was_true_then(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        window, station = desk.window, desk.station
        assert station.reading(FLOW).number == 11.0
        assert not station.fresh(FLOW)
        assert strip(window) == ["Raw flow low low"]
        assert (window.header.counts.count(1), window.header.counts.count(2)) == (1, 0)
        assert station.alarm_store.areas == {"intake": {"1": [1, 0]}}
        assert station.now() == THEN
        assert window.past.bar.isVisible()
        assert window.past.frame.isVisible()
        assert window.past.watermark.isVisible()
        assert "PAST" in window.past.bar.when.full_text
        assert window.header.health.word == "Past"


def test_tr_12_the_frame_of_the_simulator_stays_around_that_of_the_past(qtbot) -> None:
    with open_station(qtbot, mode="simulator") as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        window = desk.window
        assert window.frame.isVisible()
        assert window.rect().contains(window.past.frame.geometry(), True)
        assert not window.frame.mask().intersects(window.past.frame.geometry())


def test_back_to_live_is_one_key_and_leaves_nothing_of_the_past(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
        assert not desk.station.clock.is_past
        assert desk.station.values == {}
        until(qtbot, desk, lambda: FLOW in desk.station.values)
        assert desk.station.reading(FLOW).number == 42.0
        assert not desk.station.mailbox.is_history
        assert strip(desk.window) == ["Raw flow high", "Level sensor service"]
        window = desk.window
        assert not any(one.isVisible() for one in (window.past.bar, window.past.frame, window.past.watermark))
        assert not desk.station.reading(FLOW).stale


def test_what_is_on_its_way_is_never_shown_in_the_other_time(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        box = desk.station.mailbox
        live = LiveUpdate({FLOW: DataValue(99.0, GOOD, 1, 1)}, {}, 90, desk.time(), snapshot=True)
        box.on_live(live)
        past = LiveUpdate(
            {FLOW: DataValue(98.0, GOOD, 1, 1)}, {}, 91, desk.time(), snapshot=True, at=THEN + 5
        )
        box.on_live(past)
        desk.station.drain()
        assert desk.station.reading(FLOW).number == 11.0
        assert box.alive
        desk.station.clock.go_live()
        box.on_live(past)
        desk.station.drain()
        assert FLOW not in desk.station.values or desk.station.reading(FLOW).number == 42.0


def test_nothing_can_be_done_in_the_past_and_everything_says_why(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        card = desk.window.desk.open("intake/p1", QRect(100, 100, 50, 50))
        assert card is not None
        go(qtbot, desk, THEN)
        station = desk.station
        for deed in (
            "acknowledge",
            "note",
            "comment",
            "operate",
            "tune",
            "out_of_service",
            "instruct",
            "certificates",
            "exports",
            "frames",
        ):
            assert "past" in station.rights.why_not(deed, "intake")
        assert not station.rights.may("operate", "intake")
        assert station.rights.may("view", "intake")
        assert "past" in station.commands.why("intake/p1.start")
        assert station.heartbeat("intake/p1.start") == 0
        desk.window.acts.do("ACK", list(station.alarms.values()))
        assert desk.client.acknowledged == []
        assert station.status is not None


def test_a_live_alarm_that_comes_meanwhile_is_told_and_flashes(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        chip = desk.window.past.bar.chip
        assert "1 unacknowledged of 2" in chip.words
        new = make_alarm(LEVEL, 9, priority=1, message="Tank overflows")
        desk.client.alarm_book.change([new])
        desk.station.drain()
        assert "2 unacknowledged of 3" in chip.words
        assert chip.worst == 1
        assert "live alarm" in desk.window.notice.text.full_text
        assert desk.window.notice.isVisible()
        assert strip(desk.window) == ["Raw flow low low"]
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
        assert strip(desk.window)[0] == "Tank overflows"


def test_playing_turns_values_and_alarms_together_and_pausing_holds_them(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN + 50 * NS_PER_S)
        desk.station.clock.play(10)
        assert desk.station.clock.is_playing
        until(qtbot, desk, lambda: desk.station.reading(FLOW).number == 12.0)
        until(qtbot, desk, lambda: strip(desk.window) == [])
        assert desk.station.now() >= THEN + 60 * NS_PER_S
        desk.station.clock.pause()
        settle(qtbot, desk)
        held = desk.station.now()
        for _ in range(5):
            desk.client.tick({})
            desk.time.pass_s(1)
            desk.station.drain()
        assert desk.station.now() == held
        assert not desk.station.clock.is_playing


def test_opening_something_while_it_plays_does_not_jump_back(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        desk.station.clock.play(10)
        until(qtbot, desk, lambda: desk.station.now() > THEN + 20 * NS_PER_S)
        before = desk.station.now()
        desk.window.desk.open("intake/p1", QRect(100, 100, 50, 50))
        until(qtbot, desk, lambda: not desk.station.mailbox.ages.waits)
        assert desk.client.wanted.at is not None
        assert desk.client.wanted.at >= before
        assert "intake/p1.running" in desk.client.tags


def test_playing_comes_up_to_the_present_and_stays_in_the_past(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        desk.station.clock.go_back(30 * NS_PER_S)
        settle(qtbot, desk)
        desk.station.clock.play(1_000)
        until(qtbot, desk, lambda: not desk.station.clock.is_playing)
        assert desk.station.clock.is_past
        assert "still the past" in desk.window.notice.text.full_text


def test_the_display_is_the_one_that_was_valid_then(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        old = replace(
            plant(),
            revision="r0",
            displays=[display("overview", level=1, tags=(LEVEL,)), *plant().displays[1:]],
        )
        desk.client.travel.plants = [(1, old), (THEN + HOUR // 2, plant())]
        go(qtbot, desk, THEN)
        scene = desk.window.mimic.view.scene
        assert desk.station.plant is not None
        assert desk.station.plant.revision == "r0"
        assert scene is not None
        assert scene.tags == (LEVEL,) or list(scene.tags) == [LEVEL]
        until(qtbot, desk, lambda: LEVEL in desk.station.values)
        go(qtbot, desk, THEN + HOUR // 2 + NS_PER_S)
        assert desk.station.plant.revision == "r1"
        go(qtbot, desk, THEN)
        desk.station.clock.go_live()
        assert desk.station.plant.revision == "r1"
        assert FLOW in desk.window.mimic.view.scene.tags  # type: ignore[union-attr]


def test_playing_goes_on_across_another_plant_revision(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        turn = THEN + 10 * NS_PER_S
        desk.client.travel.plants = [(1, replace(plant(), revision="r0")), (turn, plant())]
        go(qtbot, desk, THEN)
        desk.station.clock.play(10)
        until(qtbot, desk, lambda: desk.station.plant is not None and desk.station.plant.revision == "r1")
        until(qtbot, desk, lambda: desk.station.now() > turn + 5 * NS_PER_S)
        assert desk.station.clock.is_playing


def test_another_plant_that_comes_meanwhile_waits_for_the_present(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        desk.client.travel.plants = [(1, plant())]
        go(qtbot, desk, THEN)
        desk.client.take_plant(replace(plant(), revision="r2", title="Larger plant"))
        until(qtbot, desk, lambda: desk.station.clock.live_revision() == "r2")
        assert desk.station.plant is not None
        assert desk.station.plant.revision == "r1"
        assert desk.station.reading(FLOW).number == 11.0
        desk.station.clock.go_live()
        assert desk.station.plant.title == "Larger plant"


def test_the_future_is_the_present_and_before_the_first_record_nothing_is_known(qtbot) -> None:
    with open_station(qtbot) as desk:
        desk.client.travel.begins = THEN
        go(qtbot, desk, START_NS + 10 * HOUR)
        assert desk.station.clock.is_past
        assert desk.station.now() <= desk.client.session_time
        go(qtbot, desk, THEN - HOUR)
        assert "nothing is known" in desk.window.past.bar.state.full_text
        assert not desk.station.hears("")


def test_an_instant_that_cannot_be_told_shows_nothing_and_says_why(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        desk.client.travel.problem = "revision r0 of the plant was not kept"
        desk.station.clock.go_to(THEN - 60 * NS_PER_S)
        qtbot.waitUntil(lambda: "was not kept" in desk.window.notice.text.full_text)
        assert strip(desk.window) == []
        assert desk.station.clock.is_past


def test_all_windows_follow_the_one_clock_also_one_that_opens_later(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        second = StationWindow(Theme.load("dark"), desk.station)
        qtbot.addWidget(second)
        second.show()
        second.begin()
        assert second.past.frame.isVisible()
        assert second.past.bar.isVisible()
        assert strip(second) == ["Raw flow low low"]
        second.past.bar.live.click()
        assert not desk.window.past.frame.isVisible()
        assert not second.past.frame.isVisible()
        second.retire()


def test_the_bar_opens_by_key_and_takes_a_time_that_is_typed(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        bar = desk.window.past.bar
        desk.window.past.toggle()
        assert bar.isVisible()
        assert not desk.station.clock.is_past
        bar.entry.setText("yesterday")
        bar.entry.entered.emit("yesterday")
        assert "is not a time" in desk.window.notice.text.full_text
        bar.entry.entered.emit("-1h")
        settle(qtbot, desk)
        assert abs(desk.station.now() - (desk.client.session_time - HOUR)) < NS_PER_S
        qtbot.keyClick(bar.line, Qt.Key.Key_Left)
        settle(qtbot, desk)
        assert abs(desk.station.now() - (desk.client.session_time - HOUR - 10 * NS_PER_S)) < NS_PER_S


def test_scrubbing_ends_at_the_last_place_asked_for(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        for step in range(40):
            desk.station.clock.go_to(THEN + step * NS_PER_S)
        settle(qtbot, desk)
        assert desk.station.now() == THEN + 39 * NS_PER_S
        assert len(desk.client.travel.asked) < 10


def test_the_live_list_is_whole_again_after_the_past(qtbot) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        go(qtbot, desk, THEN)
        first = alarms()[0]
        desk.client.alarm_book.change([replace(first, state="ACKED")])
        desk.station.drain()
        desk.station.clock.go_live()
        rows = {row.alarm_id: row.state for row in desk.window.strip.model.shown}
        assert rows == {"a_1": "ACKED", "a_2": "ACKED"}
        assert desk.station.alarm_store is desk.station.live_alarms


@pytest.mark.parametrize("percent", [100, 150, 200])
@pytest.mark.parametrize("width", [1024, 1366, 1920])
def test_HM_17_the_bar_fits_every_window_and_keeps_the_way_back(qtbot, width: int, percent: int) -> None:
    with open_station(qtbot) as desk:
        make_history(desk)
        window = StationWindow(Theme.load("light", percent), desk.station)
        qtbot.addWidget(window)
        window.resize(width, 768)
        window.show()
        window.begin()
        go(qtbot, desk, THEN)
        bar = window.past.bar
        qtbot.waitUntil(lambda: bar.width() == window.width())
        assert window.width() == width
        shown = [bar.when, bar.play, bar.chip, bar.live, bar.line, bar.entry, bar.rate, bar.span, *bar.steps]
        for widget in (bar.when, bar.play, bar.chip, bar.live):
            assert widget.isVisible()
        boxes = sorted((w.geometry() for w in shown if w.isVisible()), key=lambda box: box.left())
        assert boxes[-1].right() < bar.width()
        assert all(one.right() < two.left() for one, two in pairwise(boxes))
        window.retire()


def test_no_curve_of_the_past_ends_at_now(qtbot) -> None:
    curve = {"id": "e_t", "type": "trend", "x": 20, "y": 20, "w": 626, "h": 176, "tag": FLOW, "span_min": 60}
    info = plant()
    home = replace(info.displays[0], document=info.displays[0].document | {"elements": [curve]})
    with open_station(qtbot, info=replace(info, displays=[home, *info.displays[1:]])) as desk:
        make_history(desk)
        page = desk.window.mimic

        def ends() -> set[bool]:
            scene = page.view.scene
            return {past.is_live for past in scene._past.values()} if scene is not None else set()

        assert ends() == {True}
        go(qtbot, desk, THEN)
        qtbot.waitUntil(lambda: ends() == {False})
        qtbot.keyClick(desk.window, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: ends() == {True})
