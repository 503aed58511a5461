"""When the first display stands: told once, also where nothing paints it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fleet_plant import open_fleet
from shell_plant import open_station

from hmi import app
from hmi.ui.first_paint import FirstPaint, write_times


def test_a_display_that_nothing_paints_again_is_told_once(qtbot: Any) -> None:
    with open_station(qtbot) as desk:
        window = desk.window
        qtbot.waitUntil(lambda: window.mimic.view.is_current and window.mimic.is_settled)
        told: list[tuple[int, int]] = []
        first = FirstPaint(window)
        first.painted.connect(lambda *times: told.append(times))
        window.update()  # the window itself; its display is as it was
        qtbot.waitUntil(lambda: bool(told))
        window.mimic.view.repaint()
        qtbot.wait(150)
        ((window_ns, live_ns),) = told
        assert 0 < window_ns <= live_ns


def test_what_is_not_settled_is_not_told(qtbot: Any, monkeypatch: Any) -> None:
    with open_station(qtbot) as desk:
        window = desk.window
        monkeypatch.setattr(type(window.mimic), "is_settled", False)
        told: list[object] = []
        FirstPaint(window).painted.connect(lambda *times: told.append(times))
        window.repaint()
        window.mimic.view.repaint()
        qtbot.wait(150)
        assert told == []


def test_without_a_file_nothing_is_looked_at_for_long(qtbot: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(app, "SHOWN_MOST_MS", 100)
    with open_fleet(qtbot) as all_:
        host, told = all_.fleet.hosts[0], list[bool]()
        monkeypatch.setattr(type(host.page.mimic), "is_settled", False)
        app._tell_first(host, None, lambda: told.append(True))
        assert len(host.findChildren(FirstPaint)) == 1
        qtbot.waitUntil(lambda: not host.findChildren(FirstPaint))
        host.renewed.emit(host.page)
        assert (host.findChildren(FirstPaint), told) == ([], [])


def test_times_are_written_whole(tmp_path: Path) -> None:
    write_times(tmp_path / "first.json", 3, 7)
    assert json.loads((tmp_path / "first.json").read_text(encoding="ascii")) == {"window_ns": 3, "live_ns": 7}
    assert [one.name for one in tmp_path.iterdir()] == ["first.json"]
