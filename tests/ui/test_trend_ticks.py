"""The time axis of a trend: UTC inside, the plant's clock outside, right across its changes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("PySide6")

import itertools

from hmi.core.clock import NS_PER_S
from hmi.ui.trend.ticks import changed_at, span_text, time_ticks

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
HOUR = 3600 * NS_PER_S


def ns(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp()) * NS_PER_S  # type: ignore[arg-type]


def test_HI_15_the_hour_that_comes_twice_is_labelled_with_its_offset() -> None:
    ticks = time_ticks(ns(2026, 10, 24, 22), ns(2026, 10, 25, 4), BERLIN, 8)
    assert [tick.text for tick in ticks] == [
        "00:00", "01:00", "02:00 +02:00", "02:00 +01:00", "03:00", "04:00", "05:00",
    ]  # fmt: skip
    assert [b.at - a.at for a, b in itertools.pairwise(ticks)] == [HOUR] * 6


def test_HI_15_the_hour_that_is_left_out_is_not_on_the_axis() -> None:
    ticks = time_ticks(ns(2026, 3, 28, 23), ns(2026, 3, 29, 4), BERLIN, 8)
    assert [tick.text for tick in ticks] == ["00:00", "01:00", "03:00", "04:00", "05:00", "06:00"]


def test_HI_15_days_begin_at_midnight_of_the_plant_on_both_sides_of_a_change() -> None:
    ticks = time_ticks(ns(2026, 10, 23), ns(2026, 10, 28), BERLIN, 6)
    assert [tick.text for tick in ticks] == ["24 Oct", "25 Oct", "26 Oct", "27 Oct", "28 Oct"]
    assert ticks[2].at - ticks[1].at == 25 * HOUR


def test_every_six_hours_stay_round_on_the_plants_clock_after_a_change() -> None:
    ticks = time_ticks(ns(2026, 10, 24, 10), ns(2026, 10, 25, 23), BERLIN, 8)
    assert [tick.text for tick in ticks] == ["12:00", "18:00", "00:00", "06:00", "12:00", "18:00", "00:00"]


def test_a_zone_that_turns_by_half_an_hour() -> None:
    start = ns(2026, 4, 4, 13)
    ticks = time_ticks(start, start + 4 * HOUR, LORD_HOWE, 9)
    local = [datetime.fromtimestamp(tick.at / NS_PER_S, LORD_HOWE) for tick in ticks]
    assert all(one.minute % 30 == 0 and one.second == 0 for one in local)
    assert len({tick.at for tick in ticks}) == len(ticks)
    assert changed_at(start, start + 4 * HOUR, LORD_HOWE) == ns(2026, 4, 4, 15)


@pytest.mark.parametrize(
    "seconds",
    [0.2, 1, 10, 60, 900, 3600, 8 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400, 20 * 365 * 86_400],
)
def test_any_stretch_has_a_few_labels_inside_it(seconds: float) -> None:
    start = ns(2026, 10, 24, 22)
    end = start + round(seconds * NS_PER_S)
    ticks = time_ticks(start, end, BERLIN, 9)
    assert 2 <= len(ticks) <= 14
    assert all(start <= tick.at <= end for tick in ticks)
    assert len({(tick.text, tick.day) for tick in ticks}) >= len(ticks) - 1


def test_the_date_stands_where_another_day_begins() -> None:
    ticks = time_ticks(ns(2026, 11, 28, 12), ns(2026, 11, 29, 12), ZoneInfo("UTC"), 9)
    assert [tick.day for tick in ticks if tick.day] == ["28 Nov 2026", "29 Nov 2026"]


@pytest.mark.parametrize(
    ("span", "text"),
    [(0, "0 s"), (1_250_000_000, "1.25 s"), (90 * NS_PER_S, "1 min 30 s"), (3600 * NS_PER_S, "1 h"),
     (86_400 * NS_PER_S + 7200 * NS_PER_S, "1 d 2 h"), (-61 * NS_PER_S, "−1 min 1 s")],
)  # fmt: skip
def test_how_long_in_two_units(span: int, text: str) -> None:
    assert span_text(span) == text
