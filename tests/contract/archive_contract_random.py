"""Hundreds of steps in any order on an archive and on the obvious one in memory: both have to read alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from archive_contract import BEGIN, DAY, STEPPED_TAG, Place, S, assert_same_rollups, rows, samples_of

from hmi.core.history import Modification
from hmi.core.values import Value
from hmi.historian.port import Archive, ArchiveReader, CommitKind, DuplicatePolicy
from hmi.historian.rollups import HOUR, TEN_MINUTES
from hmi.historian.samples import Batch, Samples
from hmi.testing.archive import MemoryArchive

STEPS = 60
TAG_IDS = ("a", "b/c", STEPPED_TAG, "d")
STATUSES = (0, 0, 0, 0x40940000, 0x80310000)


@dataclass
class Walk:
    """Does the same to both; ``chance`` decides what."""

    place: Place
    model: MemoryArchive
    chance: np.random.Generator
    now: int = BEGIN
    tags: list[int] = field(default_factory=list)

    def both(self, verb: str, *arguments: Any, **more: Any) -> None:
        """The same call on the archive and on the model."""
        one = getattr(self.place.writer(), verb)(*arguments, **more)
        other = getattr(self.model, verb)(*arguments, **more)
        assert type(one) is type(other)
        if verb in ("commit", "insert", "number"):
            assert one == other

    def step(self) -> None:
        act = self.chance.choice(
            ["live"] * 6 + ["late"] * 3 + ["edit", "delete", "compact", "compact", "reopen"]
        )
        getattr(self, f"_{act}")()

    def _live(self) -> None:
        count = int(self.chance.integers(1, 40))
        at = self.now + np.sort(self.chance.choice(1_200, count, replace=False)) * S + 1
        self.now = int(at[-1]) + int(self.chance.choice([1, S, 20 * 60 * S]))
        self.both("commit", self._batch(at), time=int(at[-1]))

    def _late(self) -> None:
        count = int(self.chance.integers(1, 12))
        span = max((self.now - BEGIN) // S, 100)
        at = (
            BEGIN
            + np.sort(self.chance.choice(span, count, replace=False)) * S
            + int(self.chance.integers(0, 2))
        )
        policies = [DuplicatePolicy.KEEP_FIRST, DuplicatePolicy.KEEP_OR_REPLACE, DuplicatePolicy.REPLACE]
        self.now += S
        self.both("insert", self._batch(at), time=self.now, policy=self.chance.choice(np.array(policies)))

    def _edit(self) -> None:
        self._at_known(CommitKind.EDIT, "replace")

    def _delete(self) -> None:
        self._at_known(CommitKind.DELETE, "delete")

    def _at_known(self, kind: CommitKind, act: str) -> None:
        """Replace or delete some of what is there."""
        tag = int(self.chance.choice(self.tags))
        there = self.model.read(tag, BEGIN - DAY, self.now)
        if not len(there):
            return
        picked = np.unique(there.times[self.chance.integers(0, len(there), 5)])
        batch = self._batch(picked, tag)
        self.now += S
        why = Modification("ann", self.now, "as the log book says", act)
        policy = DuplicatePolicy.REPLACE
        self.both("insert", batch, time=self.now, kind=kind, policy=policy, modification=why)

    def _compact(self) -> None:
        until = self.now - int(self.chance.choice([0, HOUR, 3 * HOUR]))
        self.place.writer().compact(until)

    def _reopen(self) -> None:
        self.place.reopened()

    def _batch(self, at: np.ndarray, tag: int = 0) -> Batch:
        values: list[Value] = [self._value() for _ in at]
        samples = samples_of(at, values, flags=int(self.chance.integers(0, 4)))
        samples.statuses[:] = self.chance.choice(STATUSES, len(at))
        tags = np.full(len(at), tag) if tag else self.chance.choice(self.tags, len(at))
        return Batch(tags.astype(np.int32), samples)

    def _value(self) -> Value:
        kind = int(self.chance.integers(0, 20))
        return float(self.chance.normal()) if kind > 2 else (int(kind), "text", None)[kind]


def without_version(samples: Samples) -> list[tuple[object, ...]]:
    return [(*row[:5], *row[6:]) for row in rows(samples)]


def compared(found: ArchiveReader, model: MemoryArchive, chance: np.random.Generator, now: int) -> None:
    """Every way of reading, over the whole and over a range by chance."""
    ids = model.tags()
    low, high = sorted(int(BEGIN + x * S) for x in chance.integers(0, (now - BEGIN) // S + 100, 2))
    for tag in ids.values():
        for start, end in ((BEGIN - DAY, now + DAY), (low, high)):
            wanted = without_version(model.read(tag, start, end))
            assert without_version(found.read(tag, start, end)) == wanted
            assert without_version(found.read(tag, start, end, backwards=True)) == wanted[::-1]
            assert [row for part in found.blocks(tag, start, end) for row in without_version(part)] == wanted
        assert without_version(found.before(tag, low)) == without_version(model.before(tag, low))
        assert without_version(found.after(tag, low)) == without_version(model.after(tag, low))
        assert modified(found, tag, now) == modified(model, tag, now)
        for level in (TEN_MINUTES, HOUR):
            wanted_rows = model.rollups(tag, low, high, level)
            assert_same_rollups(found.rollups(tag, low, high, level), wanted_rows)
    held, wanted_held = found.at(list(ids.values()), high), model.at(list(ids.values()), high)
    assert {tag: rows(one)[0][:5] for tag, one in held.by_tag()} == {
        tag: rows(one)[0][:5] for tag, one in wanted_held.by_tag()
    }


def modified(found: ArchiveReader, tag: int, now: int) -> list[str]:
    return sorted(
        repr((without_version(one), why)) for one, why in found.modified(tag, BEGIN - DAY, now + DAY)
    )


class RandomContract:
    """The same walk on both, compared again and again."""

    @pytest.mark.parametrize("seed", range(6))
    def test_any_order_of_steps_reads_like_the_model(self, place: Place, seed: int) -> None:
        archive: Archive = place.writer()
        numbers = [archive.number(tag_id) for tag_id in TAG_IDS]
        stepped = {number for number, tag_id in zip(numbers, TAG_IDS, strict=True) if tag_id == STEPPED_TAG}
        model = MemoryArchive(stepped=lambda tag: tag in stepped)
        assert [model.number(tag_id) for tag_id in TAG_IDS] == numbers
        walk = Walk(place, model, np.random.default_rng(seed), tags=numbers)
        for turn in range(STEPS):
            walk.step()
            if turn % 12 == 11:
                compared(place.writer(), model, walk.chance, walk.now)
        compared(place.reader(), model, walk.chance, walk.now)
        assert [one.seq for one in place.reader().feed(0)] == [one.seq for one in model.feed(0)]
