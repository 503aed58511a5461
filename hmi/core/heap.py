"""Keeps the garbage collector away from what stays: a full collection of a large plant takes 30 to 80 ms."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

from hmi.core.collector import without_collector


@contextmanager
def at_rest() -> Generator[None, None, None]:
    """No collection while something large is read on another thread: each would stop every thread for longer."""
    with without_collector():
        yield


def keep_all() -> None:
    """The same right after a start with the collector at rest, when nothing is garbage yet: looks at no object."""
    gc.freeze()


def keep() -> None:
    """Leave what is alive out of later collections, without looking at it: takes a millisecond, whatever was loaded.

    Call it after a plant was loaded on the Qt thread. Rings of objects that nobody holds by then stay for good; there
    are few, as the youngest are looked at, and a plant is none.
    """
    gc.collect(1)
    gc.freeze()
