"""One run of the history: what the loop tells, the recorder, and the threads that make it durable."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.core.clock import Clock
from hmi.core.errors import StorageError
from hmi.core.history import Modification, SampleFlag
from hmi.core.texts import tr
from hmi.historian._held import HeldFile, HeldState
from hmi.historian._intake import Told
from hmi.historian._portions import at_once, pieces, sifted
from hmi.historian._recorder import Recorder, is_gap
from hmi.historian._rows import Rows, Table, joined_rows, no_rows, rows_of
from hmi.historian._shelf import EVER, Shelf
from hmi.historian.port import Annotation, Archive, CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR
from hmi.historian.samples import Batch, Samples
from hmi.project.plant import Plant

log = logging.getLogger(__name__)

COMMIT_S: Final = 1.0
RETRY_S: Final = 5.0
LOOK_S: Final = 5.0
COMPACT_AGAIN_S: Final = 30.0
"""After a compaction that failed."""
GRACE_NS: Final = 180 * 1_000_000_000
"""How long after its end an hour is compacted."""
MOST_PENDING: Final = 500_000
ABSORB_AT: Final = 50_000
MOST_INSERTED: Final = 2_000_000
"""Back-filled samples after which a compaction does not wait for the end of the hour."""
MOST_ROWS: Final = 2_000_000
"""Rows that wait in memory while nothing can be written."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive to write, and the folder for what is held back; without one that is kept in memory only."""

    archive: Archive
    folder: Path | None = None


class Lost(NamedTuple):
    """From ``at`` on (UTC ns) changes were dropped."""

    at: int


Opener = Callable[[str], Opened]
"""Opens the archive of a run by its id; StorageError where it cannot be opened now."""


