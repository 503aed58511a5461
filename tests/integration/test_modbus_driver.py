"""The driver against devices on loopback: reads, writes, exceptions, silent units, identity."""

from __future__ import annotations

import pytest
from pymodbus.constants import ExcCodes

from hmi.acquisition.port import Point
from hmi.bench.peers.modbus_sim import (
    SimUnit,
    link,
    number_at,
    numbered,
    order_to_write,
    scan,
    serving,
    words,
)
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.errors import CommunicationError, ProtocolViolation
from hmi.core.values import ValueType
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._transport import Channel, Line
from hmi.drivers.modbus.driver import create
from hmi.testing.chaos import ChaosProxy, Fault, Frame, Kind

pytestmark = pytest.mark.asyncio
V = ValueType


async def test_first_scan_brings_everything_and_the_next_one_only_changes() -> None:
    unit = numbered()
    async with serving([unit]) as port:
        driver = create(link(port, words(range(30))))
        await driver.open()
        assert {handle: value.value for handle, value in (await scan(driver)).items()} == {
            place: number_at(place) for place in range(30)
        }
        (block,) = driver.plan()
        again = await driver.read(block)
        assert (list(again.updates), again.alive) == ([], True)
        assert (await driver.write(order_to_write(7, 4711))).state is WriteState.DONE
        ((handle, value),) = (await driver.read(block)).updates
        assert (handle, value.value, value.is_good) == (7, 4711, True)
        await driver.close()


async def test_every_kind_of_write_arrives_once_with_its_own_function() -> None:
    unit = SimUnit()
    points = [
        Point(0, "HR1", V.UINT64, 1000, True),
        Point(1, "HR3", V.FLOAT32, 1000, True, {"order": "CDAB"}),
        Point(2, "HR7[6]", V.STRING, 1000, True),
        Point(3, "C5", V.BOOL, 1000, True),
        Point(4, "C6", V.BOOL, 1000, True, {"write": "multiple"}),
        Point(5, "HR12.9", V.BOOL, 1000, True),
        Point(6, "HR13", V.INT64, 1000, True, {"write": "multiple"}),
    ]
    values = [500, 123.456, "PUMP1", True, True, True, -3]
    async with serving([unit]) as port:
        driver = create(link(port, points))
        await driver.open()
        for handle, value in enumerate(values):
            assert (await driver.write(order_to_write(handle, value))).state is WriteState.DONE
        fresh = await driver.read_now(range(len(points)))
        await driver.close()
    assert [function for function, _address, _values in unit.log] == [
        0x06,
        0x10,
        0x10,
        0x05,
        0x0F,
        0x16,
        0x10,
    ]
    assert unit.log[1] == (0x10, 2, [0xE979, 0x42F6])
    assert [fresh[handle].value for handle in range(7)] == [500, pytest.approx(123.456), *values[2:]]


async def test_MB_04_bit_write_without_mask_write_reads_changes_verifies_and_notes() -> None:
    async def no_mask(function: int, _address: int, _count: int) -> ExcCodes | None:
        return ExcCodes.ILLEGAL_FUNCTION if function == 0x16 else None

    unit = SimUnit(registers=[0x0100], hook=no_mask)
    async with serving([unit]) as port:
        driver = create(
            link(port, [Point(0, "HR1.3", V.BOOL, 1000, True), Point(1, "HR1.8", V.BOOL, 1000, True)])
        )
        await driver.open()
        first = await driver.write(order_to_write(0, True))
        second = await driver.write(order_to_write(1, False))
        await driver.close()
    assert (first.state, second.state) == (WriteState.DONE, WriteState.DONE)
    assert "no mask write" in first.text
    assert "no mask write" not in second.text
    assert [entry for entry in unit.log if entry[0] != 0x16] == [(0x06, 0, [0x0108]), (0x06, 0, [0x0008])]
    assert len(driver.diagnostics()["notes"]) == 1
    assert sum(1 for function, _address, _count in unit.requests if function == 0x16) == 1


async def test_MB_04_configured_mask_write_never_switches() -> None:
    async def no_mask(function: int, _address: int, _count: int) -> ExcCodes | None:
        return ExcCodes.ILLEGAL_FUNCTION if function == 0x16 else None

    unit = SimUnit(hook=no_mask)
    async with serving([unit]) as port:
        driver = create(link(port, [Point(0, "HR1.3", V.BOOL, 1000, True, {"write": "mask"})]))
        await driver.open()
        assert (await driver.write(order_to_write(0, True))).state is WriteState.REFUSED
        await driver.close()
    assert [entry for entry in unit.log if entry[0] != 0x16] == []


