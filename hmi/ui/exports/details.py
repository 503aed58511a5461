"""Below the table: all that is known of the chosen job, what may be asked of it, and what its target did not take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from hmi.client.exports import EXPORT_ACTS, ExportInfo, QuarantinedRow
from hmi.core.texts import tr
from hmi.ui.alarms.guidance import scrolled
from hmi.ui.exports.marks import draw_state
from hmi.ui.exports.words import ACTS, count_words, facts_of, state_of, state_words, why_pointless
from hmi.ui.flow import Flow
from hmi.ui.paint import painting
from hmi.ui.rows import RowList, RowModel, draw_cut
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text
from hmi.ui.widgets import FlatButton, Panel, Text

_LABEL: Final = 130
_ROW: Final = 48


class StateMark(QWidget):
    """The sign of a state by itself."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._state = theme, "running"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(30), self._theme.px(26))

    def set_state(self, state: str) -> None:
        self._state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with painting(self) as painter:
            center = QPointF(self._theme.px(12), self.height() / 2)
            draw_state(painter, self._theme, self._state, center, self._theme.px(20))


class JobDetails(Panel):
    """``actAsked``: one of ``EXPORT_ACTS`` for the job that is shown."""

    actAsked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.shown: ExportInfo | None = None
        self._facts_shown: list[tuple[str, str]] = []
        self._alive, self._why_not = False, ""
        self.mark, self.name = StateMark(theme), Text(theme, font="heading", wrap=True)
        self.state = Text(theme, font="text.strong", color="text.secondary", wrap=True)
        self.reason = Text(theme, font="text", wrap=True)
        self.why = Text(theme, font="text.label", color="text.label", wrap=True)
        self.empty = Text(theme, font="title", color="text.label", wrap=True)
        self.buttons = {
            act: FlatButton(theme, f"{tr(ACTS[act])}…", lambda act=act: self.actAsked.emit(act))
            for act in EXPORT_ACTS
        }
        self.reason.setMinimumWidth(1)
        self._facts, self._body = QWidget(), QWidget()
        self._scroller = scrolled(theme, self._body)
        self._scroller.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroller.setAccessibleName(tr("Details of the job"))
        self._lay_out()
        self.show_one(None, UTC, 0, alive=False)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 8, 14)
        column.setSpacing(10)
        column.addWidget(self.empty)
        column.addWidget(self._scroller, 1)
        row = Flow(8)
        for button in self.buttons.values():
            row.addWidget(button)
        column.addLayout(row)
        column.addWidget(self.why)
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 2, 8, 0)
        self._column.setSpacing(10)
        head, words = QHBoxLayout(), QVBoxLayout()
        head.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        words.setSpacing(2)
        for widget in (self.name, self.state, self.reason):
            words.addWidget(widget)
        head.addLayout(words, 1)
        self._column.addLayout(head)
        self._column.addWidget(self._facts)
        self._column.addStretch(1)

    def show_one(self, one: ExportInfo | None, zone: tzinfo, at: int, *, alive: bool) -> None:
        """Another job, or the same with other figures; ``at``: wall time of the answer."""
        self.shown, self._alive = one, alive
        self._scroller.setVisible(one is not None)
        self.empty.setVisible(one is None)
        if one is not None:
            self.mark.set_state(state_of(one, alive=alive))
            self.name.set_text(one.name)
            self.state.set_text(state_words(one, at, alive=alive))
            self.reason.set_text(one.text)
            self.reason.setVisible(bool(one.text))
            self._list_facts(list(facts_of(one, zone, alive=alive)))
        self._enable()

    def _list_facts(self, facts: list[tuple[str, str]]) -> None:
        """Made anew only where the labels are others: a text that is being marked stays."""
        same = [label for label, _ in facts] == [label for label, _ in self._facts_shown]
        if same and self._facts_shown:
            for text, (_, value) in zip(self._values, facts, strict=True):
                if text.full_text != value:
                    text.set_text(value)
            self._facts_shown = facts
            return
        self._facts_shown = facts
        old, self._facts = self._facts, QWidget()
        self._column.replaceWidget(old, self._facts)
        old.hide()
        old.deleteLater()
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(9)
        grid.setColumnMinimumWidth(0, self.theme.px(_LABEL))
        grid.setColumnStretch(1, 1)
        self._values: list[Text] = []
        for number, (label, value) in enumerate(facts):
            shown = Text(self.theme, value, wrap=True)
            shown.setMinimumWidth(1)  # a long word is cut, the rest of the sheet is not
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            name = Text(self.theme, label, font="text.label", color="text.label", wrap=True)
            grid.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(shown, number, 1)
            self._values.append(shown)

    def allow(self, why_not: str) -> None:
        """Why the person may ask nothing of a job; empty when they may."""
        self._why_not = why_not
        self._enable()

    def _enable(self) -> None:
        one = self.shown
        self.why.set_text(self._why_not)
        self.why.setVisible(one is not None and bool(self._why_not))
        for act, button in self.buttons.items():
            button.setVisible(one is not None)
            why = self._why_not or (why_pointless(act, one, alive=self._alive) if one is not None else "")
            button.set_enabled(not why, why)


class QuarantinePanel(Panel):
    """Rows that the target of a job did not take, newest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._plain = theme.plain
        self.zone: tzinfo = UTC
        self.title = Text(theme, tr("Not taken by the target"), font="text.strong")
        self.note = Text(theme, font="text.label", color="text.label", wrap=True)
        self.list = RowList(theme, _ROW, self._paint_row)
        self.rows = RowModel[QuarantinedRow](self._spoken)
        self.list.setModel(self.rows)
        self.list.setAccessibleName(tr("Not taken by the target"))
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 12, 1, 1)
        column.setSpacing(6)
        for text in (self.title, self.note):
            text.setContentsMargins(16, 0, 12, 0)
            column.addWidget(text)
        column.addWidget(self.list, 1)

    def show_rows(self, one: ExportInfo | None, rows: Sequence[QuarantinedRow]) -> None:
        if rows != self.rows.rows:
            self.rows.set_rows(rows)
        self.setVisible(one is not None)
        if one is None:
            return
        words = tr("Nothing is in quarantine.")
        if rows:
            words = tr(
                "{n} rows in all; the newest {shown}. They are not sent again by themselves.",
                n=count_words(max(one.quarantined, len(rows))),
                shown=len(rows),
            )
        self.note.set_text(words)

    def _head(self, row: QuarantinedRow) -> str:
        return tr("{time}, package {n}", time=clock_text(row.time, self.zone), n=row.package)

    def _spoken(self, row: QuarantinedRow) -> str:
        return f"{row.reason} ({self._head(row)}): {row.row}"

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme, room = self.rows.rows[number], self._plain, box.width() - 32
        used = draw_cut(painter, theme, "text.label", "text.label", QPointF(16, 20), self._head(row), room)
        left = room - used - 12
        draw_cut(painter, theme, "text.word", "text", QPointF(28 + used, 20), row.reason, max(left, 10))
        draw_cut(painter, theme, "text.label", "text.secondary", QPointF(16, 39), row.row, room)
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)
