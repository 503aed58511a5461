"""The panel at the left: areas of the plant, their displays by level, and the displays on the function keys."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QEasingCurve,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QPropertyAnimation,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.client.port import PlantInfo
from hmi.core.texts import tr
from hmi.mimics import display_of_address
from hmi.ui.areas.outline import Mark, Row, Tree, rolled_up
from hmi.ui.atlas import AtlasMaker
from hmi.ui.favourites import Favourites
from hmi.ui.holds.words import position_words
from hmi.ui.overlay import Overlay
from hmi.ui.paint import draw_alarm_mark, metrics_of
from hmi.ui.rows import RowList, draw_cut
from hmi.ui.station import Station
from hmi.ui.theme import Theme
from hmi.ui.widgets import FlatButton, Text

WIDTH: Final = 380
ROW: Final = 30
_STEP: Final = 18
_SLIDE_MS: Final = 120
_TAIL: Final = 84  # at the right: mark and count of an area, key of a display

AnyIndex = QModelIndex | QPersistentModelIndex


class TreeModel(QAbstractListModel):
    """The rows in view of a tree."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def show(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if index.isValid() and role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            node = self.rows[index.row()].node
            return f"{node.title}, {tr('level {n}', n=node.level)}" if node.kind == "display" else node.title
        return None


class TreeList(RowList):
    """Right opens an area, Left closes it or goes to the one around it."""

    openAsked = Signal(int, bool)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Right} and self.chosen >= 0:
            self.openAsked.emit(self.chosen, event.key() == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)