async def test_MB_07_hole_makes_only_its_own_tag_bad_and_is_avoided_from_then_on() -> None:
    unit = numbered(holes=(50,))
    async with serving([unit]) as port:
        driver = create(link(port, words(range(100))))
        await driver.open()
        first = await scan(driver)
        assert [handle for handle, value in first.items() if value.is_bad] == [50]
        assert first[50].status == quality.BAD_CONFIGURATION
        assert all(first[place].value == number_at(place) for place in range(100) if place != 50)
        asked = len(unit.requests)
        assert asked <= 2 * 7 + 2
        unit.requests.clear()
        assert await scan(driver) == {}
        assert unit.requests
        assert not [entry for entry in unit.requests if entry[1] <= 50 < entry[1] + entry[2]]
        assert driver.diagnostics()["missing_addresses"] == ["50 HR unit 1"]
        unit.holes = ()
        driver.recheck()
        assert (await scan(driver))[50].value == number_at(50)
        await driver.close()


async def test_holes_in_bridged_gaps_never_make_a_tag_bad() -> None:
    offsets = [place for place in range(120) if place % 10 < 6]
    unit = numbered(holes=tuple(place for place in range(120) if place % 10 == 8))
    async with serving([unit]) as port:
        driver = create(link(port, words(offsets)))
        await driver.open()
        values = await scan(driver)
        assert {handle: value.value for handle, value in values.items()} == {
            handle: number_at(offset) for handle, offset in enumerate(offsets)
        }
        assert len(unit.requests) <= 2 * 12
        unit.requests.clear()
        await scan(driver)
        assert len(unit.requests) == 12
        await driver.close()


async def test_block_without_any_address_settles_without_a_storm() -> None:
    unit = numbered(holes=tuple(range(100)))
    async with serving([unit]) as port:
        driver = create(link(port, words(range(100))))
        await driver.open()
        for _scan in range(20):
            unit.requests.clear()
            await scan(driver)
            assert len(unit.requests) <= 100
        assert unit.requests == []
        await driver.close()


async def test_MB_08_silent_unit_does_not_hold_up_the_other_nine() -> None:
    def fourth_is_silent(request: Frame) -> Fault:
        return Fault(Kind.BLACKOUT) if request.unit == 4 else Fault()

    units = [numbered(number) for number in range(1, 11)]
    points = [point for number in range(1, 11) for point in words(range(5), unit=number, first=number * 10)]
    rounds, period_s = 40, 1.0
    async with serving(units) as port, ChaosProxy(port, fourth_is_silent) as proxy:
        driver = create(link(proxy.port, points, timeout_ms=200, probe_s=3600))
        await driver.open()
        first = await scan(driver)
        assert {handle // 10 for handle, value in first.items() if value.is_bad} == {4}
        for _round in range(rounds):
            batches = [await driver.read(block) for block in driver.plan()]
            assert [batch.alive for batch in batches].count(False) == 1
        seen = driver.diagnostics()
        await driver.close()
    assert seen["silent_units"] == [4]
    wasted = [request for request in proxy.requests if request.unit == 4]
    assert len(wasted) == 3
    assert len(wasted) * 1.0 / (rounds * period_s) < 0.2  # with the default time-out of 1 s


async def test_demoted_unit_returns_with_one_good_answer() -> None:
    answering = False

    def choose(request: Frame) -> Fault:
        return Fault() if answering or request.unit == 1 else Fault(Kind.BLACKOUT)

    points = [*words(range(5)), *words(range(5), unit=2, first=10)]
    async with serving([numbered(1), numbered(2)]) as port, ChaosProxy(port, choose) as proxy:
        driver = create(link(proxy.port, points, timeout_ms=150, probe_s=0.05))
        await driver.open()
        for _round in range(3):
            await scan(driver)
        assert driver.diagnostics()["silent_units"] == [2]
        outcome = await driver.write(order_to_write(10, 1))
        assert outcome.state is WriteState.NOT_CONNECTED
        answering = True
        seen: dict = {}
        while not seen:
            seen = {handle: value for handle, value in (await scan(driver)).items() if value.is_good}
        assert sorted(seen) == [10, 11, 12, 13, 14]
        assert driver.diagnostics()["silent_units"] == []
        await driver.close()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (0x01, quality.BAD_CONFIGURATION),
        (0x02, quality.BAD_CONFIGURATION),
        (0x03, quality.BAD_CONFIGURATION),
        (0x04, quality.BAD_DEVICE_FAILURE),
        (0x05, None),
        (0x06, None),
        (0x07, quality.BAD_DEVICE_FAILURE),
        (0x08, quality.BAD_DEVICE_FAILURE),
        (0x0A, quality.BAD_NO_COMMUNICATION),
        (0x0B, quality.BAD_NO_COMMUNICATION),
    ],
)
async def test_MB_10_exception_gives_its_action(code: int, status: int | None) -> None:
    fault = Fault()
    async with serving([numbered()]) as port, ChaosProxy(port, lambda _request: fault) as proxy:
        driver = create(link(proxy.port, words([3]), identify=False))
        await driver.open()
        (block,) = driver.plan()
        assert (await scan(driver))[0].is_good
        proxy.requests.clear()
        fault = Fault(Kind.EXCEPTION, code=code)
        batch = await driver.read(block)
        assert [value.status for _handle, value in batch.updates] == ([] if status is None else [status])
        assert batch.alive is (status not in (None, quality.BAD_NO_COMMUNICATION))
        assert len(proxy.requests) == (4 if status is None else 1)
        assert proxy.connections == 1
        fault = Fault()
        driver.recheck()
        assert (await scan(driver)).get(0, None) == (
            None if status is None else pytest.approx
        ) or status is not None
        await driver.close()


