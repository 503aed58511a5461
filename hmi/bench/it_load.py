"""Whether a day of the whole plant can be delivered without a person at the screen noticing (IT-16).

A whole station window calls up displays of 500 elements, in a process of its own, by itself and while another process
exports the day of all tags to Parquet; the turns alternate, so that both see the same machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from hmi.bench._mimic_screen import write_display
from hmi.bench.figure import Figure
from hmi.bench.mimic import own_side
from hmi.core.errors import CommunicationError

TAGS: Final = 5_000
HOURS: Final = 24
ELEMENTS: Final = 500
TURNS: Final = 3
GOAL: Final = 1.1
CALL_UP_S: Final = 1.0
"""Standards 2.3: a display of level 2 is complete within a second in 95 of 100 call-ups."""


def run() -> list[Figure]:
    """``WATCHKEEPER_BENCH_ROWS``: tags of the plant."""
    tags = int(os.environ.get("WATCHKEEPER_BENCH_ROWS", TAGS))
    with tempfile.TemporaryDirectory(prefix="watchkeeper-load-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        screen = write_display(folder, ELEMENTS)
        subprocess.run(_command("MAKE", folder, str(tags), str(HOURS)), check=True)
        alone, beside = list[dict[str, Any]](), list[dict[str, Any]]()
        exports: list[dict[str, float]] = []
        for _ in range(TURNS):
            alone.append(own_side("callups", screen, ELEMENTS))
            with _exporting(folder, tags, exports):
                beside.append(own_side("callups", screen, ELEMENTS))
        return _figures(alone, beside, exports, tags)


@contextmanager
def _exporting(folder: Path, tags: int, exports: list[dict[str, float]]) -> Iterator[None]:
    """An export of everything runs all along; where the first one is not at its end yet, it is waited for."""
    with subprocess.Popen(_command("RUN", folder, str(tags)), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield
            assert process.stdout is not None
            line = process.stdout.readline() if not exports else ""
            if line:
                exports.append(json.loads(line))
            if process.poll() is not None:
                raise CommunicationError(f"the export ended with exit code {process.returncode}")
        finally:
            process.kill()


def _command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "hmi.bench._it_load_export", *map(str, words)]


def _figures(
    alone: list[dict[str, Any]], beside: list[dict[str, Any]], exports: list[dict[str, float]], tags: int
) -> list[Figure]:
    found: list[Figure] = []
    for name in ("p50_s", "p95_s"):
        with_it, without = (median(one[name] for one in ones) for ones in (beside, alone))
        ratio = with_it / without
        found.append(
            Figure(
                f"export.it_load_callup_{name.removesuffix('_s')}", ratio, "x",
                f"{with_it * 1e3:.0f} ms beside the export, {without * 1e3:.0f} ms without; {ELEMENTS} elements",
                f"<= {GOAL:g}", ratio <= GOAL,
            )
        )  # fmt: skip
    slowest = max(one["p95_s"] for one in beside)
    text = f"beside the export, the slowest of {TURNS} turns; limit of standards 2.3"
    found.append(
        Figure("export.it_load_callup_p95_s", slowest, "s", text, f"<= {CALL_UP_S:g}", slowest <= CALL_UP_S)
    )
    rows, seconds = exports[0]["rows"], exports[0]["seconds"]
    text = f"{rows:,.0f} rows = {HOURS} h of {tags:,} tags in {seconds:.0f} s, priority below normal"
    found.append(Figure("export.it_load_rows_s", rows / seconds, "rows/s", text))
    return found
