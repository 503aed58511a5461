"""The benches of the journal and of what-if in small: every figure is there and says what it is held against."""

from __future__ import annotations

import pytest

from hmi.bench import journal, what_if


def test_the_journal_says_how_long_the_alarms_of_an_instant_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_BENCH_ROWS", "6000")
    figures = {one.figure: one for one in journal.run()}
    assert figures["journal.alarms_at_ms"].value > 0
    assert "alarms stand in the middle of 6,000 records" in figures["journal.alarms_at_ms"].against
    assert figures["journal.alarms_at_vs_plain"].value > 0
    assert figures["journal.alarms_at_growth"].value > 0


def test_what_if_says_what_each_sort_of_alarm_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_BENCH_DAYS", "0.1")
    figures = {one.figure: one for one in what_if.run()}
    for name in ("limit", "deviation", "rate", "bad"):
        assert figures[f"what_if.{name}_30d_s"].value > 0
        assert figures[f"what_if.{name}_vs_plain"].value > 0
    assert figures["what_if.deviation_vs_plain"].goal
