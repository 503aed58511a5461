"""An archive in memory that obeys the port of ``hmi.historian.port`` in the most obvious way; for tests only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from hmi.core.errors import StorageError
from hmi.core.history import Modification
from hmi.historian.port import (
    Annotation,
    Commit,
    CommitKind,
    CompactReport,
    Coverage,
    Damage,
    DuplicatePolicy,
)
from hmi.historian.rollups import HOUR, TEN_MINUTES, Rollups, rollups_of
from hmi.historian.samples import Batch, Samples, ValueKind, joined

PIECE = 10_000


class MemoryArchive:
    """Writer and reader in one; safe from any thread.

    ``stepped``: whether the value of a tag number stands between two samples. ``feed_quota``: how many commits the
    feed holds. ``refusal``: while it is not empty, every write raises StorageError with it (a full disk).
    """

    def __init__(
        self, *, stepped: Callable[[int], bool] = lambda tag: False, feed_quota: int = 1_000_000
    ) -> None:
        self.refusal = ""
        self._stepped, self._quota = stepped, feed_quota
        self._lock = threading.RLock()
        self._tags: dict[str, int] = {}
        self._runs: dict[str, int] = {}
        self._parts: dict[int, list[Samples]] = {}
        self._modified: dict[int, list[tuple[Samples, Modification]]] = {}
        self._feed: list[Commit] = []
        self._seq, self._until, self._compacted = 0, 0, 0
        self._annotations: dict[str, Annotation] = {}
        self._damage: list[Damage] = []

    # Writing

    def number(self, tag_id: str) -> int:
        with self._lock:
            return self._tags.setdefault(tag_id, len(self._tags) + 1)

    def run(self, run_id: str) -> int:
        with self._lock:
            return self._runs.setdefault(run_id, len(self._runs) + 1)

    def commit(self, batch: Batch, *, time: int) -> int:
        """Keep live samples as they come."""
        with self._lock:
            self._check()
            for tag, samples in batch.by_tag():
                self._parts.setdefault(tag, []).append(samples)
            self._until = time
            return self._log(Commit(0, time, CommitKind.LIVE, batch))

    def insert(
        self,
        batch: Batch,
        *,
        time: int,
        kind: CommitKind = CommitKind.LATE,
        policy: DuplicatePolicy = DuplicatePolicy.KEEP_OR_REPLACE,
        modification: Modification | None = None,
    ) -> int:
        """Put samples between those that are kept; the feed tells the batch as it came."""
        with self._lock:
            self._check()
            act = "delete" if kind is CommitKind.DELETE else "replace"
            why = modification or Modification("", time, "", act)
            for tag, samples in batch.by_tag():
                if kind is CommitKind.DELETE:
                    self._remove(tag, samples.times, why)
                else:
                    self._merge(tag, samples, policy, why)
            return self._log(Commit(0, time, kind, batch, modification))

    def annotate(self, annotation: Annotation) -> None:
        with self._lock:
            self._check()
            self._annotations[annotation.id] = annotation

    def compact(self, until: int, *, stop: Callable[[], bool] = lambda: False) -> CompactReport:
        """Nothing is stored in another way: only the mark moves."""
        with self._lock:
            self._check()
            until = until // HOUR * HOUR
            if stop() or until <= self._compacted:
                return CompactReport(self._compacted)
            before, self._compacted = self._compacted, until
            counts = [len(self._kept(tag).between(before, until - 1)) for tag in self._parts]
            return CompactReport(until, sum(counts), sum(count > 0 for count in counts))

    # Reading

    def tags(self) -> dict[str, int]:
        with self._lock:
            return dict(self._tags)

    def read(self, tag: int, start: int, end: int, limit: int = 0, *, backwards: bool = False) -> Samples:
        found = self._kept(tag).between(start, end)
        if backwards:
            found = found.take(slice(None, None, -1))
        return found.take(slice(0, _page(found, limit)))

    def blocks(self, tag: int, start: int, end: int) -> Iterator[Samples]:
        rest = self._kept(tag).between(start, end)
        while len(rest):
            cut = _page(rest, PIECE)
            yield rest.take(slice(0, cut))
            rest = rest.take(slice(cut, None))

    def before(self, tag: int, at: int) -> Samples:
        kept = self._kept(tag)
        place = int(np.searchsorted(kept.times, at, side="left"))
        return kept.take(slice(max(place - 1, 0), place))

    def after(self, tag: int, at: int) -> Samples:
        kept = self._kept(tag)
        place = int(np.searchsorted(kept.times, at, side="right"))
        return kept.take(slice(place, place + 1))

    def rollups(self, tag: int, start: int, end: int, level_ns: int) -> Rollups:
        begin, stop = -(-start // level_ns) * level_ns, -(-end // level_ns) * level_ns
        samples = self._kept(tag).between(begin, stop - 1)
        return rollups_of(samples, level_ns, before=self.before(tag, begin), stepped=self._stepped(tag))

    def expect(self, tags: Sequence[int], start: int, end: int, level_ns: int) -> None:
        pass

    def levels(self, tag: int) -> tuple[int, ...]:
        return (TEN_MINUTES, HOUR)

    def at(self, tags: Sequence[int], at: int) -> Batch:
        found = [(tag, self.before(tag, at + 1)) for tag in tags]
        numbers = [tag for tag, sample in found if len(sample)]
        return Batch(np.array(numbers, np.int32), joined(sample for _, sample in found))

    def keyframe(self, at: int) -> tuple[int, Batch] | None:
        time = min(at, self._compacted) // TEN_MINUTES * TEN_MINUTES
        values = self.at(list(self._parts), time)
        return (time, values) if len(values) else None

    def modified(self, tag: int, start: int, end: int) -> list[tuple[Samples, Modification]]:
        with self._lock:
            found = [one for one in self._modified.get(tag, []) if start <= one[0].times[0] <= end]
        return sorted(found, key=lambda one: int(one[0].times[0]))

    def feed(self, after: int, limit: int = 1_000) -> list[Commit]:
        with self._lock:
            return [commit for commit in self._feed if commit.seq > after][:limit]

    def coverage(self) -> Coverage:
        with self._lock:
            first = self._feed[0].seq if self._feed else 0
            return Coverage(self._seq, self._until, first, self._compacted)

    def annotations(self, tag_id: str, start: int, end: int) -> list[Annotation]:
        with self._lock:
            found = [
                one for one in self._annotations.values() if one.tag_id == tag_id and start <= one.time <= end
            ]
        return sorted(found, key=lambda one: (one.time, one.made))

    def damaged(self) -> list[Damage]:
        with self._lock:
            return list(self._damage)

    def close(self) -> None:
        """Nothing is open."""

    # How it is kept

    def _check(self) -> None:
        if self.refusal:
            raise StorageError(self.refusal)

    def _log(self, commit: Commit) -> int:
        self._seq += 1
        self._feed.append(replace(commit, seq=self._seq))
        del self._feed[: -self._quota]
        return self._seq

    def _kept(self, tag: int) -> Samples:
        """All samples of a tag in order."""
        with self._lock:
            parts = self._parts.get(tag, [])
            if len(parts) > 1:
                parts[:] = [joined(parts).in_order()]
            return parts[0] if parts else Samples.empty()

    def _remove(self, tag: int, times: Sequence[int] | np.ndarray, why: Modification) -> None:
        kept = self._kept(tag)
        gone = np.isin(kept.times, times)
        for place in np.flatnonzero(gone):
            self._modified.setdefault(tag, []).append((kept.take(slice(place, place + 1)), why))
        self._parts[tag] = [kept.take(~gone)]

    def _merge(self, tag: int, samples: Samples, policy: DuplicatePolicy, why: Modification) -> None:
        known = np.isin(samples.times, self._kept(tag).times)
        first = np.zeros(len(samples), bool)
        first[np.unique(samples.times, return_index=True)[1]] = True
        self._parts.setdefault(tag, []).append(samples.take(~known & first))
        for place in np.flatnonzero(known | ~first):
            self._merge_known(tag, samples.take(slice(place, place + 1)), policy, why)

    def _merge_known(self, tag: int, one: Samples, policy: DuplicatePolicy, why: Modification) -> None:
        time = int(one.times[0])
        old = self._kept(tag).between(time, time)
        kept_already = policy is DuplicatePolicy.KEEP_FIRST
        if policy is DuplicatePolicy.KEEP_OR_REPLACE:
            kept_already = _same(old.take(slice(-1, None)), one)
        if kept_already:
            return
        if policy is DuplicatePolicy.APPEND:
            one = replace(one, versions=np.array([int(old.versions[-1]) + 1], np.uint16))
        else:
            self._remove(tag, one.times, why)
        self._parts.setdefault(tag, []).append(one)


def _page(found: Samples, limit: int) -> int:
    """Where at most ``limit`` samples end between two instants; all of the first instant where it holds more."""
    if not limit or len(found) <= limit:
        return len(found)
    edges = np.flatnonzero(np.diff(found.times)) + 1
    fitting = edges[edges <= limit]
    if len(fitting):
        return int(fitting[-1])
    return int(edges[0]) if len(edges) else len(found)


def _same(old: Samples, new: Samples) -> bool:
    """Whether two samples of one say the same: value with its kind, and status."""
    if old.kinds[0] == ValueKind.OBJECT and new.kinds[0] == ValueKind.OBJECT:
        return old.objects == new.objects and old.statuses[0] == new.statuses[0]
    return all(getattr(old, name)[0] == getattr(new, name)[0] for name in ("bits", "kinds", "statuses"))
