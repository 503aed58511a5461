"""Work beside the Qt thread whose answer finds its way back, also when whoever waits for it is just being deleted.

A signal that is emitted on another thread reads its sender, without holding the interpreter: when the Qt thread deletes
the sender at that moment the process ends. What sends here is never deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import count
from threading import Thread
from typing import Any, NamedTuple

import shiboken6
from PySide6.QtCore import QObject, Signal


class _Job(NamedTuple):
    """Held on the Qt thread until its answer is there: the thread that works is never the last to hold a Qt object."""

    owner: QObject
    work: Callable[[], Any]
    done: Callable[[Any], object] | None


class Crossing(QObject):
    """One for the process: see ``crossing``."""

    _arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count()
        self._jobs: dict[int, _Job] = {}
        self._arrived.connect(self._deliver)

    def beside(
        self,
        name: str,
        owner: QObject,
        work: Callable[[], Any],
        done: Callable[[Any], object] | None = None,
    ) -> Thread:
        """Run ``work`` on a thread of that name; ``done`` gets what it gave, on the Qt thread.

        Called on the Qt thread. Nothing is told when ``owner`` is gone by then, or when ``work`` failed.
        """
        number = next(self._numbers)
        self._jobs[number] = _Job(owner, work, done)
        thread = Thread(target=self._run, args=(number,), name=name, daemon=True)
        thread.start()
        return thread

    def _run(self, number: int) -> None:
        is_done, answer = False, None
        try:
            answer = self._jobs[number].work()
            is_done = True
        finally:
            self._arrived.emit((number, is_done, answer))

    def _deliver(self, letter: tuple[int, bool, Any]) -> None:
        number, is_done, answer = letter
        job = self._jobs.pop(number)
        if is_done and job.done is not None and shiboken6.isValid(job.owner):
            job.done(answer)


@cache
def crossing() -> Crossing:
    """The one of this process; first asked for on the Qt thread."""
    return Crossing()
