"""What passed over one connection: counts, times, the last errors, and its frames while a person wants them.

A link owns one ``Tally`` as long as the plant has the connection and hands it to every driver in ``LinkSettings``. All
of it is bounded and nothing is made for a request. A driver in a worker process counts there; its worker sends what
is new (``drain``) and ``merge`` adds it here.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Final

from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns

MINUTE_S: Final = 60
ERRORS: Final = 20
FRAMES: Final = 2_000
FRAMES_MOST_S: Final = 60.0
BYTES_NS: Final = 600 * NS_PER_S
"""So long after the end of a log the bytes of its frames stay."""
CODES: Final = 40
OTHERS: Final = "others"
"""Refusals by further codes than ``CODES``."""
SENT, RECEIVED = ">", "<"
COUNTS: Final = (
    "requests", "answers", "sent_bytes", "received_bytes", "timeouts", "exceptions", "malformed", "checksums", "strays",
    "connects", "losses",
)  # fmt: skip
"""``malformed`` answers include those whose check sum is wrong; ``strays`` answer no question that is open."""
_REQUESTS, _SENT, _RECEIVED, _BUSY, _SLOWEST, _FAULTS, _ANSWERS, _TRIPS, _TIMED = range(9)
COLUMNS: Final = 9
_SPREAD: Final = 2_048
_UNIT_SPREAD: Final = 128
_STRETCH_NS: Final = 10 * NS_PER_S
_DRAINED: Final = 512
_VARIES: Final = re.compile(r"\b(?:0x)?[0-9a-fA-F]{8,}\b|\d{5,}")
"""Bytes in hex and long numbers: they differ each time and make no other error."""


class Spread:
    """Lengths of time of the last minute, the newest ``size`` of them; the worst is that of the whole minute."""

    __slots__ = ("_at", "_count", "_size", "_took", "_worst", "_worst_of")

    def __init__(self, size: int = _SPREAD) -> None:
        self._size, self._count = size, 0
        self._at, self._took = array("q"), array("q")
        self._worst, self._worst_of = array("q", [0] * 6), array("q", [-1] * 6)

    def add(self, took_ns: int, now_ns: int) -> None:
        """One length, measured just now (monotonic ns)."""
        place = self._count % self._size
        if place < self._count:
            self._at[place], self._took[place] = now_ns, took_ns
        else:
            self._at.append(now_ns)
            self._took.append(took_ns)
        self._count += 1
        stretch = now_ns // _STRETCH_NS
        slot = stretch % 6
        if self._worst_of[slot] != stretch:
            self._worst_of[slot], self._worst[slot] = stretch, took_ns
        elif took_ns > self._worst[slot]:
            self._worst[slot] = took_ns

    def worst_ns(self, now_ns: int) -> int:
        """0 when there was none."""
        first = now_ns // _STRETCH_NS - 5
        return max((self._worst[n] for n in range(6) if self._worst_of[n] >= first), default=0)

    def sorted_ns(self, now_ns: int) -> list[int]:
        """Those that percentiles are made of."""
        since = now_ns - MINUTE_S * NS_PER_S
        oldest = self._count % self._size if self._count > self._size else 0
        if not self._at or self._at[oldest] >= since:
            return sorted(self._took)
        return sorted(took for at, took in zip(self._at, self._took, strict=True) if at >= since)

    def newest(self, number: int) -> list[int]:
        """The last ``number`` lengths, oldest first."""
        kept = min(number, self._count, self._size)
        return [self._took[n % self._size] for n in range(self._count - kept, self._count)]

    @property
    def count(self) -> int:
        """How many there ever were."""
        return self._count


def percentile(ordered: Sequence[int], share: float) -> int:
    """The nearest rank; 0 of nothing."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else 0


