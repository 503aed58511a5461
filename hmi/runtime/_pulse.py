"""What the runtime counts of itself as it goes; cheap enough for every batch."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

from hmi.core.clock import NS_PER_S, wall_ns
from hmi.runtime._metrics import Histogram

_BOUNDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Pulse:
    """``values``: how many changes of tags were passed on. ``commands``: ended ones by how. ``lag``: of the loop."""

    def __init__(self) -> None:
        self.started_s = wall_ns() / NS_PER_S
        self.values = 0
        self.commands: Counter[str] = Counter()
        self.lag = Histogram(
            "watchkeeper_event_loop_lag_seconds",
            "How much later than asked a timer of the runtime came.",
            _BOUNDS,
        )
        self.last_lag_s = 0.0

    async def rest(self, seconds: float) -> None:
        """Sleep, and take down how much longer it took than it should."""
        before = time.monotonic()
        await asyncio.sleep(seconds)
        self.late(time.monotonic() - before - seconds)

    def late(self, seconds: float) -> None:
        """A timer came so much later than it should have."""
        self.last_lag_s = max(0.0, seconds)
        self.lag.take(self.last_lag_s)
