"""AL-14: a week of alarms written plainly, and beside each part of it what it adds to every figure."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_log import NS, Log, utc, value

from hmi.alarms.kpi import figures

HOUR, DAY = 3_600 * NS, 86_400 * NS
MONDAY = utc(2026, 3, 2)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (MONDAY + day * DAY for day in range(1, 6))
HOURS, BINS = 168, 1_008


def week() -> list[dict[str, Any]]:
    """Seven days from Monday 0:00 UTC, and one alarm of the evening before."""
    log = Log()
    # 84 alarms of priority 3 from 12 sources, 7 of each: 84 x 600 s = 14 h standing, 84 delays of 60 s
    for day in range(7):
        for hour in range(0, 24, 2):
            at = MONDAY + day * DAY + hour * HOUR + 300 * NS
            log.episode(at, f"routine{hour:02}", 60, 600)
    # 7 alarms of priority 2: 7 x 1,800 s = 3.5 h standing, delays of 120, 180 … 480 s
    for day in range(7):
        log.episode(
            MONDAY + day * DAY + 3 * HOUR + 900 * NS, f"medium{day}", 120 + 60 * day, 1_800, priority=2
        )
    # 2 alarms of priority 1: 2 h standing, delays of 30 and 50 s
    log.episode(WEDNESDAY + 12 * HOUR + 1_800 * NS, "urgent", 30, 3_600, priority=1)
    log.episode(FRIDAY + 12 * HOUR + 1_800 * NS, "urgent", 50, 3_600, priority=1)
    # 40 alarms every 29 s from Thursday 14:00: 21 in the first ten minutes (and routine14), 19 in the second;
    # 40 x 1,800 s = 20 h standing, 40 delays of 300 s
    for index in range(40):
        log.episode(THURSDAY + 14 * HOUR + index * 29 * NS, f"flood{index:02}", 300, 1_800)
    # 3 alarms 20 s apart, each gone after 15 s: 45 s standing, one delay of 60 s (of the last)
    for second in (0, 20, 40):
        log.alm(TUESDAY + 9 * HOUR + second * NS, "chatter")
        log.rtn(TUESDAY + 9 * HOUR + (second + 15) * NS, "chatter")
    log.ack(TUESDAY + 9 * HOUR + 100 * NS, "chatter")
    # 1 alarm gone after 5 s: 5 s standing, one delay of 300 s
    log.episode(SATURDAY + 17 * HOUR, "fleeting", 300, 5)
    # 1 alarm for 60 h: stale from Tuesday 6:00 to Wednesday 18:00, one delay of 600 s
    log.episode(MONDAY + 6 * HOUR, "stale", 600, 60 * 3_600)
    # raised before the week, stays: 168 h standing, stale from Monday 20:00 to the end
    log.alm(MONDAY - 4 * HOUR, "old")
    log.ack(MONDAY - 4 * HOUR + 600 * NS, "old")
    # hidden: counts nowhere
    until = MONDAY + 12 * HOUR
    log.write(
        MONDAY + 10 * HOUR, "hidden", "SHELVE", "SHLVD", actor="anna", comment="known", shelve_until=until
    )
    log.alm(MONDAY + 10 * HOUR + 1_800 * NS, "hidden", hidden=True)
    log.write(MONDAY + 10 * HOUR + 2_400 * NS, "hidden", "RTN", "SHLVD", hidden=True)
    log.write(until, "hidden", "UNSHELVE", "NORM")
    # shelved without a reason: outside the rules
    log.write(FRIDAY, "routine00", "SHELVE", "SHLVD", actor="anna", shelve_until=FRIDAY + HOUR)
    log.write(FRIDAY + 60 * NS, "routine00", "UNSHELVE", "NORM", actor="anna")
    # a limit changed without a change number
    log.write(FRIDAY + HOUR, "medium0", "ATTR_CHANGE", "NORM", actor="eva", attributes={"limit": [1, 2]})
    return log.in_order()


N = 84 + 7 + 2 + 40 + 3 + 1 + 1
STANDING_H = 14 + 3.5 + 2 + 20 + (45 + 5) / 3_600 + 60 + 168
BY_HAND = {
    "per_10_min": N / BINS,  # 138 / 1008 = 0.14
    "per_hour": N / HOURS,  # 0.82
    "per_day": N / 7,  # 19.71
    "busy_hours": 100 * 1 / HOURS,  # Thursday 14:00: 41 alarms
    "busy_bins": 100 * 2 / BINS,  # Thursday 14:00 and 14:10
    "peak_10_min": 22,  # 21 of the flood and routine14
    "flood_time": 100 * 20 / (7 * 1_440),  # 14:00 to 14:20: the next ten minutes have none
    "top_10_share": 100 * 70 / N,  # ten of the twelve routine sources, 7 each
    "chattering": 1,
    "chatter_index": 0.05,  # two intervals of 20 s
    "fleeting": 1,
    "stale": 2,  # "old" and "stale" on Tuesday and Wednesday
    "standing": STANDING_H / HOURS,  # 267.51 / 168 = 1.59
    "hidden_outside_rules": 1,
    "changes_without_number": 1,
}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return figures(week(), MONDAY, MONDAY + 7 * DAY, "UTC")


@pytest.mark.parametrize("key", BY_HAND)
def test_al_14_a_week_gives_the_figures_that_were_computed_by_hand(found: dict[str, Any], key: str) -> None:
    assert value(found, key) == pytest.approx(BY_HAND[key], abs=0.005)


def test_al_14_shares_of_priorities(found: dict[str, Any]) -> None:
    shares = {row["priority"]: row["share"] for row in found["priorities"]}
    assert shares == {
        1: pytest.approx(1.449, abs=0.005),  # 2 / 138
        2: pytest.approx(5.072, abs=0.005),  # 7 / 138
        3: pytest.approx(93.478, abs=0.005),  # 129 / 138
        4: 0,
    }


def test_al_14_delays_of_the_acknowledgement(found: dict[str, Any]) -> None:
    delays = {row["priority"]: (row["count"], row["median_s"], row["p95_s"]) for row in found["ack_delay"]}
    assert delays[1] == (2, 40, pytest.approx(49))  # 30 + 0.95 x 20
    assert delays[2] == (7, 300, pytest.approx(462))  # place 5.7 of 120 … 480: 420 + 0.7 x 60
    assert delays[3] == (127, 60, 300)  # 85 x 60, 41 x 300, 600: places 63 and 119.7
    assert delays[4] == (0, None, None)


def test_al_14_the_lists_behind_the_figures(found: dict[str, Any]) -> None:
    assert [(f["start"], f["end"], f["peak"], f["count"]) for f in found["floods"]] == [
        (THURSDAY + 14 * HOUR, THURSDAY + 14 * HOUR + 1_200 * NS, 22, 41)
    ]
    assert [row["alarm_id"] for row in found["chattering"]] == ["chatter"]
    assert [row["alarm_id"] for row in found["fleeting"]] == ["fleeting"]
    assert [(row["alarm_id"], row["until"]) for row in found["stale"]] == [
        ("old", 0),
        ("stale", WEDNESDAY + 18 * HOUR),
    ]
    assert [row["count"] for row in found["bad_actors"]] == [7] * 10
