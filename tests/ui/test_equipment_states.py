"""HM-07 and HM-10 without golden pictures: states look alike in every symbol, and unlike each other, also in grey."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

pytest.importorskip("PySide6")

import golden
import numpy as np
from equipment_gallery import (
    LATER,
    NOW,
    QUALITIES,
    STALE,
    STATES,
    SYMBOLS,
    TYPES,
    VARIANTS,
    VESSELS,
    WAITING,
    Case,
    Sheet,
    quality_sheet,
    states_sheet,
    vessels_sheet,
)  # fmt: skip
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from test_theme_vision import delta_e, lab

from hmi.core import quality as q
from hmi.mimics import Equipment, Scene, TagAlarm
from hmi.ui.mimic.backing import Backing
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.painters import paint_dynamic
from hmi.ui.theme import THEMES, Theme

pytestmark = pytest.mark.qt
DRIVES = [name for name, symbol in SYMBOLS.items() if not symbol.is_valve]
VALVES = [name for name, symbol in SYMBOLS.items() if symbol.is_valve]
CASES = (*STATES, *VARIANTS)
GREY = 60  # levels of grey that the eye tells apart on a small mark
LEAST = 6  # pixels: the letter of a badge is what differs least
BAD = [
    name
    for name, status in QUALITIES.items()
    if status == WAITING or (status > 0 and q.quality_of(status).is_bad)
]


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that painters draw; marks are drawn each time instead of stamped from a cache."""
    texts: list[str] = []

    def directly(
        painter: QPainter, _theme: Theme, _key: object, at: QPointF, _size: object, draw: Any
    ) -> None:
        draw(painter, at)

    monkeypatch.setattr("hmi.ui.paint.stamp", directly)
    return texts


class Recorder(QPainter):
    def __init__(self, image: QImage, texts: list[str]) -> None:
        super().__init__(image)
        self._texts = texts

    def drawText(self, *arguments: Any) -> Any:
        self._texts.append(str(arguments[-1]))
        return super().drawText(*arguments)


def one(name: str, case: Case, status: int = q.GOOD) -> Sheet:
    symbol = SYMBOLS[name]
    sheet = Sheet([name], [case.name], symbol.cell)
    sheet.add(0, 0, symbol, case, status)
    return sheet


def state_of(name: str, case: Case, status: int = q.GOOD) -> Equipment:
    scene = one(name, case, status).scene()
    return next(part for part in scene.looks[-1] if isinstance(part, Equipment))


def words(name: str, case: Case, texts: list[str]) -> list[str]:
    """What a symbol says, its name aside."""
    scene = one(name, case).scene()
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    texts.clear()
    painter = Recorder(image, texts)
    paint_dynamic(painter, scene, Kit(Theme.load("light")), [len(scene.elements) - 1])
    painter.end()
    return [text for text in texts if text]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("family", [DRIVES, VALVES], ids=["drives", "valves"])
def test_HM_10_every_symbol_is_told_the_same(qapp: Any, family: list[str], case: Case) -> None:
    states = {name: state_of(name, case) for name in family}
    assert len(set(states.values())) == 1, states


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name != "Discrepancy"], ids=lambda case: case.name
)
def test_HM_10_valves_and_drives_differ_in_their_words_alone(qapp: Any, case: Case) -> None:
    drive, valve = state_of("pump", case), state_of("valve", case)
    assert (drive.fill, drive.badges, drive.mark) == (valve.fill, valve.badges, valve.mark)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("name", SYMBOLS)
def test_HM_10_word_and_badges_are_drawn(qapp: Any, painted: list[str], name: str, case: Case) -> None:
    state = state_of(name, case)
    texts = words(name, case, painted)
    if state.word and not (name == "control valve" and state.usual and state.figure):
        assert state.word in texts
    if state.figure:
        assert any(text.endswith(state.figure) for text in texts) or not shows_figure(name, state)
    for letter, _ in state.badges:
        assert ("T" if letter == "tag" else letter) in texts
    if state.mark:
        assert state.mark in texts
    if case.alarm:
        assert str(case.alarm) in texts


