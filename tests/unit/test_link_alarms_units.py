"""Units behind a gateway: which of them are silent, and one link alarm per device (design 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hmi.acquisition.port import Group
from hmi.alarms import AlarmChange, AlarmEngine
from hmi.core import quality
from hmi.core.alarms import AlarmEvent, AlarmRow, AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.core.journal import JournalRecord
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef, Plant
from hmi.runtime._units import UnitHealth
from hmi.testing.plant import make_plant, make_tag

S = NS_PER_S
DEAD = DataValue(None, quality.BAD_NO_COMMUNICATION, 1, 1)
BROKEN = DataValue(None, quality.BAD_SENSOR_FAILURE, 1, 1)


# ---- health


def gateway() -> UnitHealth:
    health = UnitHealth()
    groups = [
        Group("gw:1a", "1", 1_000, (0,)),
        Group("gw:1b", "1", 1_000, (1,)),
        Group("gw:2a", "2", 1_000, (2,)),
    ]
    health.learn("gw", [*groups, Group("gw:invalid", "", 1_000, (3,))])
    return health


def hear(health: UnitHealth, group: str, at_s: float, *, alive: bool = True) -> str:
    unit = health.heard(group, alive=alive, now_ns=int(at_s * S))
    return unit.name if unit else ""


def silent(health: UnitHealth, at_s: float) -> list[str]:
    return [unit.name for unit in health.fallen_silent(int(at_s * S))]


def test_a_unit_is_silent_5_s_after_the_first_request_without_an_answer_and_once_only() -> None:
    health = gateway()
    assert health.of("gw") == {"1": "unknown", "2": "unknown"}
    assert hear(health, "gw:1a", 0) == "1"
    assert hear(health, "gw:2a", 0) == "2"
    assert hear(health, "gw:1b", 0) == ""
    for second in range(10):
        hear(health, "gw:1a", second + 0.1)
        hear(health, "gw:2a", second + 0.2, alive=False)
        assert silent(health, second + 0.3) == (["2"] if second == 5 else [])
        assert health.of("gw")["2"] == ("silent" if second >= 5 else "missed")
    assert hear(health, "gw:2a", 11) == "2"
    assert health.of("gw") == {"1": "up", "2": "up"}


def test_a_unit_of_which_one_block_answers_is_not_silent() -> None:
    health = gateway()
    for second in range(20):
        hear(health, "gw:1a", second, alive=False)
        hear(health, "gw:1b", second + 0.5)
        assert silent(health, second + 0.9) == []


def test_nothing_is_known_of_units_behind_a_connection_that_is_down() -> None:
    health = gateway()
    hear(health, "gw:1a", 0)
    hear(health, "gw:2a", 0, alive=False)
    health.lost("gw")
    assert silent(health, 60) == []
    assert health.of("gw") == {"1": "unknown", "2": "unknown"}
    assert hear(health, "gw:1a", 61) == "1"


def test_a_group_without_a_unit_has_no_health() -> None:
    health = gateway()
    assert hear(health, "gw:invalid", 0, alive=False) == ""
    assert silent(health, 60) == []


# ---- alarms


def bad_alarm(tag: str) -> AlarmDef:
    return AlarmDef(f"a_{tag}", f"t_{tag}", tag, "bad", Priority.P3, "bad", on_delay_s=10.0)


class Bench:
    """An alarm engine over a table of values that the test writes."""

    def __init__(self) -> None:
        tags = [
            make_tag("u1", connection="gw"),
            make_tag("u2", connection="gw"),
            make_tag("v2", connection="gw"),
        ]
        self.plant: Plant = make_plant(tags, [bad_alarm("u1"), bad_alarm("u2"), bad_alarm("v2")])
        self.values = [DataValue(1.0, 0, 1, 1) for _ in tags]
        self.engine = self.fresh()
        self.changes: list[AlarmChange] = []

    def fresh(self) -> AlarmEngine:
        return AlarmEngine(self.plant, self.values, {})

    def put(self, value: DataValue, at_s: float, *handles: int) -> None:
        for handle in handles:
            self.values[handle] = value
        self.note(self.engine.evaluate([(handle, value) for handle in handles], int(at_s * S)))

    def down(self, at_s: float) -> None:
        self.note(self.engine.unit_down("gw", "2", ["t_u2", "t_v2"], int(at_s * S)))

    def up(self, at_s: float) -> None:
        self.note(self.engine.unit_up("gw", "2", int(at_s * S)))

    def tick(self, at_s: float) -> None:
        self.note(self.engine.tick(int(at_s * S)))

    def note(self, changes: Sequence[AlarmChange]) -> None:
        self.changes += changes

    @property
    def rows(self) -> dict[str, AlarmRow]:
        return {row.alarm_id: row for row in self.engine.active()}

    def raised(self) -> list[str]:
        return [c.row.alarm_id for c in self.changes if c.event is AlarmEvent.ALM]


def test_a_silent_unit_has_one_alarm_that_names_it_and_its_connection() -> None:
    bench = Bench()
    bench.put(DEAD, 1, 1, 2)
    bench.down(6)
    bench.down(7)
    bench.tick(60)
    assert bench.raised() == ["link:gw/2"]
    (row,) = bench.rows.values()
    assert ("unit 2" in row.message, "gw" in row.message, row.priority) == (True, True, Priority.P2)
    bench.up(70)
    bench.put(DataValue(2.0, 0, 1, 1), 70, 1, 2)
    bench.tick(200)
    assert bench.raised() == ["link:gw/2"]
    assert bench.rows["link:gw/2"].state is AlarmState.RTNUN


def test_a_tag_that_stays_bad_after_its_unit_answers_has_its_own_alarm() -> None:
    bench = Bench()
    bench.put(DEAD, 1, 1, 2)
    bench.down(6)
    bench.up(20)
    bench.put(DataValue(2.0, 0, 1, 1), 20, 1)
    bench.tick(29)
    assert bench.raised() == ["link:gw/2"]
    bench.tick(30)
    assert bench.raised() == ["link:gw/2", "a_v2"]


def test_a_bad_value_alarm_that_stood_before_is_hidden_while_the_unit_is_silent() -> None:
    bench = Bench()
    bench.put(BROKEN, 1, 2)
    bench.tick(11)
    assert set(bench.rows) == {"a_v2"}
    bench.down(20)
    assert set(bench.rows) == {"link:gw/2"}
    assert [row.alarm_id for row in bench.engine.hidden()] == ["a_v2"]
    bench.up(30)
    assert bench.rows["a_v2"].state is AlarmState.UNACK


def test_when_the_whole_connection_is_lost_only_its_own_alarm_stands() -> None:
    bench = Bench()
    bench.down(5)
    bench.note(bench.engine.link_down("gw", 10 * S))
    assert set(bench.rows) == {"link:gw"}
    assert [row.alarm_id for row in bench.engine.hidden()] == ["link:gw/2"]
    bench.note(bench.engine.link_up("gw", 20 * S))
    bench.up(21)
    assert {row.alarm_id: row.state for row in bench.engine.active()} == {"link:gw": AlarmState.RTNUN}
    assert bench.engine.hidden() == ()


def test_a_unit_that_is_still_silent_when_the_connection_returns_alarms_again() -> None:
    bench = Bench()
    bench.down(5)
    bench.note(bench.engine.link_down("gw", 10 * S))
    bench.note(bench.engine.link_up("gw", 20 * S))
    assert "link:gw/2" not in bench.rows
    bench.down(26)
    assert bench.rows["link:gw/2"].state is AlarmState.UNACK


def test_the_alarm_of_a_unit_that_is_no_longer_there_ends() -> None:
    bench = Bench()
    bench.down(5)
    bench.note(bench.engine.units_are("gw", ["1", "2"], 6 * S))
    assert bench.rows["link:gw/2"].state is AlarmState.UNACK
    bench.note(bench.engine.units_are("gw", ["1"], 7 * S))
    assert bench.rows["link:gw/2"].state is AlarmState.RTNUN


def record(change: AlarmChange) -> JournalRecord:
    entry = change.entry()
    given: dict[str, Any] = dict.fromkeys(("runtime_id", "run_id", "actor", "station", "plant_revision"), "")
    return JournalRecord(
        seq=1, event_time=0, receive_time=0, object_id=entry.object_id, kind=entry.kind, event=entry.event,
        version=1, simulated=False, payload=entry.payload, prev_hash="", hash="", **given,
    )  # fmt: skip


def test_a_restart_finds_the_alarm_of_the_unit_with_its_occurrence_and_acknowledgement() -> None:
    bench = Bench()
    bench.down(5)
    occurrence = bench.rows["link:gw/2"].occurrence_id
    change = bench.engine.acknowledge(occurrence, 6 * S, principal=DEMO_OPERATOR)
    assert isinstance(change, AlarmChange)
    bench.engine = bench.fresh()
    bench.engine.restore([record(change)])
    row = bench.rows["link:gw/2"]
    assert (row.occurrence_id, row.state) == (occurrence, AlarmState.ACKED)
    bench.changes.clear()
    bench.down(20)
    assert bench.changes == []
    assert not bench.rows["link:gw/2"].state_unknown
    bench.up(30)
    assert bench.rows == {}


def test_a_record_of_a_connection_that_is_gone_brings_no_alarm_back() -> None:
    bench = Bench()
    bench.down(5)
    bench.engine = AlarmEngine(make_plant([make_tag("x")]), [DEAD], {})
    bench.engine.restore([record(bench.changes[0])])
    assert bench.rows == {}
