"""Small cards over a chart: a few fields to fill in, or what a marker says. None of them stops anything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hmi.core.texts import tr
from hmi.ui.log.words import moment_text
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.times import date_text
from hmi.ui.trend.markers import Marker
from hmi.ui.widgets import Field, FlatButton, Text

WIDTH = 380
_MOST = 12


class Card(QWidget):
    """A framed card inside its parent; Esc closes it."""

    closed = Signal()

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setFixedWidth(min(theme.px(WIDTH), max(parent.width() - 16, 200)))
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 14, 14, 12)
        self.column.setSpacing(6)
        self.column.addWidget(Text(theme, title, font="title"))

    def open_at(self, place: QPoint) -> None:
        """Near a place of the parent, and inside it."""
        self.adjustSize()
        parent = self.parentWidget()
        assert parent is not None
        x = min(max(place.x(), 8), max(parent.width() - self.width() - 8, 8))
        y = min(max(place.y(), 8), max(parent.height() - self.height() - 8, 8))
        self.move(x, y)
        self.show()
        self.raise_()

    def close_card(self) -> None:
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_card()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.fillRect(self.rect(), self.theme.color("panel"))
            painter.setPen(QPen(self.theme.color("outline.body"), 1.0))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.fillRect(1, 1, self.width() - 2, 3, self.theme.color("header"))


class EntryCard(Card):
    """Fields with labels. ``done`` gets the texts and says what is wrong with them, or nothing."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        fields: Sequence[tuple[str, str]],
        accept: str,
        done: Callable[[list[str]], str],
        parent: QWidget,
    ) -> None:
        super().__init__(theme, title, parent)
        self._done = done
        self.fields: list[Field] = []
        for label, text in fields:
            self.column.addWidget(Text(theme, label, font="text.label", color="text.label"))
            field = Field(theme, label)
            field.setText(text)
            field.entered.connect(lambda _: self.accept())
            self.fields.append(field)
            self.column.addWidget(field)
        self.problem = Text(theme, wrap=True, color="text")
        self.problem.hide()
        self.column.addWidget(self.problem)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(FlatButton(theme, tr("Cancel"), self.close_card))
        row.addWidget(FlatButton(theme, accept, self.accept, strong=True))
        self.column.addLayout(row)

    def open_at(self, place: QPoint) -> None:
        super().open_at(place)
        if self.fields:
            self.fields[0].setFocus()
            self.fields[0].selectAll()

    def accept(self) -> None:
        problem = self._done([field.text().strip() for field in self.fields])
        if not problem:
            self.close_card()
            return
        self.problem.set_text(problem)
        self.problem.show()
        self.adjustSize()


class MarkerCard(Card):
    """What happened, one entry for each marker. ``compareAsked`` and ``withdrawAsked`` carry the marker."""

    compareAsked = Signal(object)
    withdrawAsked = Signal(object)
    cursorAsked = Signal(object)

    def __init__(
        self,
        theme: Theme,
        markers: Sequence[Marker],
        zone: tzinfo,
        can_compare: Callable[[Marker], bool],
        parent: QWidget,
    ) -> None:
        super().__init__(theme, tr("What happened here"), parent)
        for marker in markers[:_MOST]:
            self._add(marker, zone, can_compare(marker))
        if len(markers) > _MOST:
            rest = tr("and {n} more: zoom in to tell them apart", n=len(markers) - _MOST)
            self.column.addWidget(Text(theme, rest, color="text.label", wrap=True))
        row = QHBoxLayout()
        row.addStretch(1)
        self.close_button = FlatButton(theme, tr("Close"), self.close_card)
        row.addWidget(self.close_button)
        self.column.addLayout(row)

    def _add(self, marker: Marker, zone: tzinfo, can_compare: bool) -> None:
        theme = self.theme
        when = f"{moment_text(marker.at, zone)}   {date_text(marker.at, zone)}"
        self.column.addWidget(Text(theme, when, font="text.small", color="text.label"))
        self.column.addWidget(Text(theme, marker.title, font="text.strong", wrap=True))
        told = " · ".join(part for part in (marker.text, marker.who) if part)
        if told:
            self.column.addWidget(Text(theme, told, color="text.secondary", wrap=True))
        row = QHBoxLayout()
        row.addWidget(FlatButton(theme, tr("Cursor here"), lambda: self.cursorAsked.emit(marker), quiet=True))
        if can_compare:
            row.addWidget(
                FlatButton(
                    theme,
                    tr("Compare with the last time"),
                    lambda: self.compareAsked.emit(marker),
                    quiet=True,
                )
            )
        if marker.annotation:
            row.addWidget(
                FlatButton(theme, tr("Withdraw …"), lambda: self.withdrawAsked.emit(marker), quiet=True)
            )
        row.addStretch(1)
        self.column.addLayout(row)
