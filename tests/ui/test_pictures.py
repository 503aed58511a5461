"""Pictures on a display: asked for over the client, decoded beside the Qt thread, never a reason to wait or to fail."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

pytest.importorskip("PySide6")

from msgspec.structs import replace
from picture import framed, png
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication
from shell_plant import Desk, display, open_station, plant

from hmi.check import check_plant
from hmi.client.port import PlantInfo
from hmi.mimics import MOST_IMAGE_BYTES, ImageState, image_name_problem
from hmi.ui.images import decoded, take

pytestmark = pytest.mark.qt


def with_pictures(*names: str) -> PlantInfo:
    home = display("overview", level=1, tags=("intake/fic1.pv",))
    elements = [
        {"id": f"i_{n}", "type": "image", "x": 20 + 300 * n, "y": 20, "w": 240, "h": 160, "file": name}
        for n, name in enumerate(names)
    ]
    document = {**home.document, "elements": [*home.document["elements"], *elements]}
    return replace(plant(), displays=[replace(home, document=document)])


def states(desk: Desk) -> dict[str, ImageState]:
    scene = desk.window.mimic.view.scene
    return {
        look[0]: look[1]
        for look in scene.looks
        if look and len(look) == 2 and isinstance(look[1], ImageState)
    }


def settle(qtbot, desk: Desk) -> None:
    """Until what was asked for when the display was opened has been answered: none of it is there yet."""
    qtbot.waitUntil(lambda: all(state.problem for state in states(desk).values()))


def test_a_picture_arrives_and_a_missing_one_says_so(qtbot) -> None:
    with open_station(qtbot, info=with_pictures("plan.png", "gone.png", "old.svg")) as desk:
        qtbot.waitUntil(lambda: bool(states(desk)["gone.png"].problem))
        assert states(desk)["gone.png"].problem == "there is no picture images/gone.png"
        assert "SVG" in states(desk)["old.svg"].problem
        desk.client.images["plan.png"] = png()
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: bool(states(desk)["plan.png"].digest))
        assert decoded(states(desk)["plan.png"].digest).width() == 64


def test_changed_content_is_seen_when_the_display_is_opened_again(qtbot) -> None:
    with open_station(qtbot, info=with_pictures("plan.png")) as desk:
        settle(qtbot, desk)
        desk.client.images["plan.png"] = png()
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: bool(states(desk)["plan.png"].digest))
        first = states(desk)["plan.png"].digest
        desk.client.images["plan.png"] = png(80, 40)
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: states(desk)["plan.png"].digest != first)
        desk.client.images.clear()
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: bool(states(desk)["plan.png"].problem))


def test_decoding_never_runs_on_the_qt_thread(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[threading.Thread] = []

    def watched(content: bytes) -> ImageState:
        seen.append(threading.current_thread())
        return take(content)

    monkeypatch.setattr("hmi.ui.images.take", watched)
    with open_station(qtbot, info=with_pictures("plan.png")) as desk:
        settle(qtbot, desk)
        desk.client.images["plan.png"] = png(70, 40)
        desk.window.open_display("overview")
        qtbot.waitUntil(lambda: bool(states(desk)["plan.png"].digest))
        assert seen
        assert threading.main_thread() not in seen
        assert QThread.currentThread() is QApplication.instance().thread()


def test_a_picture_that_did_not_arrive_is_asked_for_again(qtbot) -> None:
    with open_station(qtbot, info=with_pictures("plan.png")) as desk:
        settle(qtbot, desk)
        desk.client.images["plan.png"] = png()
        scene = desk.window.mimic.view.scene
        scene.images.clear()
        desk.station.images._known.clear()
        desk.window.mimic._judge()
        qtbot.waitUntil(lambda: bool(states(desk)["plan.png"].digest))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 3, "is not a PNG"),
        (png()[:60], "is a damaged PNG"),
        (framed(30_000, 30_000, b""), "has 30000 × 30000 pixels"),
        (framed(4_000, 4_000, b""), "has 4000 × 4000 pixels"),
        (framed(0, 10, b""), "has 0 × 10 pixels"),
        (framed(20, 20, b"no rows"), "is a damaged PNG"),
        (png() + b"\0" * MOST_IMAGE_BYTES, "is larger than 4 MiB"),
    ],
)
def test_bad_content_is_one_sentence_before_memory_is_taken(content: bytes, problem: str) -> None:
    state = take(content)
    assert state.digest == ""
    assert problem in state.problem


@pytest.mark.parametrize("name", ["plan.png", "site/plan.PNG", "a b/über.png"])
def test_names_below_the_folder_are_accepted(name: str) -> None:
    assert image_name_problem(name) == ""


WRONG = ["../a.png", "/etc/a.png", "a/../b.png", "a\\b.png", "C:/a.png", "a.jpg", "a", "./a.png", "a//b.png"]


@pytest.mark.parametrize("name", WRONG)
def test_other_names_are_refused(name: str) -> None:
    assert image_name_problem(name)


def test_check_names_the_display_and_line_of_a_picture_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "displays").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "plan.png").write_bytes(png())
    (tmp_path / "plant.toml").write_text(
        'schema = "plant/1"\nid = "p_1"\nname = "small"\ntitle = "Small"\nhome = "home"\n', encoding="utf-8"
    )
    elements = [
        f'{{"id":"e_{n}","type":"image","x":0,"y":0,"file":"{name}"}}'
        for n, name in enumerate(("plan.png", "none.png", "old.svg"))
    ]
    text = '{\n"schema": "display/1",\n"name": "home",\n"elements": [\n' + ",\n".join(elements) + "\n]\n}\n"
    (tmp_path / "displays" / "home.json").write_text(text, encoding="utf-8")
    said = [f.sentence for f in check_plant(tmp_path) if "file:" in f.sentence]
    assert len(said) == 2
    assert "home.json:6" in said[0]
    assert "'none.png' does not exist" in said[0]
    assert "'old.svg' an SVG is not shown" in said[1]
