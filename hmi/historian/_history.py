"""The history of a runtime: what is stored and what is on its way there, read as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hmi.core import quality
from hmi.core.clock import Clock, SystemClock
from hmi.core.errors import UsageError
from hmi.core.history import PAGE, HistoryPage, Modification, ReadRaw, SampleFlag
from hmi.core.identity import new_id
from hmi.core.texts import tr
from hmi.core.values import DataValue, bad
from hmi.historian._intake import AHEAD_NS, YEAR_NS, Counts, Told, fits
from hmi.historian._run import Opener, Run
from hmi.historian.care import limits_of
from hmi.historian.coverage import is_unknown
from hmi.historian.port import Annotation, Archive, Commit, CommitKind, Coverage, Damage, DuplicatePolicy
from hmi.historian.samples import Samples, joined
from hmi.project.plant import Plant

_EVER: Final = 2**63 - 1
_END_S: Final = 20.0
_OPEN_S: Final = 20.0


class History:
    """``append``, ``apply`` and ``begin_run`` are for the loop of the runtime and never wait for the disk.

    Every read may be called by any thread and touches the disk; StorageError where it cannot be read. Without
    ``opener`` nothing is stored: the newest samples are kept in memory. ``at`` and all other times are UTC ns.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        clock: Clock | None = None,
        run_id: str = "",
        simulated: bool = False,
        opener: Opener | None = None,
    ) -> None:
        self._plant, self._clock = plant, clock or SystemClock()
        self._simulated, self._opener = simulated, opener
        self._is_started = False
        self._run = self._new_run(run_id)
        self._ending: list[Run] = []
        self._wanted: set[str] = set()

    def _new_run(self, run_id: str) -> Run:
        return Run(
            self._plant, run_id=run_id, clock=self._clock, simulated=self._simulated, opener=self._opener
        )

    # ------------------------------------------------------------------ of the loop

    def append(self, changes: Iterable[tuple[int, DataValue]], *, now: int = 0, seen: int = 0) -> None:
        """Record changes by handle. ``now``: when they were told; ``seen``: up to when all of their tags were known
        to be as before, 0 where that is not known.
        """
        changes = changes if isinstance(changes, list | tuple) else tuple(changes)
        if changes:
            self._run.append(Told(changes, now or self._clock.now_ns(), seen))

    def apply(self, plant: Plant) -> None:
        """Take a plant revision: tags keep their history by id."""
        before = {tag.id for tag in self._plant.tags if tag.history}
        self._wanted |= {tag.id for tag in plant.tags if tag.history} - before
        self._plant = plant
        self._run.apply(plant)

    def take_wanted(self) -> list[int]:
        """Handles of the tags whose present value has to be told once, for it may never change: after a begin or a
        loss all that are recorded, else those that are recorded since a revision.
        """
        wants_all, wanted = self._run.wants_all, self._wanted
        self._run.wants_all, self._wanted = False, set()
        if not wants_all and not wanted:
            return []
        return [tag.handle for tag in self._plant.tags if tag.history and (wants_all or tag.id in wanted)]

    def pause(self, why: str) -> None:
        """Store nothing from here on but count what is lost, until ``resume``; ``why``: one sentence."""
        self._run.pause(why)

    def resume(self) -> None:
        """Store what comes again."""
        self._run.resume()

    @property
    def is_paused(self) -> bool:
        return bool(self._run.paused)

    def start(self) -> None:
        """Open the archive and make durable what comes, each second, in threads of its own."""
        self._is_started = True
        self._run.start()

    def begin_run(self, run_id: str) -> None:
        """A restored plant is another run: its past is its own, and its clock may have gone back (2b.4)."""
        self._run.end()
        self._ending = [*(run for run in self._ending if run.is_alive), self._run]
        paused, self._run = self._run.paused, self._new_run(run_id)
        self._run.wants_all = True
        if paused:
            self._run.pause(paused)
        if self._is_started:
            self._run.start()

    def sync(self) -> None:
        """Make durable what came so far, without waiting for the next second; StorageError where that fails."""
        self._run.write()

    def close(self) -> None:
        """Store everything, mark the end, and close; waits for the disk for a while."""
        for run in (*self._ending, self._run):
            run.end()
            run.join(_END_S)

    @property
    def run_id(self) -> str:
        """The run whose samples are recorded and read."""
        return self._run.run_id

    @property
    def problem(self) -> str:
        """Why nothing can be stored now, one sentence; '' while all is well."""
        run = self._run
        if run.paused:
            return tr("{why}; {count} changes were not kept", why=run.paused, count=run.recorder.counts.lost)
        return run.problem

    @property
    def counts(self) -> Counts:
        """What was not recorded as it came, since the start of the run."""
        return self._run.recorder.counts

    # ------------------------------------------------------------------ reads

    def read_raw(self, request: ReadRaw) -> HistoryPage:
        """Samples from start to end, which includes what is not stored yet; with ``bounds`` also those around."""
        low, high = sorted((request.start, request.end))
        if request.modified:
            return self._modified(request, low, high)
        run, backwards = self._run, request.start > request.end
        tail = run.tail(request.tag_id)
        limit = request.limit or PAGE
        archive, number = _place(run, request.tag_id)
        found = Samples.empty()
        if archive is not None and number is not None:
            found = _rows(archive, number, (low, high), limit, backwards=backwards)
        more = tail.between(low, high)
        more = more.take(~np.isin(more.times, found.times))
        if len(more):
            found = joined((found, more)).in_order()
            found = found.take(slice(None, None, -1)) if backwards else found
        cut = _cut(found.times, limit)
        following = int(found.times[cut]) if cut < len(found) else 0
        page = found.take(slice(0, cut))
        if request.bounds:
            page = _with_bounds(page, run, request, tail, is_last=not following)
        return HistoryPage(
            request.tag_id,
            tuple(page.values()),
            following,
            tuple(page.flags.tolist()) if page.flags.any() else (),
        )

    def _modified(self, request: ReadRaw, low: int, high: int) -> HistoryPage:
        archive, number = _place(self._run, request.tag_id)
        kept = archive.modified(number, low, high) if archive is not None and number is not None else []
        ordered = sorted(kept, key=lambda one: int(one[0].times[0]), reverse=request.start > request.end)
        times = np.array([int(one[0].times[0]) for one in ordered], np.int64)
        cut = _cut(times, request.limit or PAGE)
        following = int(times[cut]) if cut < len(times) else 0
        ordered = ordered[:cut]
        samples = joined(one for one, _ in ordered)
        return HistoryPage(
            request.tag_id,
            tuple(samples.values()),
            following,
            tuple(samples.flags.tolist()),
            tuple(why for _, why in ordered),
        )

    def read_at(self, tag_id: str, at: int) -> DataValue:
        """The value that held at an instant: the last one before it; BadNoData where none is kept."""
        return self.values_at((tag_id,), at)[0]

    def values_at(self, tag_ids: Sequence[str], at: int) -> list[DataValue]:
        """What held at an instant for each of these tags."""
        run = self._run
        if len(set(tag_ids)) < len(tag_ids):
            once = list(dict.fromkeys(tag_ids))
            value_of = dict(zip(once, self.values_at(once, at), strict=True))
            return [value_of[one] for one in tag_ids]
        found: list[DataValue | None] = [None] * len(tag_ids)
        places, rows = run.fresh(tag_ids)
        held = rows.table["time"] <= at
        for place, value in zip(places[held].tolist(), rows.where(held).samples().values(), strict=True):
            found[place] = value
        missing = [place for place, value in enumerate(found) if value is None]
        archive = run.archive
        if archive is not None and missing:
            numbers = {run.shelf.number(tag_ids[place]): place for place in missing}
            numbers.pop(None, None)
            batch = archive.at([number for number in numbers if number is not None], at)
            for number, value in zip(batch.tags.tolist(), batch.samples.values(), strict=True):
                found[numbers[number]] = value
        return [bad(quality.BAD_NO_DATA, at) if value is None else value for value in found]

    def samples(self, tag_id: str, start: int, end: int) -> Iterator[Samples]:
        """All samples with start <= time <= end in pieces of a bounded size; stop iterating to cancel."""
        run = self._run
        more = run.tail(tag_id).between(start, end)
        archive, number = _place(run, tag_id)
        newest = -_EVER
        if archive is not None and number is not None:
            for piece in archive.blocks(number, start, end):
                newest = int(piece.times[-1])
                yield piece
        more = more.take(more.times > newest)
        if len(more):
            yield more

    def before(self, tag_id: str, at: int) -> Samples:
        """The newest sample with time < at, or none."""
        return _before(self._run, tag_id, at, self._run.tail(tag_id))

    def after(self, tag_id: str, at: int) -> Samples:
        """The oldest sample with time > at, or none."""
        return _after(self._run, tag_id, at, self._run.tail(tag_id))

    def is_stepped(self, tag_id: str) -> bool:
        """Whether a value stands until the next one; True for a tag that the plant does not have."""
        tag = self._plant.by_id.get(tag_id)
        return tag is None or tag.record.is_stepped

    def is_number_stepped(self, number: int) -> bool:
        """The same by the number of a tag in the archive; what compaction asks."""
        return self.is_stepped(self._run.tag_id(number))

    def is_number_fine(self, number: int) -> bool:
        """Whether every change of a measured number is kept, so that rollups of a minute are worth their room."""
        tag = self._plant.by_id.get(self._run.tag_id(number))
        settings = tag.record if tag is not None else None
        return (
            settings is not None
            and not settings.is_stepped
            and not settings.exc_dev
            and not settings.compression
        )

    def tag_name(self, number: int) -> str:
        """What people call a tag by its number in the archive; its id where the plant has it no more, '' for none."""
        tag_id = self._run.tag_id(number)
        tag = self._plant.by_id.get(tag_id)
        return tag.name if tag is not None else tag_id

    def tag_id(self, number: int) -> str:
        """The id of a tag by its number in the archive; '' where there is none."""
        return self._run.tag_id(number)

    def number(self, tag_id: str) -> int | None:
        """Number of a tag in the archive, None where nothing of it is stored."""
        return _place(self._run, tag_id)[1]

    @property
    def archive(self) -> Archive | None:
        """What is stored, without what is on its way; None while it is not open."""
        return self._run.archive

    def wait_for_archive(self) -> None:
        """Until the archive of a run that begins is open: what is read before that lacks the past.

        It ends as soon as the archive cannot be opened, which ``problem`` tells, and after 20 s at the latest.
        """
        self._run.wait_for_archive(_OPEN_S)

    def tail(self, tag_id: str) -> Samples:
        """What is not stored yet of a tag, in time order: newer than all that is."""
        return self._run.tail(tag_id)

    def feed_after(self, seq: int, limit: int = 1_000) -> list[Commit]:
        """Commits after ``seq`` in commit order; what fell out of the feed is a visible hole in ``seq``."""
        archive = self._run.archive
        return archive.feed(seq, limit) if archive is not None else []

    def coverage(self) -> Coverage:
        """Up to what the archive is complete; where nothing changes that is the last look."""
        run = self._run
        if run.archive is None:
            return Coverage(0, 0)
        found = run.archive.coverage()
        return replace(found, until=max(found.until, run.durable))

    def damaged(self) -> list[Damage]:
        archive = self._run.archive
        return archive.damaged() if archive is not None else []

    # ------------------------------------------------------------------ what people do to it

    def insert(
        self,
        tag_id: str,
        values: Sequence[DataValue],
        *,
        user: str,
        reason: str,
        policy: DuplicatePolicy = DuplicatePolicy.KEEP_OR_REPLACE,
        open_at: int = 0,
    ) -> int:
        """Back-fill samples, however old; returns the number of the commit. UsageError for what cannot be stored.

        ``open_at``: nothing is known from there on (UTC ns), until the next sample that is kept.
        """
        self._check(tag_id, values)
        why = Modification(user, self._clock.now_ns(), reason, "insert")
        return self._put(tag_id, values, SampleFlag.BACKFILL, CommitKind.LATE, policy, why, open_at)

    def edit(self, tag_id: str, values: Sequence[DataValue], *, user: str, reason: str) -> int:
        """Put values in the place of those at the same instants, which stay as earlier versions."""
        self._check(tag_id, values)
        why = Modification(user, self._clock.now_ns(), _reason(reason), "replace")
        return self._put(tag_id, values, SampleFlag.EDITED, CommitKind.EDIT, DuplicatePolicy.REPLACE, why)

    def delete(self, tag_id: str, start: int, end: int, *, user: str, reason: str) -> int:
        """Take out the samples with start <= time <= end; they stay as earlier versions. Returns how many."""
        why = Modification(user, self._clock.now_ns(), _reason(reason), "delete")
        count = 0
        self._settle(tag_id)
        for piece in list(self.samples(tag_id, start, end)):
            self._store(tag_id, piece, CommitKind.DELETE, DuplicatePolicy.REPLACE, why)
            count += len(piece)
        return count

    def close_gap(self, tag_id: str, start: int, end: int, *, user: str, reason: str) -> int:
        """Take out what says that nothing was known from start to end (UTC ns): its source has told what it was.

        Values that were back-filled stay, also Bad ones. Returns how many went; they stay as earlier versions.
        """
        why = Modification(user, self._clock.now_ns(), _reason(reason), "delete")
        count = 0
        self._settle(tag_id)
        for piece in list(self.samples(tag_id, start, end)):
            told = (piece.flags & np.uint16(SampleFlag.BACKFILL | SampleFlag.MARK)) == SampleFlag.BACKFILL
            own = piece.take(is_unknown(piece) & ~told)
            if len(own):
                self._store(tag_id, own, CommitKind.DELETE, DuplicatePolicy.REPLACE, why)
                count += len(own)
        return count

    def annotate(
        self, tag_id: str, at: int, text: str, *, user: str, annotation_id: str = "", deleted: bool = False
    ) -> str:
        """Write, change or delete a remark; returns its id."""
        made = annotation_id or new_id("an")
        note = Annotation(made, tag_id, at, text, user, self._clock.now_ns(), deleted)
        self._run.annotate(note)
        return made

    def annotations(self, tag_id: str, start: int, end: int) -> list[Annotation]:
        archive = self._run.archive
        return archive.annotations(tag_id, start, end) if archive is not None else []

    def _put(
        self,
        tag_id: str,
        values: Sequence[DataValue],
        flag: SampleFlag,
        kind: CommitKind,
        policy: DuplicatePolicy,
        why: Modification,
        open_at: int = 0,
    ) -> int:
        self._settle(tag_id)
        flags = flag | (SampleFlag.SIMULATED if self._simulated else 0)
        ordered = sorted(values, key=lambda value: value.source_time)
        samples = Samples.of(ordered, flags=flags)
        if open_at:
            mark = Samples.of([bad(quality.BAD_NO_DATA, open_at)], flags=flags | SampleFlag.MARK)
            samples = joined((samples, mark)).in_order()
        return self._store(tag_id, samples, kind, policy, why)

    def _settle(self, tag_id: str) -> None:
        """What is held back of a tag is stored first: an edit meets what it is about."""
        self._run.settle(tag_id)

    def _store(
        self, tag_id: str, samples: Samples, kind: CommitKind, policy: DuplicatePolicy, why: Modification
    ) -> int:
        return self._run.insert(tag_id, samples, kind, policy, why)

    def _check(self, tag_id: str, values: Sequence[DataValue]) -> None:
        now, tag = self._clock.now_ns(), self._plant.by_id.get(tag_id)
        ahead = YEAR_NS if tag is not None and tag.record.future else AHEAD_NS
        first = limits_of(self._plant.history).first_kept(now)
        for place, value in enumerate(values, 1):
            if value.source_time <= 0:
                raise UsageError(tr("sample {n}: a time before 1970 cannot be stored", n=place))
            if value.source_time > now + ahead:
                raise UsageError(tr("sample {n}: its time lies too far ahead", n=place))
            if value.source_time < first:
                raise UsageError(
                    tr(
                        "sample {n}: the plant keeps nothing longer than {days} days and it is older",
                        n=place,
                        days=limits_of(self._plant.history).hour_days,
                    )
                )
            if not fits(value.value):
                raise UsageError(tr("sample {n}: its value is too large to be stored", n=place))
            if isinstance(value.value, float) and not np.isfinite(value.value):
                raise UsageError(tr("sample {n}: its value is no number", n=place))


