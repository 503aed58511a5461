"""Ctrl+K: type a few letters, see what the plant has, go there."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import AlarmInfo
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.texts import tr
from hmi.mimics import show
from hmi.ui.atlas import AtlasMaker
from hmi.ui.faceplate.content import content_of
from hmi.ui.overlay import Overlay
from hmi.ui.paint import draw_alarm_mark, draw_frame, draw_quality_mark, metrics_of
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.search.index import MOST_HITS, Entry, Search
from hmi.ui.search.model import KINDS, HitModel
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import Field, FlatButton, Text

WIDTH, HEIGHT = 920, 602
ROW: Final = 46
SLICE_NS: Final = 4 * NS_PER_MS
WANT_MS: Final = 150  # a list that is being scrolled or typed over asks for no values
_KIND_ROOM: Final = 92
_VALUE_ROOM: Final = 190
_MARK_ROOM: Final = 34


class FindField(Field):
    """Arrows, paging and Enter belong to the list; everything else is typed."""

    moved = Signal(int)
    paged = Signal(int)
    openAsked = Signal()
    trendAsked = Signal()
    whyAsked = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, control = event.key(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        pages = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
        if key in steps:
            self.moved.emit(steps[Qt.Key(key)])
        elif key in pages:
            self.paged.emit(pages[Qt.Key(key)])
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            why = event.modifiers() & Qt.KeyboardModifier.AltModifier
            (self.whyAsked if why else self.trendAsked if control else self.openAsked).emit()
        else:
            super().keyPressEvent(event)


class SearchPanel(Overlay):
    """Looks through the index in slices between the events of the window; values only of the rows in view."""

    openAsked = Signal(object)
    trendAsked = Signal(object)
    whyAsked = Signal(str)

    def __init__(self, theme: Theme, station: Station, maker: AtlasMaker, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._plain = theme.plain  # rows are painted in pixels at 100 %
        self._station, self._maker = station, maker
        self._search: Search | None = None
        self._begun = False
        self._tags: dict[int, str] = {}
        self._active: dict[tuple[str, str], AlarmInfo] = {}
        self.field = FindField(theme, tr("Find a tag, equipment, display or alarm"))
        self.field.setFixedHeight(theme.px(36))
        self.told = Text(theme, font="text.label", color="text.label", fit=True)
        self.model = HitModel()
        self.list = RowList(theme, ROW, self._paint_row)
        self.list.setModel(self.model)
        self.list.setAccessibleName(tr("What was found"))
        self._next = self._timer(0, self._slice)
        self._later = self._timer(WANT_MS, self._want)
        self.setAccessibleName(tr("Find"))
        self._lay_out()
        self._connect()

    def _timer(self, after_ms: int, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(slot)
        return timer

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 10)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.field, 1)
        head.addWidget(FlatButton(self.theme, tr("Close"), self.close_panel, quiet=True))
        column.addLayout(head)
        column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        words = tr("Enter opens display and faceplate   Ctrl+Enter trend   Alt+Enter why   Esc closes")
        foot.addWidget(Text(self.theme, words, font="text.small", color="text.label"), 1)
        foot.addWidget(self.told)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.field.textChanged.connect(lambda _: self.look())
        self.field.moved.connect(lambda step: self.list.choose(self.list.chosen + step))
        self.field.paged.connect(lambda page: self.list.choose(self.list.chosen + page * self._page()))
        self.field.openAsked.connect(lambda: self._ask(self.openAsked, self.list.chosen))
        self.field.trendAsked.connect(lambda: self._ask(self.trendAsked, self.list.chosen))
        self.field.whyAsked.connect(lambda: self._ask_why(self.list.chosen))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(lambda at: self._ask_why(self.list.indexAt(at).row()))
        self.list.asked.connect(lambda row: self._ask(self.openAsked, row))
        self.list.verticalScrollBar().valueChanged.connect(lambda _: self._later.start())
        self._maker.made.connect(self._made)
        self._station.valuesChanged.connect(self._take)
        self._station.judged.connect(self._repaint)
        self._station.alarmsChanged.connect(self._alarms_changed)

    def place_in(self, area: QRect) -> QRect:
        width, height = (
            min(self.theme.px(WIDTH), area.width() - 24),
            min(self.theme.px(HEIGHT), area.height() - 24),
        )
        return QRect(area.center().x() - width // 2, area.top() + 12, width, height)

    def open_panel(self, area: QRect) -> None:
        super().open_panel(area)
        self._alarms_changed()
        self.field.selectAll()
        self.field.setFocus()
        self.look()

    def close_panel(self) -> None:
        self._next.stop()
        self._later.stop()
        self._tags = {}
        self._station.want(self, ())
        super().close_panel()

    # the search

    def look(self) -> None:
        """Begin anew with what is typed; the rows before stay until the first new one is known."""
        if self.isHidden():
            return
        if not self._maker.is_ready():
            self.told.set_text(tr("Preparing the list of names …"))
            return
        self._search, self._begun = Search(self._maker.atlas.index, self.field.text()), False
        self._next.stop()
        self._slice()

    def _made(self) -> None:
        self._search, self._tags = None, {}
        self.model.show(self._maker.atlas.index, [])
        self.look()

    def _slice(self) -> None:
        search = self._search
        if search is None:
            return
        until = monotonic_ns() + SLICE_NS
        search.step(lambda: monotonic_ns() >= until)
        if search.hits or search.done:
            self._show(search)
        if not search.done:
            self._next.start()

    def _show(self, search: Search) -> None:
        if self._begun:
            self.model.extend(search.hits)
        else:
            self._begun = True
            self._tags = {}  # row numbers mean other entries from here on
            self.model.show(self._maker.atlas.index, search.hits)
            self.list.choose(0)
        found = len(search.hits)
        if not found:
            self.told.set_text(tr("Nothing is called that."))
        elif found >= MOST_HITS:
            self.told.set_text(tr("The best {n}: type more to narrow it", n=found))
        else:
            self.told.set_text(tr("{n} found", n=found) if search.done else tr("{n} found so far", n=found))
        self._later.start()

    def _ask(self, signal: SignalInstance, row: int) -> None:
        if 0 <= row < self.model.rowCount():
            signal.emit(self.model.entry(row))

    def _ask_why(self, row: int) -> None:
        """Why the value in a row is what it is; nothing for a row without one."""
        if 0 <= row < self.model.rowCount() and (tag := self._tag_of(self.model.entry(row))):
            self.whyAsked.emit(tag)

    def _page(self) -> int:
        return max(len(self.list.rows_in_view()) - 1, 1)

    # live values

    def _want(self) -> None:
        """Values of the rows in view and of no other."""
        if self.isHidden():
            return
        found = {row: self._tag_of(self.model.entry(row)) for row in self.list.rows_in_view()}
        self._tags = {row: tag for row, tag in found.items() if tag}
        self._station.want(self, self._tags.values())
        self._repaint()

    def _tag_of(self, entry: Entry) -> str:
        if entry.kind == "equipment":
            content = content_of(entry.target, self._station.catalogue)
            return content.main if content else ""
        return (
            entry.target if entry.target in self._station.catalogue.tags and entry.kind != "display" else ""
        )

    def _take(self, changed: dict[str, object]) -> None:
        if self._tags and not changed.keys().isdisjoint(self._tags.values()):
            self._repaint()

    def _alarms_changed(self) -> None:
        if not self.isHidden():
            rows = self._station.alarms.values()
            self._active = {(row.tag_name, row.message): row for row in rows}
            self._repaint()

    def _repaint(self) -> None:
        if self._tags and not self.isHidden():
            self.list.viewport().update()

    def resizeEvent(self, event: object) -> None:
        self._later.start()

    # painting

    def _paint_row(self, painter: QPainter, box: QRect, row: int) -> None:
        entry = self.model.entry(row)
        x, top = box.x() + 10.0, float(box.y())
        draw_cut(
            painter, self._plain, "text.small", "text.label", QPointF(x, top + 19), tr(KINDS[entry.kind]), 80
        )
        x += _KIND_ROOM
        right = box.right() - _VALUE_ROOM - _MARK_ROOM
        draw_cut(
            painter, self._plain, "text.strong", "text", QPointF(x, top + 19), entry.title, right - x - 8
        )
        below = " · ".join(filter(None, (entry.detail, entry.area)))
        draw_cut(
            painter, self._plain, "text.label", "text.secondary", QPointF(x, top + 37), below, right - x - 8
        )
        if tag := self._tags.get(row):
            place = QRectF(right, top, _VALUE_ROOM + _MARK_ROOM, box.height())
            self._paint_value(painter, place, tag)
            if priority := self._priority(entry, tag):
                center = QPointF(right + 14, place.center().y())
                draw_alarm_mark(painter, self._plain, priority, center, size=20)
        painter.setPen(self._plain.color("grid"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())

    def _priority(self, entry: Entry, tag: str) -> int:
        """Of the alarm itself in the row of an alarm, else of the most urgent one of the tag; 0 for none."""
        if entry.kind == "alarm":
            active = self._active.get((tag, entry.title))
            return active.priority if active is not None else 0
        worst = self._station.tag_alarms.get(tag)
        return worst.priority if worst is not None else 0

    def _paint_value(self, painter: QPainter, box: QRectF, tag: str) -> None:
        shown = show(self._station.reading(tag))
        font = self._plain.font("value.small")
        width = metrics_of(font).horizontalAdvance(shown.text.strip())
        edge, base = box.x() + _MARK_ROOM + 96, box.center().y() + 5.5
        if shown.frame:
            frame = QRectF(edge - width - 5, box.center().y() - 11, width + 10, 22)
            draw_frame(painter, self._plain, shown.frame, frame)
        painter.setFont(font)
        painter.setPen(self._plain.color(shown.role))
        painter.drawText(QPointF(edge - width, base), shown.text.strip())
        if shown.mark:
            draw_quality_mark(painter, self._plain, shown.mark, QPointF(edge + 4, box.center().y()))
        draw_cut(painter, self._plain, "unit", "text.label", QPointF(edge + 28, base - 0.5), shown.unit, 60)
