"""The titles over an alarm list: dragged to another place or width, and chosen in a menu."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import QHeaderView, QMenu, QWidget

from hmi.core.texts import tr
from hmi.ui.alarms.columns import (
    FIXED,
    LEAST,
    TITLES,
    Choice,
    Column,
    least_width,
    left_out,
)
from hmi.ui.theme import Theme

HEADER: Final = 26
_NARROW: Final = 1500


class AlarmHeader(QHeaderView):
    """Flat column titles with one hairline below. ``chosen`` carries another ``Choice`` of the user."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget, *, movable: bool) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.choice = Choice()
        self._busy = False
        self.setFixedHeight(theme.px(HEADER))
        self.setMinimumSectionSize(theme.px(24))
        mode = QHeaderView.ResizeMode.Interactive if movable else QHeaderView.ResizeMode.Fixed
        self.setSectionResizeMode(mode)
        self.setSectionsMovable(movable)
        self.setSectionsClickable(movable)
        self.setHighlightSections(False)
        if movable:
            self.sectionResized.connect(self._resized)
            self.sectionMoved.connect(self._moved)
            self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            self.customContextMenuRequested.connect(lambda at: self.column_menu().popup(self.mapToGlobal(at)))

    # what is shown

    def take(self, choice: Choice) -> None:
        self.choice = choice
        self._busy = True
        rest = [column for column in Column if column not in choice.shown]
        for place, column in enumerate((*choice.shown, *rest)):
            self.moveSection(self.visualIndex(column), place)
        self._busy = False

    def lay_out(self, room: int) -> None:
        """Give every column its width; what has no room is left out."""
        self._busy = True
        choice, scale, px = self.choice, self._theme.scale, self._theme.px
        gone = left_out(choice, room / scale)
        taker = Column.DESCRIPTION if choice.taker in gone else choice.taker
        shown = [column for column in choice.shown if column not in gone]
        full = self._fits(shown, taker, room / scale)
        used = 0
        for column in Column:
            self.setSectionHidden(column, column not in shown)
            if column in shown and column != taker:
                own = px(choice.width(column) if full else least_width(choice, column))
                used += own
                self.resizeSection(column, own)
        self.resizeSection(taker, max(room - used, px(LEAST)))
        self._busy = False

    def _fits(self, shown: list[Column], taker: Column, room: float) -> bool:
        """Whether all of them have room at their full width, and the last one the half of its own."""
        if room < _NARROW and not self.choice.widths:
            return False
        return sum(self.choice.width(c) * (0.5 if c == taker else 1.0) for c in shown) <= room

    # what the user does

    def _resized(self, column: int, _old: int, new: int) -> None:
        if not self._busy and Column(column) not in FIXED:
            self.choice = self.choice.with_width(Column(column), new / self._theme.scale)
            QTimer.singleShot(0, self, self._tell)

    def _moved(self) -> None:
        if not self._busy:
            self.choice = self.choice.with_shown(sorted(self.choice.shown, key=self.visualIndex))
            QTimer.singleShot(0, self, self._tell)

    def _tell(self) -> None:
        """After the drag of this moment: Qt is still at work inside its own signal."""
        self.chosen.emit(self.choice)

    def column_menu(self) -> QMenu:
        """Every column with a tick where it is shown; deletes itself."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in Column:
            if column in FIXED:
                continue
            action = QAction(tr(TITLES[column]), menu)
            action.setCheckable(True)
            action.setChecked(column in self.choice.shown)
            action.setEnabled(column is not Column.DESCRIPTION)
            action.triggered.connect(lambda _=False, c=column: self.chosen.emit(self.choice.toggled(c)))
            menu.addAction(action)
        menu.addSeparator()
        usual = QAction(tr("The usual columns"), menu)
        usual.triggered.connect(lambda: self.chosen.emit(None))
        menu.addAction(usual)
        return menu

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        painter.fillRect(rect, self._theme.color("panel"))
        painter.setFont(self._theme.font("text.small"))
        painter.setPen(self._theme.color("text.label"))
        text = str(self.model().headerData(logicalIndex, Qt.Orientation.Horizontal) or "")
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.setPen(self._theme.color("panel.edge"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