class AreaPanel(Overlay):
    """``chosen`` carries the address of a display. Choosing an area opens it with all areas inside it."""

    chosen = Signal(str)
    keysAsked = Signal()
    areaMenuAsked = Signal(str, QPoint)

    def __init__(
        self, theme: Theme, station: Station, maker: AtlasMaker, favourites: Favourites, parent: QWidget
    ) -> None:
        super().__init__(theme, parent)
        self._plain = theme.plain  # rows are painted in pixels at 100 %
        self._station, self._maker, self._favourites = station, maker, favourites
        self._tree = Tree([])
        self._marks: dict[str, Mark] = {}
        self._address = ""
        self.lit = True
        self.model = TreeModel()
        self.list = TreeList(theme, ROW, self._paint_row)
        self.list.setModel(self.model)
        self.list.setAccessibleName(tr("Areas and displays"))
        self.pin = FlatButton(theme, tr("Pin this display"), self._pin, font="text.small.strong")
        self.setAccessibleName(tr("Areas and displays"))
        self._slide = QPropertyAnimation(self, b"pos", self)
        self._slide.setDuration(_SLIDE_MS)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._lay_out()
        self.list.asked.connect(self._choose)
        self.list.openAsked.connect(self._turn)
        maker.made.connect(self.renew)
        favourites.changed.connect(self._favourites_changed)
        station.alarmsChanged.connect(self._alarms_changed)
        station.holds.changed.connect(self.list.viewport().update)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._ask_menu)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 12, 1, 10)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setContentsMargins(15, 0, 10, 0)
        head.addWidget(Text(self.theme, tr("Areas and displays"), font="title"), 1)
        head.addWidget(FlatButton(self.theme, tr("Close"), self.close_panel, quiet=True))
        column.addLayout(head)
        column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(15, 0, 15, 0)
        foot.setSpacing(6)
        foot.addWidget(self.pin)
        foot.addStretch(1)
        keys = FlatButton(
            self.theme, tr("All keys (?)"), self.keysAsked.emit, quiet=True, font="text.small.strong"
        )
        foot.addWidget(keys)
        column.addLayout(foot)

    def place_in(self, area: QRect) -> QRect:
        return QRect(area.x(), area.y(), min(self.theme.px(WIDTH), area.width()), area.height())

    def open_panel(self, area: QRect) -> None:
        self._alarms_changed(even_hidden=True)
        self.renew()
        if self._is_overview():
            self._tree.open_areas()
            self._show(self._row_of("display", self._address))
        super().open_panel(area)
        self._slide.setStartValue(QPoint(area.x() - self.width() // 3, area.y()))
        self._slide.setEndValue(QPoint(area.x(), area.y()))
        self._slide.start()
        self.list.setFocus()

    def fit(self, area: QRect) -> None:
        self._slide.stop()
        super().fit(area)

    def flash(self, lit: bool) -> None:
        """Phase of the blinking border of unacknowledged marks."""
        self.lit = lit
        if not self.isHidden() and any(mark.unacked for mark in self._marks.values()):
            self.list.viewport().update()

    # what is shown

    def set_address(self, address: str) -> None:
        """The display in view: its row is marked and what is around it is open."""
        self._address = address
        if not self.isHidden():
            self.renew()

    def renew(self) -> None:
        """Rows from the tree; a tree of another plant begins closed."""
        top = self._maker.atlas.top
        if self._tree.top is not top:
            self._tree = Tree(top)
        self._tree.reveal(self._address)
        self._show(self._row_of("display", self._address))
        self._favourites_changed()

    def _is_overview(self) -> bool:
        """From the highest level every working display is to be seen at once (standards 2.2)."""
        plant, name = self._station.plant, display_of_address(self._address)[0]
        return plant is not None and any(d.name == name and d.level == 1 for d in plant.displays)

    def _show(self, row: int) -> None:
        self.model.show(self._tree.rows())
        self.list.choose(row)

    def _row_of(self, kind: str, key: str) -> int:
        rows = self._tree.rows()
        return next((n for n, row in enumerate(rows) if (row.node.kind, row.node.key) == (kind, key)), 0)

    def _alarms_changed(self, *, even_hidden: bool = False) -> None:
        plant: PlantInfo | None = self._station.plant
        if plant is not None and (even_hidden or not self.isHidden()):
            self._marks = rolled_up(self._station.alarms.values(), plant)
            self.list.viewport().update()

    def _favourites_changed(self) -> None:
        number = self._favourites.key_of(self._address) if self._address else 0
        pinned = bool(number) and self._favourites.is_pinned(number)
        free = self._favourites.free_key()
        self.pin.setText(tr("Take F{n} back", n=number) if pinned else tr("Pin this display to F{n}", n=free))
        self.pin.setAccessibleName(self.pin.text())
        self.pin.setVisible(pinned or bool(free))
        self.pin.updateGeometry()
        self.list.viewport().update()

    # what is asked for

    def _pin(self) -> None:
        number = self._favourites.key_of(self._address)
        if not number or not self._favourites.is_pinned(number):
            number = self._favourites.free_key()
        self._favourites.pin(number, self._address)

    def _choose(self, number: int) -> None:
        row = self.model.rows[number]
        if row.node.kind == "display":
            self.chosen.emit(row.node.key)
        else:
            self._turn(number, not row.is_open)

    def _ask_menu(self, at: QPoint) -> None:
        """What can be done about the control of an area."""
        index = self.list.indexAt(at)
        row = self.model.rows[index.row()] if index.isValid() else None
        if row is not None and row.node.kind == "area":
            self.areaMenuAsked.emit(row.node.key, self.list.viewport().mapToGlobal(at))

    def _turn(self, number: int, is_open: bool) -> None:
        """Open or close an area; closing what is closed already leads to the area around it."""
        row = self.model.rows[number]
        if row.node.within and row.is_open != is_open:
            self._tree.set_open(row.node, is_open)
            self._show(self._row_of(row.node.kind, row.node.key))
        elif not is_open:
            self.list.choose(_around(self.model.rows, number))
        elif row.is_open:
            self.list.choose(number + 1)

    # painting

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row = self.model.rows[number]
        x, base = box.x() + 14.0 + _STEP * row.depth, box.center().y() + 5.5
        room = box.right() - x - _TAIL
        if row.node.kind == "display":
            self._paint_display(painter, box, row, QPointF(x + _STEP, base), room - _STEP)
            return
        self._twist(painter, QPointF(x + 5, box.center().y() + 0.5), row)
        at, room = QPointF(x + _STEP, base), room - _STEP
        control = self._station.holds.control_of((row.node.key,))
        taken = draw_cut(painter, self._plain, "text.strong", "text", at, row.node.title, room)
        if control is not None:
            words = position_words(control)
            at += QPointF(taken + 12, 0)
            draw_cut(painter, self._plain, "text.small", "text.label", at, words, room - taken - 12)
        mark = self._marks.get(row.node.key)
        if mark is not None:
            center = QPointF(box.right() - 56, box.center().y() + 0.5)
            draw_alarm_mark(
                painter, self._plain, mark.priority, center, size=18, lit=self.lit or not mark.unacked
            )
            at = QPointF(box.right() - 42, base)
            draw_cut(painter, self._plain, "text.strong", "text", at, str(mark.count), 40)

    def _paint_display(self, painter: QPainter, box: QRect, row: Row, at: QPointF, room: float) -> None:
        here = row.node.key == self._address
        if here:
            painter.fillRect(QRectF(box.x(), box.y() + 4, 4, box.height() - 8), self._plain.color("accent"))
        level = draw_cut(painter, self._plain, "text.small", "text.label", at, str(row.node.level), 20)
        font = "text.strong" if here else "text"
        draw_cut(
            painter, self._plain, font, "text", at + QPointF(level + 10, 0), row.node.title, room - level - 10
        )
        number = self._favourites.key_of(row.node.key)
        if number:
            self._paint_key(painter, box, f"F{number}", pinned=self._favourites.is_pinned(number))

    def _paint_key(self, painter: QPainter, box: QRect, text: str, *, pinned: bool) -> None:
        """A pinned key has a stronger edge than one that the plant's order gave."""
        font = self._plain.font("text.small.strong")
        width = metrics_of(font).horizontalAdvance(text) + 12
        chip = QRectF(box.right() - 14 - width, box.center().y() - 9, width, 19)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._plain.pen("text.secondary" if pinned else "panel.edge", 1.4 if pinned else 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(chip, 3, 3)
        painter.setFont(font)
        painter.setPen(self._plain.color("text.secondary"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)

    def _twist(self, painter: QPainter, at: QPointF, row: Row) -> None:
        """The small arrow of what can be opened."""
        if not row.node.within:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._plain.pen("text.secondary", 1.6))
        if row.is_open:
            points = [QPointF(-4, -2), QPointF(0, 2.5), QPointF(4, -2)]
        else:
            points = [QPointF(-2, -4), QPointF(2.5, 0), QPointF(-2, 4)]
        painter.drawPolyline([at + point for point in points])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _around(rows: list[Row], number: int) -> int:
    """The row of the area that holds a row."""
    depth = rows[number].depth
    return next((n for n in range(number - 1, -1, -1) if rows[n].depth < depth), number)
