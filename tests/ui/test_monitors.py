"""Windows on several monitors, each step in a process with the screens that it needs (facts: offscreen configfile)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QRect

from hmi.ui.windows import layout
from hmi.ui.windows.layout import FULL, Monitor, Place

pytestmark = pytest.mark.qt

CASES = Path(__file__).with_name("monitor_cases.py")
LEFT, RIGHT = ("left", 0), ("right", 1920)


def run_step(step: str, tmp_path: Path, *screens: tuple[str, int]) -> None:
    config = tmp_path / "screens.json"
    fixed = {"y": 0, "width": 1920, "height": 1080, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    config.write_text(json.dumps({
        "synchronousWindowSystemEvents": True, "windowFrameMargins": False,
        "screens": [{"name": name, "x": x, **fixed} for name, x in screens],
    }))  # fmt: skip
    environment = os.environ | {
        "QT_QPA_PLATFORM": f"offscreen:configfile={config}",
        "WINDOWS_FOLDER": str(tmp_path / "kept"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{CASES}::test_step_{step}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_windows_are_restored_on_both_screens(tmp_path: Path) -> None:
    run_step("arrange", tmp_path, LEFT, RIGHT)
    run_step("restored_on_two", tmp_path, LEFT, RIGHT)


def test_windows_of_a_screen_that_is_gone_come_wholly_onto_the_one_that_is_left(tmp_path: Path) -> None:
    run_step("arrange", tmp_path, LEFT, RIGHT)
    run_step("restored_on_one", tmp_path, LEFT)


def test_a_screen_that_is_unplugged_gives_its_windows_to_another(tmp_path: Path) -> None:
    run_step("screen_lost", tmp_path, LEFT, RIGHT)


def test_a_kiosk_covers_every_screen_and_cannot_be_closed(tmp_path: Path) -> None:
    run_step("kiosk", tmp_path, LEFT, RIGHT)


def test_a_kiosk_is_left_by_the_keys_and_the_question_alone(tmp_path: Path) -> None:
    run_step("kiosk_left", tmp_path, LEFT, RIGHT)


TWO = [Monitor("left", QRect(0, 0, 1920, 1080)), Monitor("right", QRect(1920, 0, 1280, 800))]


@pytest.mark.parametrize(
    ("place", "screen", "box"),
    [
        (Place("a", "left", QRect(10, 10, 800, 600)), "left", QRect(10, 10, 800, 600)),
        (Place("a", "right", QRect(3000, 700, 800, 600)), "right", QRect(2400, 200, 800, 600)),
        (Place("a", "gone", QRect(5000, -900, 800, 600)), "left", QRect(1120, 0, 800, 600)),
        (Place("a", "gone", QRect(2000, 10, 900, 600)), "right", QRect(2000, 10, 900, 600)),
        (Place("a", "right", QRect(1920, 0, 1920, 1080), FULL), "right", QRect(1920, 0, 1280, 800)),
    ],
)
def test_every_place_is_settled_wholly_on_a_screen(place: Place, screen: str, box: QRect) -> None:
    found = layout.settled(place, TWO)
    assert (found.screen, found.box, found.state) == (screen, box, place.state)


def test_what_was_kept_is_read_back() -> None:
    places = [Place("a", "left", QRect(1, 2, 3, 4)), Place("b?x=1", "right", QRect(-5, 6, 700, 8), FULL)]
    assert layout.from_section(json.loads(json.dumps(layout.to_section(places)))) == places


@pytest.mark.parametrize(
    "section",
    [
        {}, {"version": 2, "windows": []}, {"version": 1}, {"version": 1, "windows": "x"},
        {"version": 1, "windows": [3, {}, {"box": [1, 2], "state": "normal"}, {"box": [0, 0, 1, 1], "state": "?"}]},
        {"version": 1, "windows": [{"box": [0, 0, 0, 5], "state": "full"}, {"box": [0, 0, 1e9, 5], "state": "full"}]},
        {"version": 1, "windows": [{"box": [True, 0, 9, 5], "state": "full"}]},
    ],
)  # fmt: skip
def test_a_damaged_file_counts_as_no_windows(section: dict) -> None:
    assert layout.from_section(section) == []


def test_a_file_with_too_many_windows_opens_no_more_than_allowed() -> None:
    many = [Place("a", "left", QRect(1, 2, 300, 400))] * 50
    assert len(layout.from_section(layout.to_section(many))) == layout.MOST
