"""A frame of our chart against one of pyqtgraph's, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median
from typing import Any

from hmi.bench._trend_frames import HEIGHT, PENS, SECONDS, WIDTH
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError

GOAL = 1 / 3


def frame_figures() -> list[Figure]:
    """CPU of a frame, moved a little each time; UsageError where there is no Qt."""
    ours, peer = _measured("hmi.bench._trend_side"), _measured("hmi.bench.peers.pyqtgraph_trend")
    frame, whole, theirs = median(ours["paint"]), median(ours["ms"]), median(peer["ms"])
    exact = ours["spikes"] == PENS
    against = (
        f"{PENS} pens x {SECONDS // 3_600} h of 1 s at {WIDTH} x {HEIGHT}, axes included: {frame:.1f} ms of CPU,"
        f" {theirs:.1f} ms with setDownsampling(auto, peak); {ours['spikes']} of {PENS} spikes of one sample shown"
    )
    reduced = f"the same with all samples reduced anew on the same thread, which the product never does: {whole:.1f} ms"
    held = frame / theirs <= GOAL and exact
    return [
        Figure("history.trend_frame_vs_pyqtgraph", frame / theirs, "x", against, "<= 1/3", held),
        Figure("history.trend_frame_reduced_vs_pyqtgraph", whole / theirs, "x", reduced),
    ]


def _measured(module: str) -> dict[str, Any]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6"}
    done = subprocess.run(
        [sys.executable, "-m", module],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise UsageError(f"{module} could not be measured: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout.splitlines()[-1])
