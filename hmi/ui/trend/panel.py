"""The trend panel: pens with their values at the cursor, ranges, live or paused."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.clock import NS_PER_S
from hmi.core.history import HistoryPage
from hmi.core.quality import quality_of
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import NO_VALUE, Reading, format_value
from hmi.ui.labels import short_tag
from hmi.ui.mimic.words import quality_words
from hmi.ui.paint import painting
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.trend.plot import Pen, TrendPlot, make_pen
from hmi.ui.trend.series import Series
from hmi.ui.widgets import FlatButton, Panel, Text

RANGES_S = ((900, "15 min"), (3600, "1 h"), (8 * 3600, "8 h"))
MAX_PENS = 8
REFRESH_EVERY = 2


class PenRow(QWidget):
    """Colour, short tag, value and quality of a pen; a click chooses it."""

    chosen = Signal()
    whyAsked = Signal(str)

    def __init__(self, theme: Theme, pen: Pen) -> None:
        super().__init__()
        self._theme, self._pen = theme, pen
        self.is_chosen = False
        self.setFixedHeight(theme.px(52))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(pen.tag)
        self.value = Text(theme, NO_VALUE, font="value.small", color="value")
        self.quality = Text(theme, font="text.small", color="text.label")
        name = Text(theme, short_tag(pen.tag), font="text.word")
        detail = Text(theme, pen.info.description, font="text.small", color="text.label")
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 4, 8, 4)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, widgets in ((left, (name, detail)), (right, (self.value, self.quality))):
            column.setSpacing(0)
            for widget in widgets:
                column.addWidget(widget)
        row.addLayout(left, 3)
        row.addLayout(right, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.whyAsked.emit(self._pen.tag)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            if self.is_chosen:
                painter.fillRect(self.rect(), self._theme.color("selection"))
            if self.hasFocus():
                painter.setPen(QPen(self._theme.color("focus"), 2.0))
                painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
            painter.fillRect(QRectF(8, 12, 6, self.height() - 24), self._pen.color)


class TrendPanel(Panel):
    """Back-filled from history, then live. Space pauses, Left and Right move the cursor, 1 2 3 the range."""

    closed = Signal()
    whyAsked = Signal(str)

    def __init__(
        self, theme: Theme, station: Station, tags: list[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, parent)
        self._station = station
        self._base = station.now()
        self._zone = zone_of(station.plant.zone if station.plant else "UTC")
        self.span_s = RANGES_S[0][0]
        self.live = True
        self._end = 0.0
        self._cursor: float | None = None
        self._beat = 0
        self.plot = TrendPlot(theme, self._base, self._zone)
        self.pens = self._make_pens(tags)
        self.plot.curves.pens = self.pens
        self.rows = [PenRow(theme, pen) for pen in self.pens]
        self.when = Text(theme, font="text.label", color="text.label")
        self.ranges = [self._range_button(span, title) for span, title in RANGES_S]
        self.pause = FlatButton(theme, tr("Pause"), self.toggle_live)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Trend"))
        self._lay_out()
        self._connect()
        self.choose(0)
        self.set_span(self.span_s)

    def _make_pens(self, tags: list[str]) -> list[Pen]:
        known = self._station.catalogue.tags
        wanted = [tag for tag in dict.fromkeys(tags) if tag in known][:MAX_PENS]
        return [make_pen(tag, known[tag], Series(self._base), self.theme, n) for n, tag in enumerate(wanted)]

    def _range_button(self, span: int, title: str) -> FlatButton:
        button = FlatButton(self.theme, tr(title), lambda: self.set_span(span))
        button.setCheckable(True)
        return button

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 8)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(Text(self.theme, self._title(), font="title"), 1)
        head.addWidget(self.when, 1)
        for button in (*self.ranges, self.pause):
            head.addWidget(button)
        head.addSpacing(12)
        head.addWidget(FlatButton(self.theme, tr("Close"), self.close_panel, quiet=True))
        column.addLayout(head)
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(self.plot, 1)
        side = QVBoxLayout()
        side.setSpacing(2)
        for row in self.rows:
            row.setFixedWidth(self.theme.px(300))
            side.addWidget(row)
        side.addStretch(1)
        body.addLayout(side)
        column.addLayout(body, 1)

    def _title(self) -> str:
        if not self.pens:
            return tr("Trend")
        first = self.pens[0].info
        name = f"{short_tag(first.name)}  {first.description}"
        return f"{name}  {first.unit}" if first.unit else name

    def _connect(self) -> None:
        self._station.want(self, [pen.tag for pen in self.pens])
        self._station.valuesChanged.connect(self._take)
        self._station.judged.connect(self._beat_once)
        self.plot.cursorMoved.connect(self._cursor_moved)
        for number, row in enumerate(self.rows):
            row.chosen.connect(lambda n=number: self.choose(n))
            row.whyAsked.connect(self.whyAsked)

    def close_panel(self) -> None:
        self._station.want(self, ())
        self._station.valuesChanged.disconnect(self._take)
        self._station.judged.disconnect(self._beat_once)
        self.hide()
        self.closed.emit()
        self.deleteLater()

    # data

    def set_span(self, span: int) -> None:
        """Another range: history is read again for it."""
        self.span_s = span
        for button, (seconds, _) in zip(self.ranges, RANGES_S, strict=True):
            button.setChecked(seconds == span)
        for pen in self.pens:
            self._station.read_history(
                pen.tag, span * NS_PER_S, owner=self, done=lambda page, p=pen: self._backfill(p, page)
            )
        self.refresh(rescale=True)

    def _backfill(self, pen: Pen, page: HistoryPage) -> None:
        pen.series.backfill(page.samples)
        if (data := self._station.values.get(pen.tag)) is not None:
            pen.series.append(data, self._station.now())
        self.refresh(rescale=True)

    def _take(self, changed: dict[str, DataValue]) -> None:
        now = self._station.now()
        for pen in self.pens:
            if (data := changed.get(pen.tag)) is not None:
                pen.series.append(data, now)

    def _beat_once(self) -> None:
        """Twice a second while live; a value that is stale now becomes a gap."""
        self._beat += 1
        for pen in self.pens:
            self._judge(pen)
        if self.live and self._beat % REFRESH_EVERY == 0:
            self.refresh()

    def _judge(self, pen: Pen) -> None:
        """Carry on a value that is fresh, so that an unchanged value is a line and a stale one a gap."""
        data = self._station.values.get(pen.tag)
        now = self._station.now()
        if data is None or not now or not len(pen.series):
            return
        if not self._station.fresh(pen.tag):
            pen.series.append(DataValue(None, 0x80310000, now, now), now)

    def refresh(self, *, rescale: bool = False) -> None:
        now = (self._station.now() - self._base) / NS_PER_S
        if self.live:
            self._end = now
        start, end = self._end - self.span_s, self._end + self.span_s * 0.01
        if rescale or self._outgrown(start, end):
            for pen in self.pens:
                pen.rescale(start, end)
        self.plot.show_window(start, end, now)
        if self._cursor is None or self.live:
            self.plot.cursor_line.setValue(now if self._cursor is None else self._cursor)
        self._tell()

    def _outgrown(self, start: float, end: float) -> bool:
        for pen in self.pens:
            extent = pen.series.extent(start, end)
            if extent and (extent[0] < pen.low or extent[1] > pen.high):
                return True
        return False

    def toggle_live(self) -> None:
        self.live = not self.live
        self.pause.setText(tr("Pause") if self.live else tr("Live"))
        if self.live:
            self._cursor = None
        self.refresh()

    def choose(self, number: int) -> None:
        """The pen whose scale, band and limits are drawn."""
        self.plot.curves.chosen = number
        for index, row in enumerate(self.rows):
            row.is_chosen = index == number
            row.update()
        self.refresh()

    # cursor

    def _cursor_moved(self, at: float) -> None:
        now = (self._station.now() - self._base) / NS_PER_S
        if self.live and at >= now - self.span_s * 0.001:
            return
        self._cursor = at
        self._tell()

    def _tell(self) -> None:
        now_ns = self._station.now()
        at_ns = now_ns if self._cursor is None else self._base + round(self._cursor * NS_PER_S)
        label = tr("now") if self._cursor is None else tr("cursor")
        self.when.set_text(f"{label}  {time_text(at_ns, self._zone, millis=False)}")
        for pen, row in zip(self.pens, self.rows, strict=True):
            self._tell_pen(pen, row)

    def _tell_pen(self, pen: Pen, row: PenRow) -> None:
        if self._cursor is None:
            reading = self._station.reading(pen.tag)
        else:
            found = pen.series.at(self._cursor)
            value, status = found if found else (float("nan"), 0x809B0000)
            number = None if value != value else value
            reading = Reading(pen.tag, DataValue(number, status, 0, 0), pen.info)
        row.quality.set_text(quality_words(reading))
        good = quality_of(reading.data.status).is_good and not reading.stale and not reading.is_bad
        row.value.set_role("value" if good else "text.secondary")
        shown = NO_VALUE if reading.is_bad else format_value(reading.data.value, pen.info).strip()
        row.value.set_text(f"{shown} {pen.info.unit}".strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Space:
            self.toggle_live()
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._move_cursor(-1 if key == Qt.Key.Key_Left else 1)
        elif key in {Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3}:
            self.set_span(RANGES_S[key - Qt.Key.Key_1][0])
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down} and self.pens:
            step = -1 if key == Qt.Key.Key_Up else 1
            self.choose((self.plot.curves.chosen + step) % len(self.pens))
        elif key == Qt.Key.Key_Escape:
            self.close_panel()
        else:
            super().keyPressEvent(event)

    def _move_cursor(self, sign: int) -> None:
        place = self._end if self._cursor is None else self._cursor
        self._cursor = min(max(place + sign * self.span_s / 200, self._end - self.span_s), self._end)
        self.plot.cursor_line.setValue(self._cursor)
        self._tell()