class Seconds:
    """The last 60 seconds, one row for each, as a trend shows them. ``cells``: all rows one behind the other."""

    __slots__ = ("_second_of", "cells")

    def __init__(self) -> None:
        self.cells = array("q", [0] * (MINUTE_S * COLUMNS))
        self._second_of = array("q", [-1] * MINUTE_S)

    def row(self, now_ns: int) -> int:
        """Where the row of this second begins."""
        second = now_ns // NS_PER_S
        slot = second % MINUTE_S
        begin = slot * COLUMNS
        if self._second_of[slot] != second:
            self._second_of[slot] = second
            for column in range(begin, begin + COLUMNS):
                self.cells[column] = 0
        return begin

    def add(self, begin: int, column: int, amount: int) -> None:
        self.cells[begin + column] += amount

    def whole(self, now_ns: int) -> list[tuple[int, ...]]:
        """The 59 whole seconds before this one, oldest first; a second without traffic is all 0."""
        this = now_ns // NS_PER_S
        return [self._of(second) for second in range(this - MINUTE_S + 1, this)]

    def _of(self, second: int) -> tuple[int, ...]:
        slot = second % MINUTE_S
        if self._second_of[slot] != second:
            return (0,) * COLUMNS
        return tuple(self.cells[slot * COLUMNS : (slot + 1) * COLUMNS])


