"""Reads of the history beside the loop: a few at once, and ended when nobody waits for them any more."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from hmi.client.history import (
    AnnotationInfo,
    HistoryState,
    RangeFigures,
    TrendAnswer,
    TrendQuery,
    TrendSeries,
)
from hmi.core.clock import Clock
from hmi.core.errors import StorageError
from hmi.core.history import HistoryPage, ReadAtTime, ReadProcessed, ReadRaw
from hmi.historian import History
from hmi.historian.aggregates import figures, long_figures, processed, values_at
from hmi.historian.care import damage_line
from hmi.historian.port import Annotation
from hmi.historian.rollups import HOUR, Rollups, rollups_of
from hmi.historian.samples import Samples
from hmi.historian.trend import TrendReader, expect, series_of, trend
from hmi.project.plant import Plant
from hmi.runtime._history_room import BALLAST_FILE

AT_ONCE: Final = 3
"""Reads at the same time: they share the threads of the runtime with everything else that waits for a disk."""
T = TypeVar("T")
Stop = Callable[[], bool]


class Reads:
    """Coroutines around the synchronous reads; cancelling one stops its thread within a piece of samples.

    Each begins with ``ready``, in its thread.
    """

    def __init__(self, ready: Callable[[], None]) -> None:
        self._ready, self._slots = ready, asyncio.Semaphore(AT_ONCE)

    async def run(self, work: Callable[[Stop], T]) -> T:
        stop = threading.Event()

        def when_ready() -> T:
            self._ready()
            return work(stop.is_set)

        async with self._slots:
            task = asyncio.create_task(asyncio.to_thread(when_ready))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                stop.set()
                with contextlib.suppress(Exception):  # nobody waits for what it says
                    await task
                raise


class HistorySource:
    """One tag of the history with what is on its way to the disk; obeys the Source of the aggregates."""

    def __init__(self, history: History, tag_id: str) -> None:
        self._history, self._tag_id = history, tag_id

    def samples(self, start: int, end: int) -> Iterator[Samples]:
        return self._history.samples(self._tag_id, start, end)

    def before(self, at: int) -> Samples:
        return self._history.before(self._tag_id, at)

    def after(self, at: int) -> Samples:
        return self._history.after(self._tag_id, at)


class HistoryReader:
    """The questions of the API, by tag id; every method may be called by any thread. StorageError when the archive
    cannot be read.
    """

    def __init__(self, history: History, clock: Clock, folder: Path) -> None:
        self._history, self._clock, self._folder = history, clock, folder

    @property
    def known_until(self) -> int:
        """Up to there (UTC ns) every sample is in, so that the newest one is known to hold."""
        if self._history.archive is None:
            return self._clock.now_ns()
        return self._history.coverage().until

    def raw(self, request: ReadRaw) -> HistoryPage:
        return self._history.read_raw(request)

    def at(self, request: ReadAtTime, stop: Stop) -> HistoryPage:
        tag_id = request.tag_id
        found = values_at(
            HistorySource(self._history, tag_id), tag_id, request.times, self._history.is_stepped(tag_id),
            known_until=self.known_until, stop=stop,
        )  # fmt: skip
        return HistoryPage(tag_id, tuple(found))

    def processed(self, request: ReadProcessed, stop: Stop) -> HistoryPage:
        """ValueError when the request makes no sense."""
        tag_id = request.tag_id

        def remarks(start: int, end: int) -> list[int]:
            return [one.time for one in self._history.annotations(tag_id, start, end) if not one.deleted]

        found = processed(
            HistorySource(self._history, tag_id), request, self._history.is_stepped(tag_id),
            known_until=self.known_until, annotations=remarks, stop=stop,
        )  # fmt: skip
        return HistoryPage(tag_id, tuple(found))

    def trend(self, query: TrendQuery, ids: Sequence[str], stop: Stop) -> TrendAnswer:
        until = self.known_until
        archive = self._history.archive
        if archive is not None:
            numbers = [number for one in ids if (number := self._history.number(one)) is not None]
            expect(archive, numbers, query.start, query.end, query.pixels)
        return TrendAnswer(query.start, query.end, until, [self._series(query, one, stop) for one in ids])

    def _series(self, query: TrendQuery, tag_id: str, stop: Stop) -> TrendSeries:
        stepped = self._history.is_stepped(tag_id)
        tail = self._history.tail(tag_id)  # before the archive: what is stored in between is then told once
        archive, number = self._history.archive, self._history.number(tag_id)
        reader: TrendReader = _Nothing() if archive is None or number is None else archive
        try:
            found = trend(
                reader,
                number or 0,
                query.start,
                query.end,
                query.pixels,
                stepped=stepped,
                tail=tail,
                stop=stop,
            )
        except StorageError as error:
            return TrendSeries(tag_id, True, stepped, 0, b"", b"", b"", b"", b"", b"", b"", b"", str(error))
        return series_of(found, tag_id)

    def figures(self, ids: Sequence[str], start: int, end: int, stop: Stop) -> list[RangeFigures]:
        """ValueError for an empty range."""
        known = self.known_until
        return [self._figures(one, start, end, known, stop) for one in ids]

    def _figures(self, tag_id: str, start: int, end: int, known: int, stop: Stop) -> RangeFigures:
        """A long range out of rollups where they are."""
        source, stepped = HistorySource(self._history, tag_id), self._history.is_stepped(tag_id)
        archive, number = self._history.archive, self._history.number(tag_id)
        if archive is None or number is None:
            return figures(source, tag_id, start, end, stepped, known_until=known, stop=stop)

        def rows(low: int, high: int) -> Rollups:
            return archive.rollups(number, low, high, HOUR)

        return long_figures(source, rows, tag_id, start, end, stepped, known_until=known, stop=stop)

    def annotations(self, ids: Sequence[str], start: int, end: int) -> list[AnnotationInfo]:
        found = [
            note for one in ids for note in self._history.annotations(one, start, end) if not note.deleted
        ]
        return [annotation_info(note) for note in sorted(found, key=lambda note: note.time)]

    def annotation(self, tag_id: str, annotation_id: str) -> Annotation | None:
        """The one that is not withdrawn."""
        found = self._history.annotations(tag_id, 0, 2**63 - 1)
        return next((one for one in found if one.id == annotation_id and not one.deleted), None)

    def state(self) -> HistoryState:
        coverage = self._history.coverage()
        damaged = [damage_line(one, self._history.tag_name(one.tag)) for one in self._history.damaged()]
        return HistoryState(
            seq=coverage.seq, until=coverage.until, compacted=coverage.compacted, first=coverage.first_seq,
            bytes=_size_of(self._folder), free_bytes=_free_of(self._folder), damaged=damaged,
            problem=self._history.problem,
        )  # fmt: skip


def annotation_info(note: Annotation) -> AnnotationInfo:
    return AnnotationInfo(note.id, note.tag_id, note.time, note.text, note.user, note.made, note.deleted)


def forecasts_of(plant: Plant) -> frozenset[int]:
    """Handles of the tags whose samples may lie ahead."""
    return frozenset(tag.handle for tag in plant.tags if tag.history and tag.recording.future)


class _Nothing:
    """A tag of which nothing is stored yet; obeys TrendReader."""

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        return iter(())

    def before(self, tag: int, at: int) -> Samples:
        return Samples.empty()

    def after(self, tag: int, at: int) -> Samples:
        return Samples.empty()

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        return rollups_of(Samples.empty(), level_ns, before=Samples.empty(), stepped=True)

    def levels(self, tag: int) -> tuple[int, ...]:
        return ()


def _size_of(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a file that goes in between is none
            total += path.stat().st_size if path.is_file() and path.name != BALLAST_FILE else 0
    return total


def _free_of(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
