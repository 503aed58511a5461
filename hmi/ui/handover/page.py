"""The page of the hand-over: what the next shift has to know, since a chosen beginning; handing over is journalled."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QHideEvent, QPainter, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from hmi.client.alarms import Handover
from hmi.core.texts import tr
from hmi.ui.alarms.strip import area_titles
from hmi.ui.filters import FilterButtons
from hmi.ui.flow import Flow
from hmi.ui.handover.words import Line, cells_of, full_text, lines_of, shift_starts
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.times import zone_of
from hmi.ui.widgets import FlatButton, Panel, Text

REFRESH_MS: Final = 10_000
ROW: Final = 28
AnyIndex = QModelIndex | QPersistentModelIndex


class HandoverModel(QAbstractListModel):
    """Heads, items, and words for what is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.zone: tzinfo = zone_of("UTC")

    def show(self, lines: list[Line], zone: tzinfo) -> None:
        """The same lines again change nothing."""
        if lines != self.lines or zone != self.zone:
            self.beginResetModel()
            self.lines, self.zone = lines, zone
            self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Only items can be chosen."""
        return super().flags(index) if self.lines[index.row()].item else Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in {
            Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole,
        }:  # fmt: skip
            return None
        line = self.lines[index.row()]
        if line.item is None:
            return line.text
        return ", ".join(cell for cell in cells_of(line.item, self.zone) if cell).replace("<", "<\u200b")


class HandoverPage(Panel):
    """Asks when it opens, when another beginning is chosen, and every ten seconds.

    ``chosen``: an item, to its display; ``handOver``, ``exportAsked`` (html or csv): the answer in view.
    """

    closeAsked = Signal()
    logAsked = Signal()
    chosen = Signal(object)
    handOver = Signal(object)
    exportAsked = Signal(str, object)

    def __init__(self, theme: Theme, station: Station) -> None:
        super().__init__(theme, fill="background")
        self._theme, self._station = theme, station
        self.told: Handover | None = None
        self._turn, self._failure, self._asking = 0, "", False
        self._is_kept = True
        self.model = HandoverModel()
        self.rows = RowList(theme, ROW, self._paint_row)
        self.rows.setModel(self.model)
        self.rows.setAccessibleName(tr("Shift hand-over"))
        self.rows.asked.connect(self._chosen)
        self.about = Text(theme, font="text.label", color="text.label")
        self.problem = Text(theme, font="text.strong", color="text")
        self._flow = Flow()
        self.starts = FilterButtons(theme, self._flow, all_words=tr("Last 12 h"))
        self.starts.set_choices(())
        self.starts.turned.connect(self._ask_anew)
        self.hand_over = FlatButton(
            theme, tr("Hand over"), lambda: self.handOver.emit(self.told), strong=True
        )
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.ask)
        station.rights.changed.connect(self._tell)
        self._tell()

    def _lay_out(self) -> None:
        theme = self._theme
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 12, 4)
        outer.setSpacing(8)
        bar, acts = QHBoxLayout(), Flow()
        bar.addWidget(Text(theme, tr("Shift hand-over"), font="heading", fit=True))
        bar.addSpacing(12)
        bar.addWidget(self.about, 3)
        bar.addWidget(self.problem, 2)
        self.html = FlatButton(theme, tr("File to print"), lambda: self.exportAsked.emit("html", self.told))
        self.csv = FlatButton(theme, tr("Export CSV"), lambda: self.exportAsked.emit("csv", self.told))
        log, back = (
            FlatButton(theme, tr("Log"), self.logAsked.emit),
            FlatButton(theme, tr("Back to display"), self.closeAsked.emit),
        )
        for button in (self.hand_over, self.html, self.csv, log, back):
            acts.addWidget(button)
        outer.addLayout(bar)
        outer.addLayout(acts)
        outer.addLayout(self._flow)
        panel = Panel(theme)
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.rows)
        outer.addWidget(panel, 1)

    # what the runtime says

    def _ask_anew(self) -> None:
        """What is of another beginning is not shown as if it were of this one."""
        self.told, self._failure, self._asking = None, "", False
        self._turn += 1
        self.model.show([], self._zone())
        self.ask()
        self._tell()

    def ask(self) -> None:
        """One question at a time."""
        if self._asking:
            return
        self._asking, turn, since = True, self._turn, int(self.starts.chosen or 0)
        self._station.link.ask(
            lambda client: client.handover(since), owner=self,
            done=lambda told: self._take(turn, told), failed=lambda why: self._failed(turn, why),
        )  # fmt: skip

    def _take(self, turn: int, told: Handover) -> None:
        if turn == self._turn:
            self._asking, self.told, self._failure = False, told, ""
            self.model.show(lines_of(told), self._zone())
            self._tell()

    def _failed(self, turn: int, sentence: str) -> None:
        """What was told before stays, with its time; it can no longer be handed over."""
        if turn == self._turn:
            self._asking, self._failure = False, sentence
            self._tell()

    def _tell(self) -> None:
        told, failure = self.told, self._failure
        zone = self._zone()
        if told is None:
            words = tr("The hand-over cannot be read: {why}", why=failure) if failure else tr("Asking …")
            self.about.set_text("" if failure else words)
            self.problem.set_text(words if failure else "")
        else:
            self.about.set_text(
                tr(
                    "From {start}, as of {end}",
                    start=full_text(told.since, zone),
                    end=full_text(told.until, zone),
                )
            )
            self.problem.set_text(tr("Not up to date: {why}", why=failure) if failure else "")
        self.problem.setVisible(bool(self.problem.full_text))
        problem = "" if told is not None and not failure else tr("There is nothing up to date to hand over.")
        problem = problem if self._is_kept else tr("The hand-over is being kept.")
        problem = self._station.rights.why_nowhere("note") or problem
        self.hand_over.set_enabled(not problem, problem)
        for button in (self.html, self.csv):
            button.set_enabled(told is not None, tr("There is nothing to export."))

    def set_kept(self, kept: bool) -> None:
        """False while a note of the hand-over is on its way: it is not written twice."""
        self._is_kept = kept
        self._tell()

    # what is shown

    def _chosen(self, row: int) -> None:
        item = self.model.lines[row].item if 0 <= row < len(self.model.lines) else None
        if item is not None:
            self.chosen.emit(item)

    def _zone(self) -> tzinfo:
        plant = self._station.plant
        return zone_of(plant.zone if plant else "UTC")

    def _paint_row(self, painter: QPainter, box: QRect, row: int) -> None:
        line, base, width = self.model.lines[row], 18.5, box.width()
        plain = self._theme.plain
        if line.is_head:
            painter.fillRect(box, self._theme.color("panel.alternate"))
            draw_cut(painter, plain, "text.strong", "text", QPointF(10, base), line.text, width - 20)
            return
        if line.item is None:
            draw_cut(painter, plain, "text.label", "text.label", QPointF(24, base), line.text, width - 34)
            return
        name, what, area, since, until, who, reason = cells_of(line.item, self.model.zone)
        what = tr("{what}, until {until}", what=what, until=until) if until else what
        area = area_titles(self._station)(area)
        is_wide = width >= 900
        shares = (0.19, 0.33, 0.08, 0.14, 0.11, 0.15) if is_wide else (0.26, 0.4, 0.0, 0.34, 0.0, 0.0)
        x, room = 24.0, width - 30
        cells = (name, what, area, since, who, reason)
        for number, (text, share) in enumerate(zip(cells, shares, strict=True)):
            font, color = ("text.word", "text") if number == 0 else ("text.label", "text.secondary")
            if share:
                draw_cut(painter, plain, font, color, QPointF(x, base), text, room * share - 10)
            x += room * share

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        zone = self._zone()
        starts = shift_starts(self._station.now(), zone) if self._station.now() else []
        words = [(str(at), tr("Since {at}", at=full_text(at, zone))) for at in starts]
        self.starts.set_choices(words)
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
