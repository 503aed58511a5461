"""What a screen full of values costs, measured alike for every tool: one process, one screen, one JSON line.

Runs in foreign environments too: nothing but the standard library is imported here.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable
from typing import Protocol

ROUNDS = 9
MOST_CLOSED = 1_000  # closing 5,000 widgets of the peer takes it minutes, by the square of their number
SHARE = 10  # every tenth value changes in a partial update


class Side(Protocol):
    """One tool that shows a screen. Values are given by their number."""

    def open(self) -> None:
        """From the file on disk to a window in which every value is painted."""
        ...

    def update(self, values: dict[int, float]) -> None:
        """New values, to the last pixel."""
        ...

    def shown(self, number: int) -> str:
        """The text that stands in the window for one value."""
        ...

    def close(self) -> None:
        """The screen is gone, its objects destroyed."""
        ...


def cost(work: Callable[[], None]) -> dict[str, float]:
    """CPU and wall seconds of something, with those of the processes that it started and waited for."""
    gc.collect()
    children, cpu, wall = _children_s(), time.process_time(), time.perf_counter()
    work()
    return {
        "cpu": time.process_time() - cpu + _children_s() - children,
        "wall": time.perf_counter() - wall,
    }


def _children_s() -> float:
    """CPU seconds of ended child processes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def settled_mib() -> float | None:
    """Resident memory after what is free was given back; None where the system does not say."""
    for _ in range(3):
        gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return None
    import resource

    return pages * resource.getpagesize() / 2**20


def value_of(number: int, turn: int) -> float:
    """A value that differs from that of the turn before in what is shown of it."""
    return 10.0 + (number * 7 + turn * 13) % 800 / 10


def measured(side: Side, count: int) -> dict[str, float | None]:
    """Every figure of one screen: seconds of CPU time, MiB. AssertionError when it does not show its values."""
    before = settled_mib()
    opened = cost(side.open)
    after = settled_mib()
    whole, part = range(count), range(0, count, SHARE)
    turns = iter(range(1, 10_000))

    def update(numbers: range) -> float:
        turn = next(turns)
        values = {number: value_of(number, turn) for number in numbers}
        spent = cost(lambda: side.update(values))["cpu"]
        for number in (numbers[0], numbers[-1]):
            expected = f"{values[number]:.1f}"
            assert expected in side.shown(number), (expected, side.shown(number))
        return spent

    update(whole)
    all_changed = [update(whole) for _ in range(ROUNDS)]
    tenth = [update(part) for _ in range(ROUNDS)]
    figures = _closed(side) if count <= MOST_CLOSED else {}
    return {
        **figures,
        "callup": opened["cpu"],
        "callup_wall": opened["wall"],
        "memory": after - before if before is not None and after is not None else None,
        "update100": sorted(all_changed)[ROUNDS // 2],
        "update10": sorted(tenth)[ROUNDS // 2],
    }


def _closed(side: Side) -> dict[str, float | None]:
    """The screen closed, and opened for the second time."""
    closed = cost(side.close)
    again = cost(side.open)
    side.close()
    return {"close": closed["cpu"], "second_callup": again["cpu"]}
