"""Work beside the Qt thread tells its answer there, unless whoever asked is gone."""

from __future__ import annotations

import threading
from typing import Any
from weakref import finalize

import pytest

pytest.importorskip("PySide6")

import shiboken6
from PySide6.QtCore import QObject

from hmi.ui.crossing import Crossing, crossing

pytestmark = pytest.mark.qt


def name() -> str:
    return threading.current_thread().name


def test_work_is_done_beside_and_told_on_the_qt_thread(qtbot: Any) -> None:
    owner, told = QObject(), []
    thread = crossing().beside("worker", owner, name, lambda answer: told.append((answer, name())))
    qtbot.waitUntil(lambda: bool(told))
    assert told == [("worker", "MainThread")]
    assert thread.daemon


def test_nothing_is_told_to_what_is_deleted_meanwhile(qtbot: Any) -> None:
    owner, told, later = QObject(), [], []
    go = threading.Event()
    crossing().beside("worker", owner, go.wait, told.append)
    shiboken6.delete(owner)
    go.set()
    crossing().beside("worker", crossing(), go.wait, later.append)
    qtbot.waitUntil(lambda: bool(later))
    assert told == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_fails_tells_nothing_and_nothing_of_it_is_kept(qtbot: Any) -> None:
    made, told = Crossing(), []

    def fail() -> None:
        raise ValueError("a fault of ours")

    made.beside("worker", made, fail, told.append)
    assert made._jobs
    qtbot.waitUntil(lambda: not made._jobs)
    assert told == []


class Worker(QObject):
    """Has work, and is held by nobody else afterwards."""

    def __init__(self, ended_on: list[str]) -> None:
        super().__init__()
        self.go = threading.Event()
        finalize(self, lambda: ended_on.append(name()))
        crossing().beside("worker", self, self.work)

    def work(self) -> None:
        self.go.wait()


def test_who_has_the_work_never_ends_on_the_thread_that_does_it(qtbot: Any) -> None:
    ended_on: list[str] = []
    for _ in range(20):
        Worker(ended_on).go.set()
    qtbot.waitUntil(lambda: len(ended_on) == 20)
    assert set(ended_on) == {"MainThread"}


def test_answers_arrive_while_their_askers_are_deleted(qtbot: Any) -> None:
    """A signal of the asker itself would be read by one thread while the other takes it apart."""
    parent, told = QObject(), []
    for number in range(300):
        asker = QObject(parent)
        crossing().beside("worker", asker, lambda number=number: number, told.append)
        if number % 2:
            shiboken6.delete(asker)
    qtbot.waitUntil(lambda: len(told) == 150)
    assert sorted(told) == list(range(0, 300, 2))
