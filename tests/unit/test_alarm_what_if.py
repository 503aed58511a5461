"""What other settings of an alarm would have done: recorded values through the same engine, twice (what-if)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alarm_bench import alarm
from what_if_history import EXACT, Past, Turn, at, one_tag, recorded, replayed, with_flag

from hmi.alarms.what_if import case_of, replay, result_of
from hmi.alarms.what_if._compare import Comparison
from hmi.client.what_if import LISTED
from hmi.core import quality
from hmi.core.errors import UsageError
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, ValueType
from hmi.historian.samples import Samples
from hmi.project.recording import Deviation, RecordRules
from hmi.testing.plant import make_plant, make_tag

T = "t_a/x"
HIGH = alarm(limit=10.0)


def pulses(*lengths: float, apart: float = 100.0) -> list[tuple[float, float]]:
    """A value that is over the limit for so many seconds each, begins ``apart`` s from each other."""
    found: list[tuple[float, float]] = [(0.0, 5.0)]
    for number, length in enumerate(lengths, 1):
        found += [(number * apart, 11.0), (number * apart + length, 5.0)]
    return found


def test_an_on_delay_removes_what_is_shorter_and_the_rest_comes_later() -> None:
    past = Past({T: recorded(pulses(2, 4, 30, 3.9, 600, apart=1_000))})
    case, found = replayed(one_tag(HIGH), replace(HIGH, on_delay_s=5.0), past, 0, 10_000)
    assert (found.was.count, found.kept, found.removed, found.merged, found.new) == (5, 2, 3, 0, 0)
    assert found.longest_removed_s == 4.0
    assert (found.later, found.latest_s) == (2, 5.0)
    removed, kept, new = found.lists
    assert [(one.start, one.end) for one in removed] == [
        (at(2_000), at(2_004)), (at(4_000), at(4_003.9)), (at(1_000), at(1_002)),
    ]  # fmt: skip
    assert [one.later_s for one in kept] == [5.0, 5.0]
    assert new == []
    told = result_of(case, found, [])
    assert told.sentence == (
        "Would have removed 3 of 5 alarms and hidden none that lasted over 4 s; those that are left come up to 5 s "
        "later."
    )
    assert (found.was.seconds, found.proposed.seconds) == (639.9, 620.0)


def test_an_off_delay_makes_one_alarm_of_many() -> None:
    past = Past({T: recorded(pulses(2, 2, 2, 2, apart=10))})
    case, found = replayed(one_tag(HIGH), replace(HIGH, off_delay_s=15.0), past, 0, 100)
    assert (found.was.count, found.proposed.count, found.kept, found.merged, found.removed) == (4, 1, 1, 3, 0)
    assert result_of(case, found, []).sentence == (
        "Would have removed 3 of 4 alarms; 3 of them are part of others that stay on."
    )


def test_a_deadband_keeps_a_value_at_its_limit_in_one_alarm() -> None:
    values = [(0.0, 9.0)] + [(1.0 + n, 10.2 if n % 2 else 9.8) for n in range(1_000)] + [(1_100.0, 5.0)]
    _, found = replayed(one_tag(HIGH), replace(HIGH, deadband=0.5), Past({T: recorded(values)}), 0, 2_000)
    assert (found.was.count, found.kept, found.merged, found.removed, found.new) == (500, 1, 499, 0, 0)


def test_another_limit_removes_and_adds() -> None:
    values = [(0, 5.0), (10, 10.5), (20, 5.0), (30, 12.0), (40, 5.0), (50, 9.0), (60, 5.0)]
    past = Past({T: recorded(values)})
    _, higher = replayed(one_tag(HIGH), replace(HIGH, limit=11.0), past, 0, 100)
    assert (higher.was.count, higher.kept, higher.removed, higher.new) == (2, 1, 1, 0)
    case, lower = replayed(one_tag(HIGH), replace(HIGH, limit=8.0), past, 0, 100)
    assert (lower.was.count, lower.kept, lower.removed, lower.new) == (2, 2, 0, 1)
    assert [(one.start, one.end) for one in lower.lists[2]] == [(at(50), at(60))]
    assert result_of(case, lower, []).sentence == (
        "Would have removed none of 2 alarms; 1 new one would have come."
    )


def test_one_that_is_split_counts_its_second_part_as_new() -> None:
    values = [(0, 5.0), (10, 12.0), (20, 10.5), (30, 12.0), (40, 5.0)]
    _, found = replayed(one_tag(HIGH), replace(HIGH, limit=11.0), Past({T: recorded(values)}), 0, 100)
    assert (found.was.count, found.proposed.count, found.kept, found.removed, found.new) == (1, 2, 1, 0, 1)


def test_one_that_ends_at_the_instant_in_which_the_other_begins_goes_with_it() -> None:
    past = Past({T: recorded(pulses(5))})
    _, found = replayed(one_tag(HIGH), replace(HIGH, on_delay_s=5.0), past, 0, 1_000)
    assert (found.kept, found.removed, found.new, found.latest_s) == (1, 0, 0, 5.0)


def test_what_stood_before_the_time_is_known_and_not_counted() -> None:
    past = Past({T: recorded([(-50_000, 12.0), (50, 5.0), (60, 12.0)])})
    _, found = replayed(one_tag(HIGH), HIGH, past, 0, 100)
    assert (found.was.count, found.kept) == (1, 1)
    assert found.was.seconds == 90.0
    assert found.lists[1][0].open


def test_nothing_is_known_in_a_gap_and_a_delay_does_not_go_on_in_it() -> None:
    samples = recorded([(0, 5.0), (100, 12.0), (200, 12.5), (203, 5.0)])
    slow = replace(HIGH, on_delay_s=50.0)
    past = Past({T: with_flag(samples, 2, SampleFlag.GAP_BEFORE)})
    case, found = replayed(one_tag(slow), slow, past, 0, 1_000)
    assert found.was.count == 0  # the value was not known for those 100 s
    assert found.unknown_s == pytest.approx(100, abs=1e-6)
    told = result_of(case, found, [])
    assert "Nothing is known of 10.0 % of the time; no alarm begins or ends in it." in told.notes
    assert told.strip.unknown[0] == 0.0
    assert max(told.strip.unknown) == 1.0


def test_a_bad_value_freezes_the_alarm_as_it_did() -> None:
    lost = DataValue(None, quality.BAD_NO_COMMUNICATION, 0, 0)
    past = Past({T: recorded([(0, 5.0), (10, 12.0), (20, lost), (500, 12.0), (510, 5.0)])})
    _, found = replayed(one_tag(HIGH), HIGH, past, 0, 1_000)
    assert (found.was.count, found.was.seconds, found.unknown_s) == (1, 500.0, 480.0)


def test_backfilled_values_were_never_judged() -> None:
    filled = recorded([(0, 5.0), (10, 12.0), (20, 5.0)])
    past = Past({T: with_flag(filled, 1, SampleFlag.BACKFILL)})
    case = case_of(one_tag(HIGH), HIGH, HIGH)
    found, left_out = replay(case, past, at(0), at(100))
    assert (found.was.count, left_out) == (0, 1)
    notes = result_of(case, found, [], left_out=left_out).notes
    assert "Values that came in afterwards were never judged; left out: 1." in notes


def test_a_mark_of_the_collector_is_no_value() -> None:
    samples = recorded([(0, 5.0), (10, 99.0), (20, 5.0)])
    _, found = replayed(one_tag(HIGH), HIGH, Past({T: with_flag(samples, 1, SampleFlag.MARK)}), 0, 100)
    assert (found.was.count, found.unknown_s) == (0, 10.0)


def test_delays_end_in_the_time_in_which_the_values_were_taken_in() -> None:
    values = [DataValue(v, 0, at(s), at(s + 3)) for s, v in ((0, 5.0), (10, 12.0), (20, 5.0))]
    _, found = replayed(one_tag(HIGH), HIGH, Past({T: Samples.of(values)}), 0, 100)
    assert [(one.start, one.end) for one in found.lists[1]] == [(at(13), at(23))]


def test_the_crossing_of_a_line_is_put_where_it_is() -> None:
    """Compressed history holds few points: 5 at 0 s, 15 at 1,000 s is over 10 from 500 s on."""
    tag = make_tag("a/x", history=True, recording=RecordRules(comp_dev=Deviation(0.01)))
    plant = make_plant([tag], [HIGH])
    past = Past({T: recorded([(0, 5.0), (1_000, 15.0), (2_000, 5.0)])}, size=1)
    _, found = replayed(plant, replace(HIGH, deadband=1.0), past, 0, 3_000)
    stretch = found.lists[1][0]
    assert stretch.start == pytest.approx(at(500), abs=1_000)
    assert stretch.end == pytest.approx(at(1_500), abs=1_000)
    assert found.proposed.seconds == pytest.approx(1_100)


@pytest.mark.parametrize(("kind", "sign"), [("rate_up", 1), ("rate_down", -1)])
def test_a_rate_of_change_is_that_of_the_line_which_few_points_hold(kind: str, sign: int) -> None:
    """Swinging door: 2 m in 20 min twice (no alarm), then 20 m in 100 s, of which five points are all that is kept."""
    tag = make_tag("a/x", history=True, recording=RecordRules(comp_dev=Deviation(0.01)), unit="m")
    fast = alarm(kind, limit=0.1, window_s=30.0)
    held = [(0.0, 5.0), (1_200.0, 7.0), (2_400.0, 9.0), (2_500.0, 29.0), (3_600.0, 29.0)]
    past = Past({T: recorded([(second, sign * value) for second, value in held])})
    _, found = replayed(make_plant([tag], [fast]), replace(fast, limit=0.25), past, 0, 3_600)
    assert (found.was.count, found.proposed.count, found.removed) == (1, 0, 1)  # 0.2 m/s
    assert found.was.seconds == pytest.approx(100, abs=15)


def test_an_unequal_edge_of_a_low_alarm_turns_on_a_line_too() -> None:
    low = alarm("low", limit=10.0, deadband=2.0)
    tag = make_tag("a/x", history=True, recording=RecordRules(comp_dev=Deviation(0.01)))
    past = Past({T: recorded([(0, 15.0), (1_000, 5.0), (2_000, 15.0)])})
    _, found = replayed(make_plant([tag], [low]), low, past, 0, 3_000)
    assert found.was.seconds == pytest.approx(1_200)  # 500 s to 1,700 s


def test_only_what_can_be_replayed_is() -> None:
    with pytest.raises(UsageError, match="a/x is not recorded, so its past cannot be replayed"):
        case_of(make_plant([make_tag("a/x")], [HIGH]), HIGH, HIGH)
    gone = alarm("bad", tag="a/gone")
    with pytest.raises(UsageError, match="only alarms that judge values of tags"):
        case_of(one_tag(HIGH), gone, gone)
    with pytest.raises(UsageError, match="high reads a/unknown, which is not a tag"):
        case_of(one_tag(HIGH), HIGH, replace(HIGH, suppress_when="'a/unknown' > 1"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"deadband": 0.05}, "a deadband of 0.05 is too small to tell"),
        ({"limit": 10.05}, "a limit that moves by 0.05 is too little to tell"),
        ({"on_delay_s": 0.5}, "a/x is read every 1 s: an on-delay of 0.5 s is too short to tell"),
    ],
)
def test_a_history_that_is_too_coarse_is_said(change: dict[str, Any], words: str) -> None:
    tag = make_tag("a/x", history=True, address="1", recording=RecordRules(comp_dev=Deviation(0.2)), unit="m")
    case = case_of(make_plant([tag], [HIGH]), HIGH, replace(HIGH, **change))
    assert case.coarse
    assert words in case.notes[0]
    assert not case_of(make_plant([tag], [HIGH]), HIGH, replace(HIGH, deadband=2.0)).coarse


def test_the_journal_is_held_against_the_replay() -> None:
    case, found = replayed(one_tag(HIGH), HIGH, Past({T: recorded(pulses(2, 2))}), 0, 1_000)
    assert not result_of(case, found, [], recorded=2).coarse
    told = result_of(case, found, [], recorded=40)
    assert told.coarse
    assert told.notes[0].startswith(
        "The journal has 40 alarms of this time, the replay finds 2: what is recorded"
    )
    changed = result_of(case, found, [], recorded=40, changed_at="2026-05-01 10:00")
    assert not changed.coarse
    assert changed.notes[0].startswith("The settings were changed at 2026-05-01 10:00")


def test_what_is_not_recorded_besides_is_said_and_decides_nothing() -> None:
    ruled = replace(HIGH, suppress_when="'a/off'", limits_when=(("'a/off'", 100.0),))
    tags = [make_tag("a/x", history=True, recording=EXACT), make_tag("a/off", type=ValueType.BOOL)]
    _, found = replayed(make_plant(tags, [ruled]), ruled, Past({T: recorded(pulses(2))}), 0, 1_000)
    case = case_of(make_plant(tags, [ruled]), ruled, ruled)
    assert found.was.count == 1
    assert [note for note in case.notes if "a/off" in note] == [
        "Not recorded: a/off. Where a limit depends on them, the plain limit counts.",
        "Not recorded: a/off. A rule that reads them suppresses nothing here.",
    ]


def test_a_recorded_rule_suppresses_and_a_recorded_state_chooses_the_limit() -> None:
    tags = [
        make_tag("a/x", history=True, recording=EXACT), make_tag("a/off", history=True, type=ValueType.BOOL),
    ]  # fmt: skip
    past = Past({
        T: recorded(pulses(20, 20, 20, apart=100)),
        "t_a/off": recorded([(0, False), (150, True), (250, False)]),
    })  # fmt: skip
    ruled = replace(HIGH, suppress_when="'a/off'")
    _, found = replayed(make_plant(tags, [HIGH]), ruled, past, 0, 1_000)
    assert (found.was.count, found.kept, found.removed) == (3, 2, 1)
    by_state = replace(HIGH, limits_when=(("'a/off'", 100.0),))
    _, found = replayed(make_plant(tags, [HIGH]), by_state, past, 0, 1_000)
    assert (found.was.count, found.kept, found.removed) == (3, 2, 1)


def test_a_deviation_reads_its_set_point() -> None:
    away = alarm("deviation", limit=2.0, setpoint="a/sp")
    tags = [make_tag("a/x", history=True, recording=EXACT), make_tag("a/sp", history=True)]
    past = Past({
        T: recorded([(0, 50.0), (110, 60.0)]), "t_a/sp": recorded([(0, 50.0), (100, 60.0)]),
    })  # fmt: skip
    _, found = replayed(make_plant(tags, [away]), replace(away, hold_s=30.0), past, 0, 1_000)
    assert (found.was.count, found.removed, found.longest_removed_s) == (1, 1, 10.0)


def test_lists_are_bounded_and_counts_are_not() -> None:
    past = Past({T: recorded(pulses(*range(1, 1_001), apart=2_000))}, size=100)
    _, found = replayed(one_tag(HIGH), replace(HIGH, on_delay_s=2_000.0), past, 0, 3_000_000)
    removed = found.lists[0]
    assert (found.was.count, found.removed, len(removed)) == (1_000, 1_000, LISTED)
    assert [round((one.end - one.start) / 1e9) for one in removed] == list(range(1_000, 1_000 - LISTED, -1))


def test_progress_is_told_and_what_it_raises_ends_the_replay() -> None:
    past = Past({T: recorded(pulses(*[2.0] * 5_000, apart=10))}, size=100)
    case, told = case_of(one_tag(HIGH), HIGH, HIGH), list[float]()

    def pace(done: float) -> None:
        told.append(done)
        if done > 0.5:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        replay(case, past, at(0), at(50_000), pace)
    assert told == sorted(told)
    assert len(told) > 20
    assert past.pieces < 60


def test_an_alarm_that_is_switched_off_removes_all() -> None:
    _, found = replayed(
        one_tag(HIGH), replace(HIGH, enabled=False), Past({T: recorded(pulses(2, 9))}), 0, 999
    )
    assert (found.was.count, found.removed, found.longest_removed_s) == (2, 2, 9.0)


def test_the_strip_says_what_share_of_each_bin_the_alarm_stood() -> None:
    past = Past({T: recorded([(0, 5.0), (100, 12.0), (300, 5.0)])})
    case, found = replayed(one_tag(HIGH), replace(HIGH, limit=13.0), past, 0, 480)
    strip = result_of(case, found, []).strip
    assert strip.width_ns == 1_000_000_000
    assert len(strip.was) == len(strip.proposed) == 480
    assert sum(strip.was) == 200
    assert sum(strip.proposed) == 0
    assert strip.was[100] == 1.0


# ------------------------------------------------------------------------------------------ bad values

BAD = alarm("bad")
BROKEN, LOST = (
    DataValue(None, code, 0, 0) for code in (quality.BAD_SENSOR_FAILURE, quality.BAD_NO_COMMUNICATION)
)
NO_DATA = DataValue(None, quality.BAD_NO_DATA, 0, 0)


def bad_replay(
    values: list[tuple[float, Any]], turns: list[Turn] | None = None, **other: float
) -> Comparison:
    past = Past({T: recorded(values)})
    return replayed(one_tag(BAD), replace(BAD, **other), past, 0, 1_000, turns or [])[1]


def test_a_bad_value_is_an_alarm_after_its_delay_and_another_delay_may_remove_it() -> None:
    values = [(0, 1.0), (100, BROKEN), (105, 1.0), (200, BROKEN), (230, 1.0), (300, BROKEN), (400, 1.0)]
    found = bad_replay(values, on_delay_s=60.0)
    assert (found.was.count, found.kept, found.removed) == (2, 1, 1)  # 5 s is within the usual 10 s
    assert found.longest_removed_s == 20.0
    assert found.latest_s == 50.0


def test_the_alarm_of_its_link_speaks_for_a_bad_value() -> None:
    values = [(0, 1.0), (100, LOST), (300, 1.0), (400, LOST), (500, 1.0)]
    assert bad_replay(values, [(100, "", True), (299, "", False)]).was.count == 1  # 400 s: the server said so
    assert bad_replay(values).was.count == 2


def test_a_silent_unit_speaks_for_its_own_tags_only() -> None:
    lost = [(0, 1.0), (100, LOST), (300, 1.0)]
    turns: list[Turn] = [(105, "7", True), (300, "7", False)]
    assert bad_replay(lost, turns).was.count == 0
    assert bad_replay([(0, 1.0), (100, BROKEN), (300, 1.0)], turns).was.count == 1


def test_a_link_that_was_lost_before_the_time_still_is() -> None:
    past = Past({T: recorded([(-9_000, 1.0), (-8_000, LOST), (500, 1.0)])})
    turns: list[Turn] = [(-9_500, "", True), (-9_400, "", False), (-8_000, "", True), (499, "", False)]
    assert replayed(one_tag(BAD), BAD, past, 0, 1_000, turns)[1].was.count == 0
    assert replayed(one_tag(BAD), BAD, past, -8_500, 1_000)[1].was.count == 1


def test_where_nothing_is_known_a_bad_value_has_no_alarm_and_its_delay_begins_anew() -> None:
    stopped = with_flag(recorded([(0, 1.0), (100, NO_DATA), (300, 1.0)]), 1, SampleFlag.MARK)
    _, found = replayed(one_tag(BAD), BAD, Past({T: stopped}), 0, 1_000)
    assert (found.was.count, found.unknown_s) == (0, 200.0)
    broken = recorded([(0, 1.0), (95, BROKEN), (100, NO_DATA), (300, BROKEN), (305, 1.0)])
    _, found = replayed(one_tag(BAD), BAD, Past({T: with_flag(broken, 2, SampleFlag.MARK)}), 0, 1_000)
    assert found.was.count == 0  # 5 s before and 5 s after
    said = recorded([(0, 1.0), (100, NO_DATA), (300, 1.0)])
    assert replayed(one_tag(BAD), BAD, Past({T: said}), 0, 1_000)[1].was.count == 1  # the device said so


def test_a_mark_before_a_lost_link_ends_no_delay() -> None:
    """The collector puts one behind the last sign of life; the alarm engine knew that value until the link was lost."""
    was = replace(BAD, off_delay_s=20.0)
    values = recorded([(0, BROKEN), (100, 1.0), (101, NO_DATA), (130, LOST), (200, 1.0)])
    past = Past({T: with_flag(values, 2, SampleFlag.MARK)}, size=100)
    _, found = replayed(one_tag(was), was, past, 0, 1_000, [(130, "", True), (199, "", False)])
    assert (found.was.count, found.was.seconds) == (1, 110.0)


def test_what_ends_and_comes_again_in_one_instant_goes_with_its_like() -> None:
    rule = replace(HIGH, off_delay_s=1.0, suppress_when="'a/sp' > 11", limits_when=(("'a/sp' > 9", 8.0),))
    plant = make_plant([make_tag(name, history=True, recording=EXACT) for name in ("a/x", "a/sp")], [rule])
    goal = recorded([(0, 5.0), (102, 12.0)])
    past = Past({T: recorded([(0, 5.0), (100, 10.0), (101, 5.0), (102, 8.0)]), "t_a/sp": goal})
    _, found = replayed(plant, rule, past, 0, 999)
    assert (found.was.count, found.kept, found.removed, found.merged, found.new) == (2, 2, 0, 0, 0)


def test_what_is_known_of_a_bad_value_alarm_is_said() -> None:
    past = Past({T: recorded([(0, 1.0), (100, BROKEN), (150, 1.0)])})
    case, found = replayed(one_tag(BAD), replace(BAD, on_delay_s=20.0), past, -200_000, 151)
    notes = result_of(case, found, []).notes
    assert "Without an on-delay a bad value is an alarm after 10 s." in notes
    assert "Nothing is known of 99.9 % of the time; no alarm begins or ends in it." in notes
    known = case_of(
        one_tag(replace(BAD, on_delay_s=1.0)), replace(BAD, on_delay_s=1.0), replace(BAD, on_delay_s=2.0)
    )
    assert not any("Without an on-delay" in note for note in known.notes)
