"""A time as people write it is read in the plant's zone, also around a clock change; anything else is one sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.instants import instant

BERLIN = ZoneInfo("Europe/Berlin")
NOW = round(datetime(2026, 11, 28, 10, 0, tzinfo=UTC).timestamp()) * NS_PER_S


def utc(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp()) * NS_PER_S  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-10m", NOW - 600 * NS_PER_S),
        ("-1d12h", NOW - 36 * 3_600 * NS_PER_S),
        (" -90s ", NOW - 90 * NS_PER_S),
        ("9:05", utc(2026, 11, 28, 8, 5)),
        ("09:05:30", utc(2026, 11, 28, 8, 5, 30)),
        ("2026-07-01 14:05", utc(2026, 7, 1, 12, 5)),
        ("2026-07-01T14:05:30", utc(2026, 7, 1, 12, 5, 30)),
        ("2026-07-01T14:05:30Z", utc(2026, 7, 1, 14, 5, 30)),
        ("2026-07-01T14:05:30-05:00", utc(2026, 7, 1, 19, 5, 30)),
    ],
)
def test_each_form_is_read(text: str, found: int) -> None:
    assert instant(text, NOW, BERLIN) == found


def test_hi_15_an_hour_that_comes_twice_is_the_first_one_and_can_be_told_apart() -> None:
    assert instant("2026-10-25 02:30", NOW, BERLIN) == utc(2026, 10, 25, 0, 30)
    assert instant("2026-10-25 02:30+01:00", NOW, BERLIN) == utc(2026, 10, 25, 1, 30)


def test_hi_15_an_hour_that_a_clock_change_leaves_out_is_refused() -> None:
    with pytest.raises(UsageError, match="put forward"):
        instant("2026-03-29 02:30", NOW, BERLIN)


@pytest.mark.parametrize(
    "text",
    ["", "now", "10m", "-10", "-10x", "25:00", "2026-13-01", "-99999999d", "1890-01-01", "9999-12-31T23:59Z"],
)
def test_anything_else_is_one_sentence(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        instant(text, NOW, BERLIN)
    assert "\n" not in str(refused.value)
