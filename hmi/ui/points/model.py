"""The rows of the page: filtered, sorted, and each with the live value of its tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from hmi.client.points import PointRow
from hmi.core.texts import tr
from hmi.mimics import Reading
from hmi.ui.crossing import crossing
from hmi.ui.mimic.words import quality_words, value_words
from hmi.ui.navigation import in_area

Index = QModelIndex | QPersistentModelIndex
SMALL: Final = 1_000  # rows: fewer are put in order at once
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

    arranged = Signal()

    def __init__(self, reading_of: Callable[[str], Reading], time_of: Callable[[int], str]) -> None:
        super().__init__()
        self._reading_of, self._time_of = reading_of, time_of
        self.area_title: Callable[[str], str] = str
        self._rows: list[PointRow] = []
        self.shown: list[PointRow] = []
        self.filter = Filter()
        self._by, self._descending, self._turn = Column.STATE, False, 0

    def set_rows(self, rows: Sequence[PointRow]) -> None:
        """What the runtime answered last."""
        self._rows = list(rows)
        self._arrange()

    def set_filter(self, chosen: Filter) -> None:
        self.filter = chosen
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._by, self._descending = Column(column), order == Qt.SortOrder.DescendingOrder
        self._arrange()

    def _arrange(self) -> None:
        """Many rows are put in order beside the Qt thread; the ones before stay until then."""
        self._turn += 1
        turn, rows, chosen, by, descending = self._turn, self._rows, self.filter, self._by, self._descending
        if len(rows) <= SMALL:
            self._take(turn, _arranged(rows, chosen, by, descending))
            return

        crossing().beside(
            "points",
            self,
            lambda: _arranged(rows, chosen, by, descending),
            lambda found: self._take(turn, found),
        )

    def _take(self, turn: int, shown: list[PointRow]) -> None:
        if turn == self._turn:
            self.beginResetModel()
            self.shown = shown
            self.endResetModel()
            self.arranged.emit()

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


def _by_value(row: PointRow) -> tuple[Any, ...]:
    """Numbers by size, then texts, then what has no value."""
    if isinstance(row.value, int | float):
        return 0, row.value, row.name
    return (1, str(row.value), row.name) if row.value is not None else (2, "", row.name)


_ORDER: Final = {state: number for number, state in enumerate(WORDS)}
_KEYS: Final[dict[Column, Callable[[PointRow], Any]]] = {
    Column.STATE: lambda row: (_ORDER.get(row.state, 9), row.by_input, row.name),
    Column.TAG: lambda row: row.name,
    Column.DESCRIPTION: lambda row: (row.description.casefold(), row.name),
    Column.VALUE: _by_value,
    Column.QUALITY: lambda row: (row.status, row.name),
    Column.SINCE: lambda row: (row.source_time, row.name),
    Column.AREA: lambda row: (row.area, row.name),
}


def _arranged(rows: list[PointRow], chosen: Filter, by: Column, descending: bool) -> list[PointRow]:
    return sorted(filter(chosen.takes, rows), key=_KEYS[by], reverse=descending)


def _state_words(row: PointRow) -> str:
    words = tr(WORDS.get(row.state, row.state))
    if row.by_input:
        return tr("{state}, by an input", state=words)
    return words if row.known else tr("{state}, when last heard", state=words)
