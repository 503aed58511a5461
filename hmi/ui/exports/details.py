"""Below the table: all that is known of the chosen job, what may be asked of it, and what its target did not take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout

from hmi.client.exports import EXPORT_ACTS, ExportInfo, QuarantinedRow
from hmi.core.texts import tr
from hmi.ui.exports.marks import draw_state
from hmi.ui.exports.words import ACTS, count_words, facts_of, state_of, state_words, why_pointless
from hmi.ui.rows import RowList, RowModel, draw_cut
from hmi.ui.sheets.details import ActPanel
from hmi.ui.sheets.facts import FactSheet
from hmi.ui.theme import Theme
from hmi.ui.times import clock_text
from hmi.ui.widgets import Panel, Text

_ROW: Final = 48


class JobDetails(ActPanel):
    """``actAsked``: one of ``EXPORT_ACTS`` for the job that is shown."""

    def __init__(self, theme: Theme) -> None:
        self.shown: ExportInfo | None = None
        self._alive = False
        sheet = FactSheet(theme, draw_state, "running", tr("Details of the job"))
        super().__init__(theme, sheet, {act: ACTS[act] for act in EXPORT_ACTS})
        self.show_one(None, UTC, 0, alive=False)

    def show_one(self, one: ExportInfo | None, zone: tzinfo, at: int, *, alive: bool) -> None:
        """Another job, or the same with other figures; ``at``: wall time of the answer."""
        self.shown, self._alive = one, alive
        if one is not None:
            state = state_of(one, alive=alive)
            self.sheet.set_head(state, one.name, state_words(one, at, alive=alive), one.text)
            self.sheet.set_facts(list(facts_of(one, zone, alive=alive)))
        self._show(is_shown=one is not None)

    def allow(self, why_not: str) -> None:
        """Why the person may ask nothing of a job; empty when they may."""
        self._set_why_not(why_not)

    def _offers(self, act: str) -> bool:
        return True

    def _why_pointless(self, act: str) -> str:
        return why_pointless(act, self.shown, alive=self._alive) if self.shown is not None else ""


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
