"""What-if against the plain way: every value through an engine, and alarms paired by looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from alarm_bench import alarm
from hypothesis import given, settings
from hypothesis import strategies as st
from what_if_history import EXACT, Past, Turn, at, links_of, naive, recorded

from hmi.alarms.what_if import case_of, replay
from hmi.core import quality
from hmi.core.values import DataValue
from hmi.historian.samples import Samples
from hmi.project.plant import AlarmDef, Plant
from hmi.testing.plant import make_plant, make_tag

T, SP = "t_a/x", "t_a/sp"
START, END = 50.0, 400.0
LEVELS = st.sampled_from([5.0, 7.9, 8.0, 8.1, 9.0, 9.9, 10.0, 10.1, 11.0, 12.0, 13.0])
STATUSES = st.sampled_from([quality.GOOD] * 12 + [quality.BAD_SENSOR_FAILURE, quality.UNCERTAIN_LAST_USABLE,
                                                  quality.UNCERTAIN, quality.GOOD_CLAMPED])  # fmt: skip
DELAYS = st.sampled_from([0.0, 0.0, 1.0, 2.5, 5.0, 20.0])
PLAIN = ("high", "low", "high_high", "low_low")
Interval = tuple[int, int]


@st.composite
def pasts(draw: st.DrawFn, number: int = 60) -> Samples:
    """Values at growing times, some of them very near each other, some Bad or Uncertain."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([0.1, 1.0, 1.0, 2.5, 5.0, 30.0]), LEVELS, STATUSES), max_size=number
        )
    )
    second, found = 0.0, list[tuple[float, Any]]()
    for step, level, status in steps:
        second += step
        value = None if status == quality.BAD_SENSOR_FAILURE else level
        found.append((second, DataValue(value, status, 0, 0)))
    return recorded(found)


