"""One hop of the way: its sign on the line, title, sentence, facts, rows and the tree of a calculation."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hmi.client.port import TagInfo
from hmi.client.why import WhyHop, WhyPart
from hmi.core.quality import quality_of
from hmi.core.texts import tr
from hmi.mimics import NO_VALUE, format_value
from hmi.ui.paint import painting
from hmi.ui.theme import Theme
from hmi.ui.why.facts import TITLES, facts_of, lines_of, value_of
from hmi.ui.widgets import Text, is_press_key, plain

GUTTER: Final = 34
LABEL: Final = 104
SHORT: Final = 112
_SIGN: Final = 7.0
MOST_LINES: Final = 24
MOST_PARTS: Final = 60


class LinkText(QAbstractButton):
    """Words that lead somewhere: underlined under the pointer or with the focus; mouse, Space and Enter."""

    def __init__(self, theme: Theme, text: str, *, indent: int = 0) -> None:
        super().__init__()
        self._theme, self._indent = theme, indent
        self.setFont(theme.font("text.label"))
        self.setText(text)
        self.setAccessibleName(text)
        self.setToolTip(plain(text))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(80, self.fontMetrics().height() + 2)

    def keyPressEvent(self, event: object) -> None:
        if is_press_key(event):  # type: ignore[arg-type]
            self.click()
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            painter.setFont(self.font())
            painter.setPen(self._theme.color("value"))
            metrics = self.fontMetrics()
            text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - self._indent)
            painter.drawText(QPointF(self._indent, metrics.ascent() + 1), text)
            if self.underMouse() or self.hasFocus():
                y = metrics.ascent() + 3.5
                right = self._indent + metrics.horizontalAdvance(text)
                painter.setPen(QPen(self._theme.color("focus" if self.hasFocus() else "value"), 1.2))
                painter.drawLine(QPointF(self._indent, y), QPointF(right, y))


class HopView(QWidget):
    """``tagChosen``: ask why of another tag; ``displayChosen``: open a display."""

    tagChosen = Signal(str)
    displayChosen = Signal(str)

    def __init__(
        self,
        theme: Theme,
        hop: WhyHop,
        zone: tzinfo,
        info: TagInfo | None,
        unit: str,
        *,
        first: bool,
        last: bool,
    ) -> None:
        super().__init__()
        self._theme, self.hop, self._zone, self._info, self._unit = theme, hop, zone, info, unit
        self._first, self._last = first, last
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.px(GUTTER), 6, 0, 12)
        self._column.setSpacing(3)
        self._head()
        role = "text" if hop.state not in {"asking", "unknown"} else "text.secondary"
        self._column.addWidget(Text(theme, hop.text, font="text", color=role, wrap=True))
        self._facts()
        if hop.tree is not None:
            self._tree(hop.tree)
        self._lines()
        title = tr(TITLES.get(hop.kind, hop.kind))
        self.setAccessibleName(f"{title}: {hop.text}")

    def _head(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        title = tr(TITLES.get(self.hop.kind, self.hop.kind))
        row.addWidget(Text(self._theme, title, font="text.strong", fit=True))
        row.addStretch(1)
        if shown := value_of(self.hop, self._info, self._unit):
            role = "value" if self.hop.state == "good" else "text.secondary"
            row.addWidget(Text(self._theme, shown, font="value.small", color=role, fit=True))
        self._column.addLayout(row)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(1)
        grid.setColumnMinimumWidth(0, self._theme.px(LABEL))
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(2, self._theme.px(LABEL))
        grid.setColumnStretch(3, 1)
        return grid

    def _label(self, text: str) -> Text:
        label = Text(self._theme, text, font="text.label", color="text.label")
        label.setFixedWidth(self._theme.px(LABEL))
        return label

    def _facts(self) -> None:
        """Two short ones stand side by side; a long one has a line of its own."""
        grid, row, column = self._grid(), 0, 0
        metrics, room = QFontMetricsF(self._theme.font("text.label")), self._theme.px(SHORT)
        facts = facts_of(self.hop, self._zone, self._unit)
        for fact in facts:
            is_short = not fact.wide and metrics.horizontalAdvance(fact.text) <= room
            if column and not is_short:
                row, column = row + 1, 0
            grid.addWidget(self._label(fact.label), row, column)
            text = Text(self._theme, fact.text, font="text.strong" if fact.strong else "text.label")
            grid.addWidget(text, row, column + 1, 1, 1 if is_short else 3)
            row, column = (row, 2) if is_short and not column else (row + 1, 0)
        if facts:
            self._column.addLayout(grid)

    def _lines(self) -> None:
        lines = lines_of(self.hop, self._zone)
        if not lines:
            return
        grid = self._grid()
        for number, line in enumerate(lines[:MOST_LINES]):
            grid.addWidget(self._label(line.label), number, 0, Qt.AlignmentFlag.AlignTop)
            shown: QWidget = Text(self._theme, line.text, font="text.label", wrap=True)
            if line.display or line.tag:
                shown = LinkText(self._theme, line.text)
                shown.clicked.connect(lambda _=False, to=line: self._lead(to.display, to.tag))
            grid.addWidget(shown, number, 1, 1, 3)
        self._column.addLayout(grid)
        if len(lines) > MOST_LINES:
            more = tr("and {n} more", n=len(lines) - MOST_LINES)
            self._column.addWidget(Text(self._theme, more, font="text.label", color="text.label"))

    def _lead(self, display: str, tag: str) -> None:
        if display:
            self.displayChosen.emit(display)
        else:
            self.tagChosen.emit(tag)

    def _tree(self, tree: WhyPart) -> None:
        rows: list[tuple[int, WhyPart]] = []

        def take(part: WhyPart, depth: int) -> None:
            rows.append((depth, part))
            for one in part.parts:
                take(one, depth + 1)

        take(tree, 0)
        column = QVBoxLayout()
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        for depth, part in rows[:MOST_PARTS]:
            column.addLayout(self._part(part, depth))
        if len(rows) > MOST_PARTS or any(part.cut for _, part in rows):
            words = tr("More lies below that is not shown here: ask why of one of the tags.")
            column.addWidget(Text(self._theme, words, font="text.label", color="text.label", wrap=True))
        self._column.addLayout(column)

    def _part(self, part: WhyPart, depth: int) -> QHBoxLayout:
        """A part, its value, and a word where it has none or was not used."""
        row = QHBoxLayout()
        row.setContentsMargins(min(depth, 10) * 14, 0, 0, 0)
        row.setSpacing(8)
        if part.tag:
            link = LinkText(self._theme, part.tag)
            link.clicked.connect(lambda _=False, tag=part.tag: self.tagChosen.emit(tag))
            row.addWidget(link, 1)
        else:
            row.addWidget(Text(self._theme, part.text, font="text.label", color="text.secondary"), 1)
        found = quality_of(part.status)
        words = "" if part.used else tr("not used")
        if part.used and not (found.is_good and not found.sub):
            words = tr(found.sub or "bad")
        if words:
            row.addWidget(Text(self._theme, words, font="text.small", color="text.label", fit=True))
        bad = found.is_bad or part.value is None
        shown = NO_VALUE if bad else format_value(part.value, None).strip()
        role = "value" if found.is_good and part.used else "text.secondary"
        row.addWidget(Text(self._theme, shown, font="text.word", color=role, fit=True))
        return row

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line from the device on, and the sign of this hop on it."""
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            x, y = 13.0, 6.0 + self._theme.px(11)
            painter.setPen(QPen(self._theme.color("panel.edge"), 2.0))
            if not self._first:
                painter.drawLine(QPointF(x, 0), QPointF(x, y - _SIGN - 2))
            if not self._last:
                painter.drawLine(QPointF(x, y + _SIGN + 2), QPointF(x, self.height()))
            self._sign(painter, QPointF(x, y))

    def _sign(self, painter: QPainter, at: QPointF) -> None:
        theme, state = self._theme, self.hop.state
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(theme.color("outline.body"), 1.8)
        if state == "asking":
            pen.setDashPattern([1.5, 1.8])
        painter.setPen(pen)
        box = QRectF(at.x() - _SIGN, at.y() - _SIGN, 2 * _SIGN, 2 * _SIGN)
        if state in {"good", "plain"}:
            painter.drawEllipse(box)
            if state == "good":
                painter.setBrush(theme.brush("outline.body"))
                painter.drawEllipse(at, 3.0, 3.0)
            return
        painter.drawEllipse(box)
        if state == "bad":
            for sign in (-1, 1):
                painter.drawLine(at + QPointF(-3, -3 * sign), at + QPointF(3, 3 * sign))
        elif state != "asking":
            painter.setFont(theme.font("mark"))
            painter.setPen(theme.color("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "?" if state == "unknown" else "!")