class Run:
    """``append`` and ``apply`` are for the loop and never wait; everything else may touch the disk.

    Without an opener nothing is durable: the newest rows are kept in memory.
    """

    def __init__(
        self, plant: Plant, *, run_id: str, clock: Clock, simulated: bool, opener: Opener | None
    ) -> None:
        self.run_id, self._clock, self._opener = run_id, clock, opener
        self._problem = self._stuck = ""
        self.paused = ""
        """Why nothing is to be stored, one sentence; '' mostly."""
        self.durable = 0
        """Up to here (UTC ns) all that came is stored."""
        self.recorder = Recorder(flags=SampleFlag.SIMULATED if simulated else 0)
        self._pending: deque[Told | Plant | Lost] = deque((plant,))
        self._is_losing = False
        self.wants_all = False
        """What all tags say now is not known here, and what does not change is never told."""
        self._told = self._absorbed = 0
        self._lock, self._writing = threading.RLock(), threading.RLock()
        self._live: list[Rows] = []
        self._aside: list[Rows] = []
        self._busy = 0
        self._compacted_at = self._inserted = 0
        self._shelf: Shelf | None = None
        self._held: HeldFile | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._tried = threading.Event()
        self._threads: list[threading.Thread] = []

    # ------------------------------------------------------------------ of the loop

    def append(self, told: Told) -> None:
        """Record changes; when nothing takes them any longer, they are lost and counted."""
        count, behind = len(told.changes), self._told - self._absorbed
        if self.paused:
            self.recorder.counts.lost += count
            return
        if behind > MOST_PENDING:
            self.recorder.counts.lost += count
            if not self._is_losing:
                self._pending.append(Lost(told.now))
            self._is_losing = self.wants_all = True
            return
        self._is_losing = False
        self._pending.append(told)
        self._told += count
        if behind <= ABSORB_AT < behind + count:
            threading.Thread(target=self.absorb, name="history intake", daemon=True).start()

    def pause(self, why: str) -> None:
        """From here on changes are lost and counted, and every tag has a gap; what came before is still stored."""
        if not self.paused:
            self._pending.append(Lost(self._clock.now_ns()))
        self.paused = why

    def resume(self) -> None:
        """Record again; what tags say now has to be told once."""
        self.paused, self.wants_all = "", True

    def apply(self, plant: Plant) -> None:
        """Handles of what comes next are those of this revision."""
        self._pending.append(plant)

    def start(self) -> None:
        """Make durable what comes, each second."""
        if self._opener is None or self._threads:
            return
        for work, name in ((self._keep, "history"), (self._compact, "history compaction")):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Ask for the end; ``join`` waits for it."""
        self._ended.set()
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait until all is stored and closed, or for so long."""
        for thread in self._threads:
            thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether there is still something to store or to close."""
        return any(thread.is_alive() for thread in self._threads)

    # ------------------------------------------------------------------ of any thread

    @property
    def problem(self) -> str:
        """Why nothing can be stored or compacted now, one sentence; '' while all is well."""
        return self._problem or self._stuck

    @property
    def archive(self) -> Archive | None:
        """None until it is open."""
        return self._shelf.archive if self._shelf is not None else None

    def wait_for_archive(self, timeout_s: float) -> None:
        """Until it is open, or cannot be opened, or for so long; not at all where nothing opens it.

        Once somebody has waited in vain, as for a disk that hangs, nobody waits any more.
        """
        if self._threads and not self._tried.wait(timeout_s):
            self._tried.set()

    @property
    def shelf(self) -> Shelf:
        """StorageError while the archive is not open."""
        if self._shelf is None:
            raise StorageError(self._problem or tr("the history is not open yet"))
        return self._shelf

    def tag_id(self, number: int) -> str:
        """The id of a tag by its number in the archive; '' where it is not known."""
        return self._shelf.tag_id(number) if self._shelf is not None else ""

    def absorb(self) -> None:
        """Reduce what the loop told so far."""
        with self._lock:
            told: list[Told] = []
            for _ in range(len(self._pending)):
                item = self._pending.popleft()
                if isinstance(item, Told):
                    told.append(item)
                    continue
                self._reduce(told)
                told = []
                if isinstance(item, Lost):
                    self.recorder.lose(item.at)
                else:
                    self.recorder.apply(item, self._clock.now_ns())
            self._reduce(told)
            self._take()

    def _reduce(self, told: Sequence[Told]) -> None:
        self.recorder.absorb(told)
        self._absorbed += sum(len(one.changes) for one in told)

    def _take(self) -> None:
        live, aside = self.recorder.take()
        self._live += pieces(live)
        self._aside += pieces(aside)
        if sum(map(len, self._live)) + sum(map(len, self._aside)) > MOST_ROWS:
            self._shorten()

    def _shorten(self) -> None:
        """The older half of what waits is lost, but for the last row of each tag; a gap stands for the others."""
        busy, rows = self._live[: self._busy], joined_rows(self._live[self._busy :])
        half = len(rows) // 2
        old = rows.table[:half]
        slots, first = np.unique(old["slot"], return_index=True)
        last = half - 1 - np.unique(old["slot"][::-1], return_index=True)[1]
        several = first < last
        flags = SampleFlag.OVERFLOW
        gaps = Rows(self.recorder.gap_rows(slots[several], old["time"][first[several]], flags=flags))
        kept = np.concatenate([np.sort(last), np.arange(half, len(rows))])
        self._live = [*busy, joined_rows((gaps, Rows(rows.table.take(kept), rows.objects)))]
        gone = int((~is_gap(old)).sum()) - int((~is_gap(old.take(last))).sum())
        self.recorder.counts.lost += gone + sum(map(len, self._aside))
        self._aside = []

    def fresh(self, tag_ids: Sequence[str]) -> tuple[NDArray[np.int64], Rows]:
        """Live rows that may not be stored yet, as (places in ``tag_ids``, rows): each tag's in time order."""
        with self._lock:
            self.absorb()
            known = self.recorder.known
            slots = np.array([known[one].slot if one in known else -1 for one in tag_ids], np.int64)
            place_of = np.full(len(self.recorder.ids) + 1, -1, np.int64)
            place_of[slots] = np.arange(len(slots))
            waiting = self.recorder.waiting(slots[slots >= 0].astype(np.int32))
            rows = joined_rows([*self._live, waiting])
        places = place_of[rows.table["slot"]]
        return places[places >= 0], rows.where(places >= 0)

    def write(self) -> None:
        """Make durable what there is; StorageError leaves in memory what is not."""
        with self._writing:
            shelf = self.shelf
            with self._lock:
                now = self._clock.now_ns()
                self.absorb()
                held = self._held_rows()
            try:
                while self._write_live(shelf, now):
                    pass
                self._write_aside(shelf, now)
                self._keep_held(shelf, held, now)
            except BaseException:  # what is held back was not told to its file
                self.recorder.touched_all()
                raise
            self.durable = now

    def _write_live(self, shelf: Shelf, now: int) -> bool:
        """One commit; what it holds is not changed meanwhile."""
        with self._lock:
            self._busy = at_once(self._live)
            rows = joined_rows(self._live[: self._busy])
        try:
            meets = shelf.meets_stored(rows, self.recorder)
            shelf.commit(rows.where(~meets), self.recorder, now=now)
        except BaseException:
            self._busy = 0
            raise
        with self._lock:
            del self._live[: self._busy]
            self._busy = 0
            if meets.any():
                self._aside.append(rows.where(meets))
            return bool(self._live)

    def _write_aside(self, shelf: Shelf, now: int) -> None:
        with self._lock:
            aside, self._aside = self._aside, []
        try:
            while aside:
                shelf.insert(aside[0], self.recorder, now=now)
                del aside[0]
        finally:
            with self._lock:
                self._aside = [*aside, *self._aside]

    def tail(self, tag_id: str) -> Samples:
        """The fresh rows of one tag, in time order."""
        return self.fresh((tag_id,))[1].samples()

    # ------------------------------------------------------------------ what people do

    def settle(self, tag_id: str) -> None:
        """Store what is held back of a tag; the file of held points forgets it, for it may be deleted next."""
        with self._writing:
            with self._lock:
                self.absorb()
                self.recorder.flush_tag(tag_id)
                self._take()
            if self._held is not None:
                self._held.outdate()
            self.write()

    def insert(
        self, tag_id: str, samples: Samples, kind: CommitKind, policy: DuplicatePolicy, why: Modification
    ) -> int:
        """Samples of one tag into what is stored; returns the number of the commit."""
        with self._writing:
            shelf = self.shelf
            tags = np.full(len(samples), shelf.numbered(tag_id), np.int32)
            self._inserted += len(samples)
            return shelf.archive.insert(
                Batch(tags, samples), time=why.time, kind=kind, policy=policy, modification=why
            )

    def annotate(self, annotation: Annotation) -> None:
        with self._writing:
            self.shelf.archive.annotate(annotation)

    # ------------------------------------------------------------------ what is held back

    def _held_rows(self) -> Rows | None:
        """What has to go to the file of held points: those that changed, or all of them."""
        if self._held is None:
            return None
        if self._held.is_due:
            self.recorder.touched_all()
        return self.recorder.waiting(self.recorder.take_touched())

    def _keep_held(self, shelf: Shelf, held: Rows | None, now: int) -> None:
        if self._held is None or held is None:
            return
        batch = held.batch(shelf.numbers(self.recorder, held.table["slot"]))
        if self._held.is_due or not self._held.is_open:
            self._held.renew(batch, now)
        else:
            self._held.add(batch, now)

    # ------------------------------------------------------------------ the thread that writes

    def _keep(self) -> None:
        while not self._open():
            if self._ended.wait(RETRY_S):
                return
        while not self._ended.is_set():
            self._wake.wait(COMMIT_S)
            self._wake.clear()
            self._try(self.write)
        self._threads[1].join()
        self._try(self._close)

    def _try(self, work: Callable[[], None]) -> None:
        """What fails is tried again; samples that no archive takes are lost and counted, or they would block all."""
        try:
            work()
        except StorageError as error:
            if not self._problem:
                log.error("The history cannot be kept: %s", error)
            self._problem = str(error)
        except Exception as error:
            # The border of the writing thread: a row that nothing takes must not end recording.
            log.exception("Samples that cannot be stored are dropped.")
            self._problem = str(error) or type(error).__name__
            with self._writing:
                self._drop()
        else:
            if self._problem:
                log.info("The history is kept again.")
            self._problem = ""

    def _drop(self) -> None:
        """Tags whose samples no archive takes lose them, behind a gap; those of all others are stored."""
        shelf, recorder, now = self._shelf, self.recorder, self._clock.now_ns()
        if shelf is None:
            return
        with self._lock:
            self._busy = len(self._live)
            live = joined_rows(self._live)
            aside, self._aside = joined_rows(self._aside), []
        refused, left = sifted(live, lambda rows: shelf.commit(rows, recorder, now=now))
        late, left_aside = sifted(aside, lambda rows: shelf.insert(rows, recorder, now=now))
        with self._lock:
            gaps = recorder.lose_rows(refused.table)
            self._live[: self._busy] = pieces(joined_rows((Rows(gaps), left)))
            self._busy = 0
            self._aside = [*pieces(left_aside), *self._aside]
            recorder.counts.lost += int((~is_gap(refused.table)).sum()) + len(late)
            self.wants_all |= bool(len(gaps))

    def _open(self) -> bool:
        assert self._opener is not None
        opener = self._opener

        def work() -> None:
            opened = opener(self.run_id)
            shelf = Shelf(opened.archive, self.run_id)
            held = HeldFile(opened.folder) if opened.folder is not None else None
            state = held.read() if held is not None else HeldState()
            self._restore(shelf, state)
            self._compacted_at = shelf.compacted
            self._held, self._shelf = held, shelf

        self._try(work)
        self._tried.set()
        return self._shelf is not None

    def _restore(self, shelf: Shelf, state: HeldState) -> None:
        """Go on where the archive ends: with what was held back, and a gap from the last sign of life on."""
        coverage, now = shelf.archive.coverage(), self._clock.now_ns()
        alive = max(state.alive, coverage.until)
        with self._lock:
            self.absorb()
            recorder = self.recorder
            recorder.run = shelf.run
            newest = shelf.newest(recorder)
            last = np.zeros(len(recorder.ids), newest.dtype)
            last[newest["slot"]] = newest
            held = _held_after(state, shelf, recorder, last)
            last[held["slot"]] = held
            ended = last[(last["time"] > 0) & ~is_gap(last) & (last["slot"] > 0)]
            gaps = recorder.gap_rows(ended["slot"], np.maximum(ended["time"], min(alive, now)) + 1)
            last[gaps["slot"]] = gaps
            recorder.restore(last[last["time"] > 0], now)
            marks = recorder.marks(alive, now, is_closed=state.is_closed or not alive)
            self._live.insert(0, joined_rows((Rows(held), Rows(gaps), marks)))
            strays = _strays_after(state, shelf, recorder, min(alive, now))
        if len(strays):
            shelf.archive.commit(Batch(strays["slot"], Rows(strays).samples()), time=now)

    def _close(self) -> None:
        """The last commit: nothing is held back any longer, and every tag ends with a gap."""
        with self._writing:
            with self._lock:
                self.absorb()
                self.recorder.flush()
                now = self._clock.now_ns()
                self.recorder.end(now)
                self._take()
            self.write()
            if self._held is not None:
                self._held.add(None, now, closed=True)
                self._held.close()
            self.shelf.archive.close()

    # ------------------------------------------------------------------ the thread that compacts

    def _compact(self) -> None:
        while not self._ended.wait(COMPACT_AGAIN_S if self._stuck else LOOK_S):
            self.compact_due()

    def compact_due(self) -> None:
        """Compact the hours that have ended for good, and what was back-filled in bulk; what fails is tried again.

        Also where the clock was ahead and hours beyond are compacted already: what came since goes into them.
        """
        until = (self._clock.now_ns() - GRACE_NS) // HOUR * HOUR
        shelf = self._shelf
        if shelf is None or self._problem or self.paused:
            return
        inserted = self._inserted
        if until == self._compacted_at and inserted < MOST_INSERTED:
            return
        try:
            self._compact_until(shelf, until)
        except Exception as error:
            # The border of the compacting thread: it goes on, is tried again, and the problem is told.
            text = str(error) or type(error).__name__
            if text != self._stuck:
                log.exception("The history cannot be compacted: %s", text)
            self._stuck = text
        else:
            self._stuck, self._compacted_at = "", until
            self._inserted -= inserted

    def _compact_until(self, shelf: Shelf, until: int) -> None:
        with self._lock:
            self.absorb()
            self.recorder.flush(until)
            self._take()
        self.write()
        with self._writing:  # from here on older rows may go into what is stored
            shelf.compacted = max(shelf.compacted, until)
        shelf.archive.compact(until, stop=self._ended.is_set)