@st.composite
def plain_alarms(draw: st.DrawFn) -> AlarmDef:
    counting = draw(st.booleans())
    return alarm(
        draw(st.sampled_from(PLAIN)), draw(st.sampled_from([8.0, 10.0, 12.0])), id="a_1",
        deadband=draw(st.sampled_from([0.0, 0.1, 1.0, 2.0])), on_delay_s=draw(DELAYS), off_delay_s=draw(DELAYS),
        count=3 if counting else 0, count_window_s=20.0 if counting else 0.0, latching=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def any_alarms(draw: st.DrawFn) -> AlarmDef:
    """Those that need more than a value and a limit."""
    # a goal that lowers the limit never suppresses in the same instant: whether an alarm of 0 s came then depends on
    # which of two values of one block the engine looks at first
    kind = draw(st.sampled_from(["deviation", "expression", "stale", "discrepancy", "high", "rate_up"]))
    more: dict[str, Any] = {
        "deviation": {"setpoint": "a/sp", "hold_s": draw(DELAYS)},
        "expression": {"expression": "'a/x' > 'a/sp'"},
        "stale": {"window_s": 10.0},
        "discrepancy": {"command": "a/sp", "tolerance": 1.0},
        "high": {"suppress_when": "'a/sp' < 6", "limits_when": (("'a/sp' > 9", 8.0),)},
        "rate_up": {"window_s": 5.0},
    }[kind]
    limit = {"deviation": 2.0, "rate_up": 0.3}.get(kind, 10.0)
    return alarm(kind, limit, id="a_1", on_delay_s=draw(DELAYS), off_delay_s=draw(DELAYS), **more)


BAD_STATUSES = st.sampled_from([quality.GOOD] * 4 + [quality.BAD_SENSOR_FAILURE, quality.BAD_NO_COMMUNICATION,
                                                     quality.UNCERTAIN, quality.BAD_TIMEOUT])  # fmt: skip


@st.composite
def worlds_with_links(draw: st.DrawFn) -> tuple[Samples, list[Turn]]:
    """Values that are good or bad, and a link that goes and comes between them or in their instants."""
    second, values, turns, down = 0.0, list[tuple[float, Any]](), list[Turn](), False
    steps = st.tuples(st.sampled_from([0.0, 1.0, 2.5, 5.0, 9.0, 11.0, 30.0]), st.booleans(), BAD_STATUSES)
    for step, turned, status in draw(st.lists(steps, max_size=50)):
        second += step or 0.25
        if turned and draw(st.booleans()):
            down = not down
            turns.append((second, "", down))
            second += draw(st.sampled_from([0.0, 0.5]))
        values.append((second, DataValue(None if status >= quality.BAD else 1.0, status, 0, 0)))
    return recorded(values), turns


def plant_of(one: AlarmDef) -> Plant:
    names = ("a/x", "a/sp")
    return make_plant([make_tag(name, history=True, recording=EXACT) for name in names], [one])


def paired(own: list[Interval], other: list[Interval]) -> tuple[int, int, int, int]:
    """Kept, removed, merged and new ones, by looking at all of them."""
    free, merged, kept, new = dict.fromkeys(range(len(own))), set[int](), 0, 0
    for begin, end in other:
        near = [n for n, (a, b) in enumerate(own) if a <= end and b >= begin]
        partner = next((n for n in near if n in free and n not in merged), None)
        if partner is None:
            new += 1
        else:
            kept += 1
            del free[partner]
        # one that begins in the instant in which the other ends does not stand beside it
        merged |= {n for n in near if n in free and begin <= own[n][0] < end and partner is not None}
    return kept, len(set(free) - merged), len(merged), new


@settings(max_examples=300, deadline=None)
@given(pasts(), plain_alarms(), plain_alarms(), st.integers(1, 20))
def test_the_replay_is_the_plain_way(samples: Samples, was: AlarmDef, proposed: AlarmDef, size: int) -> None:
    compare({T: samples}, was, replace(proposed, kind=was.kind), size)


@settings(max_examples=300, deadline=None)
@given(pasts(), pasts(20), any_alarms(), DELAYS, DELAYS, st.integers(1, 20))
def test_the_replay_of_several_tags_is_the_plain_way(
    own: Samples, other: Samples, was: AlarmDef, on_s: float, off_s: float, size: int
) -> None:
    compare({T: own, SP: other}, was, replace(was, on_delay_s=on_s, off_delay_s=off_s), size)


@settings(max_examples=150, deadline=None)
@given(worlds_with_links(), DELAYS, DELAYS, DELAYS, DELAYS, st.integers(1, 20), st.booleans())
def test_the_replay_of_a_bad_value_alarm_is_the_plain_way(
    world: tuple[Samples, list[Turn]], on_s: float, off_s: float, new_on_s: float, new_off_s: float, size: int,
    suppressed: bool,
) -> None:  # fmt: skip
    samples, turns = world
    more: dict[str, Any] = {"suppress_when": "'a/sp' > 11"} if suppressed else {}
    was = alarm("bad", id="a_1", on_delay_s=on_s, off_delay_s=off_s, **more)
    goal = recorded([(3.0 * n, 12.0 if n % 7 < 2 else 5.0) for n in range(60)])
    compare(
        {T: samples, SP: goal}, was, replace(was, on_delay_s=new_on_s, off_delay_s=new_off_s), size, turns
    )


def compare(
    samples: dict[str, Samples], was: AlarmDef, proposed: AlarmDef, size: int, turns: Sequence[Turn] = ()
) -> None:
    plant, case = plant_of(was), case_of(plant_of(was), was, proposed)
    found, _ = replay(case, Past(samples, size), at(START), at(END), links=links_of(turns))
    own = naive(plant, samples, -1e6, END, turns)
    other = naive(plant_of(proposed), samples, -1e6, END, turns)
    counted = [one for one in own if one[0] >= at(START)]
    assert found.was.count == len(counted)
    assert found.proposed.count == len([one for one in other if one[0] >= at(START)])
    assert found.was.count == found.kept + found.removed + found.merged
    if all(begin >= at(START) for begin, _ in (*own, *other)):  # none was on when the time began
        assert (found.kept, found.removed, found.merged, found.new) == paired(own, other)
    listed = sorted((one.start, one.end) for rows in found.lists[:2] for one in rows)
    assert set(listed) <= set(counted)
    assert found.was.lasted_ns == sum(min(b, at(END)) - max(a, at(START)) for a, b in own if b > at(START))


@settings(max_examples=200, deadline=None)
@given(pasts(), pasts(20), st.one_of(plain_alarms(), any_alarms()))
def test_unchanged_settings_change_nothing(own: Samples, other: Samples, was: AlarmDef) -> None:
    case = case_of(plant_of(was), was, was)
    found, _ = replay(case, Past({T: own, SP: other}), at(START), at(END))
    assert (found.removed, found.merged, found.new, found.later) == (0, 0, 0, 0)
    assert found.kept == found.was.count == found.proposed.count
    assert found.strip.was == found.strip.proposed
