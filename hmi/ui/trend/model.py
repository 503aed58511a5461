"""What a trend shows at this moment: pens, stretch of time, cursors, another period; the same for chart and table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from hmi.client.history import MOST_PENS, RangeFigures
from hmi.core.clock import NS_PER_S
from hmi.core.values import DataValue
from hmi.mimics import number_of
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.trend.curve import EMPTY, Curve, shifted
from hmi.ui.trend.markers import Marker, read_markers
from hmi.ui.trend.pens import Axis, Pen, axes_of, fit, make_pen, make_pens
from hmi.ui.trend.reader import Answer, Reader, Wanted
from hmi.ui.trend.views import View, Views

FIGURES_MS: Final = 400
FIGURES_SHARE: Final = 50
"""Figures of a stretch that moves on with the present are read again after this part of it."""
SEAM_NS: Final = 2 * NS_PER_S
"""The first answer is read again this much later: by then what arrived while it was on its way is stored."""
_SHORTEST_REST, _LONGEST_REST = 5 * NS_PER_S, 60 * NS_PER_S
MARKERS_REST: Final = 10 * NS_PER_S


class TrendModel(QObject):
    """``changed``: something in the picture is another one; ``told``: figures or texts beside it are.

    ``pensChanged``: there are other pens. Times are UTC ns. A live value is appended only while it is fresh, and a
    value that is no longer fresh ends its line.
    """

    changed = Signal()
    told = Signal()
    pensChanged = Signal()

    def __init__(
        self, theme: Theme, station: Station, tags: Sequence[str], span_ns: int, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.theme, self.station = theme, station
        self.zone = zone_of(station.plant.zone if station.plant else "UTC")
        self.views = Views(span_ns, station.now())
        self.pens: list[Pen] = make_pens(tags, station.catalogue, theme)
        self.axes: list[Axis] = axes_of(self.pens)
        self.chosen = 0
        self.cursor_a: int | None = None
        self.cursor_b: int | None = None
        self.shift_ns = 0
        """The other period begins so much earlier; 0: none is shown."""
        self.stacked = False
        self.shows_markers = True
        self.markers: list[Marker] = []
        self.problem = ""
        self.pixels = 0
        self.setpoint: Curve = EMPTY
        self._next_read = 0
        self._next_markers = 0
        self._markers_of: tuple[int, int, tuple[str, ...]] | None = None
        self._was_history = False
        self._has_news, self._shown_end = False, 0
        self._reader, self._other = Reader(station.link, self), Reader(station.link, self)
        self._reader.arrived.connect(self._take)
        self._reader.failed.connect(self._fail)
        self._other.arrived.connect(self._take_other)
        self._figures_timer = QTimer(self)
        self._figures_timer.setSingleShot(True)
        self._figures_timer.setInterval(FIGURES_MS)
        self._figures_timer.timeout.connect(self._ask_figures)
        self._figures_of: object = None
        self._figures_asking, self._next_figures = False, 0
        self._subscribe()
        station.valuesChanged.connect(self._take_values)
        station.judged.connect(self.beat)

    # what is shown

    @property
    def view(self) -> View:
        return self.views.current

    @property
    def now(self) -> int:
        return self.station.now()

    @property
    def is_live(self) -> bool:
        return self.view.live

    @property
    def pen(self) -> Pen | None:
        """The chosen one."""
        return self.pens[self.chosen] if self.chosen < len(self.pens) else None

    def shows(self, tag: str) -> bool:
        """A tag is a pen that is not hidden."""
        return any(pen.tag == tag and not pen.hidden for pen in self.pens)

    @property
    def lanes(self) -> list[Pen]:
        return [pen for pen in self.pens if pen.is_lane and not pen.hidden]

    @property
    def axis(self) -> Axis | None:
        """The axis of the chosen pen, else the first."""
        for axis in self.axes:
            if self.pen in axis.pens:
                return axis
        return self.axes[0] if self.axes else None

    @property
    def is_waiting(self) -> bool:
        """What is in view has been asked for a while ago and is not here yet."""
        view = self.view
        wanted = Wanted(tuple(pen.info.id for pen in self.pens), view.start, view.end, self.pixels)
        return self._reader.is_slow and not (self._reader.answer and self._reader.answer.covers(wanted))

    @property
    def figures_range(self) -> tuple[int, int]:
        """Between the cursors, else what is in view up to now."""
        if self.cursor_a is not None and self.cursor_b is not None and self.cursor_a != self.cursor_b:
            return min(self.cursor_a, self.cursor_b), max(self.cursor_a, self.cursor_b)
        return self.view.start, min(self.view.end, self.now)

    def known_until(self, pen: Pen) -> int:
        """Up to where the newest value of a pen is known to hold."""
        answer, newest = self._reader.answer, int(pen.whole.times[-1]) if len(pen.whole) else 0
        if self.station.mailbox.is_history:
            return self.now
        if len(pen.tail) and pen.tail.has_value and self.station.fresh(pen.tag):
            return self.now
        return max(newest, min(answer.until, answer.asked.end) if answer and not len(pen.tail) else 0)

    # what is wanted

    def close(self) -> None:
        self.station.want(self, ())
        self.station.valuesChanged.disconnect(self._take_values)
        self.station.judged.disconnect(self.beat)
        self._figures_timer.stop()

    def set_pixels(self, pixels: int) -> None:
        if pixels != self.pixels:
            self.pixels = pixels
            self.read()

    def read(self, *, anew: bool = False) -> None:
        """Ask for what is in view and not here."""
        if anew:
            self._next_read = self.now + self._rest()
        ids = [pen.info.id for pen in self.pens]
        setpoint = self._setpoint_id()
        if setpoint and setpoint not in ids and len(ids) < MOST_PENS:
            ids.append(setpoint)
        view = self.view
        self._reader.want(Wanted(tuple(ids), view.start, view.end, self.pixels), self.now, anew=anew)
        if self.shift_ns:
            other = tuple(pen.info.id for pen in self.pens)
            wanted = Wanted(other, view.start - self.shift_ns, view.end - self.shift_ns, self.pixels)
            self._other.want(wanted, self.now)
        self.read_markers()

    def _rest(self) -> int:
        return min(max(self.view.span // 60, _SHORTEST_REST), _LONGEST_REST)

    def _setpoint_id(self) -> str:
        pen = self.pen
        known = self.station.catalogue.tags
        return known[pen.setpoint].id if pen is not None and pen.setpoint in known else ""

    def moved(self, *, anew: bool = False) -> None:
        """Another stretch of time is in view; ``anew``: another length too, so that every scale is made for it."""
        self.rescale(anew=anew)
        self.read()
        self._figures_timer.start()
        self.changed.emit()
        self.told.emit()

    def rescale(self, *, anew: bool = False) -> None:
        """Let every axis hold what is in view; ``anew`` also where the old scale would do."""
        view, chosen = self.view, self.pen
        for axis in self.axes:
            axis.is_new = axis.is_new or anew
            setpoint = self.setpoint if chosen in axis.pens and len(self.setpoint) else None
            fit(axis, view.start, view.end, setpoint)

    def arrange(self) -> None:
        """Pens were shown, hidden or given an axis of their own."""
        self.axes = axes_of(self.pens, self.axes)
        self.rescale(anew=True)
        self.changed.emit()
        self.told.emit()

    def choose(self, index: int) -> None:
        if 0 <= index < len(self.pens):
            self.chosen = index
            self.setpoint = EMPTY
            self._take_setpoint()
            self.read()
            self.changed.emit()
            self.told.emit()

    def add(self, tags: Sequence[str]) -> list[str]:
        """More pens; the tags that the plant does not have, or for which there is no room, come back."""
        known, left = self.station.catalogue.tags, []
        for tag in tags:
            if any(pen.tag == tag for pen in self.pens):
                continue
            if tag not in known or len(self.pens) >= MOST_PENS:
                left.append(tag)
                continue
            free = next(n for n in range(1, MOST_PENS + 1) if all(pen.number != n for pen in self.pens))
            self.pens.append(make_pen(free, tag, self.station.catalogue, self.theme))
        self._pens_changed()
        return left

    def remove(self, pen: Pen) -> None:
        self.pens = [one for one in self.pens if one is not pen]
        self._pens_changed()

    def replace_all(self, tags: Sequence[str]) -> None:
        """Other pens altogether, as of a saved group."""
        self.pens = make_pens(tags, self.station.catalogue, self.theme)
        self._reader.forget()
        self._other.forget()
        self.axes = []
        self._pens_changed()

    def _pens_changed(self) -> None:
        self.chosen = min(self.chosen, max(len(self.pens) - 1, 0))
        self._markers_of = None
        self._subscribe()
        self.axes = axes_of(self.pens, self.axes)
        self.pensChanged.emit()
        self.moved(anew=True)

    def _subscribe(self) -> None:
        self.station.want(self, [pen.tag for pen in self.pens])

    def set_cursors(self, a: int | None, b: int | None) -> None:
        if (a, b) != (self.cursor_a, self.cursor_b):
            self.cursor_a, self.cursor_b = a, b
            self._figures_timer.start()
            self.told.emit()

    def compare(self, shift_ns: int) -> None:
        """Lay another period over this one, ``shift_ns`` earlier; 0 takes it away."""
        self.shift_ns = shift_ns
        self._other.forget()
        for pen in self.pens:
            pen.ghost = None
        self.moved()

    # what comes

    def _take(self, answer: Answer) -> None:
        self.problem = ""
        first = self._next_read == 0
        self._next_read = self.now + (SEAM_NS if first else self._rest())
        for pen in self.pens:
            if (curve := answer.curves.get(pen.info.id)) is not None:
                pen.curve, pen.until = curve, answer.until
                if len(curve):
                    pen.tail.forget_before(int(curve.times[-1]))
        self._take_setpoint()
        self.rescale(anew=first)
        self._figures_timer.start()
        self.changed.emit()
        self.told.emit()

    def _take_setpoint(self) -> None:
        answer, wanted = self._reader.answer, self._setpoint_id()
        self.setpoint = answer.curves.get(wanted, EMPTY) if answer is not None and wanted else EMPTY

    def _take_other(self, answer: Answer) -> None:
        for pen in self.pens:
            if (curve := answer.curves.get(pen.info.id)) is not None:
                pen.ghost = shifted(curve, self.shift_ns)
        self.rescale()
        self.changed.emit()

    def _fail(self, sentence: str) -> None:
        self.problem = sentence
        self._next_read = self.now + _SHORTEST_REST
        self.changed.emit()
        self.told.emit()

    def _take_values(self, values: dict[str, DataValue]) -> None:
        if self.station.mailbox.is_history:
            return
        now = self.now
        for pen in self.pens:
            if (data := values.get(pen.tag)) is not None:
                self._has_news = pen.tail.append(data, now) or self._has_news

    def beat(self) -> None:
        """Four times a second: judge what is live, follow the present, read again what may have changed."""
        now, view = self.now, self.view
        if not now:
            return
        self._judge(now)
        if self.views.follow(now):
            self.read()
        may_differ = bool(self.problem) or view.end > now - view.span
        if may_differ and now >= self._next_read and not self._reader.is_asking:
            self.read(anew=True)
        if self._is_another_picture():
            self.rescale()
            self.read_markers()
            self.changed.emit()
        self.told.emit()

    def _is_another_picture(self) -> bool:
        """The present moved on by half a pixel, or a value arrived while it is in view."""
        view = self.view
        moved = abs(view.end - self._shown_end) * 2 * max(self.pixels, 1) >= view.span
        if not moved and not (self._has_news and view.live):
            return False
        self._shown_end, self._has_news = view.end, False
        return True

    def _judge(self, now: int) -> None:
        """Carry nothing on that is not fresh; begin again where it is."""
        is_past = self.station.mailbox.is_history
        if is_past != self._was_history:
            self._was_history = is_past
            self._reader.forget()
            self._next_read = 0
        for pen in self.pens:
            if is_past:
                pen.tail.clear()
            elif not self.station.fresh(pen.tag):
                if pen.tail.end(now):
                    self.changed.emit()
            elif not pen.tail.has_value and (data := self.station.values.get(pen.tag)) is not None:
                if len(pen.tail) and number_of(data) is None:
                    continue  # it is known to be Bad already
                again = data._replace(source_time=now) if len(pen.tail) else data
                self._has_news = pen.tail.append(again, now) or self._has_news

    # beside the curves

    def read_markers(self, *, anew: bool = False) -> None:
        """Alarms, commands, notes and annotations of what is in view."""
        view, now = self.view, self.now
        if not self.shows_markers or not self.pens:
            return
        ids = tuple(pen.info.id for pen in self.pens)
        known = self._markers_of
        here = known is not None and known[2] == ids and known[0] <= view.start and view.end <= known[1]
        if here and not anew and (view.end < now - view.span or now < self._next_markers):
            return
        beside = view.span // 2
        start, end = max(view.start - beside, 0), view.end + beside
        self._markers_of, self._next_markers = (start, end, ids), now + MARKERS_REST
        names = frozenset(pen.tag for pen in self.pens)
        instances = frozenset(pen.info.instance for pen in self.pens if pen.info.instance)
        self.station.link.ask(
            lambda client: read_markers(client, ids, names, instances, start, end),
            owner=self, done=self._take_markers, failed=lambda _: None,
        )  # fmt: skip

    def _take_markers(self, markers: list[Marker]) -> None:
        self.markers = markers
        self.changed.emit()

    def _ask_figures(self) -> None:
        """One question at a time; a stretch that only moves on with the present is not asked for at every step."""
        start, end = self.figures_range
        if start >= end or not self.pens or self._figures_asking:
            return
        ids, pens = tuple(pen.info.id for pen in self.pens), list(self.pens)
        moves_on = self.is_live and (self.cursor_a is None or self.cursor_b is None)
        what = (ids, end - start if moves_on else (start, end))
        if what == self._figures_of and (not moves_on or self.now < self._next_figures):
            return
        self._figures_of, self._figures_asking = what, True
        self._next_figures = self.now + max((end - start) // FIGURES_SHARE, self._rest())
        self.station.link.ask(
            lambda client: client.range_figures(ids, start, end),
            owner=self,
            done=lambda found: self._take_figures(pens, found),
            failed=lambda _: self._fail_figures(),
        )

    def _take_figures(self, pens: list[Pen], found: list[RangeFigures]) -> None:
        self._figures_asking = False
        for pen, figures in zip(pens, found, strict=False):
            pen.figures = figures
        self._figures_timer.start()  # what is wanted may be another stretch by now
        self.told.emit()

    def _fail_figures(self) -> None:
        self._figures_asking, self._figures_of = False, None
