"""What a trend shows at this moment: pens, stretch of time, cursors, another period; the same for chart and table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal

from hmi.client.history import MOST_PENS
from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import number_of
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.trend.beside import RETRY_NS, FiguresReader, MarkersReader
from hmi.ui.trend.curve import EMPTY, Curve, shifted
from hmi.ui.trend.markers import Happened, Marker
from hmi.ui.trend.pens import Axis, Pen, axes_of, fit, make_pen, make_pens
from hmi.ui.trend.reader import Answer, Reader, Wanted
from hmi.ui.trend.views import View, Views

SEAM_NS: Final = 2 * NS_PER_S
"""The first answer is read again this much later: by then what arrived while it was on its way is stored."""
_SHORTEST_REST, _LONGEST_REST = 5 * NS_PER_S, 60 * NS_PER_S
_PAST_PARTS, _PAST_REST = 300, NS_PER_S
"""No live values follow what was read of the past: it is read on after such a part of the view."""


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
        self.markers_since = 0
        """There may be more markers before this (UTC ns); 0: none."""
        self.problem = ""
        self.pixels = 0
        self.setpoint: Curve = EMPTY
        self._next_read = self._failed_at = self._other_failed_at = 0
        self._was_past = station.mailbox.is_history
        self._has_news, self._shown_end = False, 0
        self._reader, self._other = Reader(station.link, self), Reader(station.link, self)
        self._reader.arrived.connect(self._take)
        self._reader.failed.connect(self._fail)
        self._other.arrived.connect(self._take_other)
        self._other.failed.connect(self._fail_other)
        self.figures, self._happened = FiguresReader(self), MarkersReader(self)
        self.figures.told.connect(self.told)
        self._happened.arrived.connect(self._take_markers)
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

    def real_time(self) -> int:
        """Ns of a clock that goes on while the time that is shown stands still."""
        return self.station.mailbox.clock()

    @property
    def is_live(self) -> bool:
        """The view follows now, which is an instant of the past while ``is_past``."""
        return self.view.live

    @property
    def is_past(self) -> bool:
        """An instant of the past is shown: no live value comes."""
        return self.station.mailbox.is_history

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
        return self._reader.is_slow and not self._has_read()

    def _has_read(self) -> bool:
        wanted, now = self._wanted([pen.info.id for pen in self.pens]), self.now
        return wanted.start >= now or self._reader.has(wanted, now, self._slack())

    def _wanted(self, ids: Sequence[str]) -> Wanted:
        return Wanted(tuple(ids), self.view.start, self.view.end, self.pixels)

    def _slack(self) -> int | None:
        return self.rest() if self.is_past else None

    @property
    def why_unread(self) -> str:
        """Why the curves are not all of what is in view, in one sentence; empty when they are."""
        if self.problem:
            return tr("The history cannot be read: {why}", why=self.problem)
        if self.pens and not self._has_read():
            return tr("The history of what is shown is still being read. Try again in a moment.")
        hidden = [
            f"{pen.tag}: {pen.curve.problem}" for pen in self.pens if pen.curve.problem and not pen.hidden
        ]
        return hidden[0] if hidden else ""

    def known_until(self, pen: Pen) -> int:
        """Up to where the newest value of a pen is known to hold (UTC ns)."""
        now, newest = self.now, int(pen.whole.times[-1]) if len(pen.whole) else 0
        follows = not self.is_past and pen.tail.seen(pen.edge) > 0
        if follows and pen.tail.has_value and self.station.fresh(pen.tag):
            return now
        return min(now, newest if follows else max(newest, pen.until))

    def is_known(self, pen: Pen, at: int) -> bool:
        """Something is known of a pen at an instant: a number is not carried on over time that was not read."""
        if at > self.now:
            return False
        held = pen.whole.at(at)
        return held is None or held[0] != held[0] or at <= self.known_until(pen)

    @property
    def setpoint_until(self) -> int:
        """Up to where the setpoint curve is known to hold (UTC ns)."""
        answer = self._reader.answer
        return min(self.now, answer.known) if answer is not None else 0

    # what is wanted

    def close(self) -> None:
        self.station.want(self, ())
        self.station.valuesChanged.disconnect(self._take_values)
        self.station.judged.disconnect(self.beat)
        self.figures.stop()

    def set_pixels(self, pixels: int) -> None:
        if pixels != self.pixels:
            self.pixels = pixels
            self.read()

    def read(self, *, anew: bool = False) -> None:
        """Ask for what is in view and not here."""
        if anew:
            self._next_read = self.now + self.rest()
        ids = [pen.info.id for pen in self.pens]
        setpoint = self._setpoint_id()
        if setpoint and setpoint not in ids and len(ids) < MOST_PENS:
            ids.append(setpoint)
        view = self.view
        self._reader.want(self._wanted(ids), self.now, anew=anew, slack=self._slack())
        if self.shift_ns:
            other = tuple(pen.info.id for pen in self.pens)
            wanted = Wanted(other, view.start - self.shift_ns, view.end - self.shift_ns, self.pixels)
            self._other.want(wanted, self.now)
        self.read_markers()

    def rest(self) -> int:
        """After how much time (ns) what moves on is read again."""
        if self.is_past:
            return max(self.view.span // _PAST_PARTS, _PAST_REST)
        return self._live_rest()

    def _live_rest(self) -> int:
        return min(max(self.view.span // 60, _SHORTEST_REST), _LONGEST_REST)

    def _setpoint_id(self) -> str:
        pen = self.pen
        known = self.station.catalogue.tags
        return known[pen.setpoint].id if pen is not None and pen.setpoint in known else ""

    def moved(self, *, anew: bool = False) -> None:
        """Another stretch of time is in view; ``anew``: another length too, so that every scale is made for it."""
        self._set_edge()
        self.rescale(anew=anew)
        self.read()
        self.figures.look()
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
        self._happened.forget()
        self._subscribe()
        self.axes = axes_of(self.pens, self.axes)
        self.pensChanged.emit()
        self.moved(anew=True)

    def _subscribe(self) -> None:
        self.station.want(self, [pen.tag for pen in self.pens])

    def set_cursors(self, a: int | None, b: int | None) -> None:
        if (a, b) != (self.cursor_a, self.cursor_b):
            self.cursor_a, self.cursor_b = a, b
            self._set_edge()
            self.figures.look()
            self.told.emit()

    def _set_edge(self) -> None:
        """While nothing of the present is in view no pen is made anew for what comes live."""
        edge = 0 if self.is_live else max(self.view.end, self.cursor_a or 0, self.cursor_b or 0)
        for pen in self.pens:
            pen.edge = edge

    def compare(self, shift_ns: int) -> None:
        """Lay another period over this one, ``shift_ns`` earlier; 0 takes it away."""
        self.shift_ns = shift_ns
        self._other.forget()
        for pen in self.pens:
            pen.ghost = None
        self.moved()

    # what comes

    def _take(self, answer: Answer) -> None:
        self.problem, self._failed_at = "", self.real_time()
        first = self._next_read == 0
        self._next_read = self.now + (SEAM_NS if first else self.rest())
        for pen in self.pens:
            if (curve := answer.curves.get(pen.info.id)) is not None:
                pen.curve, pen.until = curve, answer.known
                if len(curve):
                    pen.tail.forget_before(int(curve.times[-1]))
        self._take_setpoint()
        self.rescale(anew=first)
        self.figures.look()
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
        self._failed_at = self.real_time()
        self.changed.emit()
        self.told.emit()

    def _fail_other(self, _: str) -> None:
        """The other period is missing; it is asked for again."""
        self._other_failed_at = max(self.real_time(), 1)

    def _take_values(self, values: dict[str, DataValue]) -> None:
        if self.is_past:
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
        turned = self._judge(now)
        if self.views.follow(now) or turned:
            self.read()
        if self._is_due(now, view) and not self._reader.is_asking:
            self.read(anew=True)
        if self._other_failed_at and self.real_time() - self._other_failed_at >= RETRY_NS:
            self._other_failed_at = 0
            self.read()
        self.read_markers()
        self.figures.keep_looking()
        if self._is_another_picture():
            self.rescale()
            self.changed.emit()
        self.told.emit()

    def _is_due(self, now: int, view: View) -> bool:
        """What failed is tried again by real time; what may have changed by the time that is shown."""
        if self.problem:
            return self.real_time() - self._failed_at >= RETRY_NS
        if (
            any(pen.curve.problem for pen in self.pens)
            and self.real_time() - self._failed_at >= self._live_rest()
        ):
            return True
        return view.end > now - view.span and now >= self._next_read

    def _is_another_picture(self) -> bool:
        """The present moved on by half a pixel, or a value arrived while it is in view."""
        view = self.view
        moved = abs(view.end - self._shown_end) * 2 * max(self.pixels, 1) >= view.span
        if not moved and not (self._has_news and view.live):
            return False
        self._shown_end, self._has_news = view.end, False
        return True

    def _judge(self, now: int) -> bool:
        """Carry nothing on that is not fresh; begin again where it is. True when another time is shown than before:
        the past, or the present again.
        """
        is_past = self.is_past
        turned, self._was_past = is_past != self._was_past, is_past
        if turned:
            self._forget()
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
        return turned

    def _forget(self) -> None:
        """The past is shown, or the present again: nothing read before is carried on."""
        self._reader.forget()
        self._happened.forget()
        self._next_read, self.problem, self.setpoint = 0, "", EMPTY
        for pen in self.pens:
            pen.forget()
        self.changed.emit()

    # beside the curves

    def read_markers(self, *, anew: bool = False) -> None:
        """Alarms, commands, notes and annotations of what is in view."""
        self._happened.want(anew=anew)

    def _take_markers(self, found: Happened) -> None:
        self.markers, self.markers_since = found
        self.changed.emit()