async def test_MB_10_illegal_length_halves_the_block_once() -> None:
    async def short_only(function: int, _address: int, count: int) -> ExcCodes | None:
        return ExcCodes.ILLEGAL_VALUE if function == 3 and count > 60 else None

    unit = numbered(hook=short_only)
    async with serving([unit]) as port:
        driver = create(link(port, words(range(100))))
        await driver.open()
        values = await scan(driver)
        assert len(values) == 100
        assert all(value.is_good for value in values.values())
        unit.requests.clear()
        await scan(driver)
        assert len(unit.requests) == 2
        await driver.close()


async def test_MB_11_wrong_device_blocks_writes_and_shows_no_value_as_good() -> None:
    unit = numbered()
    async with serving([unit]) as port:
        driver = create(link(port, words(range(3)), expected_identity={"vendor": "Somebody else"}))
        await driver.open()
        outcome = await driver.write(order_to_write(0, 1))
        assert outcome.state is WriteState.REFUSED
        assert "wrong device" in outcome.text
        assert {value.status for value in (await scan(driver)).values()} == {quality.BAD_CONFIGURATION}
        await driver.close()
    assert unit.log == []


async def test_MB_11_mismatch_may_block_writes_only() -> None:
    async with serving([numbered()]) as port:
        settings = {"expected_identity": {"vendor": "Somebody else"}, "on_mismatch": "writes"}
        driver = create(link(port, words(range(3)), **settings))
        await driver.open()
        assert all(value.is_good for value in (await scan(driver)).values())
        assert (await driver.write(order_to_write(0, 1))).state is WriteState.REFUSED
        await driver.close()


async def test_MB_12_ten_thousand_values_written_and_read_back() -> None:
    import random

    from hmi.drivers.modbus._codec import decode, encode
    from hmi.drivers.modbus._item import resolve

    rng = random.Random(3)
    item = resolve("HR1", V.FLOAT64, {}, {"wire": "int32"})
    unit = SimUnit()
    async with serving([unit]) as port:
        driver = create(link(port, [Point(0, "HR1", V.FLOAT64, 1000, True, {"wire": "int32"})]))
        await driver.open()
        for _value in range(200):
            raw = rng.uniform(-(2**31), 2**31 - 1)
            assert (await driver.write(order_to_write(0, raw))).state is WriteState.DONE
            assert abs((await driver.read_now([0]))[0].value - raw) <= 0.5
        await driver.close()
    for _value in range(10_000):
        raw = rng.uniform(-(2**31), 2**31 - 1)
        assert abs(decode(item, encode(item, raw)) - raw) <= 0.5


