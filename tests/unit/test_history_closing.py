"""A closed day: its small chunks are merged, and none becomes so large that one value of it takes long to read."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np

from hmi.bench._history_signals import BEGIN_S, HOUR_S, columns
from hmi.core.clock import NS_PER_S
from hmi.historian.samples import Batch
from hmi.stores.sqlite import open_archive, open_reader

PER_HOUR = {"rare": 12, "often": 450, "steady": 1_500}
ENOUGH = 3_600


def test_hours_of_a_closed_day_are_merged_up_to_a_bound(tmp_path: Path) -> None:
    archive = open_archive(tmp_path)
    written = {}
    for tag_id, count in PER_HOUR.items():
        tag = archive.number(tag_id)
        times = (BEGIN_S * NS_PER_S + np.arange(24 * count) * (HOUR_S * NS_PER_S // count)).astype(np.int64)
        written[tag] = columns(times, np.arange(24.0 * count))
        archive.commit(Batch(np.full(len(times), tag, np.int32), written[tag]), time=int(times[-1]))
    archive.compact((BEGIN_S + 25 * HOUR_S) * NS_PER_S)
    archive.close()
    [path] = tmp_path.glob("day-*.db")
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    sizes = {
        tag: [n for (n,) in database.execute("select n from chunks where k >> 32 = ?", (tag,))]
        for tag in written
    }
    database.close()
    assert [len(sizes[tag]) for tag in written] == [1, 3, 12], "whole hours"
    assert max(max(ones) for ones in sizes.values()) <= ENOUGH
    reader = open_reader(tmp_path)
    for tag, wanted in written.items():
        found = reader.read(tag, int(wanted.times[0]), int(wanted.times[-1]))
        np.testing.assert_array_equal(found.times, wanted.times)
        np.testing.assert_array_equal(found.bits, wanted.bits)
    tags = list(written)
    for at in (BEGIN_S + np.array([700, 30_003, 86_399])).tolist():
        held = reader.at(tags, at * NS_PER_S)
        for tag, sample in held.by_tag():
            early = written[tag].between(0, at * NS_PER_S).take(slice(-1, None))
            assert (sample.times[0], sample.bits[0]) == (early.times[0], early.bits[0])
    reader.close()
