"""The table of jobs: one row each, with the mark of the worst alarm that stands about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter

from hmi.client.exports import ExportInfo
from hmi.core.texts import tr
from hmi.ui.exports import words
from hmi.ui.exports.marks import draw_state
from hmi.ui.paint import draw_alarm_mark
from hmi.ui.sheets.choice import ChoiceList
from hmi.ui.sheets.columns import Column, Columns
from hmi.ui.theme import Theme

ROW = 34
MARK: Final = 62
"""Room before the words of a state: the mark of an alarm and the sign of the state."""


COLUMNS: Final = (
    Column("state", "State", 22),
    Column("job", "Job", 13),
    Column("target", "Delivers", 14, 1_050),
    Column("behind", "Behind", 9, 0, True),
    Column("backlog", "Backlog", 10, 800, True),
    Column("rate", "Rows/s", 7, 900, True),
    Column("quota", "Quota", 7, 600, True),
    Column("until", "Complete until", 17, 1_150),
    Column("dropped", "Left out", 8, 1_250, True),
    Column("quarantined", "Quarantined", 9, 1_350, True),
    Column("error", "Last error", 30, 760),
)  # fmt: skip


LAYOUT: Final = Columns(COLUMNS, MARK)


class JobTable(ChoiceList[ExportInfo]):
    """``alarms`` gives by job the priority of what stands about it."""

    def __init__(self, theme: Theme, alarms: Callable[[], Mapping[str, int]]) -> None:
        self._plain, self._alarms = theme.plain, alarms
        self.zone: tzinfo = UTC
        self._alive = False
        super().__init__(
            theme, ROW, self._paint_row, spoken=self._spoken, key=lambda row: row.name, name=tr("Export jobs")
        )

    def show_rows(self, rows: Sequence[ExportInfo], *, alive: bool) -> None:
        """What is told now; the job that was chosen stays so while the plant has it."""
        self._alive = alive
        self.set_rows(rows)
        self.viewport().update()

    def text(self, row: ExportInfo, key: str) -> str:
        """What a cell says."""
        alive = self._alive
        match key:
            case "state":
                return tr(words.WORDS[words.state_of(row, alive=alive)])
            case "job":
                return row.name
            case "target":
                return words.target_words(row)
            case "behind":
                return words.behind_words(row, alive=alive)
            case "backlog":
                return words.backlog_words(row, alive=alive)
            case "rate":
                return words.rate_words(row, alive=alive)
            case "quota":
                return words.quota_words(row, alive=alive)
            case "until":
                return words.until_words(row, self.zone)
            case "dropped":
                return words.count_words(row.dropped)
            case "quarantined":
                return words.count_words(row.quarantined)
            case _:
                return words.error_words(row)

    def _spoken(self, row: ExportInfo) -> str:
        cells = [f"{tr(column.title)}: {self.text(row, column.key)}" for column in COLUMNS[2:]]
        return ", ".join([f"{row.name}: {self.text(row, 'state')}", *cells])

    def _paint_row(self, painter: QPainter, box: QRect, number: int) -> None:
        row, theme = self.rows[number], self._plain
        state = words.state_of(row, alive=self._alive)
        priority = self._alarms().get(row.name, 0)
        if priority:
            draw_alarm_mark(painter, theme, priority, QPointF(20, box.height() / 2))
        draw_state(painter, theme, state, QPointF(46, box.height() / 2))
        found = LAYOUT.places(box.width())
        for column in COLUMNS:
            if column.key in found:
                strong, text = self._is_strong(row, column.key), self.text(row, column.key)
                LAYOUT.draw_cell(painter, theme, box, column, found[column.key], text, strong=strong)
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)

    def _is_strong(self, row: ExportInfo, key: str) -> bool:
        """What names the job, and what is not as it should be."""
        if key == "quota":
            return words.is_full(row, alive=self._alive)
        if key in {"dropped", "quarantined"}:
            return bool(row.dropped if key == "dropped" else row.quarantined)
        return key == "job" or (
            key in {"state", "error"} and words.state_of(row, alive=self._alive) not in words.AS_WANTED
        )
