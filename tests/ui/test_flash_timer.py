"""One flash timer: mimic, tabs and lists turn together, and a station holds no second one."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from shell_plant import open_station

from hmi.core.clock import monotonic_ns
from hmi.ui.flash import flash
from hmi.ui.paint import BLINK_PERIOD_NS, blink_on

pytestmark = pytest.mark.qt


def test_HM_12_all_marks_turn_with_the_one_timer(qtbot) -> None:
    with open_station(qtbot) as desk:
        window, turned = desk.window, flash()
        assert window.mimic.view._blinking
        for lit in (False, True, False):
            turned.turned.emit(lit)
            phases = {window.mimic.view._kit.lit, window.header.tabs.lit, window.strip.table.delegate.lit}
            assert phases == {lit}


def test_the_timer_is_shared_and_waits_for_the_next_edge(qtbot) -> None:
    one = flash()
    assert flash() is one
    one.turn()
    assert one.lit == blink_on(monotonic_ns())
    assert 0 < one._timer.remainingTime() <= BLINK_PERIOD_NS // 2_000_000 + 1


def test_HM_12_the_timer_turns_by_itself(qtbot) -> None:
    with qtbot.waitSignal(flash().turned):
        pass