def _held_after(state: HeldState, shelf: Shelf, recorder: Recorder, last: Table) -> Table:
    """Points that were held back and are newer than what is stored of their tags, in time order."""
    slot_of = {number: slot for slot, one in enumerate(recorder.ids) if (number := shelf.number(one))}
    kept = [no_rows()]
    for number, table in _by_number(state).items():
        slot = slot_of.get(number)
        if slot is not None:
            table["slot"] = slot
            kept.append(table[table["time"] > last["time"][slot]])
    found = np.concatenate(kept)
    return found[np.argsort(found["time"], kind="stable")]


def _strays_after(state: HeldState, shelf: Shelf, recorder: Recorder, alive: int) -> Table:
    """The same of tags that are not recorded now, by number instead of slot, each with the gap that ends it."""
    own = {shelf.number(one) for one in recorder.ids}
    tables = {number: table for number, table in _by_number(state).items() if number not in own}
    stored = shelf.archive.at([number for number in tables if shelf.tag_id(number)], EVER)
    kept = [no_rows()]
    for number, newest in zip(stored.tags.tolist(), stored.samples.times.tolist(), strict=True):
        table = tables[number]
        table = table[table["time"] > newest]
        if len(table):
            end = np.array([max(int(table["time"][-1]), alive) + 1])
            kept += [table, recorder.gap_rows(np.array([number], np.int32), end)]
    return np.concatenate(kept)


def _by_number(state: HeldState) -> dict[int, Table]:
    """Of each tag what was held back of it last, with its number instead of a slot."""
    tables: dict[int, Table] = {}
    for batch in state.batches:
        table = rows_of(batch.tags, batch.samples).table
        for number in np.unique(batch.tags).tolist():
            tables[number] = table[batch.tags == number]
    return tables
