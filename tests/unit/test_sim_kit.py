"""Building blocks of simulators: PID, drives, codec, points."""

from __future__ import annotations

import struct

import pytest

from simulators.kit.codec import decode, encode
from simulators.kit.pid import AUTO, MANUAL, Loop
from simulators.kit.points import Point
from simulators.kit.state import gauss
from simulators.waterworks.points import points


def point(type: str, order: str = "ABCD", **more: float) -> Point:
    return Point("a/b.c", "plc1", 1, type, "HR1", "", order=order, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        ("ABCD", (0x42F6, 0xE979)), ("CDAB", (0xE979, 0x42F6)), ("BADC", (0xF642, 0x79E9)), ("DCBA", (0x79E9, 0xF642)),
    ],
)  # fmt: skip
def test_word_orders_follow_the_test_vectors_of_the_standard(order: str, registers: tuple[int, int]) -> None:
    assert encode(point("float32", order), 123.456) == registers
    assert decode(point("float32", order), list(registers)) == pytest.approx(123.456)


def test_int32_and_scaled_integers() -> None:
    assert encode(point("int32"), -123456) == (0xFFFE, 0x1DC0)
    scaled = point("uint16", low=0.0, high=10.0, raw_high=10000)
    assert encode(scaled, 5.132) == (5132,)
    assert decode(scaled, [5132]) == pytest.approx(5.132)
    assert encode(point("uint16"), 70000) == (65535,)


def loop_state(loop: Loop, *, sp: float, op: float, mode: int) -> dict[str, object]:
    return loop.initial(sp=sp, op=op, mode=mode)


def test_pid_goes_from_manual_to_automatic_without_a_bump() -> None:
    loop = Loop("a/c1", kp=2.0, ti=10.0, sp_low=0, sp_high=100)
    state = loop_state(loop, sp=50.0, op=37.0, mode=MANUAL)
    for _ in range(20):
        assert loop.scan(state, 0.5, pv=80.0) == 37.0
    state["a/c1.mode"] = AUTO
    first = loop.scan(state, 0.5, pv=80.0)
    assert abs(first - 37.0) < 4.0


def test_pid_does_not_wind_up() -> None:
    loop = Loop("a/c1", kp=1.0, ti=5.0, sp_low=0, sp_high=100)
    state = loop_state(loop, sp=90.0, op=50.0, mode=AUTO)
    for _ in range(2000):
        loop.scan(state, 0.5, pv=10.0)
    assert state["a/c1.op"] == 100.0
    state["a/c1.sp"] = 5.0
    for _ in range(10):
        loop.scan(state, 0.5, pv=10.0)
    assert state["a/c1.op"] < 50.0


def test_pid_brings_a_first_order_process_to_its_set_point() -> None:
    loop = Loop("a/c1", kp=1.0, ti=8.0, sp_low=0, sp_high=100)
    state = loop_state(loop, sp=60.0, op=0.0, mode=AUTO)
    pv = 0.0
    for _ in range(600):
        pv += (loop.scan(state, 0.5, pv=pv) - pv) * 0.5 / 6.0
    assert pv == pytest.approx(60.0, abs=0.1)


def test_noise_has_mean_zero_and_unit_variance() -> None:
    state = {"rng": 12345}
    draws = [gauss(state) for _ in range(20_000)]
    mean = sum(draws) / len(draws)
    assert abs(mean) < 0.03
    assert sum(d * d for d in draws) / len(draws) == pytest.approx(1.0, abs=0.05)


def test_the_point_list_is_large_enough_and_unambiguous() -> None:
    all_points = points()
    assert len(all_points) >= 150
    assert len({p.name for p in all_points}) == len(all_points)
    assert len({(p.plc, p.device, p.address) for p in all_points}) == len(all_points)
    analogues = [p for p in all_points if p.type == "float32" and p.kind in ("analogue", "tank", "loop")]
    assert all(p.unit and p.high > p.low for p in analogues)


def test_every_drive_has_command_feedback_mode_and_fault() -> None:
    by_equipment: dict[str, set[str]] = {}
    for p in points():
        if p.kind in ("pump", "doser", "mixer"):
            by_equipment.setdefault(p.equipment, set()).add(p.name.rpartition(".")[2])
    assert len(by_equipment) >= 15
    for signals in by_equipment.values():
        assert signals >= {"start", "stop", "reset", "running", "fault", "auto", "auto_cmd", "remote"}


def test_register_encoding_is_big_endian_inside_a_register() -> None:
    words = encode(point("uint32"), 0x01020304)
    assert struct.pack(">2H", *words) == bytes((1, 2, 3, 4))
