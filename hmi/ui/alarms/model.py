"""The alarms of one list: kept in order, changed row by row, shown through a table model without a proxy."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from hmi.client.alarms import is_unacked
from hmi.client.port import AlarmInfo, TagInfo
from hmi.core.texts import tr
from hmi.ui.alarms.columns import TITLES, Column
from hmi.ui.alarms.folds import Folding
from hmi.ui.alarms.rules import Filter, Fold, Line, SortKey, key_of, order
from hmi.ui.alarms.words import age_text, ends_text, first_out_text, reason_text
from hmi.ui.labels import alarm_number, short_tag, state_words
from hmi.ui.widgets import plain

AnyIndex = QModelIndex | QPersistentModelIndex
MANY: Final = 200
_SHARE: Final = 8
"""More changes than this, and than this part of the list, are sorted in one go."""
_TEXTS: Final = 5000
_COLUMNS = len(Column)


class AlarmModel(QAbstractTableModel):
    """``lines`` in the order in which they are shown; only what changed is touched.

    While ``hold`` is set every line keeps its place: one that has ended stays and says so, a new one waits
    (``waiting``). ``turned`` comes after every change of rows, filter or hold.
    """

    turned = Signal()

    def __init__(self, time_of: Callable[[int], str], info_of: Callable[[str], TagInfo | None]) -> None:
        super().__init__()
        self._all: dict[str, AlarmInfo] = {}
        self._keys: dict[str, SortKey] = {}
        self._order: list[SortKey] = []
        self.lines: list[Line] = []
        self._places: dict[str, int] = {}
        self._ended: set[str] = set()
        self.filter = Filter()
        self.hold, self.folds = False, False
        self._opened: set[str] = set()
        self._folding = Folding()
        self.area_title: Callable[[str], str] = str
        self.now: Callable[[], int] = int
        self._time_of, self._info_of = time_of, info_of
        self._texts: dict[str, tuple[AlarmInfo, tuple[str, ...]]] = {}

    # what is known

    def set_rows(self, rows: Iterable[AlarmInfo]) -> None:
        """The whole list; what is the same as before is not touched."""
        fresh = {key_of(row): row for row in rows}
        known = self._all
        changed = [row for key, row in fresh.items() if (old := known.get(key)) is not row and old != row]
        gone = known.keys() - fresh.keys()
        if changed or gone:
            self._apply(changed, gone)

    def apply(self, rows: Iterable[AlarmInfo], gone: Iterable[str]) -> None:
        """Rows that turned, and the keys (``key_of``) of rows that are in this list no more."""
        changed = [row for row in rows if self._all.get(key_of(row)) != row]
        ended = [key for key in dict.fromkeys(gone) if key in self._all]
        if changed or ended:
            self._apply(changed, ended)

    def _apply(self, changed: list[AlarmInfo], gone: Iterable[str]) -> None:
        touched = {key_of(row) for row in changed}
        for key in gone:
            del self._all[key]
            touched.add(key)
        for row in changed:
            self._all[key_of(row)] = row
        many = len(touched) > max(MANY, len(self._all) // _SHARE)
        for key in touched:
            self._place_anew(key, at_once=not many)
        if many:
            self._order = sorted(self._keys.values())
        self._present(touched)

    def _sort(self) -> None:
        self._keys = {key: order(row) for key, row in self._all.items() if self.filter.passes(row)}
        self._order = sorted(self._keys.values())
        self._begin_folding()

    def _begin_folding(self) -> None:
        if self.folds:
            self._folding.begin(zip(self._order, self._rows(), strict=True))

    def _place_anew(self, key: str, *, at_once: bool) -> None:
        """With ``at_once`` the order is kept; without it the caller sorts."""
        old, row = self._keys.pop(key, None), self._all.get(key)
        new = order(row) if row is not None and self.filter.passes(row) else None
        if new is not None:
            self._keys[key] = new
        if at_once and old != new:
            if old is not None:
                del self._order[bisect_left(self._order, old)]
            if new is not None:
                insort(self._order, new)
        if self.folds:
            if new is not None and row is not None:
                self._folding.put(new, row)
            else:
                self._folding.drop(key)

    # what is shown

    @property
    def shown(self) -> list[AlarmInfo]:
        """The alarms among the lines."""
        return [line for line in self.lines if isinstance(line, AlarmInfo)]

    @property
    def passing(self) -> int:
        """How many alarms the filter lets through, folded and waiting ones included."""
        return len(self._order)

    @property
    def waiting(self) -> list[AlarmInfo]:
        """What came while the order is held and is not shown yet."""
        if not self.hold:
            return []
        closed = self.folds and any(isinstance(line, Fold) and not line.is_open for line in self.lines)
        hidden = self._folding.hidden(self._opened) if closed else ()
        return [self._all[key] for key in self._keys if key not in self._places and key not in hidden]

    def has_ended(self, row: AlarmInfo) -> bool:
        """It is over, and only stays in its place because somebody reads."""
        return key_of(row) in self._ended

    def set_filter(self, keep: Filter) -> None:
        if keep != self.filter:
            self.filter = keep
            self._sort()
            self._present((), again=True)

    def judge_age(self, now_ns: int) -> None:
        """Time goes on: what is stale is another question now."""
        if "stale" in self.filter.states:
            self.set_filter(replace(self.filter, now=now_ns))

    def set_hold(self, hold: bool) -> None:
        """Keep the order while somebody reads."""
        if hold != self.hold:
            self.hold = hold
            self._present(())

    def catch_up(self) -> None:
        """Show what waits, in order; the order is held again from there."""
        self._present((), again=True)

    def set_folds(self, folds: bool) -> None:
        """Fold consequential alarms, as in a flood."""
        if folds != self.folds:
            self.folds = folds
            self._opened.clear()
            self._begin_folding()
            self._present((), again=True)

    def turn_fold(self, key: str, *, is_open: bool | None = None) -> None:
        """Open or close a group."""
        wanted = key not in self._opened if is_open is None else is_open
        if wanted != (key in self._opened):
            (self._opened.add if wanted else self._opened.discard)(key)
            self._present((), again=True)

    def _rows(self) -> list[AlarmInfo]:
        known = self._all
        return [known[key[3]] for key in self._order]

    def _present(self, touched: Iterable[str], *, again: bool = False) -> None:
        if self.hold and not again:
            self._patch(touched)
        else:
            self._arrange(touched)
        self.turned.emit()

    def _patch(self, touched: Iterable[str]) -> None:
        """Every line in its place."""
        places = []
        for key in touched:
            place = self._places.get(key)
            if place is None:
                continue
            row = self._all.get(key)
            if row is None:
                self._ended.add(key)
            else:
                self._ended.discard(key)
                self.lines[place] = row
            places.append(place)
        if places:
            self.dataChanged.emit(self.index(min(places), 0), self.index(max(places), _COLUMNS - 1))

    def _arrange(self, touched: Iterable[str]) -> None:
        self._ended.clear()
        lines: list[Line] = self._folding.lines(self._all, self._opened) if self.folds else list(self._rows())
        names = list(map(_name, lines)) if self.folds else [key[3] for key in self._order]
        if names == list(self._places):
            self._renew(lines, touched)
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        old = [_name(self.lines[index.row()]) for index in before]
        self.lines = lines
        self._places = {name: place for place, name in enumerate(names)}
        after = [
            self.index(self._places.get(name, -1), index.column())
            for name, index in zip(old, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _renew(self, lines: list[Line], touched: Iterable[str]) -> None:
        """The same lines in the same order with other texts."""
        changed = [self._places[key] for key in touched if key in self._places]
        changed += [n for n, line in enumerate(lines) if isinstance(line, Fold) and line != self.lines[n]]
        self.lines = lines
        if changed:
            self.dataChanged.emit(self.index(min(changed), 0), self.index(max(changed), _COLUMNS - 1))

    # texts

    def alarm_at(self, place: int) -> AlarmInfo | None:
        """The alarm in a line; None for the row of a group and beyond the end."""
        line = self.lines[place] if 0 <= place < len(self.lines) else None
        return line if isinstance(line, AlarmInfo) else None

    def fold_at(self, place: int) -> Fold | None:
        line = self.lines[place] if 0 <= place < len(self.lines) else None
        return line if isinstance(line, Fold) else None

    def place_of(self, row: AlarmInfo) -> int:
        """Its line; -1 when it is not shown."""
        return self._places.get(key_of(row), -1)

    def texts(self, line: Line) -> tuple[str, ...]:
        """All cells of a line; those that time changes are empty here (see ``text``)."""
        if isinstance(line, Fold):
            return self._fold_texts(line)
        name = key_of(line)
        known = self._texts.get(name)
        if known is None or known[0] is not line:
            if len(self._texts) > _TEXTS:
                self._texts.clear()
            known = self._texts[name] = (line, self._work_out(line))
        return known[1]

    def text(self, line: Line, column: int) -> str:
        """One cell as it reads at this moment."""
        if isinstance(line, AlarmInfo):
            if column == Column.AGE:
                return age_text(line, self.now())
            if column == Column.LEFT:
                return ends_text(line, self.now())
            if column == Column.STATE and self.has_ended(line):
                return tr("Ended")
        return self.texts(line)[column]

    def forget_texts(self) -> None:
        """Time zone, formats or area titles are others now."""
        self._texts.clear()
        if self.lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.lines) - 1, _COLUMNS - 1))

    def _work_out(self, row: AlarmInfo) -> tuple[str, ...]:
        info = self._info_of(row.tag_name)
        cells = [""] * _COLUMNS
        cells[Column.TIME] = self._time_of(row.hidden_since or row.alarm_time)
        cells[Column.TAG] = short_tag(row.tag_name)
        cells[Column.DESCRIPTION] = row.message
        cells[Column.VALUE] = alarm_number(row.value, row, info)
        cells[Column.LIMIT] = alarm_number(row.limit, row, info) if not (info and info.states) else "–"
        cells[Column.STATE] = state_words(row)
        cells[Column.AREA] = self.area_title(row.area)
        cells[Column.RESPONSE] = row.response
        cells[Column.BY] = row.hidden_by
        cells[Column.REASON] = reason_text(row)
        cells[Column.COMMENT] = row.comment
        cells[Column.CLASS] = row.alarm_class
        cells[Column.SOURCE] = row.source
        return tuple(cells)

    def _fold_texts(self, fold: Fold) -> tuple[str, ...]:
        name = fold.group or self.area_title(fold.area)
        cells = [""] * _COLUMNS
        cells[Column.TIME] = self._time_of(fold.newest)
        cells[Column.DESCRIPTION] = tr("{name}: {n} folded", name=name, n=fold.count)
        cells[Column.STATE] = tr("{n} unacknowledged", n=fold.unacked)
        cells[Column.AREA] = self.area_title(fold.area)
        return tuple(cells)

    # what Qt asks

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def columnCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else _COLUMNS

    def index(self, row: int, column: int = 0, parent: AnyIndex | None = None) -> QModelIndex:
        return self.createIndex(row, column) if 0 <= row < len(self.lines) else QModelIndex()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(TITLES[section]) if TITLES[section] else ""
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.lines):
            return None
        line = self.lines[index.row()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.text(line, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            if isinstance(line, Fold):
                return tr("Left and Right, or its button: close and open this group. Nothing is dropped.")
            return plain(_explained(line, self.texts(line), ends_text(line, self.now())))
        return None


def _name(line: Line) -> str:
    return line.key if isinstance(line, Fold) else key_of(line)


def _explained(row: AlarmInfo, texts: tuple[str, ...], ends: str) -> str:
    """What was agreed, and the columns that a narrow list leaves out."""
    lines = [f"{row.tag_name}: {row.message}"]
    for title, text in (
        (tr("State"), texts[Column.STATE]), (tr("Order"), first_out_text(row)), (tr("Value"), texts[Column.VALUE]),
        (tr("Limit"), texts[Column.LIMIT]), (tr("Area"), texts[Column.AREA]), (tr("By"), row.hidden_by),
        (tr("Ends"), ends), (tr("Reason"), reason_text(row)), (tr("Comment"), row.comment), (tr("Cause"), row.cause),
        (tr("Consequence"), row.consequence), (tr("Response"), row.response),
        (tr("Waits to be acknowledged"), tr("yes") if is_unacked(row) else ""),
    ):  # fmt: skip
        if text:
            lines.append(f"{title}: {text}")
    return "\n".join(lines)
