"""Figures of ranges with very many samples come out of rollups, and say what the walk over all samples says."""

from __future__ import annotations

import numpy as np
import pytest

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.historian.aggregates import SamplesSource, figures, long_figures
from hmi.historian.rollups import HOUR, Rollups, rollups_of
from hmi.historian.samples import Samples
from hmi.testing.history import make_samples

BEGIN = 1_700_000_000 * NS_PER_S
DAYS = 14


def two_weeks() -> Samples:
    """1.2 million samples with a spike, half an hour Bad and one Uncertain value."""
    times = BEGIN + np.arange(DAYS * 86_400, dtype=np.int64) * NS_PER_S
    values = 5 + np.sin(np.arange(len(times)) / 3_000)
    values[777_777] = 99.0
    statuses = np.zeros(len(times), np.uint32)
    statuses[100_000:101_800] = quality.BAD_NO_COMMUNICATION
    statuses[500_000] = quality.UNCERTAIN
    return make_samples(times, values, statuses.tolist())


@pytest.mark.parametrize("stepped", [True, False])
def test_long_and_plain_figures_agree(stepped: bool) -> None:
    samples = two_weeks()
    source = SamplesSource(samples)
    asked: list[tuple[int, int]] = []

    def rollups(low: int, high: int) -> Rollups:
        asked.append((low, high))
        return rollups_of(samples.between(low, high - 1), HOUR, before=source.before(low), stepped=stepped)

    start, end = BEGIN + 1_234 * NS_PER_S, BEGIN + DAYS * 86_400 * NS_PER_S - 7 * NS_PER_S
    long = long_figures(source, rollups, "t", start, end, stepped)
    plain = figures(source, "t", start, end, stepped)
    assert asked
    assert long.deviation is None
    for name in ("minimum", "minimum_at", "maximum", "maximum_at", "count", "first", "last"):
        assert getattr(long, name) == getattr(plain, name), name
    assert long.average == pytest.approx(plain.average, rel=1e-6)
    assert long.percent_good == pytest.approx(plain.percent_good, abs=1e-3)
    assert long.seconds_bad == pytest.approx(plain.seconds_bad, abs=2)
