"""The picture of an instant, made later, is the picture that was on the screen then.

Compared pixel for pixel: the whole display (values, states, alarm marks) and every row of the alarm strip. Not so:
title bar, frame, watermark and time bar, which tell of the time travel itself or of the present, and the buttons
of the strip. Curves on a display are drawn by columns that begin when its window was opened; entry fields are locked.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

from past_plant import FLOW, LEVEL, Works, works_at
from PySide6.QtGui import QImage

from hmi.client.federation import socket_clients
from hmi.ui.flash import flash
from hmi.ui.link import Link
from hmi.ui.mailbox import Mailbox
from hmi.ui.shot import wait_until
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.window import StationWindow

pytestmark = pytest.mark.qt
PATIENCE_S = 60.0


@contextmanager
def window_on(works: Works, theme: str) -> Iterator[StationWindow]:
    """A window of its own on the runtime, with everything in view."""
    mailbox = Mailbox()
    link = Link(socket_clients(works.data, {}, {}), mailbox)
    station = Station(link, mailbox)
    window = StationWindow(Theme.load(theme), station)
    window.past.has_bar = False
    window.resize(1600, 900)
    link.start()
    station.start()
    window.show()
    try:
        assert wait_until(lambda: window.mimic.is_settled and station.has_alarms, PATIENCE_S)
        yield window
    finally:
        station.stop()
        window.retire()
        link.close()


def quiet(window: StationWindow) -> None:
    """Everything that is on its way has arrived and is painted."""
    wait_until(lambda: False, 1.5)
    view = window.mimic.view
    view.repaint()
    assert wait_until(lambda: view.is_current and view.is_grown, PATIENCE_S)


def display_of(window: StationWindow) -> QImage:
    return window.mimic.view.grab().toImage()


def rows_of(window: StationWindow) -> QImage:
    """The rows without the column of buttons at their end."""
    table = window.strip.table
    viewport = table.viewport()
    return viewport.grab(viewport.rect().adjusted(0, 0, -160, 0)).toImage()


@pytest.fixture
def _steady_lights(monkeypatch: pytest.MonkeyPatch) -> None:
    """What blinks is lit in both pictures."""
    monkeypatch.setattr(flash(), "turn", lambda: None)
    monkeypatch.setattr(flash(), "lit", True)
    flash()._timer.stop()


@pytest.mark.usefixtures("_steady_lights")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hi_the_picture_of_an_instant_is_the_one_that_was_on_the_screen(
    qtbot, tmp_path: Path, theme: str
) -> None:
    with works_at(tmp_path, {LEVEL: 4.8, FLOW: 123.4}) as works:
        works.put(**{"p101.running": True})
        with window_on(works, theme) as live:
            assert wait_until(lambda: bool(live.station.alarms), PATIENCE_S)
            quiet(live)
            then = live.station.now()
            display, rows = display_of(live), rows_of(live)
            works.put(lt101=2.0, ft101=50.0, **{"p101.running": False})
            quiet(live)
            assert display_of(live) != display
            assert rows_of(live) != rows
        with window_on(works, theme) as later:
            later.station.clock.go_to(then)
            assert wait_until(lambda: not later.station.clock.is_seeking, PATIENCE_S)
            quiet(later)
            assert later.station.now() == then
            again = display_of(later)
            assert again == display
            assert rows_of(later) == rows


def shot(works: Works, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "hmi",
        "shot",
        str(works.folder),
        "overview",
        str(out),
        "--data",
        str(works.data),
    ]
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_makes_a_picture_of_then_and_refuses_what_is_no_time(tmp_path: Path) -> None:
    out = tmp_path / "then.png"
    with works_at(tmp_path, {LEVEL: 4.8, FLOW: 123.4}) as works:
        done = shot(works, out, "--at", "-1s", "--size", "1280x720")
        assert done.returncode == 0, done.stderr
        assert QImage(str(out)).width() == 1280
        wrong = shot(works, tmp_path / "other.png", "--at", "yesterday")
        assert wrong.returncode != 0
        assert "is not a time" in wrong.stderr + wrong.stdout
    late = shot(works, tmp_path / "other.png", "--at", "-1s")
    assert "no runtime of this plant runs" in " ".join((late.stderr + late.stdout).split())
