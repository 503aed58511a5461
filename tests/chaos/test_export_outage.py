"""A short form of ``make chaos-exports``: an hour without the target, nothing is missing, doubled or out of order."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.bench._outage_targets import TARGETS
from hmi.bench.export_outage import outage


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_it_07_a_target_that_was_away_gets_everything_once_and_in_order(target: type, tmp_path: Path) -> None:
    week = outage(target, tmp_path, days=0.05)
    assert (week.missing, week.doubled, week.breaks) == (0, 0, 0)
    assert week.written > 20 * 400
