"""What stands beside the curves of a trend: the figures of its pens, and what happened; asked for and judged here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.history import RangeFigures
from hmi.core.clock import NS_PER_S
from hmi.ui.trend.markers import Happened, read_markers

if TYPE_CHECKING:
    from hmi.ui.trend.model import TrendModel

FIGURES_MS: Final = 400
FIGURES_SHARE: Final = 50
"""Figures of a stretch that moves on with time are read again after this part of it."""
RETRY_NS: Final = 5 * NS_PER_S
"""What failed is asked for again so much later, by the station's own clock: in the past time may stand still."""
_LIVE_REST, _PAST_REST = 10 * NS_PER_S, 2 * NS_PER_S


class FiguresReader(QObject):
    """Minimum, maximum, average and Good time of each pen; one question at a time. ``told``: they are others now."""

    told = Signal()

    def __init__(self, model: TrendModel) -> None:
        super().__init__(model)
        self._model = model
        self.is_asking = False
        self._asked: tuple[tuple[str, ...], int, int] = ((), 0, 0)
        self._asked_at = self._failed_at = self._seen_now = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FIGURES_MS)
        self._timer.timeout.connect(self.ask)

    def look(self) -> None:
        """Something else may be wanted; a moment later it is asked for."""
        self._timer.start()

    def keep_looking(self) -> None:
        """As long as it is shown."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @property
    def range(self) -> tuple[int, int]:
        """Between the cursors, else what is in view; nothing of what comes after now."""
        model = self._model
        a, b = model.cursor_a, model.cursor_b
        start, end = (
            (model.view.start, model.view.end) if a is None or b is None or a == b else sorted((a, b))
        )
        return start, min(end, model.now)

    def fit(self, figures: RangeFigures | None) -> RangeFigures | None:
        """Figures as long as they are of what is wanted; a stretch that moves on is at most a few parts ahead."""
        if figures is None:
            return None
        return figures if self._is_near((figures.start, figures.end), 2 * self._pause()) else None

    def ask(self) -> None:
        """When what is wanted is not what was asked for last."""
        model, (start, end) = self._model, self.range
        if start >= end or not model.pens or self.is_asking or not self._is_due():
            return
        ids = tuple(pen.info.id for pen in model.pens)
        self._asked, self._asked_at, self.is_asking = (ids, start, end), model.real_time(), True
        model.station.link.ask(
            lambda client: client.range_figures(ids, start, end),
            owner=self, done=self._take, failed=lambda _: self._fail(),
        )  # fmt: skip

    def _is_due(self) -> bool:
        model, real = self._model, self._model.real_time()
        stands, self._seen_now = model.now == self._seen_now, model.now
        if self._failed_at:
            return real - self._failed_at >= RETRY_NS
        ids = tuple(pen.info.id for pen in model.pens)
        if self._asked == (ids, *self.range):
            return False
        is_other = ids != self._asked[0] or not self._is_near(self._asked[1:], self._pause())
        return is_other or stands or real - self._asked_at >= self._pause()

    def _is_near(self, asked: tuple[int, int], slack: int) -> bool:
        start, end = self.range
        slack = slack if end >= self._model.now else 0
        return abs(start - asked[0]) <= slack and abs(end - asked[1]) <= slack

    def _pause(self) -> int:
        start, end = self.range
        return max((end - start) // FIGURES_SHARE, self._model.rest())

    def _take(self, found: list[RangeFigures]) -> None:
        self.is_asking, self._failed_at = False, 0
        known = {figures.tag_id: figures for figures in found}
        for pen in self._model.pens:
            if pen.info.id in self._asked[0]:
                pen.figures = known.get(pen.info.id)
        self._timer.start()  # what is wanted may be another stretch by now
        self.told.emit()

    def _fail(self) -> None:
        self.is_asking, self._failed_at = False, max(self._model.real_time(), 1)
        for pen in self._model.pens:
            pen.figures = None
        self.told.emit()


class MarkersReader(QObject):
    """Alarms, commands, notes and annotations of what is in view; ``arrived`` carries a ``Happened``."""

    arrived = Signal(object)

    def __init__(self, model: TrendModel) -> None:
        super().__init__(model)
        self._model = model
        self._is_asking = False
        self._asked: tuple[tuple[str, ...], int, int] = ((), 0, 0)
        self._until = self._asked_at = self._failed_at = 0

    def forget(self) -> None:
        """What was read was read at another time."""
        self._asked = ((), 0, 0)

    def want(self, *, anew: bool = False) -> None:
        """Ask for what is not here yet, and now and then for what is new; in any case with ``anew``."""
        model = self._model
        if anew:
            self.forget()
        if not model.shows_markers or not model.pens or self._is_asking or not self._is_due():
            return
        view, ids = model.view, tuple(pen.info.id for pen in model.pens)
        beside = view.span // 2
        start, end = max(view.start - beside, 0), view.end + beside
        self._asked, self._until = (ids, start, end), min(end, model.now)
        self._asked_at, self._is_asking = model.real_time(), True
        names = frozenset(pen.tag for pen in model.pens)
        instances = frozenset(pen.info.instance for pen in model.pens if pen.info.instance)
        model.station.link.ask(
            lambda client: read_markers(client, ids, names, instances, start, end),
            owner=self, done=self._take, failed=lambda _: self._fail(),
        )  # fmt: skip

    def _is_due(self) -> bool:
        model, view, real = self._model, self._model.view, self._model.real_time()
        if self._failed_at and real - self._failed_at < RETRY_NS:
            return False
        ids, start, end = self._asked
        if ids != tuple(pen.info.id for pen in model.pens) or view.start < start or view.end > end:
            return True
        if model.is_past:
            return min(view.end, model.now) > self._until and real - self._asked_at >= _PAST_REST
        return view.end >= model.now - view.span and real - self._asked_at >= _LIVE_REST

    def _take(self, found: Happened) -> None:
        self._is_asking, self._failed_at = False, 0
        self.arrived.emit(found)

    def _fail(self) -> None:
        self._is_asking, self._failed_at = False, max(self._model.real_time(), 1)
        self.forget()