async def test_MB_13_value_out_of_range_is_refused_and_nothing_is_sent() -> None:
    unit = numbered()
    async with serving([unit]) as port:
        driver = create(link(port, words([0])))
        await driver.open()
        sent = driver.diagnostics()["requests"]
        outcome = await driver.write(order_to_write(0, 70_000))
        assert outcome.state is WriteState.REFUSED
        assert "0 to 65535" in outcome.text
        assert driver.diagnostics()["requests"] == sent
        await driver.close()
    assert unit.log == []


async def test_MB_17_500_tags_of_five_devices_need_five_requests_a_scan() -> None:
    import time

    units = [numbered(number) for number in range(1, 6)]
    points = [point for number in range(1, 6) for point in words(range(100), unit=number, first=number * 100)]
    async with serving(units) as port:
        driver = create(link(port, points, timeout_ms=5000))
        await driver.open()
        await scan(driver)
        before, cpu = driver.diagnostics()["requests"], time.process_time()
        for _scan in range(10):
            await scan(driver)
        cpu = time.process_time() - cpu
        assert driver.diagnostics()["requests"] - before == 50
        assert cpu / 10 < 0.1  # the server in this process included; 0.1 s a scan is 10 % of a core
        await driver.close()


async def test_write_after_its_deadline_is_not_sent() -> None:
    unit = numbered()
    async with serving([unit]) as port:
        driver = create(link(port, words([0])))
        await driver.open()
        assert (await driver.write(order_to_write(0, 1, seconds=-0.001))).state is WriteState.EXPIRED
        await driver.close()
        assert (await driver.write(order_to_write(0, 1))).state is WriteState.NOT_CONNECTED
    assert unit.log == []


@pytest.mark.parametrize(("address", "value"), [("IR1", 5), ("DI1", True)])
async def test_input_tables_are_never_written(address: str, value: int) -> None:
    unit = numbered()
    async with serving([unit]) as port:
        kind = V.BOOL if address == "DI1" else V.UINT64
        driver = create(link(port, [Point(0, address, kind, 1000, True)]))
        await driver.open()
        assert (await driver.write(order_to_write(0, value))).state is WriteState.REFUSED
        await driver.close()
    assert unit.log == []


async def test_faulty_points_are_bad_once_and_the_others_live() -> None:
    points = [*words(range(3)), Point(9, "HR0", V.INT64, 1000), Point(10, "HR8", V.INT64, 1000)]
    async with serving([numbered()]) as port:
        driver = create(link(port, points, forbidden=["HR8"]))
        assert {handle for group in driver.groups() for handle in group.handles} == {0, 1, 2, 9, 10}
        await driver.open()
        values = await scan(driver)
        assert {handle for handle, value in values.items() if value.is_bad} == {9, 10}
        assert values[9].status == quality.BAD_CONFIGURATION
        assert (await driver.write(order_to_write(9, 1))).state is WriteState.REFUSED
        assert set(driver.diagnostics()["faulty_points"]) == {"9", "10"}
        await driver.close()


async def test_float_that_is_no_number_is_bad() -> None:
    unit = SimUnit(registers=[0x7FC0, 0, 0x7F80, 0, 0x3F80, 0])
    points = [Point(place, f"HR{place * 2 + 1}", V.FLOAT32, 1000) for place in range(3)]
    async with serving([unit]) as port:
        driver = create(link(port, points))
        await driver.open()
        values = await scan(driver)
        await driver.close()
    assert [(values[place].value, values[place].status) for place in range(3)] == [
        (None, quality.BAD_DEVICE_FAILURE),
        (None, quality.BAD_DEVICE_FAILURE),
        (1.0, quality.GOOD),
    ]


async def test_nobody_listens_is_one_plain_sentence() -> None:
    async with serving([numbered()]) as port:
        pass
    driver = create(link(port, words([0])))
    with pytest.raises(CommunicationError, match="cannot be reached"):
        await driver.open()
    await driver.close()


async def test_peer_that_never_answers_is_not_called_open() -> None:
    async with serving([numbered()]) as port, ChaosProxy(port, lambda _r: Fault(Kind.BLACKOUT)) as proxy:
        driver = create(link(proxy.port, words([0]), timeout_ms=40))
        with pytest.raises(CommunicationError, match="does not answer"):
            await driver.open()
        await driver.close()


