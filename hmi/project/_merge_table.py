"""Two versions of a table of the plant put together row by row; a row that nobody touched keeps its bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hmi.project._merge_order import marked, merged_fields, merged_order
from hmi.project._once import header_of, row_of
from hmi.project._row_words import KEYS, called, key_of
from hmi.project._words import plainly
from hmi.project.canonical import column_order, csv_text
from hmi.project.columns import ALARM_COLUMNS, CALCULATION_COLUMNS, TAG_COLUMNS

Row = Mapping[str, str]
_KNOWN = {"tags.csv": TAG_COLUMNS, "alarms.csv": ALARM_COLUMNS, "calculations.csv": CALCULATION_COLUMNS}


@dataclass(frozen=True, slots=True)
class _Side:
    """``raw``: the text of each row as it stands in the file, with its line end."""

    header: tuple[str, ...]
    rows: Mapping[str, Row]
    raw: Mapping[str, str]


def merged_table(file: str, base: str, ours: str, theirs: str) -> tuple[str, list[str]]:
    """The text and a sentence for each conflict; ValueError for a side that is no table."""
    was, one, other = (_side(file, text) for text in (base, ours, theirs))
    work = _Work(file, was, one, other, _header(file, was, one, other))
    keys, clash = merged_order(list(was.rows), list(one.rows), list(other.rows))
    twice = work.twice(keys)
    text = csv_text(work.header, ())
    for key in keys:
        if key in twice.values():
            continue  # it stands between marks with the row of the same name
        text += work.twins(key, twice[key]) if key in twice else work.row(key)
    if clash:
        work.conflicts.append(f"{file}: both put its rows in another order; the order of ours is kept")
    return text, work.conflicts


def _side(file: str, text: str) -> _Side:
    if not text.strip():
        return _Side((), {}, {})
    lines = text.split("\n")
    rows: dict[str, Row] = {}
    raw: dict[str, str] = {}
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = header_of(next(reader))
        start = reader.line_num
        for cells in reader:
            begin, start = start, reader.line_num
            if not any(cells):
                continue
            row = row_of(header, cells, begin + 1)
            key = key_of(file, row)
            if key in rows:
                raise ValueError(f"line {begin + 1} has the id or name of another row")
            rows[key], raw[key] = row, "\n".join(lines[begin:start]) + "\n"
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return _Side(header, rows, raw)


def _header(file: str, base: _Side, ours: _Side, theirs: _Side) -> tuple[str, ...]:
    """Columns of ours, with those that theirs has new; what one side took out stays out where it is empty."""
    if ours.header == theirs.header:
        return ours.header
    gone = {name for name in base.header if name not in ours.header or name not in theirs.header}
    kept = {name for side in (ours, theirs) for row in side.rows.values() for name in gone if row.get(name)}
    names = [name for name in dict.fromkeys((*ours.header, *theirs.header)) if name not in gone - kept]
    return tuple(column_order(names, _KNOWN[file]))


class _Work:
    """One merge under way; ``conflicts`` collects sentences."""

    def __init__(self, file: str, base: _Side, ours: _Side, theirs: _Side, header: tuple[str, ...]) -> None:
        self._file, self._base, self._ours, self._theirs = file, base, ours, theirs
        self.header = header
        self.conflicts: list[str] = []
        self._names: set[tuple[str, ...]] = set()

    def twice(self, keys: list[str]) -> dict[str, str]:
        """Rows of theirs that are new under the name of another row of ours: key of ours to key of theirs."""
        names = {self._name(row): key for key, row in self._ours.rows.items()}
        found: dict[str, str] = {}
        for key in keys:
            if key in self._ours.rows or key in self._base.rows:
                continue
            own = names.get(self._name(self._theirs.rows[key]))
            if own is not None and own not in self._theirs.rows:
                found[own] = key
        return found

    def _name(self, row: Row) -> tuple[str, ...]:
        """Names are unique whatever the kind of the row."""
        names = ("name",) if self._file == "tags.csv" else KEYS[self._file]
        return tuple(row.get(name, "") for name in names)

    def twins(self, ours: str, theirs: str) -> str:
        one, other = self._ours.rows[ours], self._theirs.rows[theirs]
        self.conflicts.append(f"{called(self._file, one)}: both have it, under different ids; keep one row")
        return marked(self._text(self._ours, ours, one), self._text(self._theirs, theirs, other))

    def row(self, key: str) -> str:
        base, ours, theirs = (side.rows.get(key) for side in (self._base, self._ours, self._theirs))
        if ours is None or theirs is None:
            return self._one_sided(key, base, ours, theirs)
        if ours in (theirs, base) or theirs == base:
            side, row = (self._theirs, theirs) if ours == base else (self._ours, ours)
            self._take(row)
            return self._text(side, key, row)
        filled = [{name: row.get(name, "") for name in self.header} for row in (base or {}, ours, theirs)]
        found = merged_fields(*filled)
        if found.clashing:
            self.conflicts += list(self._clashes(key, found.clashing))
            return marked(self._text(self._ours, key, ours), self._text(self._theirs, key, theirs))
        self._take(found.values)
        if found.values == filled[1]:
            return self._text(self._ours, key, ours)
        if found.values == filled[2]:
            return self._text(self._theirs, key, theirs)
        return self._written(found.values)

    def _one_sided(self, key: str, base: Row | None, ours: Row | None, theirs: Row | None) -> str:
        here, there = (ours, self._ours) if ours is not None else (theirs, self._theirs)
        assert here is not None
        if base is None:
            self._take(here)
            return self._text(there, key, here)
        if here == base:
            return ""
        text = self._text(there, key, here)
        changed, removed = ("ours", "theirs") if ours is not None else ("theirs", "ours")
        self.conflicts.append(f"{called(self._file, here)}: changed in {changed}, removed in {removed}")
        return marked(text, "") if ours is not None else marked("", text)

    def _take(self, row: Row) -> None:
        """A name that one side gave to an old row and the other to a new one."""
        name = self._name(row)
        if name in self._names:
            self.conflicts.append(
                f"{called(self._file, row)}: two rows have this name now; rename one of them"
            )
        self._names.add(name)

    def _clashes(self, key: str, names: list[str]) -> Iterator[str]:
        base = self._base.rows.get(key, {})
        ours, theirs = self._ours.rows[key], self._theirs.rows[key]
        for name in names:
            was, one, other = (row.get(name, "") or "none" for row in (base, ours, theirs))
            yield f"{called(self._file, ours)}: {plainly(name)} was {was}, ours says {one}, theirs {other}"

    def _text(self, side: _Side, key: str, row: Row) -> str:
        return side.raw[key] if side.header == self.header else self._written(row)

    def _written(self, row: Row) -> str:
        return csv_text([row.get(name, "") for name in self.header], ())