@dataclass(slots=True)
class ErrorNote:
    """One error in words. Equal ones are one note: ``count`` times from ``first`` to ``last`` (UTC ns)."""

    text: str
    unit: str = ""
    where: str = ""
    handles: tuple[int, ...] = ()
    first: int = 0
    last: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One message on the wire in words. ``at`` UTC ns, ``took_ms`` of an answer (-1: does not apply).

    ``raw`` is empty where the bytes must not be kept (OPC UA: they may hold a password).
    """

    number: int
    at: int
    direction: str
    unit: str
    what: str
    where: str
    size: int
    result: str
    took_ms: float
    raw: bytes = b""


class FrameLog:
    """The newest ``FRAMES`` messages until a time (monotonic ns); it ends by itself."""

    def __init__(self, until_ns: int) -> None:
        self.until_ns = until_ns
        self.frames: deque[Frame] = deque(maxlen=FRAMES)
        self.number = 0

    def add(
        self,
        direction: str,
        unit: str,
        what: str,
        where: str,
        size: int,
        result: str,
        took_ms: float,
        raw: bytes,
    ) -> None:
        self.number += 1
        self.frames.append(
            Frame(self.number, wall_ns(), direction, unit, what, where, size, result, took_ms, raw)
        )

    def after(self, number: int, limit: int) -> list[Frame]:
        """At most ``limit`` frames, oldest first: those that follow a number."""
        return [frame for frame in self.frames if frame.number > number][:limit]


@dataclass(slots=True)
class UnitTally:
    """One device behind the connection; ``last_ns``: when its last answer came (monotonic, 0: none)."""

    requests: int = 0
    answers: int = 0
    timeouts: int = 0
    exceptions: int = 0
    last_ns: int = 0
    times: Spread = field(default_factory=lambda: Spread(_UNIT_SPREAD))


@dataclass(slots=True)
class ScanTally:
    """Blocks of one planned period: the time between two reads of the same block."""

    gaps: Spread = field(default_factory=Spread)


class Tally:
    """The counts of one connection since the runtime knows it. Times are monotonic ns where nothing else is said."""

    def __init__(self) -> None:
        self.since = wall_ns()
        self.counts: dict[str, int] = dict.fromkeys(COUNTS, 0)
        self.by_code: dict[str, int] = {}
        self.units: dict[str, UnitTally] = {}
        self.scans: dict[int, ScanTally] = {}
        self.times, self.seconds = Spread(), Seconds()
        self.log: FrameLog | None = None
        """The frames that were kept last; ``logging`` says whether more come."""
        self._errors: dict[tuple[str, str, str], ErrorNote] = {}
        self._told: dict[str, int] = {}
        self._told_codes: dict[str, int] = {}
        self._told_times, self._told_frame = 0, 0
        self._told_errors: dict[tuple[str, str, str], int] = {}

    # what drivers tell

    def sent(self, unit: str, size: int, now_ns: int) -> None:
        """A request went out, ``size`` bytes."""
        self._forget_bytes(now_ns)
        counts, cells, row = self.counts, self.seconds.cells, self.seconds.row(now_ns)
        counts["requests"] += 1
        counts["sent_bytes"] += size
        (self.units.get(unit) or self._unit(unit)).requests += 1
        cells[row + _REQUESTS] += 1
        cells[row + _SENT] += size

    def received(self, size: int, now_ns: int) -> None:
        """Bytes came in, whatever they are."""
        self.counts["received_bytes"] += size
        self.seconds.add(self.seconds.row(now_ns), _RECEIVED, size)

    def answered(self, unit: str, took_ns: int, now_ns: int, *, is_timed: bool = True) -> None:
        """A request has its answer. ``is_timed`` False: the device was asked to wait with it."""
        self.counts["answers"] += 1
        one = self.units.get(unit) or self._unit(unit)
        one.answers += 1
        one.last_ns = now_ns
        row = self.seconds.row(now_ns)
        self.seconds.cells[row + _ANSWERS] += 1
        if is_timed:
            one.times.add(took_ns, now_ns)
            self._took(row, took_ns, now_ns)

    def _took(self, row: int, took_ns: int, now_ns: int) -> None:
        cells = self.seconds.cells
        self.times.add(took_ns, now_ns)
        cells[row + _BUSY] += took_ns
        cells[row + _TRIPS] += took_ns
        cells[row + _TIMED] += 1
        if took_ns > cells[row + _SLOWEST]:
            cells[row + _SLOWEST] = took_ns

    def failed(self, kind: str, unit: str, now_ns: int, took_ns: int = 0) -> None:
        """One of ``COUNTS``; ``took_ns``: as long the line waited for nothing."""
        self.counts[kind] += 1
        if kind == "timeouts":
            self._unit(unit).timeouts += 1
        row = self.seconds.row(now_ns)
        self.seconds.add(row, _FAULTS, 1)
        self.seconds.add(row, _BUSY, took_ns)

    def exception(self, unit: str, words: str, now_ns: int) -> None:
        """The device refused a request; ``words`` is the code and what it means."""
        self.failed("exceptions", unit, now_ns)
        self._count_code(words, 1)
        self._unit(unit).exceptions += 1

    def _count_code(self, words: str, number: int) -> None:
        known = words if words in self.by_code or len(self.by_code) < CODES else OTHERS
        self.by_code[known] = self.by_code.get(known, 0) + number

    def note(self, text: str, *, unit: str = "", where: str = "", handles: Sequence[int] = ()) -> None:
        """An error in words; the same one again only counts, and where bytes or numbers differ the newest is told."""
        key, now = _key(unit, where, text), wall_ns()
        found = self._errors.pop(key, None)
        if found is None:
            found = ErrorNote(text, unit, where, tuple(handles[:8]), now, now, 0)
        found.text, found.count, found.last = text, found.count + 1, now
        self._keep(key, found)

    def _keep(self, key: tuple[str, str, str], note: ErrorNote) -> None:
        """The newest stand last; only so many are kept."""
        self._errors[key] = note
        while len(self._errors) > ERRORS:
            del self._errors[next(iter(self._errors))]

    def scanned(self, planned_ms: int, gap_ns: int, now_ns: int) -> None:
        """A block was read again after ``gap_ns``, where ``planned_ms`` were wished for."""
        if (scan := self.scans.get(planned_ms)) is None:
            scan = self.scans[planned_ms] = ScanTally()
        scan.gaps.add(gap_ns, now_ns)

    def _unit(self, unit: str) -> UnitTally:
        if (found := self.units.get(unit)) is None:
            found = self.units[unit] = UnitTally()
        return found

    @property
    def errors(self) -> list[ErrorNote]:
        """Newest first."""
        return list(reversed(self._errors.values()))

    # frames

    @property
    def logging(self) -> FrameLog | None:
        """The log that takes frames now; None, and nothing to do, while nobody wants them."""
        log = self.log
        return log if log is not None and monotonic_ns() < log.until_ns else None

    @property
    def log_left_s(self) -> float:
        """How long frames are kept yet."""
        return max(0.0, (self.log.until_ns - monotonic_ns()) / NS_PER_S) if self.log is not None else 0.0

    def log_frames(self, seconds: float) -> None:
        """Keep frames from now on, for ``FRAMES_MOST_S`` at most; 0 ends it and keeps what there is.

        A log that somebody else began goes on as long as they wanted.
        """
        now = monotonic_ns()
        until = now + int(min(max(seconds, 0.0), FRAMES_MOST_S) * NS_PER_S)
        if seconds <= 0:
            if self.log is not None:
                self.log.until_ns = min(self.log.until_ns, now)
        elif self.logging is not None and self.log is not None:
            self.log.until_ns = max(self.log.until_ns, until)
        else:
            number = self.log.number if self.log is not None else 0
            self.log = FrameLog(until)
            self.log.number = number

    def _forget_bytes(self, now_ns: int) -> None:
        """Whoever wanted them has had the time to look."""
        log = self.log
        if log is not None and log.frames and now_ns > log.until_ns + BYTES_NS and log.frames[-1].raw:
            log.frames = deque((replace(frame, raw=b"") for frame in log.frames), maxlen=FRAMES)

    # from a worker process

    def drain(self) -> dict[str, Any]:
        """What is new since the last time, in types of the wire; empty when nothing is."""
        new: dict[str, Any] = {}
        if counts := _grown(self.counts, self._told):
            new["counts"], self._told = counts, dict(self.counts)
        if codes := _grown(self.by_code, self._told_codes):
            new["codes"], self._told_codes = codes, dict(self.by_code)
        if number := min(self.times.count - self._told_times, _DRAINED):
            new["times"], self._told_times = self.times.newest(number), self.times.count
        if errors := self._new_errors():
            new["errors"] = errors
        if self.log is not None and self.log.number > self._told_frame:
            new["frames"] = [astuple(frame) for frame in self.log.after(self._told_frame, FRAMES)]
            self._told_frame = self.log.number
        return new

    def _new_errors(self) -> list[tuple[Any, ...]]:
        """Notes with how often they came since the last time, oldest first."""
        told, self._told_errors = self._told_errors, {key: note.count for key, note in self._errors.items()}
        return [
            astuple(replace(note, count=note.count - told.get(key, 0)))
            for key, note in self._errors.items()
            if note.count != told.get(key, 0)
        ]

    def merge(self, new: Mapping[str, Any]) -> None:
        """Add what a worker drained; it counts for this second."""
        now = monotonic_ns()
        self._forget_bytes(now)
        row = self.seconds.row(now)
        for name, grown in new.get("counts", {}).items():
            self.counts[name] = self.counts.get(name, 0) + grown
            if (column := _COLUMN_OF.get(name)) is not None:
                self.seconds.add(row, column, grown)
        for words, grown in new.get("codes", {}).items():
            self._count_code(words, grown)
        for took in new.get("times", ()):
            self._took(row, took, now)
        for packed in new.get("errors", ()):
            self._merge_error(ErrorNote(packed[0], packed[1], packed[2], tuple(packed[3]), *packed[4:]))
        self._merge_frames(new.get("frames", ()))

    def _merge_error(self, note: ErrorNote) -> None:
        key = _key(note.unit, note.where, note.text)
        if (old := self._errors.pop(key, None)) is not None:
            note.count, note.first = old.count + note.count, old.first
        self._keep(key, note)

    def _merge_frames(self, frames: Iterable[Sequence[Any]]) -> None:
        if self.log is None:
            return
        for packed in frames:
            self.log.number += 1
            self.log.frames.append(Frame(self.log.number, *packed[1:]))


_COLUMN_OF: Final = {
    "requests": _REQUESTS, "sent_bytes": _SENT, "received_bytes": _RECEIVED, "answers": _ANSWERS,
    "timeouts": _FAULTS, "exceptions": _FAULTS, "malformed": _FAULTS, "strays": _FAULTS,
}  # fmt: skip


def _key(unit: str, where: str, text: str) -> tuple[str, str, str]:
    return unit, where, _VARIES.sub("…", text)


def _grown(now: Mapping[str, int], told: Mapping[str, int]) -> dict[str, int]:
    return {name: count - told.get(name, 0) for name, count in now.items() if count != told.get(name, 0)}
