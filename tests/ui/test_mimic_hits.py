"""The spatial hash of a display answers alike for small and for very wide elements."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QPointF, QRectF

from hmi.ui.mimic.hits import Hits

pytestmark = pytest.mark.qt


def test_wide_and_small_elements_are_found_alike() -> None:
    rng = random.Random(7)
    sizes = (5, 60, 900)
    boxes = [
        QRectF(rng.uniform(-200, 1900), rng.uniform(-200, 900), rng.choice(sizes), rng.choice(sizes))
        for _ in range(300)
    ]
    boxes.append(QRectF(-50_000, -50_000, 100_000, 100_000))
    hits = Hits(lambda: boxes)
    for _ in range(200):
        point = QPointF(rng.uniform(0, 1900), rng.uniform(0, 900))
        assert hits.at(point) == [i for i in reversed(range(len(boxes))) if boxes[i].contains(point)]
        place = QRectF(point.x(), point.y(), rng.choice((3, 90, 1200)), rng.choice((3, 90, 800)))
        assert hits.meeting(place) == [i for i, box in enumerate(boxes) if box.intersects(place)]
        index = rng.randrange(len(boxes))
        inside = boxes[index].intersected(place)
        if not inside.isEmpty():
            assert hits.reaching(index, inside) == [
                i for i, box in enumerate(boxes) if box.intersects(inside)
            ]
