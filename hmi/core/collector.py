"""The garbage collector rests while something large is built."""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import contextmanager

_lock = threading.Lock()
_resting = [0]


@contextmanager
def without_collector() -> Generator[None, None, None]:
    """Loading a plant makes a million objects and no cycles: looking for cycles costs a fifth of its time, and
    in a runtime every look holds all threads. May be entered by several threads at once.
    """
    with _lock:
        running = gc.isenabled() or _resting[0] > 0
        _resting[0] += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _resting[0] -= 1
            if running and not _resting[0]:
                gc.enable()
