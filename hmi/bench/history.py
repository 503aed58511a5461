"""Measures the history: writing, bytes, and how long a person waits for a trend or for an instant of the past."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hmi.bench._history_backfill import backfill_figure
from hmi.bench._history_beside import beside_figure
from hmi.bench._history_bytes import bytes_figures
from hmi.bench._history_commit import commit_figures
from hmi.bench._history_compaction import core_figures
from hmi.bench._history_frame import frame_figures
from hmi.bench._history_reads import closed_figure, duck_figure, held_figures, old_figure, trend_figures
from hmi.bench._history_reduced import reduced_figure
from hmi.bench._history_sizes import Sizes, asked
from hmi.bench._history_stores import filled_pens, filled_plant, filled_reports
from hmi.bench.figure import Figure
from hmi.bench.peers.duckdb_rows import check_installed


def run() -> list[Figure]:
    """``WATCHKEEPER_BENCH_ROWS`` sets how many tags the plant has, ``WATCHKEEPER_BENCH_DAYS`` how many days trends."""
    return measured(asked())


def measured(sizes: Sizes) -> list[Figure]:
    """All figures; everything is written below a folder that goes afterwards."""
    check_installed()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-history-") as place:
        folder = Path(place)
        writing = [
            *commit_figures(folder, sizes),
            *core_figures(folder, sizes),
            reduced_figure(folder, sizes),
            backfill_figure(folder, sizes),
        ]
        plant, pens = filled_plant(folder / "plant", sizes), filled_pens(folder / "pens", sizes.days)
        trends = trend_figures(pens, sizes)
        month = next(one.value for one in trends if one.figure == "history.trend_30d_ms")
        reading = [
            *trends,
            duck_figure(pens, folder, sizes, month),
            *held_figures(plant, sizes),
            old_figure(plant, folder / "old", sizes),
            beside_figure(plant, sizes),
            *frame_figures(),
        ]
        reports = filled_reports(folder / "reports", sizes)
        return [*writing, *bytes_figures(pens, reports), *reading, closed_figure(reports, sizes)]
