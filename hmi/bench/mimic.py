"""Our mimic view against PyDM: the same screen of values on the same machine in the same run.

Each repeat is a fresh process; CPU time with that of helper processes, the best of the repeats. Both sides take
their values from their own process, show unit, quality, alarm frame and tooltip, and paint offscreen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hmi.bench._mimic_screen import write_display, write_ui
from hmi.bench.figure import Figure
from hmi.bench.peers import pydm_environment
from hmi.core.errors import CommunicationError

REPEATS = {200: 2, 1_000: 3, 5_000: 1}
PATIENCE_S = 600.0
LEAK_MIB = 2.0
BLOCK_MS = 50.0
TURN_RUNS = 3
CALLUP_5000_S = 0.5
SECOND = 0.5
CALLUP_500_S = 1.0
Cost = dict[str, float | None]
_PEER = Path(__file__).parent / "peers" / "pydm_screen.py"


def run() -> list[Figure]:
    """Ratios to PyDM at 200, 1,000 and 5,000 values, and what only concerns our own side."""
    peer = pydm_environment.python()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as place:
        folder = Path(place)
        found = {count: _pair(folder, count, peer) for count in REPEATS}
        figures: list[Figure] = []
        for count, (ours, theirs) in found.items():
            figures += _ratios(count, ours, theirs)
        figures += _own_figures(folder, {count: ours for count, (ours, _) in found.items()})
    figures += _turns()
    return figures


def _pair(folder: Path, count: int, peer: Path) -> tuple[Cost, Cost]:
    """The best of both sides, measured in turns."""
    screen, ui = write_display(folder, count), write_ui(folder, count)
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for _ in range(REPEATS[count]):
        ours.append(own_side("costs", screen, count))
        command = [str(peer), str(_PEER), str(ui), str(count)]
        theirs.append(_json_of(command, "PyDM", pydm_environment.environment()))
    return _best(ours), _best(theirs)


def own_side(task: str, screen: Path, count: int) -> dict[str, Any]:
    """What a task of our side gives; CommunicationError where it gives nothing."""
    command = [sys.executable, "-m", "hmi.bench._mimic_side", task, str(screen), str(count)]
    return _json_of(command, "our side", None)


def _json_of(command: list[str], name: str, environment: dict[str, str] | None) -> dict[str, Any]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment)
    except subprocess.TimeoutExpired:
        raise CommunicationError(f"{name} measured nothing within {PATIENCE_S:g} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CommunicationError(f"{name} ended with exit code {done.returncode}: {last}")
    return json.loads(lines[-1])


def _best(costs: Sequence[Cost]) -> Cost:
    """The least of each figure."""
    found: Cost = {}
    for name in costs[0]:
        known = [value for one in costs if (value := one[name]) is not None]
        found[name] = min(known) if known else None
    return found


# figure, what of both sides, unit, factor of that unit, goal at 1,000 (how many times less than PyDM)
_COMPARED = (
    ("callup", "callup", "ms", 1000.0, 20.0),
    ("update100", "update100", "ms", 1000.0, 3.0),
    ("update10", "update10", "ms", 1000.0, 2.0),
    ("memory", "memory", "MiB", 1.0, 2.5),
    ("close", "close", "ms", 1000.0, None),
)


def _ratios(count: int, ours: Cost, theirs: Cost) -> list[Figure]:
    figures: list[Figure] = []
    for figure, field, unit, factor, goal in _COMPARED:
        own, other = ours.get(field), theirs.get(field)
        if own is None or other is None:
            continue
        ratio = other / max(own, 1e-9)
        held = goal if count == 1_000 else None
        figures.append(
            Figure(
                f"mimic.{figure}_vs_pydm_{count}",
                ratio,
                "times less",
                f"{own * factor:.3g} against {other * factor:.4g} {unit} of PyDM {pydm_environment.PYDM}",
                f">= {held:g}" if held else "",
                ratio >= held if held else None,
            )
        )
    return figures


def _own_figures(folder: Path, ours: dict[int, Cost]) -> list[Figure]:
    screens = {count: folder / f"screen{count}.json" for count in (*ours, 500)}
    write_display(folder, 500)
    callup = ours[5_000]["callup"] or 0.0
    starts = _best([own_side("first", screens[1_000], 1_000) for _ in range(REPEATS[1_000])])
    first, second = starts["first"] or 0.0, starts["second"] or 0.0
    cycles = own_side("cycles", screens[1_000], 1_000)
    blocks = min(
        (own_side("blocks", screens[5_000], 5_000) for _ in range(3)), key=lambda one: one["worst_ms"]
    )
    calls = own_side("callups", screens[500], 500)
    leak = cycles["leak_mib"]
    return [
        _held("callup_cpu_s_5000", callup, "s", "5,000 values, file to painted", CALLUP_5000_S),
        _held("second_callup", second / first, "of first", f"{second * 1e3:.3g} after {first * 1e3:.3g} ms", SECOND),
        Figure("mimic.leak_mib", leak or 0.0, "MiB", f"{cycles['cycles']} times opened and closed, 1,000 values",
               f"< {LEAK_MIB:g}", None if leak is None else leak < LEAK_MIB),
        Figure("mimic.zero_paints", blocks["zero_paints"], "paint events", "after batches without a visible change",
               "= 0", blocks["zero_paints"] == 0),
        _held("worst_block_ms", blocks["worst_ms"], "ms", "one turn of the Qt thread, all of 5,000 values changed",
              BLOCK_MS),
        _held("callup_500_p95_s", calls["p95_s"], "s",
              f"{calls['runs']} call-ups in a whole window, wall time; slowest {calls['worst_s']:.3f} s", CALLUP_500_S),
    ]  # fmt: skip


def _turns() -> list[Figure]:
    """The longest turns of the Qt thread in a whole window on the overview of the waterworks."""
    command = [sys.executable, "-m", "hmi.bench._mimic_turns"]
    runs = [_json_of(command, "our side", None) for _ in range(TURN_RUNS)]
    looks, zooms = ([run[name] for run in runs] for name in ("theme_ms", "zoom_ms"))
    said = "CPU time of the longest turn of the Qt thread; the runs: {}"
    return [
        Figure(f"mimic.{name}", min(found), "ms", said.format(", ".join(f"{ms:.1f}" for ms in found)),
               f"< {BLOCK_MS:g}", min(found) < BLOCK_MS)
        for name, found in (("theme_turn_ms", looks), ("zoom_turn_ms", zooms))
    ]  # fmt: skip


def _held(name: str, value: float, unit: str, against: str, most: float) -> Figure:
    return Figure(f"mimic.{name}", value, unit, against, f"<= {most:g}", value <= most)
