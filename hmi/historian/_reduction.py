"""Reduction of what is recorded: exception test, then swinging door (standards 7.1), for many tags at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.historian._rows import ROW, Table
from hmi.project.recording import RecordSettings

Slots = NDArray[np.int32]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Emit = Callable[[Table], None]

_OF_ONE_SAMPLE = (
    SampleFlag.BACKFILL | SampleFlag.LATE | SampleFlag.OVERFLOW | SampleFlag.GAP_BEFORE | SampleFlag.MARK
)
_DOOR = ("_anchor_time", "_anchor", "_held", "_low", "_high", "_status", "_is_anchored", "_is_held", "_dev",
         "_least", "_most", "_used")  # fmt: skip
_TEST = ("_newest", "_is_known", "_is_waiting", "_sent_time", "_sent", "_status", "_dev", "_least", "_most",
         "_stepped")  # fmt: skip


class SwingingDoor:
    """Stage 2, the sector form: a line through the kept points is never off by more than ``comp_dev``.

    What leaves goes to ``emit`` in time order for each slot.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._anchor_time, self._anchor = np.zeros(0, np.int64), np.zeros(0)
        self._held = np.zeros(0, ROW)
        self._low, self._high = np.zeros(0), np.zeros(0)
        self._status = np.zeros(0, np.uint32)
        self._is_anchored, self._is_held = np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        self._dev = np.zeros(0)
        self._least, self._most = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._used = np.zeros(0, np.bool_)

    def grow(self, count: int) -> None:
        """Room for ``count`` slots."""
        for name in _DOOR:
            setattr(self, name, _longer(getattr(self, name), count))

    def settle(self, slot: int, settings: RecordSettings) -> None:
        self._dev[slot], self._used[slot] = settings.comp_dev, settings.compression
        self._least[slot], self._most[slot] = _ns(settings.comp_min_s), _ns(settings.comp_max_s)

    def put(self, rows: Table) -> None:
        """Rows that passed stage 1, each slot at most once, newer than all before of their slots."""
        slots = rows["slot"].astype(np.intp)
        goes_on = self._used[slots] & self._is_anchored[slots] & ~np.isnan(rows["number"])
        goes_on &= rows["status"] == self._status[slots]
        if goes_on.all():
            self._swing(rows, slots)
            return
        self._break(rows.compress(~goes_on))
        if goes_on.any():
            self._swing(rows.compress(goes_on), slots[goes_on])

    def flush(self, slots: Slots | NDArray[np.intp]) -> None:
        """Archive what is held of these slots; it is where the next line begins."""
        due = slots[self._is_held[slots]]
        if len(due):
            held = self._held.take(due)
            self._emit(held)
            self._anchor_at(due, held)
            self._is_held[due] = False

    def held(self, slots: Slots) -> tuple[Mask, Table]:
        """Which of the slots hold a point, and the points of all of them."""
        return self._is_held[slots], self._held.take(slots)

    def begin_anew(self) -> None:
        """No line goes on."""
        self._is_anchored[:] = False

    def restore(self, rows: Table) -> None:
        """Go on after these rows."""
        self._anchor_at(rows["slot"], rows)
        self._status[rows["slot"]] = rows["status"]

    def _break(self, rows: Table) -> None:
        """A line ends here: what is held, then the row itself."""
        if not len(rows):
            return
        slots = rows["slot"]
        self.flush(slots)
        self._emit(rows)
        self._anchor_at(slots, rows)
        self._status[slots] = rows["status"]

    def _anchor_at(self, slots: Slots | NDArray[np.intp], rows: Table) -> None:
        self._anchor_time[slots], self._anchor[slots] = rows["time"], rows["number"]
        self._is_anchored[slots] = ~np.isnan(rows["number"]) & (rows["status"] < quality.BAD)

    def _swing(self, rows: Table, slots: NDArray[np.intp]) -> None:
        passed = rows["time"] - self._anchor_time[slots]
        apart = rows["number"] - self._anchor[slots]
        per_s = NS_PER_S / passed
        low, high, goes_on = self._low[slots], self._high[slots], self._is_held[slots]
        slope = apart * per_s
        fits = (slope >= low) & (slope <= high) & (passed <= self._most[slots]) | ~goes_on
        ends = ~fits & (passed >= self._least[slots])
        if ends.any():
            due = slots[ends]
            self.flush(due)
            per_s[ends] = NS_PER_S / (rows["time"][ends] - self._anchor_time[due])
            apart[ends] = rows["number"][ends] - self._anchor[due]
        self._narrow(
            slots,
            apart,
            per_s,
            np.where(fits & goes_on, low, -np.inf),
            np.where(fits & goes_on, high, np.inf),
        )
        self._held.put(slots, rows)
        self._is_held[slots] = True

    def _narrow(
        self, slots: NDArray[np.intp], apart: Floats, per_s: Floats, low: Floats, high: Floats
    ) -> None:
        """The corridor only narrows from ``low`` to ``high``, which are infinite where it is made anew."""
        dev = self._dev[slots]
        self._low[slots] = np.maximum((apart - dev) * per_s, low)
        self._high[slots] = np.minimum((apart + dev) * per_s, high)


