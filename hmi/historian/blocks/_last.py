"""The sample that held at an instant out of each of many chunks, decoded no further than that needs."""

from __future__ import annotations

import numpy as np

from hmi.core.values import Value
from hmi.historian.blocks import _chunk
from hmi.historian.blocks._columns import float_at, get_integers, last_below, narrow_at
from hmi.historian.blocks._frame import Cursor, opened
from hmi.historian.blocks._values import get_kind
from hmi.historian.samples import Samples, Times, ValueKind

_FLOAT, _OBJECT = int(ValueKind.FLOAT), int(ValueKind.OBJECT)
Row = tuple[int, int, int, int, int, int, int, int]
"""As the columns of Samples."""


class LastOnes:
    """Collects the last sample with time <= ``at`` (UTC ns) of one chunk after the other."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._rows: list[Row] = []
        self._objects: list[Value] = []
        self._limits: dict[int, tuple[Times, int]] = {}

    def add(self, data: bytes, clock: Times | None) -> bool:
        """Whether the chunk has such a sample; BlockDamaged as of ``decode_chunk``."""
        count, cursor = opened(_chunk.KIND, data)
        if not count:
            cursor.finish()
            return False
        mask = cursor.byte()
        if mask & _chunk.MIXED:
            return self.add_decoded(_chunk.decode_chunk(data, clock))
        place, time = self._place(cursor, count, clock)
        if place < 0:
            return False
        status = narrow_at(cursor, count, np.uint32, place) if mask & _chunk.STATUSES else 0
        kind = cursor.byte() if mask & _chunk.KINDS else _FLOAT
        if kind == _OBJECT:
            return self.add_decoded(_chunk.decode_chunk(data, clock))
        bits = (
            float_at(cursor, count, place) if kind == _FLOAT else int(get_kind(cursor, kind, count)[0][place])
        )
        receive = _receive(cursor, count, place, time, clock) if mask & _chunk.RECEIVES else time
        flags = narrow_at(cursor, count, np.uint16, place) if mask & _chunk.FLAGS else 0
        version = narrow_at(cursor, count, np.uint16, place) if mask & _chunk.VERSIONS else 0
        run = narrow_at(cursor, count, np.uint32, place) if mask & _chunk.RUNS else 0
        cursor.finish()
        self._rows.append((time, bits, kind, status, receive, flags, version, run))
        return True

    def add_decoded(self, samples: Samples) -> bool:
        """The same of a chunk that was decoded as a whole."""
        place = int(np.searchsorted(samples.times, self._at, side="right")) - 1
        if place < 0:
            return False
        one = samples.take(slice(place, place + 1))
        row = [int(getattr(one, name)[0]) for name in ("times", "bits", "kinds", "statuses", "receives")]
        row += [int(getattr(one, name)[0]) for name in ("flags", "versions", "runs")]
        if one.objects:
            row[1] = len(self._objects)
            self._objects += one.objects
        self._rows.append((row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]))
        return True

    def samples(self) -> Samples:
        """All of them in the order in which their chunks came."""
        if not self._rows:
            return Samples.empty()
        times, bits, kinds, statuses, receives, flags, versions, runs = zip(*self._rows, strict=True)
        return Samples(
            np.array(times, np.int64), np.array(bits, np.uint64), np.array(kinds, np.uint8),
            np.array(statuses, np.uint32), np.array(receives, np.int64), np.array(flags, np.uint16),
            np.array(versions, np.uint16), np.array(runs, np.uint32), tuple(self._objects),
        )  # fmt: skip

    def _place(self, cursor: Cursor, count: int, clock: Times | None) -> tuple[int, int]:
        """(place, time) of the last sample at or before the instant; a place of -1 without one."""
        how = cursor.byte()
        if how == _chunk.OWN:
            times = get_integers(cursor, count)
            place = int(np.searchsorted(times, self._at, side="right")) - 1
            return place, int(times[place])
        known = _chunk.fitting_clock(cursor, clock, how)
        return last_below(cursor, count, known, self._limit(known))

    def _limit(self, clock: Times) -> int:
        """How many instants of the clock are not behind the instant."""
        known = self._limits.get(id(clock))
        if known is None:
            known = self._limits[id(clock)] = clock, int(np.searchsorted(clock, self._at, side="right"))
        return known[1]


def _receive(cursor: Cursor, count: int, place: int, time: int, clock: Times | None) -> int:
    """When the sample of one place was received."""
    how = cursor.byte()
    if how == _chunk.OWN:
        later = int(get_integers(cursor, count)[place])
        return (time + later + 2**63) % 2**64 - 2**63  # as int64 columns are added
    return int(_chunk.of_clock(cursor, count, clock, how)[place])
