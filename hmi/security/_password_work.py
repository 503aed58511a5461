"""Runs what takes time with passwords beside the event loop: two at once, and few may wait (D1, D15)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

AT_ONCE: Final = 2
MOST_WAITING: Final = 16
Done = TypeVar("Done")


class PasswordWork:
    """Threads of its own: a flood of tries keeps no other work waiting. The hash runs without the GIL."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        """So many wait that one more is to be refused."""
        return self._waiting >= MOST_WAITING

    async def run(self, work: Callable[[], Done]) -> Done:
        """What ``work`` returns or raises."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """What runs ends by itself; what waits does not begin."""
        self._threads.shutdown(wait=False, cancel_futures=True)
