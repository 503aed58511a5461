"""How long one turn of the event loop holds the Qt thread, without the time in which the machine had no core for it."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication


def without_a_core_ns() -> int:
    """How long this thread has waited for a core; 0 where the system does not say."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0


def turn_ms() -> float:
    """One turn of the event loop, without waiting for events and without waiting for a core."""
    waited, began = without_a_core_ns(), time.perf_counter_ns()
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
    return (time.perf_counter_ns() - began - (without_a_core_ns() - waited)) / 1e6
