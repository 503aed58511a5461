"""Garbage is looked for on the Qt thread alone while a station runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Thread, get_ident
from typing import Any
from weakref import finalize

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import QObject, QTimer
from shell_plant import open_station

from hmi.core import collector
from hmi.ui.collecting import Collecting, due

pytestmark = pytest.mark.qt


@pytest.fixture
def collecting(qapp: Any) -> Iterator[Collecting]:
    made = Collecting()
    made.start()
    yield made
    made.stop()


class Ring(QObject):
    """Holds itself, so that nobody but the collector ends it; has a timer that would go on without it."""

    def __init__(self, died_on: list[int]) -> None:
        super().__init__()
        self.me = self
        self.timer = QTimer(self)
        self.timer.start(1)
        finalize(self, lambda: died_on.append(get_ident()))


def busy() -> list[list[None]]:
    """So many objects that Python by itself looks at every generation on the thread that makes them."""
    return [[] for _ in range(200 * gc.get_threshold()[0])]


def test_a_ring_of_qt_objects_dies_on_the_qt_thread_whoever_is_busy(
    collecting: Collecting, qtbot: Any
) -> None:
    died_on: list[int] = []
    for _ in range(20):
        Ring(died_on)
    thread = Thread(target=busy)
    thread.start()
    thread.join()
    assert died_on == []
    kept = busy()
    collecting.look()
    assert kept
    assert len(died_on) == 20
    assert set(died_on) == {get_ident()}


def test_the_timer_looks_by_itself(collecting: Collecting, qtbot: Any) -> None:
    before = gc.get_stats()[0]["collections"]
    kept = busy()
    qtbot.waitUntil(lambda: gc.get_stats()[0]["collections"] > before)
    assert kept


def test_nothing_is_looked_at_while_something_large_is_read(collecting: Collecting) -> None:
    gc.collect()
    kept = busy()
    before = [one["collections"] for one in gc.get_stats()]
    with collector.without_collector():
        collecting.look()
    assert [one["collections"] for one in gc.get_stats()] == before
    collecting.look()
    assert [one["collections"] for one in gc.get_stats()] != before
    assert kept


def test_a_station_in_its_life_leaves_the_collector_where_it_is(collecting: Collecting, qtbot: Any) -> None:
    """Reading a plant rests the collector and does not hand it to every thread afterwards."""
    with open_station(qtbot) as desk:
        qtbot.waitUntil(lambda: desk.station.plant is not None)
        assert not gc.isenabled()
    assert not gc.isenabled()


@pytest.mark.parametrize(
    ("counts", "full", "expected"),
    [
        ((700, 10, 10), True, None),
        ((701, 10, 10), True, 0),
        ((701, 11, 10), True, 1),
        ((701, 11, 11), True, 2),
        ((701, 11, 11), False, 1),
        ((0, 0, 11), False, None),
    ],
)
def test_the_oldest_generation_that_is_due(counts: tuple[int, ...], full: bool, expected: int | None) -> None:
    assert due(counts, (700, 10, 10), full=full) == expected


def test_a_limit_of_nought_is_never_reached() -> None:
    assert due((10**6, 0, 0), (0, 10, 10), full=True) is None