async def test_identity_of_the_device_is_read_when_the_connection_opens() -> None:
    from pymodbus.pdu.device import ModbusControlBlock

    identity = ModbusControlBlock().Identity
    names = ("VendorName", "ProductCode", "UserApplicationName")
    before = [getattr(identity, name) for name in names]
    for name, value in zip(names, ("Watchkeeper simulator", "waterworks", "f00d"), strict=True):
        setattr(identity, name, value)
    try:
        async with serving([numbered()]) as port:
            driver = create(link(port, words([0])))
            found = await driver.open()
            await driver.close()
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(identity, name, value)
    assert (found.vendor, found.product, found.session) == ("Watchkeeper simulator", "waterworks", "f00d")


async def test_point_that_is_not_writable_is_never_written() -> None:
    unit = numbered()
    async with serving([unit]) as port:
        driver = create(link(port, [Point(0, "HR1", V.UINT64, 1000)]))
        await driver.open()
        assert (await driver.write(order_to_write(0, 1))).state is WriteState.REFUSED
        assert (await driver.write(order_to_write(1, 1))).state is WriteState.REFUSED
        await driver.close()
    assert unit.log == []


@pytest.mark.parametrize("pdu", [b"\x08\x00\x00\x00\x00", b"\x17\x00", b"\x14", b"\x2d"])
async def test_other_functions_never_reach_the_wire(pdu: bytes) -> None:
    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        channel = Channel(Endpoint("tcp", "mbap", "127.0.0.1", proxy.port), Line())
        await channel.open()
        with pytest.raises(ProtocolViolation):
            await channel.exchange(1, pdu)
        channel.drop("done")
        assert proxy.requests == []


async def test_write_does_not_wait_behind_an_unanswered_question() -> None:
    unit = numbered()
    async with serving([unit]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words(range(3)), timeout_ms=200, retries=0))
        await driver.open()
        proxy.choose = lambda _request: Fault(Kind.BLACKOUT)
        assert not (await driver.read(driver.plan()[0])).alive
        assert (await driver.write(order_to_write(0, 1))).state is WriteState.NOT_CONNECTED
        await driver.close()
    assert unit.log == []


async def test_MB_11_device_that_keeps_its_identity_to_itself_is_not_opened() -> None:
    def choose(request: Frame) -> Fault:
        return Fault(Kind.BLACKOUT) if request.pdu[0] == 0x2B else Fault()

    async with serving([numbered()]) as port, ChaosProxy(port, choose) as proxy:
        driver = create(link(proxy.port, words([0]), timeout_ms=150, expected_identity={"vendor": "V"}))
        with pytest.raises(CommunicationError, match="does not say what it is"):
            await driver.open()
        await driver.close()
        driver = create(link(proxy.port, words([0]), timeout_ms=150))
        await driver.open()
        assert (await scan(driver))[0].value == number_at(0)
        await driver.close()


async def test_read_back_from_a_busy_unit_is_an_error_and_not_a_value() -> None:
    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words([0]), timeout_ms=150))
        await driver.open()
        proxy.choose = lambda _request: Fault(Kind.EXCEPTION, code=6)
        with pytest.raises(CommunicationError, match="busy"):
            await driver.read_now([0])
        proxy.choose = lambda _request: Fault(Kind.BLACKOUT)
        with pytest.raises(CommunicationError):
            await driver.read_now([0])
        await driver.close()


async def test_value_longer_than_the_device_gives_is_a_faulty_point() -> None:
    async with serving([numbered()]) as port:
        driver = create(
            link(port, [Point(0, "HR1", V.FLOAT64, 1000, False, {"wire": "float64"})], max_registers=2)
        )
        await driver.open()
        assert (await scan(driver))[0].status == quality.BAD_CONFIGURATION
        assert "4 registers" in driver.diagnostics()["faulty_points"]["0"]
        await driver.close()


async def test_client_too_many_is_told_so() -> None:
    async with (
        serving([numbered()]) as port,
        ChaosProxy(port, lambda _request: Fault(Kind.RESET_BEFORE)) as proxy,
    ):
        driver = create(link(proxy.port, words([0])))
        with pytest.raises(CommunicationError, match="no further client"):
            await driver.open()
        await driver.close()
