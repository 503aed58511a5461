"""The groups that a flood folds away, kept up to date alarm by alarm; no Qt."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Container, Iterable, Mapping

from hmi.client.alarms import AlarmInfo, list_of
from hmi.ui.alarms.rules import LEAST_FOLDED, Fold, Line, SortKey

_ALONE = ""


def group_of(row: AlarmInfo) -> str:
    """The group that a consequential alarm folds into: its own, else its area; empty for one that stands alone.

    Priority 1 and what came first in its group are never folded away.
    """
    if row.priority == 1 or row.first_out == 1 or list_of(row) != "active":
        return _ALONE
    return f"group {row.group}" if row.group else f"area {row.area}"


class Folding:
    """Consequential alarms below one row for each group; a group of fewer than three is not folded.

    The cost of a change does not grow with the list, that of ``lines`` only with what is shown.
    """

    def __init__(self) -> None:
        self._groups: dict[str, list[SortKey]] = {}
        self._places: dict[str, tuple[str, SortKey]] = {}

    def begin(self, rows: Iterable[tuple[SortKey, AlarmInfo]]) -> None:
        """Begin anew with alarms in the order of the list."""
        self._groups, self._places = {}, {}
        for key, row in rows:
            name = group_of(row)
            self._groups.setdefault(name, []).append(key)
            self._places[key[3]] = name, key

    def put(self, key: SortKey, row: AlarmInfo) -> None:
        """An alarm that is new, or another than before."""
        name = group_of(row)
        if self._places.get(key[3]) != (name, key):
            self.drop(key[3])
            insort(self._groups.setdefault(name, []), key)
            self._places[key[3]] = name, key

    def drop(self, alarm: str) -> None:
        """An alarm that is in the list no more."""
        name, key = self._places.pop(alarm, (_ALONE, None))
        if key is None:
            return
        members = self._groups[name]
        del members[bisect_left(members, key)]
        if not members:
            del self._groups[name]

    def lines(self, rows: Mapping[str, AlarmInfo], opened: Container[str]) -> list[Line]:
        """Every group at the place of its most urgent alarm, followed by its alarms when it is open."""
        heads: list[tuple[SortKey, str]] = []
        for name, members in self._groups.items():
            if _folds(name, members):
                heads.append((members[0], name))
            else:
                heads += [(key, _ALONE) for key in members]
        heads.sort()
        found: list[Line] = []
        for key, name in heads:
            if not name:
                found.append(rows[key[3]])
                continue
            is_open = name in opened
            found.append(_fold(name, self._groups[name], rows[key[3]], is_open=is_open))
            if is_open:
                found += [rows[member[3]] for member in self._groups[name]]
        return found

    def hidden(self, opened: Container[str]) -> set[str]:
        """The alarms inside groups that are not open."""
        closed = (m for name, m in self._groups.items() if _folds(name, m) and name not in opened)
        return {key[3] for members in closed for key in members}


def _folds(name: str, members: list[SortKey]) -> bool:
    return name != _ALONE and len(members) >= LEAST_FOLDED


def _fold(name: str, members: list[SortKey], first: AlarmInfo, *, is_open: bool) -> Fold:
    """The order of the members tells all of it: the first of each priority is its newest."""
    priority, newest, place = first.priority, 0, 0
    while place < len(members):
        acked, level, minus_time, _ = members[place]
        priority, newest = min(priority, level), max(newest, -minus_time)
        place = bisect_left(members, (acked, level, 1, ""), lo=place)
    unacked = bisect_left(members, (True, -1, 0, ""))
    return Fold(name, first.area, first.group, len(members), unacked, priority, newest, is_open)
