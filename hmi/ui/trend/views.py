"""Which stretch of time a trend shows, and the stretches before it; pure arithmetic in UTC ns."""

from __future__ import annotations

from typing import Final, NamedTuple

from hmi.core.clock import NS_PER_S

SHORTEST: Final = NS_PER_S // 5
LONGEST: Final = 20 * 366 * 86_400 * NS_PER_S
AHEAD: Final = 0.5
"""How much of the span may lie after now."""
MOST_KEPT: Final = 60


class View(NamedTuple):
    """From one instant to a later one; ``live`` follows the present at its right edge."""

    start: int
    end: int
    live: bool = False

    @property
    def span(self) -> int:
        return self.end - self.start


def bounded(start: int, end: int, now: int) -> View:
    """Never shorter, longer, earlier than 1970 or further ahead than can be drawn sensibly."""
    span = min(max(end - start, SHORTEST), LONGEST)
    middle = (start + end) // 2
    last = now + round(span * AHEAD)
    end = min(max(middle + span // 2, span), last)
    return View(max(end - span, 0), max(end, SHORTEST))


class Views:
    """``now`` is asked for whenever the present counts (UTC ns)."""

    def __init__(self, span: int, now: int) -> None:
        self.current = View(now - span, now, live=True)
        self._before: list[View] = []
        self._after: list[View] = []

    @property
    def has_before(self) -> bool:
        return bool(self._before)

    @property
    def has_after(self) -> bool:
        return bool(self._after)

    def follow(self, now: int) -> bool:
        """Move with the present; False when the past is in view."""
        here = self.current
        if not here.live or here.end == now:
            return False
        self.current = View(now - here.span, now, live=True)
        return True

    def keep(self) -> None:
        """What is in view now can be gone back to."""
        if not self._before or self._before[-1] != self.current:
            self._before = [*self._before[-MOST_KEPT:], self.current]
        self._after = []

    def go_live(self, now: int, span: int = 0) -> None:
        self.current = View(now - (span or self.current.span), now, live=True)

    def pause(self) -> None:
        self.current = self.current._replace(live=False)

    def show(self, start: int, end: int, now: int) -> None:
        self.current = bounded(start, end, now)

    def zoom(self, factor: float, at: int, now: int) -> None:
        """``factor`` of the span, the instant ``at`` where it was; while live the present stays at the right."""
        here = self.current
        span = min(max(round(here.span * factor), SHORTEST), LONGEST)
        if here.live:
            self.current = View(now - span, now, live=True)
            return
        share = (at - here.start) / here.span
        start = at - round(share * span)
        self.show(start, start + span, now)

    def pan(self, by: int, now: int) -> None:
        """Later by ``by``; the present is no longer followed."""
        here = self.current
        by = min(by, now + round(here.span * AHEAD) - here.end)
        self.current = View(max(here.start + by, 0), max(here.start + by, 0) + here.span)

    def back(self, now: int) -> bool:
        return self._turn(self._before, self._after, now)

    def forward(self, now: int) -> bool:
        return self._turn(self._after, self._before, now)

    def _turn(self, source: list[View], target: list[View], now: int) -> bool:
        if not source:
            return False
        target.append(self.current)
        found = source.pop()
        self.current = View(now - found.span, now, live=True) if found.live else found
        return True
