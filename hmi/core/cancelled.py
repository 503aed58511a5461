"""Cancellations that a library loses."""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError if this task was to end and goes on.

    WORKAROUND CPython 3.11, gh-86296: ``asyncio.wait_for`` gives the answer where answer and cancellation come in the
    same moment. What waits for the end of such a task would wait for ever. Called after a request of a library that
    may use it; inside an ``asyncio.timeout`` it becomes the TimeoutError that was lost. 3.12 does not need it.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
