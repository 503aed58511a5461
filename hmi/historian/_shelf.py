"""The archive of one run as the recorder uses it: numbers of its tags, and where each row belongs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.historian._recorder import Recorder
from hmi.historian._rows import Rows, Table, no_rows, rows_of
from hmi.historian.port import Archive, CommitKind, DuplicatePolicy
from hmi.historian.samples import Batch

_MOST_INSTANTS: Final = 16
"""Of the rows of one commit, to be looked at one by one."""
MOST_BETWEEN: Final = 2_000
"""Live rows that are put between stored ones at once; each tag costs about a millisecond."""
EVER: Final = 2**63 - 1
"""Later than every sample (UTC ns)."""


class Shelf:
    """Used by one thread at a time but for ``number``. StorageError: nothing of that call's remainder is stored."""

    def __init__(self, archive: Archive, run_id: str) -> None:
        self.archive = archive
        self.run = archive.run(run_id)
        self.compacted = archive.coverage().compacted
        self._by_id = dict(archive.tags())
        self._ids: dict[int, str] = {}
        self._of_slot = np.zeros(0, np.int32)
        self._lock = threading.Lock()

    def tag_id(self, number: int) -> str:
        """The id of a numbered tag; '' where there is none."""
        if len(self._ids) != len(self._by_id):
            self._ids = {one: tag_id for tag_id, one in dict(self._by_id).items()}
        return self._ids.get(number, "")

    def number(self, tag_id: str) -> int | None:
        """Number of a tag that something was stored of."""
        return self._by_id.get(tag_id)

    def numbered(self, tag_id: str) -> int:
        """Number of a tag, given now where it has none."""
        with self._lock:
            found = self._by_id.get(tag_id)
            if found is None:
                found = self._by_id[tag_id] = self.archive.number(tag_id)
            return found

    def numbers(self, recorder: Recorder, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """By slot, for at least these slots; 0 where none is given yet."""
        missing = len(recorder.ids) - len(self._of_slot)
        if missing:
            self._of_slot = np.append(self._of_slot, np.zeros(missing, np.int32))
        for slot in np.unique(slots[self._of_slot[slots] == 0]).tolist():
            self._of_slot[slot] = self.numbered(recorder.ids[slot])
        return self._of_slot

    def newest(self, recorder: Recorder) -> Table:
        """The newest stored row of each recorded tag, in no order."""
        return self._newest(recorder, range(len(recorder.ids)), EVER)

    def _newest(self, recorder: Recorder, slots: Iterable[int], at: int) -> Table:
        """Of these tags the stored rows that held at an instant (UTC ns)."""
        numbers = ((self._by_id.get(recorder.ids[slot]), slot) for slot in slots)
        slot_of = {number: slot for number, slot in numbers if number is not None}
        if not slot_of:
            return no_rows()
        found = self.archive.at(tuple(slot_of), at)
        slots = np.array([slot_of[number] for number in found.tags.tolist()], np.int32)
        return rows_of(slots, found.samples).table

    def commit(self, rows: Rows, recorder: Recorder, *, now: int) -> None:
        """Live rows in one durable commit (``now``: UTC ns)."""
        if len(rows):
            self.archive.commit(self._batch(rows, recorder), time=now)

    def meets_stored(self, rows: Rows, recorder: Recorder) -> NDArray[np.bool_]:
        """Live rows at instants at which their tags may have stored ones: they go between those.

        A row that is older than the mark of the compaction alone does not: after a clock was wrong every row is. More
        than ``MOST_BETWEEN`` do not either, for that would hold the recording up; of two at one instant both stay.
        """
        table = rows.table
        meets = (table["time"] < self.compacted) | recorder.may_be_known(table)
        places = np.flatnonzero(meets)
        if not len(places):
            return meets
        doubted = table[places]
        found = _told_twice(doubted)
        instants = np.unique(doubted["time"])
        if len(instants) <= _MOST_INSTANTS:
            for at in instants.tolist():
                found |= self._from(doubted, recorder, at, at)
        else:
            found |= self._from(doubted, recorder, int(instants[0]), int(instants[-1]))
        meets[places] = found
        return meets if found.sum() <= MOST_BETWEEN else np.zeros(len(table), np.bool_)

    def _from(self, rows: Table, recorder: Recorder, start: int, end: int) -> NDArray[np.bool_]:
        """Rows from start to end (UTC ns) whose tags have a stored one at or behind the first of them."""
        within = (rows["time"] >= start) & (rows["time"] <= end)
        first = np.full(len(recorder.ids), EVER, np.int64)
        np.minimum.at(first, rows["slot"][within], rows["time"][within])
        stored = self._newest(recorder, np.flatnonzero(first < EVER).tolist(), end)
        has = np.zeros(len(recorder.ids), np.bool_)
        has[stored["slot"]] = stored["time"] >= first[stored["slot"]]
        return within & has[rows["slot"]]

    def insert(self, rows: Rows, recorder: Recorder, *, now: int) -> None:
        """Rows that go between stored ones, by the policies of their tags."""
        for policy, chosen in _by_policy(rows, recorder):
            self._insert(chosen, recorder, policy, now)

    def _insert(self, rows: Rows, recorder: Recorder, policy: DuplicatePolicy, now: int) -> None:
        self.archive.insert(self._batch(rows, recorder), time=now, kind=CommitKind.LATE, policy=policy)

    def _batch(self, rows: Rows, recorder: Recorder) -> Batch:
        return rows.batch(self.numbers(recorder, rows.table["slot"]))


def _by_policy(rows: Rows, recorder: Recorder) -> Iterable[tuple[DuplicatePolicy, Rows]]:
    if not len(rows):
        return
    slots = rows.table["slot"]
    policies = {slot: recorder.settings(slot).duplicates for slot in np.unique(slots).tolist()}
    for name in sorted(set(policies.values())):
        chosen = np.array([slot for slot, one in policies.items() if one == name], np.int32)
        yield DuplicatePolicy(name), rows.where(np.isin(slots, chosen))


def _told_twice(rows: Table) -> NDArray[np.bool_]:
    """Rows of an instant that their tag had before among these."""
    order = np.lexsort((rows["time"], rows["slot"]))
    ordered, found = rows[order], np.zeros(len(rows), np.bool_)
    found[order[1:]] = (np.diff(ordered["slot"]) == 0) & (np.diff(ordered["time"]) == 0)
    return found
