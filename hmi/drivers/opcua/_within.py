"""A limit of time around requests of the library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """``asyncio.timeout`` for what waits in the library.

    WORKAROUND wait_for2 0.4: when the answer comes in the same moment as the cancellation, it raises a subclass of
    CancelledError. ``asyncio.timeout`` knows the plain one alone, so that the task would look as if it was cancelled.
    """
    async with asyncio.timeout(seconds):
        try:
            yield
        except asyncio.CancelledError as error:
            if type(error) is asyncio.CancelledError:
                raise
            raise asyncio.CancelledError from error