def shows_figure(name: str, state: Equipment) -> bool:
    """An on/off valve tells its position only on the way."""
    return name not in VALVES or name == "control valve" or state.fill == "half"


def grey(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return image.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("theme", THEMES)
def test_HM_07_every_two_states_differ_in_grey(qapp: Any, theme: str) -> None:
    sheet = states_sheet()
    picture = grey(golden.pixels(sheet.picture(theme)))
    for column, name in enumerate(sheet.columns):
        cells = {
            case.name: golden.part(picture, sheet.place(column, row))
            for row, case in enumerate(CASES)
            if not (SYMBOLS[name].is_valve and case.name == "Stopping")  # a valve travels either way
        }
        for first, second in combinations(cells, 2):
            apart = int((np.abs(cells[first] - cells[second]) > GREY).sum())
            assert apart >= LEAST, (name, first, second, apart)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SYMBOLS)
def test_HM_07_alarm_priorities_differ_in_grey_and_carry_their_number(
    qapp: Any, painted: list[str], name: str, theme: str
) -> None:
    pictures = []
    for priority in range(1, 5):
        case = Case("Tripped", {"state": 4}, {"state": 4}, alarm=priority)
        assert str(priority) in words(name, case, painted)
        sheet = one(name, case)
        pictures.append(golden.part(grey(golden.pixels(sheet.picture(theme))), sheet.place(0, 0)))
    for first, second in combinations(pictures, 2):
        assert (np.abs(first - second) > GREY).sum() >= 20


@pytest.mark.parametrize("quality", BAD)
@pytest.mark.parametrize("name", SYMBOLS)
def test_HM_08_unknown_never_looks_stopped(qapp: Any, painted: list[str], name: str, quality: str) -> None:
    for case in CASES:
        state = state_of(name, case, QUALITIES[quality])
        assert (state.fill, state.word, state.figure) == ("none", "?", "")
    sheet = one(name, CASES[1], QUALITIES[quality])
    for theme in THEMES:
        cell = golden.part(golden.pixels(sheet.picture(theme)), sheet.place(0, 0))
        assert not has(cell, Theme.load(theme).color("fill.off"))
    light = golden.part(golden.pixels(sheet.picture("light")), sheet.place(0, 0))
    assert not has(light, Theme.load("light").color("fill.on"))  # in the dark theme outlines have this colour


def has(image: np.ndarray[Any, Any], color: QColor) -> bool:
    """True when an area is filled with a colour; single pixels of an edge may have any."""
    return int((image == np.array([color.red(), color.green(), color.blue()])).all(axis=2).sum()) > 20


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SYMBOLS)
def test_running_and_stopped_are_told_by_brightness(qapp: Any, name: str, theme: str) -> None:
    fills = []
    for case, role in ((CASES[0], "fill.on"), (CASES[1], "fill.off")):
        sheet = one(name, case)
        cell = golden.part(golden.pixels(sheet.picture(theme)), sheet.place(0, 0))
        assert has(cell, Theme.load(theme).color(role))
        assert not coloured(cell)
        fills.append(Theme.load(theme).color(role).lightness())
    assert fills[0] - fills[1] > 80


def coloured(image: np.ndarray[Any, Any]) -> list[tuple[int, int, int]]:
    """Colours of a picture that are neither grey nor blue (the hue of values and water)."""
    found = []
    for red, green, blue in golden.colours_of(image):
        color = QColor(int(red), int(green), int(blue))
        chroma = max(red, green, blue) - min(red, green, blue)
        if chroma > 40 and not 195 <= color.hue() <= 250:
            found.append((int(red), int(green), int(blue)))
    return found


