"""The figures of the alarm system on logs that were counted by hand (standards 1.11)."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from alarm_log import BERLIN, NS, Log, berlin, judged, utc, value

from hmi.alarms._kpi_time import Bins
from hmi.alarms.kpi import Targets, figures
from hmi.core.journal import JournalRecord, Kind
from hmi.core.quality import UNCERTAIN_SIMULATED
from hmi.project.targets import Band

DAY, HOUR, MINUTE = 86_400 * NS, 3_600 * NS, 60 * NS


def test_al_13_sixty_one_alarms_in_two_bins_are_one_flood() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index in range(30):
        log.alm(start + 10 * HOUR + index * 15 * NS, f"a{index}")
    for index in range(31):
        log.alm(start + 10 * HOUR + 10 * MINUTE + index * 15 * NS, f"b{index}")
    found = figures(log.records, start, start + DAY, "UTC")
    assert found["floods"] == [
        {
            "start": start + 10 * HOUR,
            "end": start + 10 * HOUR + 20 * MINUTE,
            "peak": 31,
            "count": 61,
            "open": False,
        }
    ]
    assert value(found, "flood_time") == pytest.approx(100 * 20 / 1440)
    assert value(found, "peak_10_min") == 31
    assert value(found, "busy_bins") == pytest.approx(100 * 2 / 144)
    assert value(found, "busy_hours") == pytest.approx(100 * 1 / 24)


def test_a_flood_goes_on_until_a_bin_has_fewer_than_five_alarms() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for number, count in enumerate([10, 11, 5, 10, 5, 4, 11]):
        for index in range(count):
            log.alm(start + number * 10 * MINUTE + index * NS, f"a{number}-{index}")
    found = figures(log.records, start, start + 70 * MINUTE, "UTC")
    assert [(f["start"] - start, f["end"] - start, f["open"]) for f in found["floods"]] == [
        (10 * MINUTE, 50 * MINUTE, False),
        (60 * MINUTE, 70 * MINUTE, True),
    ]
    assert value(found, "flood_time") == pytest.approx(100 * 50 / 70)


@pytest.mark.parametrize(("last_s", "chattering"), [(59, 1), (60, 1), (61, 0)])
def test_al_15_three_alarms_in_59_s_chatter_and_in_61_s_do_not(last_s: int, chattering: int) -> None:
    log, start = Log(), utc(2026, 3, 2)
    for second in (0, 30, last_s):
        log.episode(start + HOUR + second * NS, "a", 2, 12)
    found = figures(log.in_order(), start, start + DAY, "UTC")
    assert value(found, "chattering") == chattering
    assert [row["alarm_id"] for row in found["chattering"]] == ["a"] * chattering
    assert value(found, "chatter_index") == pytest.approx((1 / 30 + 1 / (last_s - 30)) / 2)


def test_al_16_an_alarm_that_is_acknowledged_for_more_than_24_h_is_stale_and_a_shelved_one_is_not() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for alarm in ("stale", "young", "shelved"):
        log.alm(start, alarm)
        log.ack(start + MINUTE, alarm)
    log.write(start + 23 * HOUR, "shelved", "SHELVE", "SHLVD", actor="anna", comment="known")
    log.rtn(start + DAY, "young")
    found = figures(log.in_order(), start, start + DAY + NS, "UTC")
    assert [(row["alarm_id"], row["since"], row["until"]) for row in found["stale"]] == [("stale", start, 0)]
    assert value(found, "stale") == 1
    assert found["standing_now"] == 1


def test_stale_counts_on_the_worst_day_and_needs_a_break_to_begin_again() -> None:
    log, start = Log(), berlin(2026, 3, 2)
    for index in range(3):
        log.episode(start + HOUR, f"a{index}", 600, 30 * 3_600)  # stale from 01:00 to 07:00 of the next day
    log.episode(start + DAY + 10 * HOUR, "b", 600, 25 * 3_600)
    log.alm(start + 2 * DAY + 20 * HOUR, "a0")
    found = figures(log.in_order(), start, start + 4 * DAY, BERLIN)
    assert value(found, "stale") == 3
    assert [row["alarm_id"] for row in found["stale"]] == ["a0", "a1", "a2", "b", "a0"]


def test_fleeting_alarms_are_gone_within_ten_seconds_and_nobody_acted() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start, "fleeting")
    log.rtn(start + 9_900_000_000, "fleeting")
    log.alm(start, "slow")
    log.rtn(start + 10 * NS, "slow")
    log.alm(start, "acted")
    log.write(start + 2 * NS, "acted", "COMMENT", "UNACK", actor="anna", comment="seen")
    log.rtn(start + 5 * NS, "acted")
    found = figures(log.in_order(), start, start + DAY, "UTC")
    assert value(found, "fleeting") == 1
    assert [(row["alarm_id"], row["times"]) for row in found["fleeting"]] == [("fleeting", 1)]


def test_only_announced_alarms_of_the_real_plant_count() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start, "real")
    log.write(start, "shelved", "SHELVE", "SHLVD", actor="anna", comment="known")
    log.alm(start + NS, "shelved", hidden=True)
    log.alm(start, "test", **{"class": "test"})
    log.alm(start, "journal", priority=5)
    log.alm(start, "forced", quality=UNCERTAIN_SIMULATED)
    log.alm(start, "simulated", simulated=True)
    log.alm(start, "elsewhere", area="southern")
    assert figures(log.records, start, start + DAY, "UTC", area="north")["alarms"] == 1
    assert figures(log.records, start, start + DAY, "UTC")["alarms"] == 2
    told = figures(log.records, start, start + DAY, "UTC", simulated=True)
    assert told["simulated"] is True
    assert told["alarms"] == 4


def test_a_simulator_says_that_it_is_one_even_without_an_alarm() -> None:
    found = figures([], utc(2026, 3, 2), utc(2026, 3, 3), "UTC", simulated=True)
    assert found["simulated"] is True


def test_an_empty_log_has_figures_and_no_shares() -> None:
    found = figures([], utc(2026, 3, 2), utc(2026, 3, 3), "Europe/Berlin")
    assert (value(found, "per_day"), value(found, "top_10_share"), value(found, "after_upset")) == (
        0,
        None,
        None,
    )
    assert all(row["verdict"] == "ok" for row in found["kpis"])
    assert found["bad_actors"] == []
    assert found["floods"] == []
    assert [row["share"] for row in found["priorities"]] == [None] * 4


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        figures([], utc(2026, 3, 2), utc(2026, 3, 2), "UTC")


@pytest.mark.parametrize(
    ("day", "bins", "hours"),
    [((2026, 3, 29), 138, 23), ((2026, 10, 25), 150, 25), ((2026, 6, 1), 144, 24)],
)
def test_days_with_a_change_of_the_clock_have_138_or_150_bins(
    day: tuple[int, int, int], bins: int, hours: int
) -> None:
    start, end = berlin(*day), berlin(day[0], day[1], day[2] + 1)
    log = Log()
    for index in range(11):
        log.alm(start + index * NS, f"a{index}")
    found = figures(log.records, start, end, BERLIN)
    assert len(found["rate"]["counts"]) == bins
    assert value(found, "busy_bins") == pytest.approx(100 / bins)
    assert value(found, "per_hour") == pytest.approx(11 / hours)
    assert len(Bins(start, end, BERLIN, 86_400)) == 1


def test_bins_stand_at_the_clock_of_the_plant_whatever_the_window() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")  # UTC+05:45: its tens of minutes are our fives
    start = utc(2026, 3, 2, 0, 3)
    bins = Bins(start, start + HOUR, kathmandu, 600)
    assert bins.starts[0] == utc(2026, 3, 1, 23, 55)
    assert len(bins) == 7
    lord_howe = ZoneInfo("Australia/Lord_Howe")  # its clock changes by half an hour
    turned = Bins(utc(2026, 4, 4, 10), utc(2026, 4, 4, 20), lord_howe, 3_600)
    lengths = [turned.end_of(index) - at for index, at in enumerate(turned.starts)]
    assert sorted(lengths)[-1] == 90 * MINUTE
    assert sum(lengths) == turned.end - turned.starts[0]


def test_the_time_of_an_alarm_is_when_its_delay_was_over() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start + 600 * NS, "a", alarm_time=start + 599 * NS)
    found = figures(log.records, start, start + DAY, "UTC")
    assert found["rate"]["counts"][:2] == [1, 0]


def test_standing_is_the_average_over_time_of_unacknowledged_and_acknowledged_alarms() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start - 2 * HOUR, "before")
    log.episode(start + HOUR, "a", 1_800, 3_600)
    log.alm(start + 20 * HOUR, "late")
    found = figures(log.in_order(), start, start + DAY, "UTC")
    assert value(found, "standing") == pytest.approx((24 + 1 + 4) / 24)
    assert found["alarms"] == 2


def test_what_stood_before_the_window_is_known_from_its_first_record_inside_it() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start - 3 * HOUR, "a")
    log.ack(start + 12 * HOUR, "a")
    inside = [record for record in log.records if record["event_time"] >= start]
    found = figures(inside, start, start + DAY, "UTC")
    assert value(found, "standing") == pytest.approx(1.0)
    assert found["ack_delay"][2]["median_s"] == pytest.approx(15 * 3_600)


def test_a_restart_in_the_middle_changes_no_figure() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start + HOUR, "a")
    log.ack(start + 2 * HOUR, "a")
    whole = Log(list(log.records), dict(log.states))
    whole.rtn(start + 5 * HOUR, "a")
    # a restarted runtime begins a new run; the first sample that clears the alarm is told as before
    log.rtn(start + 5 * HOUR, "a")
    for record in log.records[2:]:
        record["run_id"] = "second"
    args = (start, start + DAY, "UTC")
    assert figures(log.records, *args) == figures(whole.records, *args)


def test_an_acknowledgement_counts_once_for_each_alarm_and_only_the_first() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index, seconds in enumerate([10, 20, 30, 40, 100]):
        log.episode(start + HOUR, f"a{index}", seconds, 3_600)
    log.alm(start, "again")
    log.ack(start + 50 * NS, "again", priority=1)
    log.write(start + 100 * NS, "again", "REALARM", "UNACK")
    log.ack(start + 900 * NS, "again", priority=1)
    found = figures(log.in_order(), start, start + DAY, "UTC")
    rows = {row["priority"]: row for row in found["ack_delay"]}
    assert (rows[1]["count"], rows[1]["median_s"]) == (1, 50)
    assert (rows[3]["count"], rows[3]["median_s"]) == (5, 30)
    assert rows[3]["p95_s"] == pytest.approx(88)  # between 40 and 100: 0.95 of the way through four steps


def test_hiding_outside_the_rules_is_counted_with_the_reason() -> None:
    log, start = Log(), utc(2026, 3, 2)

    def shelve(alarm: str, hours: float, **more: object) -> None:
        until = start + round(hours * HOUR)
        log.write(start, alarm, "SHELVE", "SHLVD", actor="anna", shelve_until=until, **more)

    shelve("fine", 12, comment="known")
    shelve("silent", 1)
    shelve("long", 12.1, reason_code="nuisance")
    shelve("urgent", 2, comment="known", priority=1)
    log.write(start, "by design", "SUPPRESS", "DSUPR", comment="rule")
    log.write(start, "by hand", "SUPPRESS", "DSUPR", actor="anna", comment="please")
    log.write(start, "out", "OOS", "OOSRV", actor="anna")
    found = figures(log.records, start, start + DAY, "UTC")
    assert value(found, "hidden_outside_rules") == 5
    assert {row["alarm_id"]: row["why"] for row in found["outside_rules"]} == {
        "silent": "no_reason", "long": "too_long", "urgent": "too_long", "by hand": "by_hand", "out": "no_reason",
    }  # fmt: skip
    assert judged(found, "hidden_outside_rules") == "over"


def test_changes_of_a_limit_need_a_change_number() -> None:
    log, start = Log(), utc(2026, 3, 2)
    changed = {"limit": [4.0, 4.5]}
    log.write(start, "a", "ATTR_CHANGE", "NORM", actor="eva", change_number="C-17", attributes=changed)
    log.write(start, "b", "ATTR_CHANGE", "NORM", actor="eva", attributes=changed)
    log.write(start, "c", "ATTR_CHANGE", "NORM", comment="the quality of a server's condition changed")
    found = figures(log.records, start, start + DAY, "UTC")
    assert value(found, "changes_without_number") == 1
    assert [row["alarm_id"] for row in found["attribute_changes"]] == ["b"]


def test_after_a_trip_the_alarms_of_ten_minutes_belong_to_one_upset() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start + HOUR, "trip", **{"class": "trip"})
    for index in range(12):
        log.alm(start + HOUR + (index + 1) * 45 * NS, f"a{index}")
    log.alm(start + HOUR + 5 * MINUTE, "second trip", **{"class": "trip"})
    log.alm(start + HOUR + 10 * MINUTE + NS, "too late")
    log.alm(start + 9 * HOUR, "another trip", **{"class": "trip"})
    found = figures(log.in_order(), start, start + DAY, "UTC")
    assert [(row["alarm_id"], row["count"]) for row in found["upsets"]] == [("trip", 13), ("another trip", 0)]
    assert value(found, "after_upset") == 13
    assert judged(found, "after_upset") == "near"


def test_priorities_are_held_against_80_15_5_as_announced_and_as_configured() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index in range(20):
        log.alm(start + index * NS, f"a{index}", priority=1 if index < 3 else 2 if index < 6 else 3)
    found = figures(log.records, start, start + DAY, "UTC", configured={1: 5, 2: 15, 3: 80})
    rows = {row["priority"]: row for row in found["priorities"]}
    assert [rows[p]["share"] for p in (1, 2, 3)] == [15.0, 15.0, 70.0]
    assert [rows[p]["configured_share"] for p in (1, 2, 3)] == [5.0, 15.0, 80.0]
    assert [rows[p]["verdict"] for p in (1, 2, 3)] == ["over", "ok", "over"]
    assert {row["configured_verdict"] for row in rows.values()} == {"ok"}


def test_the_ten_most_frequent_are_named_with_their_share() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index in range(12):
        for again in range(index + 1):
            log.alm(start + (index * 20 + again) * 2 * MINUTE, f"a{index:02}")
    found = figures(log.records, start, start + DAY, "UTC")
    assert [row["alarm_id"] for row in found["bad_actors"]] == [f"a{index:02}" for index in range(11, 1, -1)]
    assert found["bad_actors"][0]["share"] == pytest.approx(100 * 12 / 78)
    assert value(found, "top_10_share") == pytest.approx(100 * 75 / 78)


@pytest.mark.parametrize(("count", "word"), [(144, "ok"), (145, "near"), (288, "near"), (289, "over")])
def test_a_rate_is_judged_by_target_and_limit(count: int, word: str) -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index in range(count):
        log.alm(start + index * 299 * NS, f"a{index % 50}")
    found = figures(log.records, start, start + DAY, "UTC")
    assert value(found, "per_10_min") == pytest.approx(count / 144)
    assert judged(found, "per_10_min") == word


def test_a_plant_has_its_own_targets() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index in range(289):
        log.alm(start + index * 298 * NS, f"a{index}")
    own = replace(Targets(), per_10_min=Band(3, 4), ack_median_s=(0, 0, 60, 0))
    found = figures(log.records, start, start + DAY, "UTC", targets=own)
    assert judged(found, "per_10_min") == "ok"


def test_what_the_journal_could_not_take_is_told() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.alm(start, "a")
    gap = {
        "kind": "system",
        "event": "alarms.not_stored",
        "event_time": start + NS,
        "payload": {"changes": 7},
    }
    broken = {
        "kind": "alarm",
        "event": "ALM",
        "event_time": start,
        "object_id": "b",
        "payload": {"priority": "?"},
    }
    found = figures([*log.records, gap, broken], start, start + DAY, "UTC")
    assert (found["alarms"], found["not_stored"], found["unreadable"]) == (1, 7, 1)


def test_records_of_the_journal_give_what_mappings_give() -> None:
    log, start = Log(), utc(2026, 3, 2)
    log.episode(start, "a", 30, 90)
    kept = [
        JournalRecord(
            r["seq"], "r", "run", r["event_time"], r["event_time"], r["actor"], "s", r["object_id"], "rev",
            Kind.ALARM, r["event"], 1, r["simulated"], r["payload"], "", "",
        )
        for r in log.records
    ]  # fmt: skip
    other = replace(kept[0], kind=Kind.AUDIT)
    args = (start, start + DAY, "UTC")
    assert figures([other, *kept], *args) == figures(log.records, *args)


def test_every_figure_has_a_sentence_that_names_target_and_value() -> None:
    log, start = Log(), utc(2026, 3, 2)
    for index in range(400):
        log.alm(start + index * 200 * NS, "a")
    found = figures(log.records, start, start + DAY, "UTC")
    texts = {row["key"]: row["text"] for row in found["kpis"]}
    assert texts["per_day"] == "Alarms per day: 400, more than is manageable (300)."
    assert texts["top_10_share"] == (
        "Share of the top ten: 100 %, over the target (below 1 %); make an action plan."
    )
    assert all(row["text"].endswith(".") for row in found["kpis"])
