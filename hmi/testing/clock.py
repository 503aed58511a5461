"""A clock that moves when a test says so."""

from __future__ import annotations

from hmi.core.clock import NS_PER_S

START_NS = 1_700_000_000 * NS_PER_S


class ManualClock:
    """Session and monotonic time in one hand; ``rate`` slows or freezes the session against the monotonic."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self._now, self._mono = now_ns, 1 * NS_PER_S
        self.rate = 1.0

    def now_ns(self) -> int:
        return self._now

    def monotonic_ns(self) -> int:
        return self._mono

    def advance(self, seconds: float) -> None:
        """Let both clocks run; the session at its rate."""
        passed = round(seconds * NS_PER_S)
        self._mono += passed
        self._now += round(passed * self.rate)

    def step(self, seconds: float) -> None:
        """Somebody set the wall clock: session time jumps, monotonic time does not."""
        self._now += round(seconds * NS_PER_S)

    async def pause(self, seconds: float) -> None:
        """Stands in for ``asyncio.sleep`` where a service takes it as an argument."""
        self.advance(seconds)
