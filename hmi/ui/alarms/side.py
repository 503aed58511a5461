"""The areas beside the alarm list: how many alarms of each priority, unacknowledged apart from acknowledged."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QPainter

from hmi.core.texts import tr
from hmi.ui.alarms.tally import AreaRow, tally
from hmi.ui.paint import draw_alarm_mark
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.station import Station
from hmi.ui.theme import Theme

AnyIndex = QModelIndex | QPersistentModelIndex
WIDTH: Final = 244
ROW: Final = 46
_STEP: Final = 14


class AreaModel(QAbstractListModel):
    """One row for each area."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[AreaRow] = []

    def show(self, rows: list[AreaRow]) -> None:
        """Only counts that changed are painted again; other areas begin anew."""
        if [row.path for row in rows] == [row.path for row in self.rows]:
            if rows != self.rows:
                self.rows = rows
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, 0))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in {
            Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole,
        }:  # fmt: skip
            return None
        row = self.rows[index.row()]
        parts = [
            tr("priority {p}: {u} unacknowledged, {a} acknowledged", p=p, u=u, a=a)
            for p, (u, a) in sorted(row.counts.items())
            if u or a
        ]
        return f"{row.title}: {'; '.join(parts) or tr('no alarm')}"


class AreaSide(RowList):
    """``areaChosen`` carries the path of an area, "" for the whole plant."""

    areaChosen = Signal(str)

    def __init__(self, theme: Theme, station: Station) -> None:
        super().__init__(theme, ROW, self._paint_row)
        self._plain, self._station = theme.plain, station
        self.lit = True
        self.area_model = AreaModel()
        self.setModel(self.area_model)
        self.setFixedWidth(theme.px(WIDTH))
        self.setAccessibleName(tr("Alarms by area"))
        self.asked.connect(lambda place: self.areaChosen.emit(self.area_model.rows[place].path))
        station.alarmsChanged.connect(self.refresh)
        station.plantLoaded.connect(self.refresh)

    def refresh(self) -> None:
        plant = self._station.plant
        if plant is not None:
            chosen = self.path
            self.area_model.show(tally(self._station.alarm_store.areas, plant))
            if self.chosen < 0:
                self.show_area(chosen)

    @property
    def path(self) -> str:
        rows = self.area_model.rows
        return rows[self.chosen].path if 0 <= self.chosen < len(rows) else ""

    def show_area(self, path: str) -> None:
        """Mark the area that the list is narrowed to."""
        self.choose(next((n for n, row in enumerate(self.area_model.rows) if row.path == path), 0))

    def flash(self, lit: bool) -> None:
        self.lit = lit
        if any(unacked for row in self.area_model.rows for unacked, _ in row.counts.values()):
            self.viewport().update()

    def _paint_row(self, painter: QPainter, box: QRect, place: int) -> None:
        row = self.area_model.rows[place]
        x = 12.0 + _STEP * row.depth
        font = "text.strong" if row.total else "text"
        draw_cut(painter, self._plain, font, "text", QPointF(x, 19), row.title, box.width() - x - 50)
        total = str(row.total) if row.total else "–"
        draw_cut(painter, self._plain, font, "text", QPointF(box.width() - 36, 19), total, 34)
        y = 34.0
        for priority, (unacked, acked) in sorted(row.counts.items()):
            if priority > 4 or not (unacked or acked):
                continue
            draw_alarm_mark(
                painter, self._plain, priority, QPointF(x + 7, y), size=14, lit=self.lit or not unacked
            )
            at = QPointF(x + 17, y + 4.5)
            if unacked:
                width = draw_cut(painter, self._plain, "text.small.strong", "text", at, str(unacked), 40)
                at += QPointF(width + 3, 0)
            if acked:
                words = f"+{acked}" if unacked else str(acked)
                width = draw_cut(painter, self._plain, "text.small", "text.label", at, words, 40)
                at += QPointF(width, 0)
            x = max(at.x() + 8, x + 44)
