"""The rows of the page: filtered, sorted, and each with the live value of its tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from hmi.client.points import PointRow
from hmi.core.texts import tr
from hmi.mimics import Reading
from hmi.ui.mimic.words import quality_words, value_words
from hmi.ui.navigation import in_area

Index = QModelIndex | QPersistentModelIndex
WORDS: Final = {
    "forced": "Forced",
    "simulated": "Simulated",
    "manual": "Entered by hand",
    "out_of_service": "Out of service",
    "bad": "Bad",
    "stale": "Stale",
}


class Column(IntEnum):
    """Left to right."""

    STATE = 0
    TAG = 1
    DESCRIPTION = 2
    VALUE = 3
    QUALITY = 4
    SINCE = 5
    AREA = 6


_TITLES: Final = {
    Column.STATE: "State",
    Column.TAG: "Tag",
    Column.DESCRIPTION: "Description",
    Column.VALUE: "Value",
    Column.QUALITY: "Quality",
    Column.SINCE: "Changed",
    Column.AREA: "Area",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """``area`` a path, ``text`` any part of tag or description; empty takes all."""

    area: str = ""
    text: str = ""

    def takes(self, row: PointRow) -> bool:
        wanted = self.text.casefold()
        return in_area(self.area, row.area) and (
            not wanted or wanted in row.name.casefold() or wanted in row.description.casefold()
        )


class PointsModel(QAbstractTableModel):
    """``shown`` are the rows as they stand; ``reading_of`` gives the value of a tag at this moment."""

    def __init__(self, reading_of: Callable[[str], Reading], time_of: Callable[[int], str]) -> None:
        super().__init__()
        self._reading_of, self._time_of = reading_of, time_of
        self.area_title: Callable[[str], str] = str
        self._rows: list[PointRow] = []
        self.shown: list[PointRow] = []
        self.filter = Filter()
        self._by, self._descending = Column.STATE, False

    def set_rows(self, rows: Sequence[PointRow]) -> None:
        """What the runtime answered last; the same rows change nothing but their values."""
        fresh = list(rows)
        if [(r.name, r.state, r.known) for r in fresh] == [(r.name, r.state, r.known) for r in self._rows]:
            self._rows = fresh
            by_name = {row.name: row for row in fresh}
            self.shown = [by_name[row.name] for row in self.shown]
            return
        self._rows = fresh
        self._arrange()

    def set_filter(self, chosen: Filter) -> None:
        self.filter = chosen
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._by, self._descending = Column(column), order == Qt.SortOrder.DescendingOrder
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        rows = [row for row in self._rows if self.filter.takes(row)]
        self.shown = sorted(rows, key=self._key, reverse=self._descending)
        self.endResetModel()

    def _key(self, row: PointRow) -> tuple[Any, ...]:
        order = list(WORDS)
        keys: dict[Column, Any] = {
            Column.STATE: (order.index(row.state) if row.state in order else 9, row.by_input),
            Column.TAG: "",
            Column.DESCRIPTION: row.description.casefold(),
            Column.VALUE: (
                isinstance(row.value, str),
                row.value is None,
                row.value if row.value is not None else 0,
            ),
            Column.QUALITY: row.status,
            Column.SINCE: row.source_time,
            Column.AREA: row.area,
        }
        return keys[self._by], row.name

    def touch(self, first: int, last: int) -> None:
        """The values of these rows may be others now."""
        if last >= first >= 0:
            self.dataChanged.emit(self.index(first, Column.VALUE), self.index(last, Column.SINCE))

    # what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return tr(_TITLES[Column(section)])
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.text(self.shown[index.row()], Column(index.column()))
        return None

    def text(self, row: PointRow, column: Column) -> str:
        """What a cell says."""
        if column is Column.STATE:
            return _state_words(row)
        if column is Column.TAG:
            return row.name
        if column is Column.DESCRIPTION:
            return row.description
        if column is Column.AREA:
            return self.area_title(row.area)
        reading = self._reading_of(row.name)
        if column is Column.VALUE:
            return value_words(reading)
        if column is Column.QUALITY:
            return quality_words(reading)
        return self._time_of(reading.data.source_time) if reading.data.source_time else ""

    def reading(self, row: PointRow) -> Reading:
        return self._reading_of(row.name)


def _state_words(row: PointRow) -> str:
    words = tr(WORDS.get(row.state, row.state))
    if row.by_input:
        return tr("{state}, by an input", state=words)
    return words if row.known else tr("{state}, when last heard", state=words)
