"""A thread with an event loop of its own, for an exporter that serves while its job goes on."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from hmi.core.texts import tr
from hmi.export.port import TargetUnavailable

LOOK_S: Final = 0.2
END_S: Final = 30.0
Result = TypeVar("Result")


class LoopThread:
    """Runs from the start on. ``stop``: the job ends, so nothing is waited for any more."""

    def __init__(self, name: str, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Coroutine[Any, Any, Result], patience_s: float) -> Result:
        """What it gives; TargetUnavailable when it takes longer, or when the job ends meanwhile."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        until = time.monotonic() + patience_s
        while True:
            try:
                return future.result(LOOK_S)
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise
                if time.monotonic() > until or self._stop():
                    future.cancel()
                    raise TargetUnavailable(tr("the server of the export did not answer in time")) from None

    def end(self, last: Coroutine[Any, Any, None] | None = None) -> None:
        """After ``last``, whatever becomes of it; every task that is left is cancelled."""
        try:
            if last is not None:
                asyncio.run_coroutine_threadsafe(last, self._loop).result(END_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(END_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        finally:
            self._loop.close()
