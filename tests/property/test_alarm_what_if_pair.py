"""Two tags that are compared with each other, thinned together, against every one of their samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alarm_bench import alarm
from hypothesis import given, settings
from hypothesis import strategies as st
from what_if_history import EXACT, Past, at, recorded

from hmi.alarms.what_if import _replay as replay_module
from hmi.alarms.what_if import case_of, replay
from hmi.alarms.what_if._compare import Comparison
from hmi.core import quality
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue
from hmi.historian.samples import Samples
from hmi.project.plant import AlarmDef
from hmi.testing.plant import make_plant, make_tag

T, SP = "t_a/x", "t_a/sp"
VALUES = st.sampled_from(
    [True, False, 0, 1, 2, 3, 1.0, 1.9, 2.0, 2.1, 2**53, 2**53 + 1, -(2**60), float("nan"), "on"]
)
STATUSES = st.sampled_from(
    [quality.GOOD] * 12 + [quality.BAD_SENSOR_FAILURE, quality.UNCERTAIN, quality.BAD_NO_DATA]
)
FLAGS = st.sampled_from([0] * 12 + [SampleFlag.MARK, SampleFlag.GAP_BEFORE, SampleFlag.BACKFILL])
DELAYS = st.sampled_from([0.0, 0.0, 1.0, 4.0])


@st.composite
def pasts(draw: st.DrawFn, most: int) -> Samples:
    second, found, flags = 0.0, list[tuple[float, Any]](), list[int]()
    steps = st.tuples(st.sampled_from([0.5, 1.0, 1.0, 2.0, 20.0]), VALUES, STATUSES, FLAGS)
    for step, value, status, flag in draw(st.lists(steps, max_size=most)):
        second += step
        is_nan = value != value
        found.append((second, DataValue(None if status >= quality.BAD or is_nan else value, status, 0, 0)))
        flags.append(flag)
    samples = recorded(found)
    samples.flags[:] = flags
    return samples


@st.composite
def alarms(draw: st.DrawFn) -> AlarmDef:
    kind = draw(st.sampled_from(["deviation", "discrepancy"]))
    more: dict[str, Any] = {
        "deviation": {
            "setpoint": "a/sp",
            "hold_s": draw(DELAYS),
            "deadband": draw(st.sampled_from([0.0, 0.5])),
        },
        "discrepancy": {"command": "a/sp", "tolerance": draw(st.sampled_from([0.0, 0.1, 1.0]))},
    }[kind]
    rule = draw(st.sampled_from(["", "'a/other' > 1"]))
    delays = {"on_delay_s": draw(DELAYS), "off_delay_s": draw(DELAYS)}
    return alarm(kind, draw(st.sampled_from([1.0, 2.0])), id="a_1", suppress_when=rule, **delays, **more)


def counted(found: Comparison) -> tuple[object, ...]:
    return (
        found.was.count, found.proposed.count, found.kept, found.removed, found.merged, found.new, found.later,
        found.unknown_ns, found.lists, found.strip,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pasts(60), pasts(20), pasts(8), alarms(), alarms(), st.integers(1, 20))
def test_thinned_together_they_say_what_all_samples_say(
    own: Samples, goal: Samples, other: Samples, was: AlarmDef, proposed: AlarmDef, size: int
) -> None:
    proposed = replace(
        was, limit=proposed.limit, deadband=proposed.deadband, hold_s=proposed.hold_s, tolerance=proposed.tolerance,
        on_delay_s=proposed.on_delay_s, off_delay_s=proposed.off_delay_s,
    )  # fmt: skip
    tags = [make_tag(name, history=True, recording=EXACT) for name in ("a/sp", "a/x", "a/other")]
    case = case_of(make_plant(tags, [was]), was, proposed)
    past = Past({T: own, SP: goal, "t_a/other": other}, size)
    thinned, left_out = replay(case, past, at(5), at(200))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay_module, "_pair", lambda case, tracks: None)
        whole, left_out_of_all = replay(case, past, at(5), at(200))
    assert counted(thinned) == counted(whole)
    assert left_out == left_out_of_all


def test_what_turns_nothing_is_not_judged() -> None:
    was = alarm("deviation", 5.0, id="a_1", setpoint="a/sp", hold_s=10.0)
    tags = [make_tag(name, history=True, recording=EXACT) for name in ("a/sp", "a/x")]
    case = case_of(make_plant(tags, [was]), was, replace(was, limit=6.0))
    steady = recorded([(second, 50.0 + second % 3) for second in range(10_000)])
    judged = list[int]()
    with pytest.MonkeyPatch.context() as patch:
        evaluate = replay_module.AlarmEngine.evaluate
        patch.setattr(
            replay_module.AlarmEngine, "evaluate", lambda *given: judged.append(1) or evaluate(*given)
        )
        replay(case, Past({T: steady, SP: recorded([(0, 50.0), (5_000, 51.0)])}, 3_600), at(0), at(10_000))
    assert len(judged) < 20
