"""One transaction that brings a day file up to date: chunks, rollups, keyframes, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

from hmi.historian.blocks import BlockDamaged, decode_keyframe, encode_keyframe
from hmi.historian.rollups import HOUR, MINUTE, TEN_MINUTES, rollups_of
from hmi.historian.samples import Batch, Samples
from hmi.stores.sqlite._catalogue import Numbers, put_catalogue
from hmi.stores.sqlite._chunks import ChunkWriter, Written
from hmi.stores.sqlite._connect import one_row, open_writing
from hmi.stores.sqlite._days import (
    Head,
    bound,
    closed_name,
    head_of,
    presence_of,
    put_head,
    put_state,
)
from hmi.stores.sqlite._gather import HourData
from hmi.stores.sqlite._keyframes import Frames, updated
from hmi.stores.sqlite._levels import Many, as_rows, rows_of
from hmi.stores.sqlite._recent import Mark
from hmi.stores.sqlite._rollup_rows import put_hour_rows, put_whole
from hmi.stores.sqlite._schema import DAY_ROAD, migrate
from hmi.stores.sqlite._settings import Settings

LEVELS: Final = (MINUTE, TEN_MINUTES, HOUR)
PUT_KEYFRAME: Final = "insert or replace into keyframes (time, crc, block) values (?, ?, ?)"


class DayWriter:
    """A day file that is written: used as a context, whole at its end or not at all."""

    def __init__(self, path: Path, day: int, settings: Settings) -> None:
        self.path, self.day, self._settings = path, day, settings
        self._is_closed = path.name == closed_name(day)
        self.change = 0
        self._database = open_writing(path, wal=not self._is_closed)
        try:
            migrate(self._database, path, DAY_ROAD)
            self._database.execute("begin immediate")
            self.head = head_of(self._database)
            self._presence = presence_of(self._database)
        except BaseException:
            self._database.close()
            raise
        self._chunks = ChunkWriter(
            self._database, day, self._presence, level=settings.level, closed=self._is_closed
        )

    def __enter__(self) -> DayWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._database.execute("rollback" if kind else "commit")
        finally:
            self._database.close()

    @property
    def written(self) -> Written:
        return self._chunks.written

    def put_hour(self, hour: int, parts: Iterable[HourData], standing: Batch) -> Batch:
        """An hour to which nothing was written before; what stands at its end.

        ``standing``: the last sample of every tag before it.
        """
        frames = Frames(hour, standing)
        for data in parts:
            # nothing is there that could be taken away
            many = self._put_chunks(replace(data, gone={}))
            self._put_rollups(many, standing)
            frames.add(many)
        for at, values in frames.keyframes():
            self._put_keyframe(at, values)
        return frames.end()

    def mend_hour(self, data: HourData, standing: Batch) -> None:
        """Tags of an hour that was written before: what is new goes in between. Keyframes are mended by ``mend``."""
        many = self._put_chunks(data)
        self._put_rollups(many, standing)
        before = dict(zip(standing.tags.tolist(), range(len(standing)), strict=True))
        for tag, found in self._chunks.written.merged.items():
            place = before.get(tag)
            stood = standing.samples.take(slice(place, place + 1)) if place is not None else Samples.empty()
            self._put_tag_rollups(
                tag, data.hour, found.between(data.hour * HOUR, (data.hour + 1) * HOUR - 1), stood
            )

    def put_tag_day(self, tag: int, samples: Samples, stood: Samples) -> None:
        """All of a tag of a day that is closed and has nothing of it; ``stood``: what held before, or none.

        Keyframes are mended by ``mend``.
        """
        self._chunks.put_day(tag, samples)
        stepped = self._settings.stepped(tag)
        for level in LEVELS if self._settings.fine(tag) else LEVELS[1:]:
            put_whole(self._database, tag, level, rollups_of(samples, level, before=stood, stepped=stepped))

    def has_keyframes(self, hour: int) -> bool:
        found = self._database.execute("select 1 from keyframes where time = ?", (hour * HOUR,))
        return found.fetchone() is not None

    def mend_rollups(self, tag: int, hour: int, stood: Samples) -> None:
        """Rollups of an hour before which another value stands now."""
        start, end = hour * HOUR, (hour + 1) * HOUR - 1
        found = self._chunks.stored(tag, hour)
        self._put_tag_rollups(tag, hour, found.between(start, end), stood)

    def keyframe_times(self, start: int, end: int) -> list[int]:
        """Instants of keyframes with start <= time <= end."""
        rows = self._database.execute("select time from keyframes where time between ? and ?", (start, end))
        return [int(row[0]) for row in rows]

    def mend_keyframe(self, at: int, tags: np.ndarray, values: Batch) -> None:
        """Put the values of some tags into a keyframe in place of what it says of them."""
        row = one_row(self._database, "select crc, block from keyframes where time = ?", (at,))
        try:
            known = decode_keyframe(row[1])
        except BlockDamaged:
            return  # it is told to whoever reads it; values of some tags do not make it whole
        left = ~np.isin(known.tags, tags)
        rest = Batch(known.tags[left], known.samples.take(left))
        self._put_keyframe(at, updated(rest, values.tags, values.samples))

    def take_modified(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Rows (tag, seq, n, first, last, why, block) of replaced versions."""
        self._database.executemany("insert or replace into modified values (?, ?, ?, ?, ?, ?, ?)", rows)

    def finish(self, mark: Mark, catalogue: tuple[Numbers, Numbers]) -> None:
        """Say up to where the file holds everything, and what the numbers in it mean."""
        put_catalogue(self._database, *catalogue)
        presence = self._presence.with_hours(self.written.masks)
        put_state(self._database, "presence", presence.packed())
        until = max(mark.until, self.head.mark.until)
        self.change = self.head.change + 1
        put_head(self._database, Head(Mark(max(mark.seq, self.head.mark.seq), until), self.change))

    def _put_chunks(self, data: HourData) -> Many:
        """The tags that had nothing in this hour yet."""
        self._chunks.written.merged = {}
        self._chunks.put(data)
        merged = np.array(sorted(self._chunks.written.merged), np.int32)
        many = Many(data.hour, data.numbers, data.begins, data.samples)
        if not len(merged):
            return many
        return many.chosen(np.flatnonzero(~np.isin(data.numbers, merged)))

    def _put_rollups(self, many: Many, standing: Batch) -> None:
        tags = many.numbers.tolist()
        stepped = np.fromiter((self._settings.stepped(tag) for tag in tags), bool, len(tags))
        fine = np.fromiter((self._settings.fine(tag) for tag in tags), bool, len(tags))
        for is_stepped, is_fine in product((False, True), repeat=2):
            places = np.flatnonzero((stepped == is_stepped) & (fine == is_fine))
            if not len(places):
                continue
            part = many if len(places) == len(tags) else many.chosen(places)
            levels = LEVELS if is_fine else LEVELS[1:]
            rows = rows_of(part, standing, levels, stepped=is_stepped)
            put_hour_rows(self._database, self._is_closed, many.hour, rows)

    def _put_tag_rollups(self, tag: int, hour: int, samples: Samples, stood: Samples) -> None:
        before = stood.values()[0] if len(stood) else None
        for level in LEVELS:
            if level == MINUTE and not self._settings.fine(tag):
                continue
            rows = as_rows(rollups_of(samples, level, before=before, stepped=self._settings.stepped(tag)))
            put_hour_rows(self._database, self._is_closed, hour, [(level, tag, rows)])

    def _put_keyframe(self, at: int, values: Batch) -> None:
        block = encode_keyframe(values)
        self._database.execute(PUT_KEYFRAME, (at, bound(block, at), block))
