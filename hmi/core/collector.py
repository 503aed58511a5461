"""Who looks for garbage: every thread by itself, one by hand, or nobody while something large is built."""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import contextmanager

_lock = threading.Lock()
_held = [0]
_resting = [0]
_ran = [True]


@contextmanager
def without_collector() -> Generator[None, None, None]:
    """Loading a plant makes a million objects and no cycles: looking for cycles costs a fifth of its time, and
    in a runtime every look holds all threads. May be entered by several threads at once.
    """
    with _lock:
        _hold()
        _resting[0] += 1
    try:
        yield
    finally:
        with _lock:
            _resting[0] -= 1
            _release()


def is_resting() -> bool:
    """Something large is being built."""
    return _resting[0] > 0


def take_over() -> None:
    """From here on no thread looks by itself: whoever calls this does. To be given back as often as taken."""
    with _lock:
        _hold()


def give_back() -> None:
    """Every thread looks by itself again, once all gave it back."""
    with _lock:
        _release()


def _hold() -> None:
    if not _held[0]:
        _ran[0] = gc.isenabled()
    _held[0] += 1
    gc.disable()


def _release() -> None:
    _held[0] -= 1
    if _ran[0] and not _held[0]:
        gc.enable()
