"""Asks the runtime for what a trend shows: one question at a time, with the neighbours of what is in view."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QElapsedTimer, QObject, Signal

from hmi.client.history import MOST_PIXELS, TrendQuery
from hmi.client.port import RuntimeClient
from hmi.ui.link import Link
from hmi.ui.trend.curve import Curve, curve_of

BESIDE: Final = 0.5
"""What is read on each side, in spans of the view: panning a little shows what is already here."""
SLOW_MS: Final = 350
SHARP: Final = 0.55
"""A curve is read anew when a row of it is wider than this many columns would allow."""


class Wanted(NamedTuple):
    """Ids of tags from ``start`` to ``end`` (UTC ns) on ``pixels`` columns."""

    ids: tuple[str, ...]
    start: int
    end: int
    pixels: int

    @property
    def ns_per_px(self) -> float:
        return (self.end - self.start) / max(self.pixels, 1)

    def pixels_until(self, instant: int) -> int:
        """The columns up to an instant."""
        return max(round((min(self.end, instant) - self.start) / max(self.ns_per_px, 1.0)), 1)


class Answer(NamedTuple):
    """``until``: what is later may still change (UTC ns). ``reaches``: it was read up to the present."""

    asked: Wanted
    until: int
    curves: dict[str, Curve]
    reaches: bool

    @property
    def known(self) -> int:
        """How far it was read and is known (UTC ns); 0: the runtime does not know."""
        return min(self.until, self.asked.end)

    def covers(self, wanted: Wanted, slack: int | None = None) -> bool:
        """All of it is here and sharp. ``slack`` (ns): where no live values follow what was read up to the present,
        so much of the time that went by since may be missing.
        """
        here = self.asked
        if not set(wanted.ids) <= set(here.ids) or here.start > wanted.start:
            return False
        late = wanted.end - here.end
        if late > 0 and (not self.reaches or (slack is not None and late > slack)):
            return False
        is_exact = all(self.curves[one].is_exact for one in wanted.ids if one in self.curves)
        return is_exact or wanted.ns_per_px >= SHARP * here.ns_per_px


class Reader(QObject):
    """``arrived`` carries an ``Answer``, ``failed`` one sentence. While an answer is on its way the newest wish
    waits, so that dragging never piles up questions.
    """

    arrived = Signal(object)
    failed = Signal(str)

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self.answer: Answer | None = None
        self.is_asking = False
        self._next: tuple[Wanted, int, int | None] | None = None
        self._forgotten = 0
        self._asked_for = QElapsedTimer()

    @property
    def is_slow(self) -> bool:
        """An answer has been awaited for longer than anybody takes for at once."""
        return self.is_asking and self._asked_for.hasExpired(SLOW_MS)

    def forget(self) -> None:
        """What was read, and what is on its way, is no longer what is to be shown."""
        self.answer, self._next = None, None
        self._forgotten += 1

    def has(self, wanted: Wanted, now: int, slack: int | None = None) -> bool:
        """What is wanted up to ``now`` is here."""
        wanted = wanted._replace(end=min(wanted.end, now), pixels=wanted.pixels_until(now))
        return self.answer is not None and self.answer.covers(wanted, slack)

    def want(self, wanted: Wanted, now: int, *, anew: bool = False, slack: int | None = None) -> None:
        """Ask when it is not here yet, or in any case with ``anew``. Nothing after ``now`` is asked for.

        ``slack``: as in ``Answer.covers``.
        """
        if not wanted.ids or wanted.pixels < 2 or wanted.start >= now:
            return
        if not anew and self.has(wanted, now, slack):
            return
        if self.is_asking:
            self._next = (wanted, now, slack)
            return
        self._ask(_with_neighbours(wanted, now), now)

    def _ask(self, asked: Wanted, now: int) -> None:
        self.is_asking, self._next = True, None
        self._asked_for.restart()
        then = self._forgotten
        self._link.ask(
            lambda client: _read(client, asked, now),
            owner=self,
            done=lambda answer: self._take(answer, then),
            failed=lambda sentence: self._fail(sentence, then),
        )

    def _take(self, answer: Answer, then: int) -> None:
        self.is_asking = False
        if then == self._forgotten:
            self.answer = answer
            self.arrived.emit(answer)
        self._go_on()

    def _fail(self, sentence: str, then: int) -> None:
        self.is_asking = False
        if then != self._forgotten:
            self._go_on()
            return
        self.failed.emit(sentence)
        self._next = None

    def _go_on(self) -> None:
        if self._next is not None:
            wanted, now, slack = self._next
            self._next = None
            self.want(wanted, now, slack=slack)


def _with_neighbours(wanted: Wanted, now: int) -> Wanted:
    span = wanted.end - wanted.start
    beside = round(span * BESIDE)
    start, end = max(wanted.start - beside, 0), min(wanted.end + beside, now)
    end = max(end, start + 1)
    pixels = max(round((end - start) / wanted.ns_per_px), 2)
    return Wanted(wanted.ids, start, end, min(pixels, MOST_PIXELS))


async def _read(client: RuntimeClient, asked: Wanted, now: int) -> Answer:
    """On the client's own thread: the answer arrives as arrays that can be drawn."""
    found = await client.read_trend(TrendQuery(list(asked.ids), asked.start, asked.end, asked.pixels))
    curves = {tag: curve_of(series) for tag, series in zip(asked.ids, found.series, strict=False)}
    return Answer(asked, found.until, curves, asked.end >= now)
