"""The waterworks simulation: determinism, snapshots, malfunctions, control."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hmi.project import load_plant
from simulators.waterworks.equipment import CATALOGUE
from simulators.waterworks.simulator import Waterworks, build

ROOT = Path(__file__).resolve().parents[2]
START_NS = 1_800_000_000_000_000_000
# one of each kind, on the target where it shows soonest
ONE_OF_EACH = tuple({m.kind: m.id for m in reversed(CATALOGUE)}.values())


@pytest.fixture
def plant() -> Iterator[Waterworks]:
    made = build(seed=7, start_ns=START_NS)
    yield made
    made.close()


def run(plant: Waterworks, seconds: float) -> str:
    plant.step(seconds)
    return plant.hash()


def set_malfunction(
    plant: Waterworks, id: str, *, severity: float = 1.0, ramp_s: float = 0, delay_s: float = 0
) -> None:
    plant.board.set(plant.state, id, severity=severity, ramp_s=ramp_s, delay_s=delay_s)


def test_same_seed_same_run(plant: Waterworks) -> None:
    other = build(seed=7, start_ns=START_NS)
    assert run(plant, 120) == run(other, 120)
    other.close()


def test_another_seed_is_another_run(plant: Waterworks) -> None:
    other = build(seed=8, start_ns=START_NS)
    assert run(plant, 60) != run(other, 60)
    other.close()


def test_there_are_at_least_ten_kinds_of_malfunction() -> None:
    kinds = {m.kind for m in CATALOGUE}
    assert kinds >= {
        "pump_trip", "pump_wear", "valve_stuck", "pipe_burst", "transmitter_frozen", "transmitter_drift",
        "transmitter_high", "transmitter_noisy", "plc_stopped", "link_lost",
    }  # fmt: skip
    assert len({m.id for m in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("malfunction", ONE_OF_EACH)
def test_restore_and_rerun_give_the_same_hash_after_each_malfunction(
    plant: Waterworks, malfunction: str
) -> None:
    plant.step(5)
    snapshot = json.loads(json.dumps(plant.snapshot()))
    expected = run(plant, 30)
    plant.restore(snapshot)
    set_malfunction(plant, malfunction, ramp_s=5)
    disturbed = run(plant, 60)
    plant.restore(snapshot)
    assert plant.state["malfunctions"] == {}
    assert run(plant, 30) == expected != disturbed


@pytest.mark.parametrize("malfunction", ["pump_trip-p101a", "pipe_burst-a22", "transmitter_noisy-ft101"])
def test_a_snapshot_with_an_active_malfunction_continues_in_a_new_plant(
    plant: Waterworks, malfunction: str
) -> None:
    set_malfunction(plant, malfunction, ramp_s=20, delay_s=3)
    plant.step(10)
    snapshot = json.loads(json.dumps(plant.snapshot()))
    expected = run(plant, 500)
    other = build(seed=1)
    other.restore(snapshot)
    assert run(other, 500) == expected
    other.close()


def test_a_changed_snapshot_is_refused(plant: Waterworks) -> None:
    snapshot = plant.snapshot()
    snapshot["state"]["x.clearwell"] = 1.0
    with pytest.raises(ValueError, match="does not match its hash"):
        plant.restore(snapshot)
    with pytest.raises(ValueError, match="not one of waterworks"):
        plant.restore({"simulator": "other"})


def test_it_starts_in_a_good_operating_state(plant: Waterworks) -> None:
    plant.step(60)
    state = plant.state
    assert state["intake/ft101.pv"] == pytest.approx(1248, abs=40)
    assert state["distribution/ft501.pv"] == pytest.approx(1214, abs=50)
    assert state["intake/at101.pv"] == pytest.approx(6.8, abs=0.8)
    assert state["filtration/at310.pv"] == pytest.approx(0.14, abs=0.03)
    assert state["clearwell/lt401.pv"] == pytest.approx(71, abs=2)
    assert state["clearwell/at402.pv"] == pytest.approx(0.9, abs=0.1)
    assert state["distribution/pt501.pv"] == pytest.approx(5.8, abs=0.15)
    assert state["utilities/energy.specific"] == pytest.approx(0.32, abs=0.04)
    assert state["site/plc1.interlocks"] == 0


def test_a_tripped_raw_pump_is_replaced_by_the_standby_pump(plant: Waterworks) -> None:
    set_malfunction(plant, "pump_trip-p101a")
    plant.step(60)
    assert plant.state["intake/p101a.fault"] is True
    assert plant.state["intake/p101a.trip_code"] == 1
    assert plant.state["intake/p101c.running"] is True
    assert plant.state["intake/ft101.pv"] > 1000


def test_a_malfunction_id_may_be_written_with_underscores(plant: Waterworks) -> None:
    set_malfunction(plant, "pump_trip_p101a")
    assert list(plant.state["malfunctions"]) == ["pump_trip-p101a"]
    plant.board.clear(plant.state, "PUMP_TRIP_P101A")
    assert plant.state["malfunctions"] == {}


def test_a_trip_stays_until_it_is_cleared_and_reset(plant: Waterworks) -> None:
    set_malfunction(plant, "pump_trip-p101a")
    plant.step(5)
    plant.board.clear(plant.state, "pump_trip-p101a")
    plant.step(5)
    assert plant.state["intake/p101a.fault"] is True
    plant.write("intake/p101a.reset", True)
    plant.step(5)
    assert plant.state["intake/p101a.fault"] is False
    assert plant.state["intake/p101a.reset"] is False


def test_manual_start_and_stop_need_manual_mode(plant: Waterworks) -> None:
    state = plant.state
    plant.write("intake/p101c.start", True)
    plant.step(15)
    assert state["intake/p101c.running"] is False
    plant.write("intake/p101c.auto_cmd", False)
    plant.write("intake/p101c.speed_sp", 60.0)
    plant.step(1)
    plant.write("intake/p101c.start", True)
    plant.step(15)
    assert state["intake/p101c.running"] is True
    assert state["intake/p101c.speed"] == pytest.approx(60, abs=0.2)
    plant.write("intake/p101c.stop", True)
    plant.step(15)
    assert state["intake/p101c.running"] is False


def test_low_wet_well_level_stops_the_raw_pumps_and_lets_them_start_again(plant: Waterworks) -> None:
    plant.state["x.wetwell"] = 0.6
    plant.step(20)
    assert plant.state["intake/p101a.interlock"] is True
    assert not any(plant.state[f"intake/p101{c}.running"] for c in "abc")
    plant.step(400)
    assert plant.state["intake/raw.pumps_running"] >= 1


def test_stopped_plc_freezes_its_scan_and_its_life_counter(plant: Waterworks) -> None:
    set_malfunction(plant, "plc_stopped-plc1")
    plant.step(1)
    life, flow, other = (plant.state[n] for n in ("site/plc1.life", "intake/ft101.pv", "site/opc.life"))
    plant.step(20)
    assert plant.state["site/plc1.life"] == life
    assert plant.state["intake/ft101.pv"] == flow
    assert plant.state["site/opc.life"] > other


def test_transmitters_fail_in_their_ways(plant: Waterworks) -> None:
    for id in ("transmitter_frozen-lt401", "transmitter_high-at101", "transmitter_low-pt101"):
        set_malfunction(plant, id)
    set_malfunction(plant, "transmitter_drift-lt510", ramp_s=60)
    plant.step(2)
    frozen = plant.state["clearwell/lt401.pv"]
    plant.state["x.clearwell"] = 3500.0
    plant.step(90)
    assert plant.state["clearwell/lt401.pv"] == frozen
    assert plant.state["intake/at101.pv"] > 40
    assert plant.state["intake/at101.fault"] is True
    assert plant.state["intake/pt101.pv"] == 0.0
    assert plant.state["distribution/lt510.pv"] > plant.state["x.distribution/lt510"] + 20


def test_stuck_valve_reports_a_fault(plant: Waterworks) -> None:
    set_malfunction(plant, "valve_stuck-fcv511")
    plant.write("distribution/fcv511.auto_cmd", False)
    plant.write("distribution/fcv511.position_sp", 90.0)
    plant.step(120)
    assert plant.state["distribution/fcv511.position"] < 60
    assert plant.state["distribution/fcv511.fault"] is True


def test_burst_pipe_takes_water_and_pressure(plant: Waterworks) -> None:
    plant.step(10)
    flow, pressure = plant.state["distribution/ft511.pv"], plant.state["distribution/pt532.pv"]
    set_malfunction(plant, "pipe_burst-a22")
    plant.step(30)
    assert plant.state["distribution/ft511.pv"] > flow + 100
    assert plant.state["distribution/pt532.pv"] < pressure


def test_lost_dosing_pump_lets_the_residual_fall(plant: Waterworks) -> None:
    set_malfunction(plant, "doser_loss-p401")
    plant.step(1800)
    assert plant.state["clearwell/at402.pv"] < 0.6
    assert plant.state["clearwell/p401.speed"] > 60


def test_severity_delay_and_ramp(plant: Waterworks) -> None:
    set_malfunction(plant, "pump_wear-p501a", severity=0.5, ramp_s=20, delay_s=10)
    levels = []
    for _ in range(4):
        plant.step(10)
        levels.append(plant.board.level("pump_wear", "distribution/p501a"))
    assert levels[0] == 0.0
    assert 0.2 < levels[1] < 0.3
    assert levels[3] == 0.5


@pytest.mark.parametrize(
    ("id", "severity", "text"),
    [("nothing", 1.0, "no malfunction 'nothing'"), ("pump_trip-p101a", 2.0, "between 0 and 1")],
)
def test_wrong_malfunctions_are_refused_in_one_sentence(
    plant: Waterworks, id: str, severity: float, text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        set_malfunction(plant, id, severity=severity)


def test_cleared_malfunctions_leave_a_plant_that_recovers(plant: Waterworks) -> None:
    for id in ("pump_trip-p101a", "pipe_burst-a22", "valve_stuck-xv101b", "pump_wear-p501a", "link_lost-opc"):
        set_malfunction(plant, id)
    plant.step(120)
    plant.board.clear(plant.state, "*")
    plant.step(0.5)
    assert plant.board.levels == {}
    plant.step(300)
    assert plant.state["intake/ft101.pv"] > 1000
    assert plant.state["distribution/pt532.pv"] > 3.0


def test_the_backwash_under_way_goes_through_its_steps(plant: Waterworks) -> None:
    seen = []
    for _ in range(120):
        plant.step(10)
        if (step := plant.state["filtration/backwash.step"]) not in seen:
            seen.append(step)
    assert seen == [3, 4, 5, 0]


def test_a_commanded_backwash_takes_the_standby_filter_into_service(plant: Waterworks) -> None:
    plant.step(1200)
    plant.write("filtration/f301.backwash", True)
    plant.step(30)
    assert plant.state["filtration/f301.state"] == 2
    assert plant.state["filtration/backwash.filter"] == 301
    assert sum(plant.state[f"filtration/f30{n}.state"] == 1 for n in range(1, 7)) == 4


def test_normal_operation_stays_inside_its_bands_and_raises_no_alarm(plant: Waterworks) -> None:
    loaded = load_plant(ROOT / "screens" / "waterworks").plant
    assert loaded is not None
    reached: set[str] = set()
    for _ in range(40):
        plant.step(30)
        for tag in loaded.tags:
            value = plant.state.get(tag.name)
            if tag.normal and not tag.name.startswith("filtration/f30") and not tag.normal.contains(value):
                reached.add(f"{tag.name} = {value}")
        for alarm in loaded.alarms:
            tag = loaded.by_id[alarm.tag_id]
            if alarm_reached(alarm.kind, plant.state[tag.name], alarm.limit):
                reached.add(f"{alarm.name} of {tag.name}")
    assert reached == set()


def alarm_reached(kind: str, value: float, limit: float) -> bool:
    if kind.startswith("high"):
        return value > limit
    return value < limit if kind.startswith("low") else value == limit
