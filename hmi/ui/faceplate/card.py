"""One faceplate: a card beside its object with everything of standards 2.7 that the plant gives."""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.core.clock import NS_PER_S
from hmi.core.history import HistoryPage
from hmi.core.identity import TagRef
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.mimics import band_of, format_value
from hmi.ui.commands.reasons import label_of
from hmi.ui.faceplate.commands import CommandArea
from hmi.ui.faceplate.condition_row import ConditionRow, conditions_by_command
from hmi.ui.faceplate.content import Content
from hmi.ui.faceplate.parts import AlarmLine, MiniTrend, StateRow, ValueRow
from hmi.ui.labels import short_tag
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import time_text, zone_of
from hmi.ui.widgets import FlatButton, Text

Row = TypeVar("Row", ValueRow, StateRow)
WIDTH = 356
LAST = 5
UNLIMITED = 16_777_215
REFRESH_MS = 200


class Faceplate(QWidget):
    """Non-modal and movable; follows the values while it is open."""

    closed = Signal(object)
    trendAsked = Signal(list)
    whyAsked = Signal(str)
    moved = Signal(object)

    def __init__(self, theme: Theme, station: Station, content: Content, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._station, self.content = theme, station, content
        self._dirty = True
        self._drag: QPoint | None = None
        self.setFixedWidth(theme.px(WIDTH))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Faceplate {name}", name=content.name))
        self.values = {tag: self._value_row(tag, n == 0) for n, tag in enumerate(content.values)}
        self.states = {tag: self._explained(StateRow(theme, self._label(tag)), tag) for tag in content.states}
        self.commands = CommandArea(theme, station, content.commands)
        infos = [station.catalogue.tags[tag] for tag in content.commands]
        self.conditions = [ConditionRow(theme, *one) for one in conditions_by_command(infos)]
        self.tags = frozenset((*content.tags, *self.commands.tags))
        self.trend = MiniTrend(theme, station.now())
        self._alarms = QVBoxLayout()
        self._alarm_lines: list[AlarmLine] = []
        self._last = Text(theme, font="text.small", color="text.secondary", wrap=True)
        self.scroller, self.body = QScrollArea(), QWidget()
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidgetResizable(True)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.limit = UNLIMITED
        self._lay_out()
        self._connect()
        self.refresh()
        self._alarms_changed()

    def _label(self, tag: str) -> str:
        info = self._station.catalogue.tags[tag]
        short = {
            "pv": "PV",
            "sp": "SP",
            "op": "OP",
            "remote": "Control",
            "auto": "Mode",
            "speed_sp": "Speed SP",
        }.get(info.signal)
        return short or label_of(info)

    def _value_row(self, tag: str, main: bool) -> ValueRow:
        row = ValueRow(self._theme, self._label(tag), main=main)
        row.clicked.connect(lambda name: self.trendAsked.emit([name]))
        return self._explained(row, tag)

    def _explained(self, row: Row, tag: str) -> Row:
        """A right click asks why the row says what it says."""
        row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.customContextMenuRequested.connect(lambda _: self.whyAsked.emit(tag))
        return row

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 10, 1, 4)
        outer.setSpacing(0)
        head = self._head()
        head.setContentsMargins(15, 0, 15, 6)
        outer.addLayout(head)
        outer.addWidget(self.scroller, 1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(15, 0, 15, 8)
        column.setSpacing(6)
        self.scroller.setWidget(self.body)
        self.body.setAutoFillBackground(False)
        self.scroller.viewport().setAutoFillBackground(False)
        self.body.installEventFilter(self)
        for value in self.values.values():
            column.addWidget(value)
        if self.states:
            grid = QGridLayout()
            grid.setSpacing(0)
            for number, state in enumerate(self.states.values()):
                grid.addWidget(state, number // 2, number % 2)
            column.addLayout(grid)
        column.addLayout(self._alarms)
        if self.commands.rows:
            column.addWidget(self.commands)
        if self.conditions:
            column.addLayout(self._condition_rows())
        if self.values:
            column.addWidget(self.trend)
        if self.content.commands:
            column.addWidget(self._last)
            self._last.hide()

    def _condition_rows(self) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(0)
        rows.addWidget(Text(self._theme, tr("Conditions"), font="text.small", color="text.label"))
        for row in self.conditions:
            rows.addWidget(row)
        return rows

    def _head(self) -> QVBoxLayout:
        area = (
            next(
                (a.get("title", "") for a in self._station.plant.areas if a["path"] == self.content.area), ""
            )
            if self._station.plant
            else ""
        )
        head = QVBoxLayout()
        head.setSpacing(0)
        top = QHBoxLayout()
        top.setSpacing(2)
        top.addWidget(Text(self._theme, short_tag(self.content.name), font="title"), 1)
        if self.values:
            why = FlatButton(
                self._theme, tr("Why?"), lambda: self.whyAsked.emit(self.content.main), quiet=True
            )
            why.setToolTip(tr("Why this number? (W, or right click on a value)"))
            top.addWidget(why)
            top.addWidget(FlatButton(self._theme, tr("Trend"), self._ask_trend, quiet=True))
        top.addWidget(FlatButton(self._theme, tr("Close"), self.close_card, quiet=True))
        head.addLayout(top)
        head.addWidget(Text(self._theme, self.content.title, font="text"))
        where = f"{area} · {self.content.name}" if area else self.content.name
        head.addWidget(Text(self._theme, where, font="text.small", color="text.label"))
        return head

    def _connect(self) -> None:
        station = self._station
        station.want(self, self.tags)
        station.valuesChanged.connect(self._take)
        station.alarmsChanged.connect(self._alarms_changed)
        station.judged.connect(self._mark_dirty)
        self.trend.clicked.connect(self._ask_trend)
        self.commands.finished.connect(self._ask_journal)
        station.commands.turned.connect(self._mark_dirty)
        self.commands.grown.connect(lambda: QTimer.singleShot(0, self, self._show_commands_end))
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh_if_dirty)
        self._timer.start()
        if self.values:
            info = station.catalogue.tags[self.content.main]
            self.trend.band = band_of(info)
            station.read_history(
                self.content.main, MiniTrend.SPAN_S * NS_PER_S, owner=self, done=self._backfill
            )
        if self.content.commands:
            self._ask_journal()

    def close_card(self) -> None:
        station = self._station
        self._timer.stop()
        station.want(self, ())
        station.valuesChanged.disconnect(self._take)
        station.alarmsChanged.disconnect(self._alarms_changed)
        station.judged.disconnect(self._mark_dirty)
        station.commands.turned.disconnect(self._mark_dirty)
        self.hide()
        self.closed.emit(self)
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.body and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def set_limit(self, height: int) -> None:
        """Never higher than the room between header and alarms: what does not fit is scrolled."""
        self.limit = height
        self.fit()

    def fit(self) -> None:
        """Take the height that the content needs, and stay where it may be."""
        layout, outer = self.body.layout(), self.layout()
        if layout is None or outer is None:
            return
        layout.activate()
        inside = max(layout.totalHeightForWidth(self.width() - 2), layout.sizeHint().height())
        margins, head = outer.contentsMargins(), outer.itemAt(0)
        height = inside + margins.top() + margins.bottom() + (head.sizeHint().height() if head else 0)
        height = min(height, self.limit)
        if height != self.height():
            self.setFixedHeight(height)
            self.moved.emit(self)

    def _show_commands_end(self) -> None:
        """The question or the answer of a command is always in view."""
        self.fit()
        shown = self.commands.confirm or self.commands.result
        if shown.isVisible():
            self.scroller.ensureWidgetVisible(shown, 0, 8)

    def main_tags(self) -> list[str]:
        return list(self.content.values[:3])

    def _ask_trend(self) -> None:
        self.trendAsked.emit(self.main_tags())

    # what the runtime says

    def _take(self, changed: dict[str, DataValue]) -> None:
        if (data := changed.get(self.content.main)) is not None:
            self.trend.series.append(data, self._station.now())
        if not self._dirty and not self.tags.isdisjoint(changed):
            self._dirty = True

    def _mark_dirty(self) -> None:
        self._dirty = True

    def refresh_if_dirty(self) -> None:
        if self._dirty:
            self.refresh()

    def refresh(self) -> None:
        self._dirty = False
        now = self._station.now()
        for tag, row in self.values.items():
            row.show_reading(self._station.reading(tag), now)
        for tag, state in self.states.items():
            state.show_reading(self._station.reading(tag))
        for condition in self.conditions:
            condition.refresh(self._station.reading, now)
        if self.commands.rows:
            self.commands.refresh()
        self.trend.advance(now)

    def _backfill(self, page: HistoryPage) -> None:
        self.trend.series.backfill(page.samples)
        self.trend.advance(self._station.now())

    def _alarms_changed(self) -> None:
        for line in self._alarm_lines:
            self._alarms.removeWidget(line)
            line.hide()
            line.deleteLater()
        prefix = f"{self.content.name}."
        rows = [
            row for row in self._station.alarms.values()
            if row.tag_name == self.content.name or row.tag_name.startswith(prefix)
        ]  # fmt: skip
        self._alarm_lines = [
            AlarmLine(self._theme, row) for row in sorted(rows, key=lambda r: r.priority)[:4]
        ]
        for line in self._alarm_lines:
            line.ackAsked.connect(self._station.acknowledge)
            self._alarms.addWidget(line)
        self.fit()

    def _ask_journal(self) -> None:
        whose = TagRef.parse(self.content.name).prefix
        self._station.link.ask(
            lambda client: client.journal(after=-1, kind="audit", limit=500, object_id=whose),
            owner=self,
            done=self._take_journal,
        )

    def _take_journal(self, records: list[dict[str, Any]]) -> None:
        tags = self._station.catalogue.tags
        own = {tags[tag].id: tags[tag] for tag in self.content.commands}
        found = [r for r in records if r.get("object_id") in own and "state" in (r.get("payload") or {})][
            -LAST:
        ]
        zone = zone_of(self._station.plant.zone if self._station.plant else "UTC")
        lines = []
        for record in reversed(found):
            info = own[str(record["object_id"])]
            payload = record.get("payload") or {}
            what = f"{label_of(info)} → {_written(payload.get('new'), info)}"
            end = tr(str(payload["state"]))
            at = time_text(int(record.get("event_time") or 0), zone, millis=False)
            lines.append(f"{at}  {what}  {record.get('actor', '')}: {end}")
        self._last.set_text("\n".join(lines))
        self._last.setVisible(bool(lines))
        self.fit()

    # the card itself

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_card()
        elif event.key() == Qt.Key.Key_T and not event.modifiers():
            self._ask_trend()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.raise_()
        self.setFocus()
        self._drag = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self.move(self.mapToParent(event.position().toPoint()) - self._drag)
            self.moved.emit(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("panel"))
        painter.setPen(QPen(self._theme.color("focus" if self.hasFocus() else "outline.body"), 1.0))
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.fillRect(1, 1, self.width() - 2, 3, self._theme.color("header"))


def _written(value: Any, info: TagInfo) -> str:
    """A value as it was asked for, not rounded to the tag's format."""
    if isinstance(value, float) and not info.states:
        return f"{value:.10g} {info.unit}".strip()
    return format_value(value, info).strip()
