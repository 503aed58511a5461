"""The table of jobs: one row each, with the mark of the worst alarm that stands about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from hmi.client.exports import ExportInfo
from hmi.core.texts import tr
from hmi.ui.exports import words
from hmi.ui.exports.marks import draw_state
from hmi.ui.paint import draw_alarm_mark, metrics_of, painting
from hmi.ui.rows import RowList, RowModel, draw_cut
from hmi.ui.theme import Theme

ROW, HEADER = 34, 28
MARK: Final = 62
"""Room before the words of a state: the mark of an alarm and the sign of the state."""
_GAP: Final = 12


class Column(NamedTuple):
    """``share`` of the width; ``least``: the width below which it is left out; numbers stand at the right."""

    key: str
    title: str
    share: int
    least: int = 0
    is_number: bool = False


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


def places(width: int) -> dict[str, tuple[int, int]]:
    """Left edge and width of each column that there is room for, in pixels at 100 %."""
    shown = [column for column in COLUMNS if width >= column.least]
    room, total, left = width - MARK, sum(column.share for column in shown), 0
    found: dict[str, tuple[int, int]] = {}
    for column in shown:
        wide = room * column.share // total + (MARK if column.key == "state" else 0)
        found[column.key] = (left, wide)
        left += wide
    return found


class JobTable(RowList):
    """``turned``: another row is the chosen one. ``alarms`` gives by job the priority of what stands about it."""

    turned = Signal()

    def __init__(self, theme: Theme, alarms: Callable[[], Mapping[str, int]]) -> None:
        super().__init__(theme, ROW, self._paint_row)
        self._plain, self._alarms = theme.plain, alarms
        self.zone: tzinfo = UTC
        self._alive = False
        self.jobs = RowModel[ExportInfo](self._spoken)
        self.setModel(self.jobs)
        self.setAccessibleName(tr("Export jobs"))
        self.selectionModel().currentChanged.connect(lambda *_: self.turned.emit())

    @property
    def current(self) -> ExportInfo | None:
        rows = self.jobs.rows
        return rows[self.chosen] if 0 <= self.chosen < len(rows) else None

    def show_rows(self, rows: Sequence[ExportInfo], *, alive: bool) -> None:
        """What is told now; the job that was chosen stays so while the plant has it."""
        if (rows, alive) == (self.jobs.rows, self._alive):
            self.viewport().update()
            return
        was, self._alive = self.current, alive
        self.jobs.set_rows(rows)
        at = [n for n, row in enumerate(rows) if was is not None and row.name == was.name]
        self.choose(at[0] if at else 0)

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
        row, theme = self.jobs.rows[number], self._plain
        state = words.state_of(row, alive=self._alive)
        priority = self._alarms().get(row.name, 0)
        if priority:
            draw_alarm_mark(painter, theme, priority, QPointF(20, box.height() / 2))
        draw_state(painter, theme, state, QPointF(46, box.height() / 2))
        found = places(box.width())
        for column in COLUMNS:
            if column.key in found:
                self._cell(painter, box, column, found[column.key], row)
        painter.setPen(theme.color("panel.edge"))
        painter.drawLine(0, box.height() - 1, box.width(), box.height() - 1)

    def _cell(
        self, painter: QPainter, box: QRect, column: Column, place: tuple[int, int], row: ExportInfo
    ) -> None:
        theme, (left, wide) = self._plain, place
        text, strong = self.text(row, column.key), self._is_strong(row, column.key)
        font, color = ("text.word", "text") if strong else ("text", "text.secondary")
        begin = left + (MARK if column.key == "state" else _GAP // 2)
        room = left + wide - begin - _GAP // 2
        if column.is_number:
            width = metrics_of(theme.font(font)).horizontalAdvance(text)
            begin = max(begin, left + wide - _GAP // 2 - width)
        draw_cut(painter, theme, font, color, QPointF(begin, box.height() / 2 + 5), text, room)

    def _is_strong(self, row: ExportInfo, key: str) -> bool:
        """What names the job, and what is not as it should be."""
        if key == "quota":
            return words.is_full(row, alive=self._alive)
        if key in {"dropped", "quarantined"}:
            return bool(row.dropped if key == "dropped" else row.quarantined)
        return key == "job" or (
            key in {"state", "error"} and words.state_of(row, alive=self._alive) not in words.AS_WANTED
        )


class JobHeader(QWidget):
    """The titles over the columns of the table."""

    def __init__(self, theme: Theme, table: JobTable) -> None:
        super().__init__()
        self._theme, self._table = theme, table
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(100, self._theme.px(HEADER))

    def paintEvent(self, event: QPaintEvent) -> None:
        scale, plain = self._theme.scale, self._theme.plain
        with painting(self) as painter:
            painter.scale(scale, scale)
            height = self.height() / scale
            painter.setFont(plain.font("text.small"))
            painter.setPen(plain.color("text.label"))
            found = places(round(self._table.viewport().width() / scale))
            for column in COLUMNS:
                if column.key not in found:
                    continue
                left, wide = found[column.key]
                begin = left + (MARK if column.key == "state" else _GAP // 2)
                place = QRect(begin, 0, left + wide - begin - _GAP // 2, round(height))
                side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
                painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, tr(column.title))
            painter.setPen(plain.color("panel.edge"))
            painter.drawLine(QPointF(0, height - 1), QPointF(self.width() / scale, height - 1))
