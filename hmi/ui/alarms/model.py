"""The alarms of one list: sorted and filtered as a plain list, shown through a table model without a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from hmi.client.port import AlarmInfo, TagInfo
from hmi.core.texts import tr
from hmi.ui.labels import alarm_number, short_tag, state_words
from hmi.ui.navigation import in_area
from hmi.ui.station import is_unacked
from hmi.ui.widgets import plain

AnyIndex = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns of the list, left to right."""

    MARK = 0
    TIME = 1
    TAG = 2
    DESCRIPTION = 3
    VALUE = 4
    LIMIT = 5
    STATE = 6
    AREA = 7
    RESPONSE = 8
    ACK = 9


TITLES = ("", "Time", "Tag", "Description", "Value", "Limit", "State", "Area", "Operator response", "")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list lets through: an area, priorities, and a text found anywhere in the row."""

    area: str = ""
    priorities: frozenset[int] = frozenset()
    text: str = ""

    def passes(self, row: AlarmInfo) -> bool:
        if self.priorities and row.priority not in self.priorities:
            return False
        if not in_area(self.area, row.area):
            return False
        wanted = self.text.strip().casefold()
        return not wanted or any(
            wanted in part.casefold()
            for part in (row.message, row.tag_name, row.name, short_tag(row.tag_name))
        )


def order(row: AlarmInfo) -> tuple[bool, int, int, str]:
    """Unacknowledged first, then by priority, the newest on top."""
    return (not is_unacked(row), row.priority, -row.alarm_time, row.occurrence_id)


def arranged(rows: Iterable[AlarmInfo], keep: Filter) -> list[AlarmInfo]:
    return sorted((row for row in rows if keep.passes(row)), key=order)


def held(shown: list[AlarmInfo], rows: Iterable[AlarmInfo], keep: Filter) -> list[AlarmInfo]:
    """While the operator reads: rows keep their places, ended ones go, new ones are added below."""
    wanted = {row.occurrence_id: row for row in rows if keep.passes(row)}
    stay = [wanted.pop(row.occurrence_id) for row in shown if row.occurrence_id in wanted]
    return [*stay, *sorted(wanted.values(), key=order)]


class AlarmModel(QAbstractTableModel):
    """Rows in the order in which they are shown; ``set_rows`` never resets what did not change."""

    def __init__(self, time_of: Callable[[int], str], info_of: Callable[[str], TagInfo | None]) -> None:
        super().__init__()
        self._all: list[AlarmInfo] = []
        self.shown: list[AlarmInfo] = []
        self.filter = Filter()
        self.hold = False
        self.area_title: Callable[[str], str] = str
        self._time_of, self._info_of = time_of, info_of
        self._texts: dict[str, tuple[AlarmInfo, tuple[str, ...]]] = {}

    def set_rows(self, rows: Iterable[AlarmInfo]) -> None:
        self._all = list(rows)
        self._arrange()

    def set_filter(self, keep: Filter) -> None:
        self.filter = keep
        self._arrange(again=True)

    def set_hold(self, hold: bool) -> None:
        """Keep the order while the pointer is over the list."""
        if hold != self.hold:
            self.hold = hold
            self._arrange()

    def _arrange(self, *, again: bool = False) -> None:
        pick = held if self.hold and not again else None
        rows = pick(self.shown, self._all, self.filter) if pick else arranged(self._all, self.filter)
        if rows == self.shown:
            return
        same = [row.occurrence_id for row in rows] == [row.occurrence_id for row in self.shown]
        if same:
            changed = [i for i, (a, b) in enumerate(zip(rows, self.shown, strict=True)) if a != b]
            self.shown = rows
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], Column.ACK))
            return
        self.layoutAboutToBeChanged.emit()
        old = {self.index(i, 0).row(): row.occurrence_id for i, row in enumerate(self.shown)}
        places = {row.occurrence_id: i for i, row in enumerate(rows)}
        before = self.persistentIndexList()
        self.shown = rows
        after = [self._moved(index, old, places) for index in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _moved(self, index: QModelIndex, old: dict[int, str], places: dict[str, int]) -> QModelIndex:
        place = places.get(old.get(index.row(), ""), -1)
        return self.index(place, index.column()) if place >= 0 else QModelIndex()

    def texts(self, row: AlarmInfo) -> tuple[str, ...]:
        """All cells of a row, worked out once."""
        known = self._texts.get(row.occurrence_id)
        if known is None or known[0] is not row:
            if len(self._texts) > 5000:
                self._texts.clear()
            known = self._texts[row.occurrence_id] = (row, self._work_out(row))
        return known[1]

    def forget_texts(self) -> None:
        """Time zone, formats or area titles are others now."""
        self._texts.clear()
        if self.shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.shown) - 1, Column.ACK))

    def _work_out(self, row: AlarmInfo) -> tuple[str, ...]:
        info = self._info_of(row.tag_name)
        return (
            "",
            self._time_of(row.alarm_time),
            short_tag(row.tag_name),
            row.message,
            alarm_number(row.value, row, info),
            alarm_number(row.limit, row, info) if not (info and info.states) else "–",
            state_words(row),
            self.area_title(row.area),
            row.response,
            "",
        )

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(Column)

    def index(self, row: int, column: int = 0, parent: AnyIndex | None = None) -> QModelIndex:
        return self.createIndex(row, column) if 0 <= row < len(self.shown) else QModelIndex()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(TITLES[section]) if TITLES[section] else ""
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.shown):
            return None
        row = self.shown[index.row()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.texts(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(_explained(row, self.texts(row)))
        return None


def _explained(row: AlarmInfo, texts: tuple[str, ...]) -> str:
    """What was agreed, and the columns that a narrow list leaves out."""
    lines = [f"{row.tag_name}: {row.message}"]
    for title, text in (
        (tr("State"), texts[Column.STATE]), (tr("Value"), texts[Column.VALUE]),
        (tr("Limit"), texts[Column.LIMIT]), (tr("Area"), texts[Column.AREA]),
        (tr("Cause"), row.cause), (tr("Consequence"), row.consequence), (tr("Response"), row.response),
    ):  # fmt: skip
        if text:
            lines.append(f"{title}: {text}")
    return "\n".join(lines)
