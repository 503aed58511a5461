"""What becomes of the changes of all recorded tags: reduced, put aside when they are late, held back, or handed on.

No disk and no threads of its own: one caller at a time (``hmi.historian._history`` holds the lock).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.clock import NS_PER_S, STEP_NS
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, Value, ValueType
from hmi.historian._intake import Counts, Told, arrived, believe, rows_from
from hmi.historian._reduction import Mask, Reducer, Slots
from hmi.historian._rows import ROW, Rows, Table, joined_rows, rounds
from hmi.historian.samples import ValueKind
from hmi.project.plant import Plant, TagDef
from hmi.project.recording import RecordSettings

LATE_NS: Final = 7 * 86_400 * NS_PER_S
"""How old a late sample may be; older ones need a backfill."""
COLLECTOR: Final = "@collector"
"""Tag id of the rows that say when recording began and ended."""
_LOSSES: Final = np.array(
    [code >> 16 for code in (quality.BAD_NO_COMMUNICATION, quality.BAD_NOT_CONNECTED, quality.BAD_TIMEOUT)],
    np.uint32,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A tag that is or was recorded in this run."""

    slot: int
    tag_id: str
    settings: RecordSettings
    kind: str
    """What its values are; a tag that is re-typed begins anew."""


class Recorder:
    """Slots are given to tag ids once and for the whole run; handles of a revision point to them."""

    def __init__(self, *, flags: int = 0) -> None:
        """Nothing is recorded before the first ``apply``."""
        self.counts = Counts()
        self.run = 0
        self._newest = 0  # session time, UTC ns
        collector = Recorded(0, COLLECTOR, RecordSettings(), ValueType.STRING.value)
        self.known: dict[str, Recorded] = {COLLECTOR: collector}
        self.ids: list[str] = [COLLECTOR]
        self._flags = flags
        self._slot_of = np.zeros(0, np.int32)
        self._is_future, self._touched = np.zeros(1, np.bool_), np.zeros(1, np.bool_)
        self._objects: tuple[Value, ...] = ()
        self._live: list[Rows] = []
        self._aside: list[Rows] = []
        self._reducer = Reducer(self._emit)
        self._active = np.zeros(1, np.bool_)
        self._back_until = np.zeros(1, np.int64)
        self._reducer.grow(1)

    # ------------------------------------------------------------------ tags

    def apply(self, plant: Plant, now: int) -> None:
        """Take a revision (``now`` UTC ns): tags go on by id, those that are not recorded any more end with a gap."""
        wanted = [tag for tag in plant.tags if tag.history and tag.calculation is None]
        self._make_room(wanted)
        slot_of = np.full(plant.slots, -1, np.int32)
        active = np.zeros(len(self.ids), np.bool_)
        changed: list[int] = []
        for tag in wanted:
            known, settings, kind = self.known[tag.id], tag.record, tag.type.value
            slot_of[tag.handle], active[known.slot] = known.slot, True
            if (known.settings, known.kind) != (settings, kind):
                changed.append(known.slot)
                self.known[tag.id] = Recorded(known.slot, tag.id, settings, kind)
        self._reducer.flush(np.array(changed, np.int32))
        for slot in changed:
            self._settle(self.known[self.ids[slot]])
        ended = np.flatnonzero(self._active & ~active[: len(self._active)]).astype(np.int32)
        self._slot_of, self._active = slot_of, active
        if len(ended):
            self._close_line(ended, now)

    def _make_room(self, wanted: Sequence[TagDef]) -> None:
        fresh = [tag for tag in wanted if tag.id not in self.known]
        self.ids += [tag.id for tag in fresh]
        self._reducer.grow(len(self.ids))
        none = np.zeros(len(fresh), np.bool_)
        for name in ("_is_future", "_active", "_touched"):
            setattr(self, name, np.append(getattr(self, name), none))
        self._back_until = np.append(self._back_until, np.zeros(len(fresh), np.int64))
        for slot, tag in enumerate(fresh, len(self.ids) - len(fresh)):
            self.known[tag.id] = Recorded(slot, tag.id, tag.record, tag.type.value)
            self._settle(self.known[tag.id])

    def _settle(self, one: Recorded) -> None:
        self._reducer.settle(one.slot, one.settings)
        self._is_future[one.slot] = one.settings.future

    def settings(self, slot: int) -> RecordSettings:
        return self.known[self.ids[slot]].settings

    # ------------------------------------------------------------------ values

    def absorb(self, told: Sequence[Told]) -> None:
        """Take what the fan-out told, in its order.

        When the clock was set back, every line begins anew: what comes then is not late, its time is the better one.
        """
        begin = 0
        for place, one in enumerate(told):
            if one.now < self._newest - STEP_NS:
                self._absorb(told[begin:place])
                self._step_back()
                begin, self._newest = place, one.now
            self._newest = max(self._newest, one.now)
        self._absorb(told[begin:])

    def _step_back(self) -> None:
        newest = self._reducer.newest(np.arange(len(self.ids), dtype=np.int32))["time"]
        self._back_until = np.maximum(self._back_until, newest)
        self._reducer.begin_anew()

    def may_be_known(self, rows: Table) -> Mask:
        """Rows whose instants their tags may have lived through before, because the clock was set back since."""
        return rows["time"] <= self._back_until[rows["slot"]]

    def _absorb(self, told: Sequence[Told]) -> None:
        if not told:
            return
        came = arrived(told, self._slot_of, self._flags, self.counts)
        if came is None:
            return
        table, now, quiet = came.rows.table, came.now, came.quiet
        table["run"] = self.run
        self._touched[table["slot"]] = True
        self._objects = came.rows.objects
        is_future = self._is_future[table["slot"]]
        kept = believe(table, now, is_future, self.counts)
        self._put_aside(table.compress(kept & is_future))
        kept &= ~is_future
        if not kept.all():
            table, now, quiet = table.compress(kept), now[kept], quiet[kept]
        for chosen in rounds(table["slot"]):
            if chosen is None:
                self._take(table, now, quiet)
            else:
                self._take(table.take(chosen), now[chosen], quiet[chosen])
        self._objects = ()

    def _take(self, rows: Table, now: NDArray[np.int64], quiet: NDArray[np.int64]) -> None:
        """Rows of different tags."""
        newest = self._reducer.newest(rows["slot"])
        known = self._reducer.knows(rows["slot"])
        older = known & (rows["time"] <= newest["time"])
        judged = older & (rows["status"] != newest["status"])
        if judged.any():  # the state is news of now, whatever time the value has
            rows["time"][judged] = np.maximum(now, newest["time"] + 1)[judged]
            rows["flags"][judged] |= np.uint16(SampleFlag.RECEIVED_TIME)
            older &= ~judged
        if older.any():
            older &= ~_is_same(rows, newest)
            self._take_older(rows.compress(older), newest.compress(older), now[older])
            on = ~(known & (rows["time"] <= newest["time"]))
            rows, newest = rows.compress(on), newest.compress(on)
            quiet, known = quiet[on], known[on]
        self._go_on(rows, quiet, known & (newest["status"] < quality.BAD))

    def _go_on(self, rows: Table, quiet: NDArray[np.int64], was_known: Mask) -> None:
        """Rows that are newer than all of their tags."""
        heard = quiet >= 0
        if heard.any():
            self._reducer.stood(rows["slot"][heard], (rows["time"] - np.maximum(quiet, 1))[heard])
        if rows["status"].any():
            self._mark_losses(rows, was_known)
        self._reducer.put(rows)

    def _mark_losses(self, rows: Table, was_known: Mask) -> None:
        """Before what says that something was lost lies a gap."""
        overflown = (rows["status"] & np.uint32(quality.OVERFLOW)) == quality.OVERFLOW
        rows["flags"][overflown] |= np.uint16(SampleFlag.OVERFLOW | SampleFlag.GAP_BEFORE)
        broken = was_known & (overflown | np.isin(rows["status"] >> np.uint32(16), _LOSSES))
        if broken.any():
            slots = rows["slot"][broken]
            gaps = self.gap_rows(slots, self._reducer.newest(slots)["time"] + 1)
            self._reducer.put(gaps[gaps["time"] < rows["time"][broken]])

    def _take_older(self, rows: Table, newest: Table, now: NDArray[np.int64]) -> None:
        """Rows at or before what is known of their tags: late ones, and others of the same instant."""
        same = rows["time"] == newest["time"]
        slots = rows["slot"][same]
        self._reducer.flush(slots)
        self._reducer.restore(rows.compress(same))
        late = ~same & (rows["time"] >= now - LATE_NS)
        self.counts.too_old += int((~same & ~late).sum())
        rows["flags"][late] |= np.uint16(SampleFlag.LATE)
        self._put_aside(rows.compress(same | late))

    def _put_aside(self, rows: Table) -> None:
        if len(rows):
            self._aside.append(Rows(rows, self._objects))

    def _emit(self, rows: Table) -> None:
        if len(rows):
            self._live.append(Rows(rows, self._objects))

    # ------------------------------------------------------------------ gaps and marks

    def gap_rows(self, slots: Slots, times: NDArray[np.int64], *, flags: int = 0) -> Table:
        """One row for each tag that says that nothing is known from its time on (UTC ns)."""
        rows = np.zeros(len(slots), ROW)
        rows["slot"], rows["time"], rows["receive"], rows["run"] = slots, times, times, self.run
        rows["status"], rows["kind"], rows["number"] = quality.BAD_NO_DATA, ValueKind.NONE, np.nan
        rows["flags"] = self._flags | flags | SampleFlag.MARK
        return rows

    def _close_line(self, slots: Slots, now: int, flags: int = 0) -> None:
        """Nothing is known of these tags from ``now`` on."""
        newest = self._reducer.newest(slots)
        due = self._reducer.knows(slots) & ~is_gap(newest)
        times = np.maximum(newest["time"][due] + 1, now)
        self._reducer.put(self.gap_rows(slots[due], times, flags=flags))

    def lose(self, at: int) -> None:
        """Changes of any tag may be missing from ``at`` on (UTC ns), until it is told again what it says."""
        slots = np.flatnonzero(self._active).astype(np.int32)
        if len(slots):
            self._close_line(slots, at, SampleFlag.OVERFLOW)

    def lose_rows(self, rows: Table) -> Table:
        """These rows are lost and their tags told anew: one gap for each, for where the first of them was."""
        rows = rows.compress((rows["slot"] > 0) & ~is_gap(rows))
        slots, first = np.unique(rows["slot"], return_index=True)
        slots = slots.astype(np.int32)
        if len(slots):
            self._close_line(slots, 0, SampleFlag.OVERFLOW)
        return self.gap_rows(slots, rows["time"][first], flags=SampleFlag.OVERFLOW)

    def end(self, now: int) -> None:
        """Recording ends: every tag with a gap, and the row that says so."""
        slots = np.flatnonzero(self._active).astype(np.int32)
        if len(slots):
            self._reducer.stood(slots, np.full(len(slots), now, np.int64))
            self._close_line(slots, now)
        self._live.append(self._mark("stopped", now))

    def marks(self, alive: int, now: int, *, is_closed: bool) -> Rows:
        """That recording began, and before it that it broke off where it did not end by itself."""
        broke_off = () if is_closed else (self._mark("broke off", alive + 1),)
        return joined_rows((*broke_off, self._mark("started", now)))

    def _mark(self, text: str, at: int) -> Rows:
        value = DataValue(text, quality.GOOD, at, at)
        rows = rows_from(np.zeros(1, np.int32), [value], self._flags | SampleFlag.MARK, Counts())
        rows.table["run"] = self.run
        return rows

    # ------------------------------------------------------------------ what goes on from here

    def restore(self, rows: Table, now: int) -> None:
        """The newest stored rows, at the start (``now``: UTC ns); what came meanwhile is newer and stays.

        Those that lie ahead were stored by a clock that was set back since: nothing goes on after them.
        """
        ahead = rows["time"] > now + STEP_NS
        self._back_until[rows["slot"][ahead]] = rows["time"][ahead]
        rows = rows.compress(~ahead)
        self._reducer.restore(rows.compress(~self._reducer.knows(rows["slot"])))

    def flush(self, until: int | None = None) -> None:
        """Hold nothing back any longer: nothing at all, or nothing older than ``until`` (UTC ns)."""
        if until is None:
            self._reducer.flush(np.arange(len(self.ids), dtype=np.int32))
        else:
            self._reducer.flush_before(until)

    def flush_tag(self, tag_id: str) -> None:
        """Hold nothing back of one tag."""
        if tag_id in self.known:
            self._reducer.flush(np.array([self.known[tag_id].slot], np.int32))

    def take(self) -> tuple[Rows, Rows]:
        """What is to be stored, once: live rows, and those that go into what is stored already."""
        live, aside = joined_rows(self._live), joined_rows(self._aside)
        self._live, self._aside = [], []
        return live, aside

    def waiting(self, slots: Slots) -> Rows:
        """What is held back of these tags; the present needs it, the archive may never see it."""
        held, seen = self._reducer.waiting(slots)
        return Rows(np.concatenate([held, seen]))

    def take_touched(self) -> Slots:
        """Slots of which something came since the last call."""
        slots = np.flatnonzero(self._touched).astype(np.int32)
        self._touched[:] = False
        return slots

    def touched_all(self) -> None:
        self._touched[:] = True


def _is_same(rows: Table, others: Table) -> Mask:
    """Told once more: the same time, value and status; of texts and arrays that is not known."""
    names = ("time", "bits", "kind", "status")
    same = np.logical_and.reduce([rows[name] == others[name] for name in names])
    return same & (rows["kind"] != ValueKind.OBJECT)


def is_gap(rows: Table) -> Mask:
    """Rows that say that nothing is known."""
    return (rows["status"] == quality.BAD_NO_DATA) & ((rows["flags"] & SampleFlag.MARK) != 0)