def unalarmed() -> Iterator[Sheet]:
    for sheet in (states_sheet(), vessels_sheet(), *(quality_sheet(kind) for kind in TYPES)):
        sheet.alarms.clear()
        yield sheet


@pytest.mark.parametrize("theme", THEMES)
def test_HM_06_no_alarm_colour_without_an_alarm(qapp: Any, theme: str) -> None:
    fills = [lab(Theme.load(theme).alarm(priority)) for priority in range(1, 5)]
    for sheet in unalarmed():
        picture = golden.pixels(sheet.picture(theme))
        assert not coloured(picture)
        for colour in golden.colours_of(picture // 8 * 8):
            seen = lab(QColor(*(int(part) for part in colour)))
            assert min(delta_e(seen, fill) for fill in fills) >= 10, colour


def test_HM_12_an_unacknowledged_alarm_blinks_in_its_border_alone(qapp: Any, painted: list[str]) -> None:
    case = next(case for case in STATES if case.alarm)
    scene = one("motor", case).scene()
    looks = []
    for lit in (True, False):
        image = QImage(400, 300, QImage.Format.Format_RGB32)
        painted.clear()
        painter = Recorder(image, painted)
        kit = Kit(Theme.load("light"))
        kit.lit = lit
        paint_dynamic(painter, scene, kit, [len(scene.elements) - 1])
        painter.end()
        looks.append(list(painted))
    assert looks[0] == looks[1]


def test_a_state_keeps_its_time(qapp: Any) -> None:
    scene = one("pump", CASES[0]).scene()
    scene.judge(lambda _: False, NOW + 10_000_000_000)
    assert scene.looks[-1][1].stale


@pytest.mark.parametrize("name", [*SYMBOLS, *VESSELS])
def test_a_change_repaints_all_that_the_symbol_paints(qapp: Any, name: str) -> None:
    """The margins of an element hold its marks, texts and badges in every state and quality."""
    symbol = SYMBOLS.get(name) or VESSELS[name]
    crowded = Case("", {"state": 4, **CROWD}, {"state": 4, **CROWD}, alarm=1)
    sheet = Sheet([name], [""], (260, 220))
    sheet.add(
        0, 0, symbol, Case("", {**crowded.drive, **symbol.values}, {**crowded.valve, **symbol.values}), q.GOOD
    )
    scene = sheet.scene()
    for status in QUALITIES.values():
        scene.set_alarms({tag: TagAlarm(1, unacked=True) for tag in sheet.values})
        values = {n: v if status < 0 else v._replace(status=status) for n, v in sheet.values.items()}
        assert apart(partly(scene, values, status == STALE), whole(scene)) == []
        assert apart(partly(scene, sheet.values, False), whole(scene)) == []


CROWD = {"mode": 0, "remote": False, "interlock": True, "tagged": True, "ready": False, "speed": 48.0}


def backing(scene: Scene) -> Backing:
    theme, size = Theme.load("light"), QSize(*scene.display.size)
    hits = Hits(lambda: [QRectF(*e.bounds) for e in scene.elements])
    made = Backing(scene, hits, Kit(theme), size, QPointF(), theme.color("background"))
    made.grow()
    return made


def partly(scene: Scene, values: Any, stale: bool) -> np.ndarray[Any, Any]:
    """The picture after a change, painted only where the changed element says it paints."""
    own = backing(scene)
    changed = scene.apply(values, NOW) | scene.judge(lambda _: not stale, LATER)
    own.draw(sorted(changed))
    return golden.pixels(own.picture.toImage())


def whole(scene: Scene) -> np.ndarray[Any, Any]:
    return golden.pixels(backing(scene).picture.toImage())


def apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> list[int]:
    """Left, top, right and bottom of what differs; empty when nothing does."""
    rows, columns = np.nonzero((one != other).any(axis=2))
    return [int(n) for n in (columns.min(), rows.min(), columns.max(), rows.max())] if rows.size else []
