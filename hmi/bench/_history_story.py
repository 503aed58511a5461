"""What a recorder does in the proofs: one act after the other, known in advance, so that any end can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hmi.core.history import Modification, SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian.port import Archive, ArchiveReader, CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR, MINUTE
from hmi.historian.samples import Batch, Samples
from hmi.testing.archive import MemoryArchive

TAG_IDS = tuple(f"story/{number}" for number in range(12))
BEGIN = 20_717 * 24 * HOUR + 20 * HOUR
FOREVER = 2**62
TORN = "end of the log"
"""A commit that was being written when the power failed is told as damage; that it was not acknowledged is judged."""
COLUMNS = ("times", "bits", "kinds", "statuses", "receives", "flags", "runs")


@dataclass(frozen=True, slots=True)
class Act:
    """The ``number``-th write; its commit has the sequence number after it."""

    number: int
    kind: CommitKind
    batch: Batch
    time: int
    why: Modification | None = None

    def do(self, archive: Archive) -> int:
        """Returns when it is durable."""
        if self.kind is CommitKind.LIVE:
            return archive.commit(self.batch, time=self.time)
        policy = DuplicatePolicy.KEEP_OR_REPLACE if self.kind is CommitKind.LATE else DuplicatePolicy.REPLACE
        return archive.insert(
            self.batch, time=self.time, kind=self.kind, policy=policy, modification=self.why
        )


def act(number: int) -> Act:
    """Live scans a minute apart; between them late samples, edits and deletions of what was written before."""
    now = BEGIN + number * MINUTE
    if number % 5 == 3:
        late = [(n, now - 30 * MINUTE - (number % 4) * HOUR + n, number + n / 8) for n in (number % 12, 3)]
        return Act(number, CommitKind.LATE, _batch(late, now, SampleFlag.LATE), now)
    if number % 11 == 7:
        why = Modification("ann", now, f"act {number}", "replace")
        return Act(
            number, CommitKind.EDIT, _batch([(0, _before(number), -number)], now, SampleFlag.EDITED), now, why
        )
    if number % 13 == 12:
        why = Modification("bea", now, f"act {number}", "delete")
        return Act(number, CommitKind.DELETE, _batch([(1, _before(number), None)], now), now, why)
    return Act(number, CommitKind.LIVE, _batch([(n, now, _value(number, n)) for n in range(12)], now), now)


def _before(number: int) -> int:
    """Instant of a live scan up to three hours before; where there was none, nothing is deleted."""
    return BEGIN + max(number - 2 - number * 7 % 170, 0) * MINUTE


def _value(number: int, tag: int) -> Value:
    """Each tag with a way of its own; the same number never gives two values that are alike."""
    if tag == 9:
        return f"step {number % 97} " + "x" * (number % 300)
    if tag == 10:
        return 2**63 + number
    if tag == 11:
        return number % 3 == 0
    return float(np.float32(50 + 40 * np.sin(number / (3 + tag)) + number * 1e-3))


def _batch(rows: Sequence[tuple[int, int, Value]], now: int, flags: int = 0) -> Batch:
    """(place of the tag, source time, value) as a batch; the catalogue numbers the tags from 1 in order."""
    values = [DataValue(value, 0x40940000 if at % 7 == 0 else 0, at, now + 1_000) for _, at, value in rows]
    return Batch(np.array([tag + 1 for tag, _, _ in rows], np.int32), Samples.of(values, flags=flags, run=1))


def prepared(archive: Archive) -> Archive:
    """The catalogue that the batches mean."""
    for place, tag_id in enumerate(TAG_IDS):
        if archive.number(tag_id) != place + 1:
            raise AssertionError("the archive numbers tags in another way than from 1")
    archive.run("story")
    return archive


class Model:
    """What has to be in an archive after so many acts."""

    def __init__(self) -> None:
        self.archive = prepared(MemoryArchive())
        self.acts = 0

    def advance(self, acts: int) -> None:
        while self.acts < acts:
            act(self.acts).do(self.archive)
            self.acts += 1

    def differences(self, reader: ArchiveReader) -> list[str]:
        """What reads otherwise than it should, a line for each; empty when nothing does."""
        found = [
            f"{verb} of {tag_id}"
            for tag, tag_id in enumerate(TAG_IDS, 1)
            for verb, one, other in self._pairs(tag, reader)
            if not alike(one, other)
        ]
        found += [f"damaged: {one.text}" for one in reader.damaged() if one.block != TORN]
        return found

    def _pairs(self, tag: int, reader: ArchiveReader) -> Iterator[tuple[str, Samples, Samples]]:
        yield "read", reader.read(tag, -FOREVER, FOREVER), self.archive.read(tag, -FOREVER, FOREVER)
        ours, theirs = (one.modified(tag, -FOREVER, FOREVER) for one in (reader, self.archive))
        if [why for _, why in ours] != [why for _, why in theirs]:
            yield "modified", Samples.empty(), self.archive.read(tag, -FOREVER, FOREVER)


def alike(one: Samples, other: Samples) -> bool:
    """Equal in all columns; the version is the archive's own affair."""
    if len(one) != len(other) or one.objects != other.objects:
        return False
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)
