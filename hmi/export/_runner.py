"""One job at work in its own thread: makes packages of a source and hands them to an exporter."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import msgspec
import numpy as np

from hmi.core.clock import NS_PER_S, wall_ns
from hmi.core.errors import StorageError, WatchkeeperError
from hmi.core.texts import tr
from hmi.export._progress import (
    Feed,
    Head,
    Past,
    Progress,
    Span,
    Step,
    add_past,
    backlog_s,
    begin,
    catch_up,
    complete_until,
    done,
    follow_schema,
    is_known,
    keep_quota,
    next_backfill,
    next_live,
    wanted_from,
)
from hmi.export._source import Part, Source, without
from hmi.export._state import JobState
from hmi.export.digest import (
    NO_ROWS,
    canonical,
    event_text,
    object_text,
    schema_digest,
    sum_of,
    sum_of_events,
    watermark_digest,
)
from hmi.export.figures import JobCondition, JobFigures
from hmi.export.live import LiveTap
from hmi.export.port import (
    Exporter,
    Haste,
    LiveExporter,
    Package,
    RecordsRefused,
    Schema,
    TargetRefused,
    TargetUnavailable,
    Watermark,
)
from hmi.project.exports import ExportDef

log = logging.getLogger(__name__)
LOOK_S: Final = 0.2
TELL_S: Final = 1.0
BACKFILL_S: Final = 1.5
FIRST_COMMITS: Final = 64.0
EPOCH_BITS: Final = 40
RETRY_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
REFUSED_RETRY_S: Final = 60.0
QUALITY_RULE: Final = (
    "status is the OPC UA status code; a Bad value (code >= 0x80000000) is null; the highest revision of a "
    "(key, time, version) counts"
)


@dataclass(frozen=True, slots=True)
class Plain:
    """What a job has to know of the plant. ``stream``: ``PLANT-ID/JOB``; ``archive`` names the one that is read."""

    stream: str
    site: str
    title: str
    zone: str
    archive: str


class JobRunner:
    """``run`` until ``stop`` is set. What a target does wrong is told in the figures; the next try comes by itself."""

    def __init__(
        self,
        job: ExportDef,
        plain: Plain,
        source: Source,
        exporter: Exporter,
        state: JobState,
        *,
        stop: threading.Event,
        tap: LiveTap | None = None,
        now: Callable[[], int] = wall_ns,
        pause: Callable[[float], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job, self._plain, self._source, self._exporter, self._state = job, plain, source, exporter, state
        self._stop, self._now, self._monotonic, self._tap = stop, now, monotonic, tap
        self._pause = pause or (lambda seconds: void(stop.wait(seconds)))
        self.progress: Progress = state.progress(job.name)
        self.figures = JobFigures(job=job.name, to=job.to, what=job.what.value)
        self._is_open = False
        self._described = ""
        self._tries = 0
        self._not_before = 0.0
        self._next_live = 0.0
        self._next_backfill = 0.0
        self._at_once = FIRST_COMMITS
        """So many commits of what waited are delivered in about ``BACKFILL_S``: live data does not wait longer."""
        self._told_at = -1e9
        self._rates: deque[tuple[float, int]] = deque()
        self._schema = schema_digest(source.series)
        self._head = Head(0, 0, 0, 0)

    # ------------------------------------------------------------------ the loop

    def run(self) -> None:
        """Until ``stop``; the exporter is closed behind it."""
        try:
            while not self._stop.is_set():
                if not self.turn():
                    self._pause(LOOK_S)
        finally:
            self._condition(JobCondition.STOPPED, "")
            self._tell(force=True)
            self._close()

    def turn(self) -> bool:
        """One look; whether there was something to do. Nothing is raised but what ends the process."""
        try:
            self._take_asked()
            if self.progress.is_paused:
                self._condition(JobCondition.PAUSED, "")
                if self._is_open:  # what it shows as live would grow old
                    self._close()
            if self.progress.is_paused or self._monotonic() < self._not_before:
                return False
            did = self._step()
            self._tries = 0
        except TargetRefused as error:
            self._failed(JobCondition.REFUSED, str(error), REFUSED_RETRY_S)
            return False
        except (TargetUnavailable, StorageError) as error:
            self._failed(JobCondition.UNAVAILABLE, str(error), RETRY_S[min(self._tries, len(RETRY_S) - 1)])
            return False
        except Exception as error:
            # The border to what a library or a foreign server may do: the job is tried again, the others go on.
            log.exception("Export %s failed.", self.job.name)
            self._failed(JobCondition.UNAVAILABLE, f"{type(error).__name__}: {error}", RETRY_S[-1])
            return False
        finally:
            self._tell()
        return did

    def finish(self) -> None:
        """Deliver all there is now, without waiting; raises what stands in the way (``hmi export run --once``)."""
        self._next_live = self._next_backfill = 0.0
        self._take_asked()
        try:
            if self.progress.is_paused:
                self._condition(JobCondition.PAUSED, "")
                return
            while not self._stop.is_set() and self._step(patient=False):
                self._next_live = self._next_backfill = 0.0
        except WatchkeeperError as error:
            is_refused = isinstance(error, TargetRefused)
            self._failed(JobCondition.REFUSED if is_refused else JobCondition.UNAVAILABLE, str(error), 0.0)
            raise
        finally:
            self._tell(force=True)

    def _step(self, *, patient: bool = True) -> bool:
        head = self._source.head()
        self._begin(head)
        self._tell_live()
        step = self.progress.step or self._planned(head, patient=patient)
        if step is None:
            self._exporter.idle()
            self._judge(head)
            return False
        started = self._monotonic()
        delivered = self._deliver(step, head)
        self._account(step, delivered, self._monotonic() - started)
        self._judge(head)
        return True

    # ------------------------------------------------------------------ parts of a step

    def _tell_live(self) -> None:
        rows = self._tap.take(self._now()) if self._tap is not None else None
        if rows is not None:
            cast(LiveExporter, self._exporter).live(rows)

    def _begin(self, head: Head) -> None:
        if not self._is_known(head):
            self._begin_archive(head)
        follow_schema(self.progress, self._schema)
        if self._is_open and self._described == self._schema:
            return
        if not self._is_open:
            self._adopt(self._exporter.open())
            self._is_open = True
            if self._tap is not None:
                self._tap.again()
        schema = Schema(
            self._plain.stream, self._schema, self._source.series, self._plain.site, self._plain.title,
            self._plain.zone, QUALITY_RULE, self._now(),
        )  # fmt: skip
        self._exporter.describe(schema)
        self._described = self._schema
        self._state.keep(self.job.name, self.progress)

    def _is_known(self, head: Head) -> bool:
        """Whether the numbers are still those of the archive: it may have been put back to an earlier state."""
        progress = self.progress
        if not is_known(progress, self._plain.archive, head):
            return False
        known = [(progress.live, progress.live_time)]
        if progress.step is not None and progress.step.made:  # the target may have it already
            known.append((progress.step.last, progress.step.made))
        return all(seq <= head.seq and self._source.time_at(seq) in (0, made) for seq, made in known)

    def _begin_archive(self, head: Head) -> None:
        progress, source, start = self.progress, self._source, self.job.since
        if progress.is_begun:
            is_same = progress.archive == self._plain.archive
            wanted = max(1, wanted_from(progress) - source.margin) if is_same else 1
            begin(progress, self._plain.archive, head, (0, 0))
            self._deliver_since(wanted, head)
            return
        if start:
            start = max(start, source.earliest(start))
        begin(progress, self._plain.archive, head, (start, source.past_end(head)) if start else (0, 0))

    def _adopt(self, last: Watermark | None) -> None:
        """What the target itself has counts: a package that it holds is not made again, and where its last one is not
        ours (the state of here was lost, one of the two was put back), all since then comes again behind it.
        """
        progress, step = self.progress, self.progress.step
        if last is None or (last.number, last.digest) == (progress.number, progress.digest):
            return
        if step is not None and last.number == step.number and last.previous == progress.digest:
            done(progress, step_of(step, last.last), self._source.time_at(last.last), last.digest)
            return
        progress.number, progress.digest, progress.step = last.number, last.digest, None
        self._deliver_since(max(1, last.complete_until - self._source.margin), self._source.head())

    def _deliver_since(self, start: int, head: Head) -> None:
        """All that was recorded since an instant (UTC ns) once more: its commits, which have the deletions too, and out
        of the archive what they do not reach back to.
        """
        progress, source = self.progress, self._source
        low, high = max(1, head.first), progress.live + 1
        while low < high:
            middle = (low + high) // 2
            if source.time_of(middle) >= start:
                high = middle
            else:
                low = middle + 1
        if low <= progress.live:
            kept = [span for span in progress.waiting if span.last < low]
            again = Span(low, progress.live, source.time_of(low), progress.live_time)
            progress.waiting = sorted([*kept, again], key=lambda one: one.begin)
        if 1 < head.first >= low:
            self._read_again(start, source.past_end(head))

    def _read_again(self, start: int, end: int, instead: tuple[int, int] = (0, 0)) -> None:
        """The archive from ``start`` to before ``end`` (UTC ns), but not where there is nothing."""
        start = max(start, self._source.earliest(start))
        add_past(self.progress, Past(start, end, instead))

    def _planned(self, head: Head, *, patient: bool) -> Step | None:
        clock, progress = self._monotonic(), self.progress
        if head.seq > progress.live:
            after = progress.live + 1
            first = self._source.time_at(after) or progress.live_time or self._source.time_of(after)
            catch_up(progress, head, self.job.every_s, first or head.time)
        keep_quota(progress, head, self.job.quota_s, Feed(self._source.time_of, self._source.margin))
        live = next_live(self.progress, head)
        if live is not None and clock >= self._next_live:
            return live
        late = next_backfill(self.progress, self._source.piece)
        if late is not None and late.first and patient:
            last = late.first + max(1, int(self._at_once)) - 1
            if last < late.last:
                late = msgspec.structs.replace(late, last=last, made=self._source.time_at(last))
        return late if late is not None and (clock >= self._next_backfill or not patient) else None

    def _deliver(self, step: Step, head: Head) -> Step:
        """The step as it became."""
        if self.progress.step is None:
            self.progress.step = step
            self._state.keep(self.job.name, self.progress)
        part = self._read(step)
        step = step_of(step, part.last)
        self._leave(step, part, head)
        part = replace(part, last_time=part.last_time or head.time)
        refused = 0
        while True:
            package = self._package(step, part, head, refused)
            try:
                self._exporter.deliver(package)
                break
            except RecordsRefused as error:
                if not error.reasons or self._stop.is_set():
                    raise TargetRefused(tr("the target refuses rows without saying which")) from error
                part = self._without(step, part, error, is_first=not refused)
                refused += len(error.reasons)
        done(self.progress, step, part.last_time, package.watermark.digest)
        self.progress.rows += len(package)
        self.progress.quarantined += refused
        self._state.keep(self.job.name, self.progress)
        self.figures.complete_until = package.watermark.complete_until
        return step

    def _leave(self, step: Step, part: Part, head: Head) -> None:
        """What a package cannot have goes by the archive. Kept before it is sent: of one that the target has and did
        not answer, nothing is read again.
        """
        if not part.missing and not part.rest:
            return
        span = self.progress.waiting[0] if step.haste is Haste.BACKFILL and self.progress.waiting else None
        since = span.begin if span else self.progress.live_time
        until = part.last_time or (span.end if span else head.time)
        margin = self._source.margin
        for pair in part.missing:
            self._read_again(max(1, since - margin), until + margin + 1, pair)
        for start, end in part.rest:
            self._read_again(start, end)
        self._state.keep(self.job.name, self.progress)

    def _read(self, step: Step) -> Part:
        if step.first:
            return self._of_this_archive(self._source.read(step.first, step.last))
        return self._of_this_archive(self._read_past(step))

    def _read_past(self, step: Step) -> Part:
        return self._source.read_past(step.start, step.end, slice(step.place, step.until_place or None))

    def _of_this_archive(self, part: Part) -> Part:
        """Commits of another archive count from 1 again: the epoch before them keeps newer revisions higher."""
        if part.rows is None or not self.progress.epoch:
            return part
        revisions = part.rows.revisions + (self.progress.epoch << EPOCH_BITS)
        return replace(part, rows=replace(part.rows, revisions=revisions))

    def _package(self, step: Step, part: Part, head: Head, refused: int) -> Package:
        rows, events = part.rows, part.events
        mark = Watermark(
            stream=self._plain.stream,
            number=step.number,
            previous=self.progress.digest,
            first=step.first,
            last=step.last,
            rows=len(rows) if rows is not None else len(events),
            sum=sum_of(rows) if rows is not None else sum_of_events(events) if events else NO_ROWS,
            complete_until=complete_until(self.progress, step, head, part.last_time, self._source.settled),
            schema=self._schema,
            made=self._now(),
            haste=step.haste,
            dropped=tuple(self.progress.dropped),
            quarantined=refused,
            coverage=_past_of(step),
        )
        return Package(replace(mark, digest=watermark_digest(mark)), rows, events)

    def _without(self, step: Step, part: Part, error: RecordsRefused, *, is_first: bool) -> Part:
        places = sorted(error.reasons)
        if part.rows is not None:
            values = part.rows.samples.take(_index(places)).values()
            tags = [part.rows.tags[int(part.rows.places[place])] for place in places]
            texts = [
                canonical([tag.key, one.source_time, object_text(one.value), one.status])
                for tag, one in zip(tags, values, strict=True)
            ]
            left = replace(part, rows=without(part.rows, places))
        else:
            texts = [event_text(part.events[place]) for place in places]
            chosen = set(places)
            left = replace(part, events=tuple(e for at, e in enumerate(part.events) if at not in chosen))
        reasons = [error.reasons[place] for place in places]
        rows = list(zip(reasons, texts, strict=True))
        self._state.quarantine(self.job.name, step.number, self._now(), rows, anew=is_first)
        return left

    def _account(self, step: Step, delivered: Step, took_s: float) -> None:
        clock = self._monotonic()
        is_all = self.progress.live >= step.last  # else the package was full, and the rest follows
        if step.haste is Haste.LIVE and is_all:
            self._next_live = max(self._next_live + self.job.every_s, clock)
            if self._next_live - clock > self.job.every_s:
                self._next_live = clock + self.job.every_s
        elif step.haste is Haste.BACKFILL:
            if step.first:
                few = (delivered.last - delivered.first + 1) / max(took_s, 1e-3) * BACKFILL_S
                self._at_once = min(few, 4 * self._at_once)
            share = self.job.backfill_share
            self._next_backfill = clock + took_s * (1 / share - 1)
        self._rates.append((clock, self.progress.rows))
        while self._rates and clock - self._rates[0][0] > 60:
            self._rates.popleft()

    # ------------------------------------------------------------------ what people ask and are told

    def _take_asked(self) -> None:
        for number, asked in self._state.asked(self.job.name):
            if asked.act == "replay":
                self._read_again(asked.start, min(asked.end, self._source.past_end(self._source.head())))
                self._state.keep(self.job.name, self.progress)
            elif asked.act in ("pause", "resume"):
                self.progress.is_paused = asked.act == "pause"
                self._state.keep(self.job.name, self.progress)
                self._condition(JobCondition.PAUSED if self.progress.is_paused else JobCondition.RUNNING, "")
            self._state.answered(self.job.name, number)
            self._not_before = 0.0

    def _failed(self, condition: JobCondition, text: str, wait_s: float) -> None:
        if self.figures.last_error != text or not self._tries:
            log.warning("Export %s: %s", self.job.name, text)
        self._tries += 1
        self._not_before = self._monotonic() + wait_s
        self.figures.retries += 1
        self.figures.last_error, self.figures.last_error_time = text, self._now()
        self._condition(condition, text)
        self._close()

    def _judge(self, head: Head) -> None:
        """Live again, or still catching up."""
        is_late = bool(self.progress.waiting or self.progress.past)
        self._condition(JobCondition.CATCHING_UP if is_late else JobCondition.RUNNING, "")
        self._head = head
        figures, progress = self.figures, self.progress
        behind = head.seq - progress.live
        waiting = sum(span.last - span.first + 1 for span in progress.waiting)
        figures.backlog_commits = waiting + behind

    def _condition(self, condition: JobCondition, text: str) -> None:
        if (self.figures.condition, self.figures.text) != (condition, text):
            self.figures.condition, self.figures.text, self.figures.since = condition, text, self._now()

    def _tell(self, *, force: bool = False) -> None:
        clock = self._monotonic()
        if not force and clock - self._told_at < TELL_S:
            return
        self._told_at = clock
        figures, progress, now = self.figures, self.progress, self._now()
        figures.told, figures.packages, figures.rows = now, progress.number, progress.rows
        figures.dropped, figures.quarantined = progress.dropped_total, progress.quarantined
        figures.digest = progress.digest
        figures.lag_s = self._lag_s()
        figures.backlog_s = max(backlog_s(progress, self._head.time), figures.lag_s)
        figures.quota_used = figures.backlog_s / self.job.quota_s
        figures.rate = self._rate(clock)
        try:
            self._state.tell(figures)
        except StorageError as error:
            log.warning("%s", error)

    def _lag_s(self) -> float:
        """By the time of the plant: a simulated one has a clock of its own."""
        if not self._is_open or self.progress.is_paused:
            with contextlib.suppress(StorageError):
                self._head = self._source.head()
        progress, head = self.progress, self._head
        if head.seq <= progress.live or not progress.live_time:
            return 0.0
        return max(0.0, (head.time - progress.live_time) / NS_PER_S)

    def _rate(self, clock: float) -> float:
        if not self._rates or clock - self._rates[0][0] <= 0:
            return 0.0
        return (self.progress.rows - self._rates[0][1]) / (clock - self._rates[0][0])

    def _close(self) -> None:
        self._is_open = False
        self._described = ""
        try:
            self._exporter.close()
        except WatchkeeperError as error:
            log.info("Export %s: %s", self.job.name, error)
        except Exception:
            # The border to a library: what cannot be closed is left.
            log.exception("Export %s cannot be closed.", self.job.name)


def step_of(step: Step, last: int) -> Step:
    """The step as it became: it may have ended early."""
    return msgspec.structs.replace(step, last=last) if step.first else step


def _past_of(step: Step) -> dict[str, Any]:
    """What a package out of the archive holds: times, places of its series, and commits it stands in for."""
    if step.first:
        return {}
    return {
        "start": step.start, "end": step.end, "instead": list(step.instead),
        "series": [step.place, step.until_place],
    }  # fmt: skip


def void(_result: object) -> None:
    """For a call whose result does not matter."""


def _index(places: list[int]) -> np.ndarray:
    return np.array(places, np.int64)
