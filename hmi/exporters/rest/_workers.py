"""Threads that work for clients: few in all, and of each kind one at a time for one token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Final, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class Kind(StrEnum):
    """What work needs: the plant in memory alone, the archive, or the one thread that has the journal."""

    MEMORY = "memory"
    ARCHIVE = "archive"
    JOURNAL = "journal"


THREADS: Final = {Kind.MEMORY: 1, Kind.ARCHIVE: 2, Kind.JOURNAL: 1}
"""For all clients together: the other jobs of the process keep their share, and live values wait for no history."""


class Workers:
    """Used by the loop of the server alone."""

    def __init__(self) -> None:
        self._pools = {
            kind: ThreadPoolExecutor(count, thread_name_prefix=f"rest {kind.value}")
            for kind, count in THREADS.items()
        }
        self._turns = WeakValueDictionary[tuple[Kind, str], asyncio.Lock]()

    async def run(self, kind: Kind, token: str, work: Callable[[], T]) -> T:
        """What ``work`` gives back; that of the same token and kind waits for each other."""
        turn = self._turns.setdefault((kind, token), asyncio.Lock())
        async with turn:
            return await asyncio.get_running_loop().run_in_executor(self._pools[kind], work)

    async def close(self, last: Callable[[], None]) -> None:
        """``last`` is called by the thread of the journal, after what it does now."""
        await asyncio.get_running_loop().run_in_executor(self._pools[Kind.JOURNAL], last)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
