"""Marks are stamped from a cache: same look, one drawing for each kind, no fonts made while painting."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

import mimic_plant as plant
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication

from hmi.mimics import TagAlarm
from hmi.ui import paint, theme
from hmi.ui.mimic.offscreen import render
from hmi.ui.theme import Theme, make_font

pytestmark = pytest.mark.qt


def picture(draw, *, ratio: float = 1.0, scale: float = 1.0) -> QImage:
    image = QImage(round(80 * ratio), round(60 * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(0xFFE6E6E6)
    painter = QPainter(image)
    painter.scale(scale, scale)
    draw(painter)
    painter.end()
    return image


def difference(one: QImage, other: QImage) -> int:
    """The largest difference of any channel of any pixel."""
    pairs = zip(bytes(one.constBits()), bytes(other.constBits()), strict=True)
    return max(abs(a - b) for a, b in pairs)


@pytest.mark.parametrize(("ratio", "scale"), [(1.0, 1.0), (2.0, 1.0), (1.0, 0.75)])
@pytest.mark.parametrize("priority", [1, 2, 3, 4])
def test_a_stamped_mark_looks_as_if_drawn(
    qapp: QApplication, priority: int, ratio: float, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    light, at = Theme.load("light"), QPointF(40, 32)

    def draw(painter: QPainter) -> None:
        paint.draw_alarm_mark(painter, light, priority, at)

    stamped = picture(draw, ratio=ratio, scale=scale)
    monkeypatch.setattr(paint, "stamp", lambda p, _t, _k, center, _s, own: own(p, center))
    assert difference(stamped, picture(draw, ratio=ratio, scale=scale)) <= 12


def test_each_mark_is_drawn_once_for_its_state_size_and_density(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    real = paint._alarm_mark
    monkeypatch.setattr(paint, "_alarm_mark", lambda *a: (drawn.append(a[2]), real(*a)))
    monkeypatch.setattr(paint, "_stamps", type(paint._stamps)())
    light = Theme.load("light")

    def draw(painter: QPainter) -> None:
        for n in range(50):
            paint.draw_alarm_mark(painter, light, 2, QPointF(20 + n / 3, 30), lit=bool(n % 2))

    picture(draw)
    assert len(drawn) == 2
    picture(draw, ratio=2.0)
    assert len(drawn) == 4


def test_a_turned_painter_draws_directly(qapp: QApplication) -> None:
    def draw(painter: QPainter) -> None:
        painter.rotate(20)
        paint.draw_alarm_frame(painter, Theme.load("light"), 1, QRectF(20, 5, 40, 20))

    before = len(paint._stamps)
    picture(draw)
    assert len(paint._stamps) == before


def test_painting_makes_no_fonts(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, light = plant.overview(), Theme.load("light")
    scene.set_alarms({tag: TagAlarm(1 + n % 4, True) for n, tag in enumerate(sorted(scene.tags))})
    size = QSize(1920, 880)
    render(scene, size, light)
    made: list[object] = []

    class Counted(QFont):
        def __init__(self, *arguments: object) -> None:
            made.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(theme, "QFont", Counted)
    render(scene, size, light)
    assert made == []
    assert make_font(13, 600) is make_font(13, 600)
