"""The benches of the history: what they measure with is right, and a small run of them gives every figure."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import numpy as np
import pytest

from hmi.bench._history_disk import SECTOR, Event, after_power_cut, contents, recorded
from hmi.bench._history_signals import DEADBAND, LONGEST_S, columns, plant, reported, second_times
from hmi.bench._history_sizes import SMOKE
from hmi.bench._history_story import Model, act
from hmi.bench.history import measured
from hmi.bench.peers.gorilla import gorilla_bits
from hmi.historian.port import CommitKind
from hmi.historian.samples import Batch, Samples

FIGURES = (
    "commit_vs_rows",
    "commit_vs_raw_append",
    "recorder_core_percent",
    "compaction_core_percent",
    "compaction_memory_mb",
    "first_live_read_ms",
    "recorder_reduced_core_percent",
    "backfill_per_s_core",
    "bytes_per_sample",
    "bytes_per_sample_exception",
    "bytes_vs_gorilla",
    "trend_1h_ms",
    "trend_1d_ms",
    "trend_30d_ms",
    "trend_30d_first_ms",
    "trend_1y_ms",
    "trend1y_cold_ms",
    "trend30d_vs_duckdb",
    "at_300_ms",
    "at_10k_ms",
    "at_10k_old_ms",
    "at_300_closed_ms",
    "keyframe_10k_ms",
    "read_beside_recorder",
    "trend_frame_vs_pyqtgraph",
)


@pytest.mark.slow
@pytest.mark.qt
@pytest.mark.timeout(300)
def test_a_small_run_of_the_bench_gives_every_figure() -> None:
    found = {one.figure: one for one in measured(SMOKE)}
    assert set(found) >= {f"history.{name}" for name in FIGURES}
    assert all(one.value > 0 for one in found.values())


def test_the_signals_are_what_a_plant_gives() -> None:
    table = np.stack([signal.hour(3) for signal in plant(200)])
    assert (table == np.stack([signal.hour(3) for signal in plant(200)])).all()
    assert (table.astype(np.float32).astype(np.float64) == table).all()
    share = {kind: [] for kind in ("noisy", "ramp", "bool", "counter")}
    for signal, row in zip(plant(200), reported(table), strict=True):
        share[signal.kind].append(row.mean())
    assert 0.1 < np.mean(share["noisy"]) < 0.35
    assert np.mean(share["ramp"]) < np.mean(share["noisy"])
    assert 0.4 < np.mean(share["counter"]) < 0.55


def test_what_is_not_reported_stays_within_the_deadband() -> None:
    table = np.stack([signal.hour(0) for signal in plant(10)])
    for row, chosen in zip(table, reported(table), strict=True):
        places = np.flatnonzero(chosen)
        standing = row[places[np.searchsorted(places, np.arange(len(row)), side="right") - 1]]
        assert (np.abs(row - standing) <= DEADBAND).all()
        assert np.diff(places).max() <= LONGEST_S


def test_gorilla_is_counted_as_its_paper_says() -> None:
    """Times: 64 bits, 36 for the first delta, then 1 each. Values: 64, 1 for the same, 2 + 5 + 6 + bits for another."""
    assert gorilla_bits([0, 60, 120, 180], np.array([12.0] * 4)) == 64 + 9 + 1 + 1 + 64 + 3
    assert gorilla_bits([0, 60], np.array([12.0, 24.0])) == 64 + 9 + 64 + 13 + 1
    assert gorilla_bits([0, 60, 120], np.array([12.0, 24.0, 12.0])) == 64 + 9 + 1 + 64 + 13 + 1 + 2 + 1


def test_the_story_holds_acts_of_every_kind_and_its_model_follows() -> None:
    kinds = {act(number).kind for number in range(60)}
    assert kinds == set(CommitKind)
    model = Model()
    model.advance(200)
    assert model.differences(model.archive) == []
    assert model.archive.coverage().seq == 200


def test_a_power_cut_keeps_what_was_synced_and_any_part_of_the_rest() -> None:
    old, new = b"o" * SECTOR, b"n" * 4 * SECTOR
    events = [Event("f", "write", 0, b"s" * SECTOR), Event("f", "sync"), Event("f", "write", SECTOR, new)]
    chance, seen = random.Random(1), set()
    for _ in range(300):
        left = after_power_cut({"f": old, "other": b"x"}, events, chance)
        assert left["f"][:SECTOR] == b"s" * SECTOR
        assert left["other"] == b"x"
        assert set(left["f"][SECTOR:]) <= {ord("n")}
        seen.add(len(left["f"]) // SECTOR)
    assert seen == {1, 2, 3, 4, 5}


def test_the_disk_of_the_proof_remembers_writes_and_can_be_full(tmp_path: Path) -> None:
    with recorded() as disk:
        database = apsw.Connection(str(tmp_path / "a.db"))
        database.pragma("journal_mode", "wal")
        database.pragma("synchronous", "full")
        database.execute("CREATE TABLE t(x)")
        whole = contents(tmp_path)
        after = after_power_cut({}, disk.events, random.Random(1))
        assert {name: after[name] for name in whole} == whole
        disk.room = 1_000
        with pytest.raises(apsw.FullError):
            database.execute("INSERT INTO t VALUES(zeroblob(100000))")
        disk.room = None
        database.execute("INSERT INTO t VALUES(1)")
        database.close()


def test_an_empty_batch_has_no_tags() -> None:
    nothing = Samples.empty()
    assert list(Batch(np.empty(0, np.int32), nothing).by_tag()) == []


def test_columns_are_good_samples_of_their_instants() -> None:
    samples = columns(second_times(1), plant(1)[0].hour(1))
    assert samples.is_good().all()
    assert (np.diff(samples.times) == 1_000_000_000).all()
