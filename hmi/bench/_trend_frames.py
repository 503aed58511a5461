"""The frame of a trend, measured alike for every chart: 16 pens of 24 h of 1 s data, moved a little each time."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from hmi.historian.samples import Floats

PENS, SECONDS = 16, 86_400
WIDTH, HEIGHT = 2_000, 600
FRAMES, WARM = 15, 3
SPIKE_S = 54_321
"""Second at which each pen has one sample of its own height (``SPIKE``), shorter than a pixel by far."""
SPIKE, STEP_S = 0.93, 61.0


def values_of(pen: int) -> Floats:
    """A day of a noisy measurement between 0.2 and 0.5 above the number of its pen, and one spike."""
    chance = np.random.default_rng(pen)
    seconds = np.arange(SECONDS)
    values = pen + 0.35 + 0.1 * np.sin(seconds / (3_000 + 50 * pen)) + chance.normal(0, 0.01, SECONDS)
    values[SPIKE_S] = pen + SPIKE
    return values


def frames_ms(frame: Callable[[float], object]) -> list[float]:
    """Milliseconds of CPU of each frame; ``frame`` is told how many seconds the window has moved."""
    took = []
    for turn in range(WARM + FRAMES):
        begun = time.process_time()
        frame(turn * STEP_S)
        took.append((time.process_time() - begun) * 1e3)
    return took[WARM:]
