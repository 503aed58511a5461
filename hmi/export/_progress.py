"""How far a job has come, and what it does next. Pure (standards 7.4).

Live data come first: a job that is behind leaves what is old for later (``waiting``) and goes on at the newest commit.
What is old is delivered beside it, oldest first, for a share of the time. A step is written down before it is
done, so that the same package comes again after a crash, under the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from hmi.core.clock import NS_PER_S
from hmi.export.port import Haste

LATE_S: Final = 3.0
LATE_PERIODS: Final = 3
QUOTA_STEP: Final = 0.01
"""So much over the quota before a part of a span is dropped: not one commit at a time."""
HIGH_WATER: Final = 0.7
"""Of the quota: from there on an alarm is due (standards 7.4)."""


class Span(msgspec.Struct, frozen=True):
    """Commits ``first`` to ``last``, made from ``begin`` to ``end`` (UTC ns)."""

    first: int
    last: int
    begin: int
    end: int


class Step(msgspec.Struct, frozen=True):
    """One package to be made: commits ``first`` to ``last``, which was ``made`` at (UTC ns), or the samples of
    [``start``, ``end``) out of the archive where ``first`` is 0, there of the series from ``place`` to before
    ``until_place`` (0: all of them). ``is_rest``: the others of these times are delivered. ``instead``: commits that
    the archive has to stand in for.
    """

    haste: Haste
    number: int
    first: int = 0
    last: int = 0
    start: int = 0
    end: int = 0
    instead: tuple[int, int] = (0, 0)
    place: int = 0
    until_place: int = 0
    is_rest: bool = True
    made: int = 0


class Past(msgspec.Struct, frozen=True):
    """Samples with ``start`` <= source time < ``end`` (UTC ns) that are read out of the archive. ``place``: of its
    first piece, the series before that are delivered.
    """

    start: int
    end: int
    instead: tuple[int, int] = (0, 0)
    place: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """How much of the past is read at once: times up to the next multiple of ``length`` (ns), and ``most`` of the
    ``series`` of a job (0: all of them).
    """

    length: int
    series: int = 0
    most: int = 0


class Progress(msgspec.Struct):
    """``archive``: which one the numbers are of. ``epoch``: how many there were before; it leads the revisions, so that
    a correction in a newer one counts. ``live``: commits up to there are delivered or wait, and ``live_time`` its time.
    ``schema``: of the series that places count. ``number`` and ``digest``: of the last package that the target has.
    ``dropped``: pairs of commits that the next package has to tell; ``dropped_total``: how many there were.
    ``is_paused``: by a person, over restarts.
    """

    archive: str = ""
    is_begun: bool = False
    epoch: int = 0
    live: int = 0
    live_time: int = 0
    waiting: list[Span] = []
    past: list[Past] = []
    schema: str = ""
    number: int = 0
    digest: str = ""
    step: Step | None = None
    dropped: list[tuple[int, int]] = []
    dropped_total: int = 0
    quarantined: int = 0
    rows: int = 0
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """``seq``, ``time``: the newest commit and when it was made. ``first``: the oldest one that can be read.
    ``until``: all of an earlier time is in.
    """

    seq: int
    time: int
    first: int
    until: int


def is_known(progress: Progress, archive: str, head: Head) -> bool:
    """Whether the numbers are those of this archive, and not of one that was put back to an earlier state."""
    return progress.is_begun and progress.archive == archive and progress.live <= head.seq


def begin(progress: Progress, archive: str, head: Head, past: tuple[int, int]) -> None:
    """Start at the newest commit of an archive; what is older and wanted, [start, end) in UTC ns, comes out of it.

    Of another archive than before nothing that waited can be read any more: it is told as dropped.
    """
    if progress.is_begun:
        progress.epoch += 1
        if progress.archive != archive:
            for span in progress.waiting:
                drop(progress, span.first, span.last)
    progress.archive, progress.is_begun, progress.step = archive, True, None
    progress.live, progress.live_time = head.seq, head.time
    progress.waiting, progress.past = [], []
    add_past(progress, Past(*past))


def wanted_from(progress: Progress) -> int:
    """From when on something may be missing at the target (UTC ns)."""
    begins = [span.begin for span in progress.waiting] + [past.start for past in progress.past]
    return min([progress.live_time, *begins])


def add_past(progress: Progress, past: Past) -> None:
    """In order of time, but never before the one that a step is being made of."""
    if past.start >= past.end or past in progress.past:
        return
    held = 1 if progress.step is not None and not progress.step.first and progress.past else 0
    rest = sorted([*progress.past[held:], past], key=lambda one: one.start)
    progress.past = [*progress.past[:held], *rest]


def drop(progress: Progress, first: int, last: int) -> None:
    """Commits that will never be delivered; told with the next package."""
    if progress.dropped and progress.dropped[-1][1] + 1 == first:
        progress.dropped[-1] = (progress.dropped[-1][0], last)
    else:
        progress.dropped.append((first, last))
    progress.dropped_total += last - first + 1


def follow_schema(progress: Progress, schema: str) -> None:
    """Other series: places count anew, and a package of some of them is made again."""
    if progress.schema == schema:
        return
    progress.schema = schema
    progress.past = [msgspec.structs.replace(one, place=0) for one in progress.past]
    if progress.step is not None and progress.step.until_place:
        progress.step = None


def catch_up(progress: Progress, head: Head, every_s: float, next_time: int) -> None:
    """Leave for later what is late: ``next_time`` is when the next live commit was made."""
    late = max(LATE_S, LATE_PERIODS * every_s) * NS_PER_S
    if (
        progress.step is None
        and head.seq > progress.live + 1
        and head.time - next_time > late + every_s * NS_PER_S
    ):
        progress.waiting.append(Span(progress.live + 1, head.seq, next_time, head.time))
        progress.live, progress.live_time = head.seq, head.time


@dataclass(frozen=True, slots=True)
class Feed:
    """What ``keep_quota`` has to know of the feed: ``time_of`` the first commit from a number on, and ``margin``: a
    sample may be so much older than its commit (ns).
    """

    time_of: Callable[[int], int]
    margin: int = 0


def keep_quota(progress: Progress, head: Head, quota_s: float, feed: Feed) -> None:
    """Drop what waits for longer than the quota, and let the archive stand in for commits that are not there any more.

    All times are of the plant, whose clock a simulation may hold.
    """
    oldest = head.time - int(quota_s * NS_PER_S)
    patience = int(quota_s * NS_PER_S * QUOTA_STEP)
    kept: list[Span] = []
    for span in progress.waiting:
        if span.end < oldest:
            drop(progress, span.first, span.last)
            continue
        if span.begin < oldest - patience:
            span = _younger(progress, span, oldest, head, feed)
        if span.first < head.first:
            last = min(span.last, head.first - 1)
            end = min(span.end, feed.time_of(head.first) or span.end) + feed.margin + 1
            add_past(progress, Past(max(1, span.begin - feed.margin), end, (span.first, last)))
            span = Span(last + 1, span.last, span.begin, span.end)
        if span.first <= span.last:
            kept.append(span)
    progress.waiting = kept


def _younger(progress: Progress, span: Span, oldest: int, head: Head, feed: Feed) -> Span:
    """The part of a span that is within the quota. Of commits that the feed has no more nobody knows when they were
    made: they are told as dropped, and the archive gives what is younger all the same.
    """
    if span.first < head.first and (feed.time_of(head.first) or span.end) >= oldest:
        drop(progress, span.first, min(span.last, head.first - 1))
        return Span(span.first, span.last, oldest, span.end)
    low, high = max(span.first, head.first), span.last
    while low < high:
        middle = (low + high) // 2
        if feed.time_of(middle) >= oldest:
            high = middle
        else:
            low = middle + 1
    if low > span.first:
        drop(progress, span.first, low - 1)
    return Span(low, span.last, oldest, span.end)


def next_live(progress: Progress, head: Head) -> Step | None:
    """The live commits that are not delivered yet; None when there are none."""
    if head.seq <= progress.live:
        return None
    return Step(Haste.LIVE, progress.number + 1, progress.live + 1, head.seq, made=head.time)


def next_backfill(progress: Progress, piece: Piece) -> Step | None:
    """The oldest of what waits; None when nothing does."""
    span = progress.waiting[0] if progress.waiting else None
    past = progress.past[0] if progress.past else None
    if past is not None and (span is None or past.start <= span.begin):
        return _step_of_past(progress.number + 1, past, piece)
    if span is not None:
        return Step(Haste.BACKFILL, progress.number + 1, span.first, span.last, made=span.end)
    return None


def _step_of_past(number: int, past: Past, piece: Piece) -> Step:
    end = min(past.end, (past.start // piece.length + 1) * piece.length)
    whole = Step(Haste.BACKFILL, number, start=past.start, end=end, instead=past.instead)
    if not piece.most or piece.series <= piece.most:
        return whole
    until = min(past.place + piece.most, piece.series)
    return msgspec.structs.replace(whole, place=past.place, until_place=until, is_rest=until >= piece.series)


def done(progress: Progress, step: Step, last_time: int, digest: str) -> None:
    """A package was delivered. ``last_time``: when its last commit was made."""
    progress.number, progress.digest, progress.step, progress.dropped = step.number, digest, None, []
    if step.haste is Haste.LIVE:
        progress.live, progress.live_time = step.last, last_time or progress.live_time
    elif step.first:
        span = progress.waiting[0]
        rest = Span(step.last + 1, span.last, max(span.begin, last_time), span.end)
        progress.waiting[0:1] = [rest] if rest.first <= rest.last else []
    else:
        past = progress.past[0]
        left = Past(step.end, past.end, past.instead)
        if not step.is_rest:
            left = Past(past.start, past.end, past.instead, step.until_place)
        progress.past[0:1] = [left] if left.start < left.end else []


def complete_until(
    progress: Progress, step: Step, head: Head, last_time: int, settled: Callable[[int], int] = lambda at: at
) -> int:
    """Up to when nothing is missing once ``step`` is delivered (UTC ns). ``settled``: up to when all of the content is
    made of what was recorded by a time.
    """
    after = msgspec.convert(msgspec.to_builtins(progress), Progress)
    done(after, step, last_time, "")
    begins = [settled(span.begin) for span in after.waiting] + [past.start for past in after.past]
    newest = head.until if after.live >= head.seq else after.live_time
    return min([settled(newest), *begins])


def backlog_s(progress: Progress, now: int) -> float:
    """Age of the oldest thing that waits, in seconds; 0 when nothing does."""
    begins = [span.begin for span in progress.waiting]
    return max(0.0, (now - min(begins)) / NS_PER_S) if begins else 0.0
