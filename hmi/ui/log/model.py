"""The lines of the log in view: records, newest first, with a line between days; never more than ``MOST`` records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from hmi.core.texts import tr
from hmi.ui.log.words import Record, event_text, object_text, said_text, who_text

AnyIndex = QModelIndex | QPersistentModelIndex
Line = Record | str
"""A record, or the date of the records below it."""
MOST: Final = 5_000
_TEXT_ROLES: Final = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)


class LogModel(QAbstractListModel):
    """``day`` and ``moment`` give date and time of a record as texts in the plant's zone."""

    def __init__(self, day: Callable[[Record], str], moment: Callable[[Record], str]) -> None:
        super().__init__()
        self._day, self.moment = day, moment
        self.lines: list[Line] = []
        self.newest, self.next_before = 0, 0
        """Highest number known, and where the next page begins (0: there is none)."""
        self.waiting: list[Record] = []
        """What came while somebody was reading, newest first."""
        self.has_gap = False
        """Newer records than those in view are not here: the list has to begin anew to show them."""

    @property
    def records(self) -> list[Record]:
        return [line for line in self.lines if not isinstance(line, str)]

    def record_at(self, row: int) -> Record | None:
        line = self.lines[row] if 0 <= row < len(self.lines) else ""
        return None if isinstance(line, str) else line

    def begin(self, records: Sequence[Record], next_before: int) -> None:
        """Other records altogether."""
        self.beginResetModel()
        self.lines = self._with_days(records)
        self.newest = max((record["seq"] for record in records), default=0)
        self.next_before, self.waiting, self.has_gap = next_before, [], False
        self.endResetModel()

    def add_older(self, records: Sequence[Record], next_before: int) -> int:
        """The next page, below; how many lines were let go above so that memory stays bounded."""
        last = next((line for line in reversed(self.lines) if not isinstance(line, str)), None)
        added = self._with_days(records, self._day(last) if last is not None else "")
        self.next_before = next_before
        if added:
            self.beginInsertRows(QModelIndex(), len(self.lines), len(self.lines) + len(added) - 1)
            self.lines += added
            self.endInsertRows()
        return self._let_go()

    def _let_go(self) -> int:
        over = len(self.lines) - MOST
        if over <= 0:
            return 0
        self.beginRemoveRows(QModelIndex(), 0, over - 1)
        del self.lines[:over]
        self.endRemoveRows()
        self.has_gap, self.waiting = True, []
        return over

    def take_new(self, records: Sequence[Record], *, is_whole: bool) -> int:
        """Keep what is newer than all known, not shown yet; how many. ``is_whole`` False: there are more between."""
        fresh = [record for record in records if record["seq"] > self.newest]
        if not fresh:
            return 0
        is_cut = len(fresh) == len(records) and not is_whole
        self.newest = max(record["seq"] for record in fresh)
        self.waiting = [*fresh, *self.waiting]
        if is_cut or len(self.waiting) > MOST:
            self.has_gap, self.waiting = True, self.waiting[:MOST]
        return len(fresh)

    def show_waiting(self) -> None:
        """Put what waits on top."""
        fresh, self.waiting = self.waiting, []
        if not fresh:
            return
        top = self._with_days(fresh)
        first = self.record_at(1)
        if first is not None and self._day(first) == self._day(fresh[-1]):
            self.beginRemoveRows(QModelIndex(), 0, 0)  # its date stands further up now
            del self.lines[0]
            self.endRemoveRows()
        self.beginInsertRows(QModelIndex(), 0, len(top) - 1)
        self.lines = [*top, *self.lines]
        self.endInsertRows()
        self._cut_below()

    def _cut_below(self) -> None:
        """Older lines are let go; they come again when somebody reads down there."""
        if len(self.lines) <= MOST:
            return
        self.beginRemoveRows(QModelIndex(), MOST, len(self.lines) - 1)
        del self.lines[MOST:]
        self.endRemoveRows()
        self.next_before = next(line["seq"] for line in reversed(self.lines) if not isinstance(line, str))

    def _with_days(self, records: Sequence[Record], day: str = "") -> list[Line]:
        lines: list[Line] = []
        for record in records:
            if (own := self._day(record)) != day:
                lines.append(own)
                day = own
            lines.append(record)
        return lines

    # what Qt asks

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """A date cannot be chosen."""
        is_record = self.record_at(index.row()) is not None
        return super().flags(index) if is_record else Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in _TEXT_ROLES:
            return None
        line = self.lines[index.row()]
        if isinstance(line, str):
            return line
        parts = (self.moment(line), event_text(line), object_text(line), said_text(line), who_text(line))
        return tr(", ").join(part for part in parts if part)
