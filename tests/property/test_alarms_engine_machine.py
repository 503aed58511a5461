"""AL-02 on the whole engine: any sequence of values, times, acts, revisions and restarts keeps the invariants."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_bench import Bench, alarm
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hmi.alarms import AlarmChange, Refused
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmState, Priority
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import DataValue
from hmi.testing.plant import good, make_plant, make_tag

TAGS = (make_tag("a/x"), make_tag("a/off"))
IDS = ("plain", "latched", "bad", "group")
VALUES = (
    good(5.0),
    good(9.5),
    good(11.0),
    DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1),
    DataValue(11.0, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE, 1, 1),
    DataValue(11.0, quality.UNCERTAIN_SENSOR_NOT_ACCURATE, 1, 1),
)
ACTS = ("ACK", "RESET", "UNSHELVE", "OOS", "RTS", "COMMENT", "SILENCE", "DISABLE", "ENABLE")
UNHIDING = {AlarmEvent.UNSHELVE, AlarmEvent.UNSUPPRESS, AlarmEvent.RTS}
ENDS = {AlarmEvent.DISABLE, AlarmEvent.ATTR_CHANGE, AlarmEvent.REMOVED}
HIDDEN = {AlarmState.SHLVD, AlarmState.DSUPR, AlarmState.OOSRV}


def definitions(limit: float, priority: Priority, *, enabled: bool) -> list[Any]:
    common = {"limit": limit, "priority": priority, "deadband": 1.0}
    return [
        alarm(
            id="plain",
            on_delay_s=5.0,
            off_delay_s=5.0,
            suppress_when="'a/off' > 0",
            enabled=enabled,
            **common,
        ),
        alarm(id="latched", latching=True, re_alarm_s=60.0, re_alarm_max=2, **common),
        alarm("bad", id="bad"),
        alarm(id="group", first_out_group="g", count=2, count_window_s=30.0, on_delay_s=20.0, **common),
    ]


class Alarms(RuleBasedStateMachine):
    """What the engine says is followed; ``states`` are those that its changes tell."""

    @initialize()
    def begin(self) -> None:
        self.bench = Bench(definitions(10.0, Priority.P2, enabled=True), TAGS)
        self.states: dict[str, AlarmState] = {}
        self.kept: dict[str, Any] = {}
        self.occurrences: set[str] = set()
        self.revision = 1

    def take(self, changes: list[AlarmChange]) -> None:
        for change in changes:
            self.judge(change)
            self.states[change.row.alarm_id] = change.after
            self.kept[change.row.alarm_id] = list(change.kept)
            assert change.entry().payload["after"] == change.after.value

    def judge(self, change: AlarmChange) -> None:
        if change.annunciate:
            assert change.after is AlarmState.UNACK
            assert not change.hidden
        if change.before is AlarmState.UNACK and change.after is AlarmState.NORM:
            assert change.event in ENDS, "an alarm vanished without being acknowledged"
        was_latched = bool(self.kept.get(change.row.alarm_id, [False] * 3)[2])
        if was_latched and not change.kept[2]:
            assert change.event in ENDS | {AlarmEvent.RESET}
        if change.event in UNHIDING and change.after not in HIDDEN:
            assert change.after in (AlarmState.NORM, AlarmState.UNACK, AlarmState.LATCH_UNACK)
        if change.event is AlarmEvent.ALM:
            assert change.row.occurrence_id not in self.occurrences
            self.occurrences.add(change.row.occurrence_id)

    @rule(value=st.sampled_from(VALUES))
    def value_comes(self, value: DataValue) -> None:
        self.take(self.bench.put(value))

    @rule(value=st.sampled_from((good(0.0), good(1.0), VALUES[3])))
    def rule_input_comes(self, value: DataValue) -> None:
        self.take(self.bench.put(value, 1))

    @rule(seconds=st.sampled_from((1.0, 6.0, 61.0, 301.0, 901.0)))
    def time_passes(self, seconds: float) -> None:
        self.take(self.bench.wait(seconds))

    @rule(alarm_id=st.sampled_from(IDS), name=st.sampled_from(ACTS), words=st.sampled_from(("", "why")))
    def somebody_acts(self, alarm_id: str, name: str, words: str) -> None:
        now_ns, event = self.bench.clock.now_ns(), AlarmEvent[name]
        before = self.bench.row(alarm_id)
        result = self.bench.alarms.carry_out(alarm_id, event, now_ns, principal=DEMO_OPERATOR, comment=words)
        if isinstance(result, Refused):
            assert result.reason
            assert self.bench.row(alarm_id) == before
        else:
            self.take(result)

    @rule(alarm_id=st.sampled_from(IDS), seconds=st.sampled_from((60.0, 900.0)), one_shot=st.booleans())
    def somebody_shelves(self, alarm_id: str, seconds: float, one_shot: bool) -> None:
        now_ns = self.bench.clock.now_ns()
        result = self.bench.alarms.shelve(
            alarm_id, now_ns, seconds=seconds, principal=DEMO_OPERATOR, comment="why", one_shot=one_shot
        )
        if not isinstance(result, Refused):
            self.take([result])

    @rule(up=st.booleans())
    def link_turns(self, up: bool) -> None:
        turn = self.bench.alarms.link_up if up else self.bench.alarms.link_down
        self.take(turn("plc1", self.bench.clock.now_ns()))

    @rule(
        limit=st.sampled_from((8.0, 10.0)),
        priority=st.sampled_from((Priority.P1, Priority.P2)),
        on=st.booleans(),
    )
    def plant_changes(self, limit: float, priority: Priority, on: bool) -> None:
        self.revision += 1
        old = self.bench.tags.plant
        new = definitions(limit, priority, enabled=on)
        self.take(self.bench.take(make_plant(old.tags, new, revision=f"r{self.revision}", previous=old)))

    @rule()
    def runtime_restarts(self) -> None:
        """From the newest record of each alarm, as the journal gives them."""
        old = self.bench
        self.bench = Bench(old.tags.plant.alarms, TAGS)
        self.bench.clock = old.clock
        self.bench.tags._clock = old.clock  # type: ignore[reportPrivateUsage]
        self.bench.alarms.import_state(self.kept)

    @invariant()
    def the_lists_say_what_the_changes_said(self) -> None:
        active = {row.alarm_id for row in self.bench.alarms.active()}
        for alarm_id, state in self.states.items():
            row = self.bench.alarms.row(alarm_id)
            assert row is not None
            assert row.state is state
            assert (alarm_id in active) == (state is not AlarmState.NORM and state not in HIDDEN)


TestAlarms = Alarms.TestCase
TestAlarms.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_AL_02_ten_thousand_sequences_on_the_engine() -> None:
    long = settings(
        max_examples=10_000,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Alarms, settings=long)  # type: ignore[no-untyped-call]