def _reason(reason: str) -> str:
    if not reason.strip():
        raise UsageError(tr("a change of the history needs a reason"))
    return reason


def _place(run: Run, tag_id: str) -> tuple[Archive | None, int | None]:
    archive = run.archive
    return archive, run.shelf.number(tag_id) if archive is not None else None


def _rows(archive: Archive, number: int, span: tuple[int, int], limit: int, *, backwards: bool) -> Samples:
    """Stored samples of a span (UTC ns): those of a page of ``limit`` and the next instant, or all there are.

    The archive never cuts an instant apart, so that fewer than were asked for may not be the end.
    """
    low, high = span
    wanted = limit + 1
    while True:
        found = archive.read(number, low, high, wanted, backwards=backwards)
        if not len(found) or _cut(found.times, limit) < len(found):
            return found
        last = int(found.times[-1])
        rest = (low, last - 1) if backwards else (last + 1, high)
        if rest[0] > rest[1] or not len(archive.read(number, *rest, 1, backwards=backwards)):
            return found
        wanted *= 2


def _with_bounds(page: Samples, run: Run, request: ReadRaw, tail: Samples, *, is_last: bool) -> Samples:
    """The bound at the start is in the first page only, the one at the end in the last."""
    low, high = sorted((request.start, request.end))
    backwards, is_first = request.start > request.end, not request.continued
    has_before, has_after = (is_last, is_first) if backwards else (is_first, is_last)
    before = _before(run, request.tag_id, low, tail) if has_before else Samples.empty()
    after = _after(run, request.tag_id, high, tail) if has_after else Samples.empty()
    return joined((after, page, before) if backwards else (before, page, after))


def _before(run: Run, tag_id: str, at: int, tail: Samples) -> Samples:
    fresh = tail.take(tail.times < at)
    if len(fresh):
        return fresh.take(slice(-1, None))
    archive, number = _place(run, tag_id)
    return archive.before(number, at) if archive is not None and number is not None else Samples.empty()


def _after(run: Run, tag_id: str, at: int, tail: Samples) -> Samples:
    archive, number = _place(run, tag_id)
    stored = archive.after(number, at) if archive is not None and number is not None else Samples.empty()
    return stored if len(stored) else tail.take(tail.times > at).take(slice(0, 1))


def _cut(times: np.ndarray, limit: int) -> int:
    """Where a page ends: between two instants."""
    if len(times) <= limit:
        return len(times)
    edges = np.flatnonzero(np.diff(times)) + 1
    fitting = edges[edges <= limit]
    if len(fitting):
        return int(fitting[-1])
    return int(edges[0]) if len(edges) else len(times)