class Reducer:
    """Stage 1, and behind it stage 2 for the slots that are compressed.

    Slots are small numbers that the recorder gives to tags. Every call takes rows whose slots differ and that are
    newer than what the slot saw before.
    """

    def __init__(self, emit: Emit) -> None:
        self.door = SwingingDoor(emit)
        self._newest = np.zeros(0, ROW)
        self._is_known, self._is_waiting = np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        self._sent_time, self._sent = np.zeros(0, np.int64), np.zeros(0)
        self._status = np.zeros(0, np.uint32)
        self._dev = np.zeros(0)
        self._least, self._most = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._stepped = np.zeros(0, np.bool_)

    def grow(self, count: int) -> None:
        """Room for ``count`` slots."""
        for name in _TEST:
            setattr(self, name, _longer(getattr(self, name), count))
        self.door.grow(count)

    def settle(self, slot: int, settings: RecordSettings) -> None:
        """How a slot is recorded from here on."""
        self._dev[slot], self._stepped[slot] = settings.exc_dev, settings.is_stepped
        self._least[slot], self._most[slot] = _ns(settings.exc_min_s), _ns(settings.exc_max_s)
        self.door.settle(slot, settings)

    def newest(self, slots: Slots) -> Table:
        """The last row that came of each slot, sent on or not; time 0 where none came."""
        return self._newest.take(slots)

    def knows(self, slots: Slots) -> Mask:
        """Whether anything came of each slot."""
        return self._is_known[slots]

    def stood(self, slots: Slots, times: NDArray[np.int64]) -> None:
        """What came last of each slot was still so at these times (UTC ns): a step keeps its shape (7.1)."""
        due = (times > self._newest["time"][slots]) & self._is_known[slots]
        due &= ~self._stepped[slots] & (self._status[slots] < quality.BAD)
        slots, times = slots[due], times[due]
        rows = self._newest.take(slots)
        due = ~np.isnan(rows["number"])
        slots, rows = slots[due], rows.compress(due)
        rows["time"] = rows["receive"] = times[due]
        rows["flags"] &= ~np.uint16(_OF_ONE_SAMPLE)
        self._newest.put(slots, rows)
        self._is_waiting[slots] = True

    def put(self, rows: Table) -> None:
        """One row for each of some slots."""
        slots = rows["slot"].astype(np.intp)
        sent = self._is_sent(rows, slots)
        due = slots[sent]
        self._send_waiting(due[self._is_waiting[due]])
        self._newest.put(slots, rows)
        self._is_waiting[slots] = ~sent
        if len(due):
            self._send(rows.compress(sent))

    def _is_sent(self, rows: Table, slots: NDArray[np.intp]) -> Mask:
        passed = rows["time"] - self._sent_time[slots]
        apart = np.abs(rows["number"] - self._sent[slots])
        counts = ~(apart <= self._dev[slots]) | (passed >= self._most[slots])  # NaN: no number, always counts
        early = (passed < self._least[slots]) & ~np.isnan(apart)
        return ~self._is_known[slots] | (rows["status"] != self._status[slots]) | (counts & ~early)

    def _send(self, rows: Table) -> None:
        slots = rows["slot"].astype(np.intp)
        self._sent_time[slots], self._sent[slots] = rows["time"], rows["number"]
        self._status[slots], self._is_known[slots] = rows["status"], True
        self.door.put(rows)

    def _send_waiting(self, slots: Slots | NDArray[np.intp]) -> None:
        if len(slots):
            self._send(self._newest.take(slots))
            self._is_waiting[slots] = False

    def flush(self, slots: Slots) -> None:
        """Everything that is held back goes to the archive: what was seen last, and what the door holds."""
        self._send_waiting(slots[self._is_waiting[slots]])
        self.door.flush(slots)

    def waiting(self, slots: Slots) -> list[Table]:
        """What is held back of these slots, older before newer: what the door holds, and what was seen last."""
        is_held, held = self.door.held(slots)
        return [held.compress(is_held), self._newest.take(slots[self._is_waiting[slots]])]

    def flush_before(self, until: int) -> None:
        """Nothing older than ``until`` (UTC ns) is held back any longer."""
        slots = np.arange(len(self._newest), dtype=np.int32)
        is_held, held = self.door.held(slots)
        self.door.flush(slots[is_held & (held["time"] < until)])
        self.flush(slots[self._is_waiting & (self._newest["time"] < until)])

    def begin_anew(self) -> None:
        """Nothing is held back, and what comes next is the first of its slot."""
        self.flush(np.arange(len(self._newest), dtype=np.int32))
        self._is_known[:] = False
        self.door.begin_anew()

    def restore(self, rows: Table) -> None:
        """Go on after these rows, which are stored: one for each of some slots, of which nothing is held back."""
        slots = rows["slot"]
        self._newest.put(slots, rows)
        self._is_known[slots] = True
        self._sent_time[slots], self._sent[slots] = rows["time"], rows["number"]
        self._status[slots] = rows["status"]
        self.door.restore(rows)


def _longer(column: NDArray[Any], count: int) -> NDArray[Any]:
    grown = np.zeros(max(count, len(column)), column.dtype)
    grown[: len(column)] = column
    return grown


def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_S)


def settled(reducer: Reducer, settings: Sequence[RecordSettings]) -> None:
    """Room and settings for slots 0, 1, 2 …"""
    reducer.grow(len(settings))
    for slot, one in enumerate(settings):
        reducer.settle(slot, one)
