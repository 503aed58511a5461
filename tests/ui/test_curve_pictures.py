"""The picture of a curve: painted once for each state of its past, to the same pixels as without a picture."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("PySide6")

import golden
import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

from hmi.mimics import Curve
from hmi.mimics._curves import Limit
from hmi.mimics._past import Past
from hmi.ui.mimic import curves as curves_module
from hmi.ui.mimic.curves import draw_past
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.pasts import Pasts
from hmi.ui.paint import painting
from hmi.ui.theme import Theme

pytestmark = pytest.mark.qt
BOX = QRectF(20.3, 15.7, 240.0, 90.0)
MINUTE = 60_000_000_000
ROUNDING = 2  # of 255; blending in two steps instead of one


@pytest.fixture
def past() -> Past:
    made = Past(15 * MINUTE, 240)
    for n in range(300):
        made.add(50 + 40 * np.sin(n / 3.0) * np.cos(n * 1.7), MINUTE * 100 + n * made.width_ns)
    return made


def curve_of(past: Past) -> Curve:
    return Curve(past, past.revision, 0.0, 100.0, None, (Limit("HI", 70.0, 1), Limit("LO", 30.0, 2)))


def painted(curve: Curve, kit: Kit, scale: float, offset: tuple[int, int] = (7, 11)) -> Any:
    image = QImage(640, 400, QImage.Format.Format_RGB32)
    image.fill(QColor("#D9DADB"))
    with painting(image) as painter:
        painter.translate(*offset)
        painter.scale(scale, scale)
        draw_past(painter, curve, BOX, kit, width=1.7, limit_width=2.0)
    return golden.pixels(image).astype(int)


@pytest.mark.parametrize("scale", [0.73, 1.0, 1.9])
def test_HM_10_a_curve_from_its_picture_has_the_same_pixels(
    qapp: object, past: Past, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = Kit(Theme.load("light"), scale=scale)
    first, second = painted(curve_of(past), kit, scale), painted(curve_of(past), kit, scale)
    monkeypatch.setattr(Pasts, "stamp", lambda _self, painter, _box, draw: draw(painter))
    plain = painted(curve_of(past), Kit(Theme.load("light"), scale=scale), scale)
    assert (first == second).all()
    assert abs(first - plain).max() <= ROUNDING
    assert (plain != plain[0, 0]).any()


def test_HM_10_a_curve_is_painted_anew_when_its_past_has_another_bucket(
    qapp: object, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[int] = []
    real = curves_module.draw_curve
    monkeypatch.setattr(curves_module, "draw_curve", lambda *a, **k: (lines.append(1), real(*a, **k))[1])
    kit = Kit(Theme.load("light"))
    before = painted(curve_of(past), kit, 1.0)
    once = len(lines)
    painted(curve_of(past), kit, 1.0, (40, 30))
    assert len(lines) == once
    past.add(99.0, MINUTE * 100 + 301 * past.width_ns)
    after = painted(curve_of(past), kit, 1.0)
    assert len(lines) == 2 * once
    assert (before != after).any()
