"""First-out, repeats, shelves, prompts, disabling, comments, attribute changes, rules (standards 1.6, 1.8, 1.9)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from alarm_bench import Bench, alarm

from hmi.alarms import AlarmChange, Refused
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import DataValue
from hmi.testing.clock import START_NS
from hmi.testing.plant import good, make_plant, make_tag

MS = 1_000_000
ID = "a_a/x.high"


def events(changes: list[AlarmChange]) -> list[AlarmEvent]:
    return [change.event for change in changes]


def act(
    bench: Bench, event: AlarmEvent, alarm_id: str = ID, comment: str = ""
) -> list[AlarmChange] | Refused:
    result = bench.alarms.carry_out(
        alarm_id, event, bench.clock.now_ns(), principal=DEMO_OPERATOR, comment=comment
    )
    return result if isinstance(result, Refused) else bench.note(result)


def shelve(bench: Bench, seconds: float = 900.0, alarm_id: str = ID) -> AlarmChange | Refused:
    return bench.alarms.shelve(
        alarm_id,
        bench.clock.now_ns(),
        seconds=seconds,
        principal=DEMO_OPERATOR,
        reason="nuisance",
        comment="loose",
    )


# ---- first-out


def trip_group(count: int = 20, scan: str = "normal") -> Bench:
    tags = [make_tag(f"g/t{i}", scan=scan) for i in range(count)]
    alarms = [alarm(tag=f"g/t{i}", first_out_group="trip") for i in range(count)]
    return Bench(alarms, tags)


@pytest.mark.parametrize("shuffled", [False, True])
def test_AL_12_twenty_alarms_are_ranked_by_source_time_in_whatever_order_they_come(shuffled: bool) -> None:
    bench, order = trip_group(), list(range(20))
    if shuffled:
        random.Random(12).shuffle(order)
    for place in order:
        bench.put(good(11.0, at=START_NS + place * 20 * MS), place)
    ranks = {row.alarm_id: row.first_out for row in bench.alarms.active()}
    assert ranks == {f"a_g/t{i}.high": i + 1 for i in range(20)}
    moved = {row.alarm_id: row.first_out for row in bench.alarms.take_reranked()}
    assert moved
    assert moved.items() <= ranks.items(), "lists are told of every other rank"
    assert bench.changes[0].entry().payload["first_out"] == 1


def test_AL_12_two_within_a_scan_period_are_simultaneous() -> None:
    bench = trip_group(4, scan="fast")
    for place, at_ms in enumerate((0, 200, 900, 1_200)):
        bench.put(good(11.0, at=START_NS + at_ms * MS), place)
    within = [bench.row(f"a_g/t{i}.high").first_out_within_ms for i in range(4)]
    assert within == [250, 250, 0, 0]


def test_AL_12_what_comes_after_the_window_has_no_rank_and_only_a_reset_of_the_group_clears() -> None:
    bench = trip_group(3)
    bench.put(good(11.0, at=START_NS), 0)
    bench.put(good(11.0, at=START_NS + 6_000 * MS), 1)
    assert [bench.row(f"a_g/t{i}.high").first_out for i in range(3)] == [1, 0, 0]
    bench.put(good(5.0, at=START_NS + 7_000 * MS), 0)
    bench.put(good(11.0, at=START_NS + 8_000 * MS), 0)
    assert bench.row("a_g/t0.high").first_out == 1
    refused = act(bench, AlarmEvent.RESET, "a_g/t0.high")
    assert isinstance(refused, Refused)
    assert "still present" in refused.reason
    for place in (0, 1):
        bench.put(good(5.0, at=START_NS + 9_000 * MS), place)
    assert events(act(bench, AlarmEvent.RESET, "a_g/t0.high")) == [AlarmEvent.RESET]  # type: ignore[arg-type]
    bench.put(good(11.0, at=START_NS + 99_000 * MS), 2)
    assert [bench.row(f"a_g/t{i}.high").first_out for i in range(3)] == [0, 0, 1]


def test_ranks_survive_a_restart_and_a_revision() -> None:
    bench = trip_group(3)
    for place in range(3):
        bench.put(good(11.0, at=START_NS + (3 - place) * 20 * MS), place)
    state = bench.alarms.export_state()
    again = trip_group(3)
    again.alarms.import_state(state)
    plant = make_plant(
        bench.tags.plant.tags, bench.tags.plant.alarms, revision="r2", previous=bench.tags.plant
    )
    bench.take(plant)
    for one in (bench, again):
        assert [one.row(f"a_g/t{i}.high").first_out for i in range(3)] == [3, 2, 1]


# ---- repeats and escalation


def test_an_acknowledged_alarm_that_lasts_annunciates_again_at_most_so_often() -> None:
    bench = Bench([alarm(re_alarm_s=600.0, re_alarm_max=2)])
    bench.put(11.0)
    heard: list[AlarmEvent] = []
    for _ in range(4):
        act(bench, AlarmEvent.ACK)
        changes = bench.wait(601)
        heard += events(changes)
        assert all(change.annunciate for change in changes)
    assert heard == [AlarmEvent.REALARM] * 2
    bench.put(5.0)
    bench.put(11.0)
    act(bench, AlarmEvent.ACK)
    assert events(bench.wait(601)) == [AlarmEvent.REALARM], "a new occurrence counts anew"


def test_nothing_repeats_while_nothing_is_known_of_the_process() -> None:
    bench = Bench([alarm(re_alarm_s=60.0)])
    bench.put(11.0)
    act(bench, AlarmEvent.ACK)
    bench.put(DataValue(None, quality.BAD_NO_COMMUNICATION, 1, 1))
    assert bench.wait(300) == []
    bench.put(11.0)
    assert events(bench.wait(1.1)) == [AlarmEvent.REALARM]


def test_a_higher_priority_in_another_revision_annunciates_again() -> None:
    bench = Bench([alarm(priority=Priority.P3, deadband=1.0)])
    bench.put(11.0)
    act(bench, AlarmEvent.ACK)
    old = bench.tags.plant
    new = replace(old.alarms[0], priority=Priority.P1, deadband=2.0, on_delay_s=4.0)
    changes = bench.take(make_plant(old.tags, [new], revision="r2", previous=old))
    assert events(changes) == [AlarmEvent.ATTR_CHANGE, AlarmEvent.REALARM]
    assert changes[0].attributes == {
        "deadband": (1.0, 2.0), "on_delay": (0.0, 4.0), "priority": (Priority.P3, Priority.P1)
    }  # fmt: skip
    assert changes[0].entry().payload["attributes"]["priority"] == [3, 1]
    assert changes[1].annunciate


def test_a_revision_that_changes_nothing_of_an_alarm_says_nothing() -> None:
    bench = Bench([alarm()])
    old = bench.tags.plant
    same = replace(old.alarms[0], source=replace(old.alarms[0].source, line=99))
    assert bench.take(make_plant(old.tags, [same], revision="r2", previous=old)) == []


# ---- shelves, prompts


def test_five_minutes_before_a_shelf_ends_somebody_is_told() -> None:
    bench = Bench([alarm()])
    bench.put(11.0)
    shelve(bench)
    bench.wait(599)
    assert bench.alarms.take_prompts() == []
    bench.wait(2)
    (prompt,) = bench.alarms.take_prompts()
    assert (prompt.event, prompt.object_id) == ("prompt.shelf_ends", ID)
    assert prompt.payload["text"] == "The shelf of a/x high ends in 5 min."
    assert events(bench.wait(300)) == [AlarmEvent.UNSHELVE, AlarmEvent.ALM]


def test_the_thirty_first_shelved_alarm_is_allowed_and_somebody_is_told() -> None:
    tags = [make_tag(f"g/t{i}") for i in range(31)]
    bench = Bench([alarm(tag=tag.name) for tag in tags], tags)
    for tag in tags[:30]:
        shelve(bench, alarm_id=f"a_{tag.name}.high")
    assert bench.alarms.take_prompts() == []
    assert not isinstance(shelve(bench, alarm_id="a_g/t30.high"), Refused)
    (prompt,) = bench.alarms.take_prompts()
    assert prompt.event == "prompt.many_shelved"
    assert len(bench.alarms.hidden("shelved")) == 31


def test_P1_may_be_shelved_for_an_hour_others_for_twelve() -> None:
    bench = Bench([alarm(priority=Priority.P1)])
    assert isinstance(shelve(bench, 3_601), Refused)
    assert not isinstance(shelve(bench, 3_600), Refused)
    other = Bench([alarm()])
    assert isinstance(shelve(other, 12 * 3_600 + 1), Refused)


def test_a_shelf_is_shown_and_recorded_with_who_why_and_until_when() -> None:
    bench = Bench([alarm(alarm_class="safety")])
    bench.put(11.0)
    change = shelve(bench)
    assert isinstance(change, AlarmChange)
    row, payload = change.row, change.entry().payload
    assert row.suppressed_reason == payload["reason_code"] != ""
    until = bench.clock.now_ns() + 900 * NS_PER_S
    assert (row.hidden_by, row.hidden_since, row.shelve_until) == (
        "demo-operator",
        bench.clock.now_ns(),
        until,
    )
    assert (payload["reason_code"], payload["comment"], payload["shelve_until"]) == (
        "nuisance",
        "loose",
        until,
    )
    assert (payload["class"], payload["kind"], payload["roles"]) == (
        "safety", "high", ["acknowledge", "operate", "tune", "view"],
    )  # fmt: skip


def test_an_alarm_out_of_service_is_remembered_once_a_day() -> None:
    bench = Bench([alarm()])
    act(bench, AlarmEvent.OOS, comment="valve is open")
    for day in (1, 2, 3):
        bench.wait(86_400)
        (prompt,) = bench.alarms.take_prompts()
        assert prompt.event == "prompt.out_of_service"
        assert f"for {day} day" in prompt.payload["text"]
    act(bench, AlarmEvent.RTS)
    bench.wait(2 * 86_400)
    assert bench.alarms.take_prompts() == []


# ---- disabling, comments, silence


def test_a_disabled_alarm_is_not_judged_until_it_is_enabled() -> None:
    bench = Bench([alarm()])
    bench.put(11.0)
    assert isinstance(act(bench, AlarmEvent.DISABLE), Refused), "a reason is needed"
    assert events(act(bench, AlarmEvent.DISABLE, comment="MOC 12")) == [AlarmEvent.DISABLE]  # type: ignore[arg-type]
    assert bench.state is AlarmState.NORM
    bench.put(5.0)
    bench.put(11.0)
    state = bench.alarms.export_state()
    again = Bench([alarm()])
    again.alarms.import_state(state)
    assert again.put(12.0) == [], "it stays disabled over a restart"
    act(bench, AlarmEvent.ENABLE)
    assert events(bench.put(12.0)) == [AlarmEvent.ALM]


def test_an_alarm_that_the_files_disable_is_not_judged_and_cannot_be_enabled_by_a_person() -> None:
    bench = Bench([alarm(enabled=False)])
    assert bench.put(11.0) == []
    assert isinstance(act(bench, AlarmEvent.ENABLE), Refused)
    old = bench.tags.plant
    changes = bench.take(
        make_plant(old.tags, [replace(old.alarms[0], enabled=True)], revision="r2", previous=old)
    )
    assert events(changes) == [AlarmEvent.ATTR_CHANGE, AlarmEvent.ALM]


def test_a_comment_is_an_event_of_its_own_in_any_state() -> None:
    bench = Bench([alarm()])
    assert isinstance(act(bench, AlarmEvent.COMMENT, comment="  "), Refused)
    assert events(act(bench, AlarmEvent.COMMENT, comment="seen")) == [AlarmEvent.COMMENT]  # type: ignore[arg-type]
    assert bench.row(ID).comment == "seen"
    bench.put(11.0)
    assert bench.row(ID).comment == "", "a new occurrence begins without one"


def test_only_what_sounds_is_silenced_and_its_state_stays() -> None:
    bench = Bench([alarm()])
    assert isinstance(act(bench, AlarmEvent.SILENCE), Refused)
    bench.put(11.0)
    changes = act(bench, AlarmEvent.SILENCE)
    assert not isinstance(changes, Refused)
    assert (events(changes), bench.state) == ([AlarmEvent.SILENCE], AlarmState.UNACK)


# ---- rules and lists


def test_a_rule_is_readable_with_its_truth_and_its_inputs() -> None:
    tags = [make_tag("a/x"), make_tag("a/off")]
    bench = Bench([alarm(suppress_when="'a/off' > 0")], tags)
    bench.put(11.0)
    seen: list[tuple[str, str]] = []
    for value in (good(0.0), good(1.0), DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1)):
        bench.put(value, 1)
        view = bench.alarms.rule_of(ID, bench.clock.now_ns())
        assert view is not None
        assert [name for name, _ in view.inputs] == ["a/off"]
        seen.append((view.truth, bench.row(ID).state.value))
    assert seen == [("false", "UNACK"), ("true", "DSUPR"), ("unknown", "UNACK")]


def test_each_hidden_alarm_stands_in_the_lists_of_what_hides_it() -> None:
    tags = [make_tag("a/x"), make_tag("a/off")]
    bench = Bench([alarm(suppress_when="'a/off' > 0")], tags)
    bench.put(11.0)
    shelve(bench)
    bench.put(1.0, 1)
    act(bench, AlarmEvent.OOS, comment="work")
    lists = {name: len(bench.alarms.hidden(name)) for name in ("shelved", "suppressed", "out_of_service")}
    assert lists == {"shelved": 1, "suppressed": 1, "out_of_service": 1}
    assert bench.row(ID).state is AlarmState.OOSRV
    assert len(bench.alarms.hidden()) == 1


def test_an_uncertain_value_flags_the_row_that_it_raised() -> None:
    bench = Bench([alarm()])
    bench.put(DataValue(11.0, quality.UNCERTAIN_SENSOR_NOT_ACCURATE, 5 * NS_PER_S, 1))
    row = bench.alarms.active()[0]
    assert (row.quality, row.event_time) == (quality.UNCERTAIN_SENSOR_NOT_ACCURATE, 5 * NS_PER_S)
    assert bench.changes[0].entry().payload["source_time"] == 5 * NS_PER_S
