"""A Modbus line that lies, stalls and breaks: never a wrong value, never a command carried out twice."""

from __future__ import annotations

import asyncio
import random

import pytest

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
from hmi.core.errors import CommunicationError, LinkLost
from hmi.drivers.modbus.driver import ModbusDriver, create
from hmi.testing.chaos import ChaosProxy, Fault, Frame, Kind

pytestmark = pytest.mark.asyncio

# blocks of unlike length: what cannot be told apart on the wire is the life counter's task, not the driver's
OFFSETS = (*range(10), *range(100, 117), *range(300, 325))
EQUAL = (*range(10), *range(100, 110), *range(300, 310))  # told apart by nothing but the transaction number
CLEAN_OR_WRONG = [kind for kind in Kind if kind not in (Kind.PASS, Kind.EXCEPTION, Kind.DROP_WRITE_ACK)]


def check(values: dict, offsets: tuple[int, ...] = OFFSETS) -> int:
    """How many values are Good; every one of them belongs to its own address."""
    good = 0
    for handle, value in values.items():
        if value.is_good:
            assert value.value == number_at(offsets[handle])
            good += 1
        else:
            assert value.value is None
    return good


async def opened(port: int, offsets: tuple[int, ...] = OFFSETS, **settings: object) -> ModbusDriver:
    """A driver that is connected, however often the line breaks first."""
    while True:
        driver = create(link(port, words(offsets), **settings))
        try:
            await driver.open()
        except CommunicationError:
            await driver.close()
            continue
        return driver


async def scans(driver: ModbusDriver, times: int) -> None:
    """As many scans as asked for."""
    for _scan in range(times):
        await scan(driver)


@pytest.mark.parametrize("kind", CLEAN_OR_WRONG)
async def test_no_fault_ever_gives_a_wrong_value(kind: Kind) -> None:
    rng = random.Random(kind.value)

    def choose(_request: Frame) -> Fault:
        return Fault(kind, seconds=rng.uniform(0, 0.03)) if rng.random() < 0.4 else Fault()

    good = 0
    async with serving([numbered()]) as port, ChaosProxy(port, choose) as proxy:
        driver = await opened(proxy.port, timeout_ms=15)
        for _round in range(20):
            try:
                values: dict = {}
                for block in driver.plan():
                    values |= dict((await driver.read(block)).updates)
                good += check(values)
            except LinkLost:
                await driver.close()
                driver = await opened(proxy.port, timeout_ms=15)
        proxy.choose = lambda _request: Fault()
        await driver.close()
        driver = await opened(proxy.port, timeout_ms=1000)
        assert check(await scan(driver)) == len(OFFSETS)
        await driver.close()
    assert good > 0


async def test_MB_09_ten_thousand_random_delays_never_mix_addresses() -> None:
    rng = random.Random(9)

    def choose(_request: Frame) -> Fault:
        return Fault(Kind.DELAY, seconds=rng.choice((0.0, 0.0, 0.001, 0.002, 0.004, 0.008)))

    async def one_line(port: int) -> tuple[int, int]:
        driver = await opened(port, EQUAL, timeout_ms=10, retries=0, demote_after=10_000)
        good = 0
        blocks = driver.plan()
        for number in range(1000):
            block = blocks[number % len(blocks)]
            for state in driver._blocks.values():
                state.fail(quality.BAD_WAITING_FOR_INITIAL_DATA)  # every answer is looked at, changed or not
            good += check(dict((await driver.read(block)).updates), EQUAL)
        timeouts = driver.diagnostics()["timeouts"]
        await driver.close()
        return good, timeouts

    async with serving([numbered()]) as port, ChaosProxy(port, choose) as proxy:
        lines = await asyncio.gather(*(one_line(proxy.port) for _line in range(10)))
        assert len(proxy.requests) >= 10_000
    assert sum(good for good, _timeouts in lines) > 10_000
    assert sum(timeouts for _good, timeouts in lines) > 0


async def test_lost_confirmations_and_resets_never_carry_out_a_command_twice() -> None:
    rng = random.Random(200)
    kinds = [Kind.PASS, Kind.DROP, Kind.RESET, Kind.RESET_BEFORE, Kind.BLACKOUT, Kind.TRUNCATED, Kind.GARBAGE]
    kinds += [Kind.WRONG_FUNCTION, Kind.BAD_TRANSACTION, Kind.DUPLICATE, Kind.WRONG_UNIT, Kind.LATE]
    unit = SimUnit()
    armed = Fault()
    outcomes: list[WriteState] = []
    async with serving([unit]) as port, ChaosProxy(port, lambda _request: armed) as proxy:
        for number in range(200):
            armed = Fault()
            driver = await opened(proxy.port, (number,), timeout_ms=25, identify=False)
            armed = Fault(rng.choice(kinds))
            outcomes.append((await driver.write(order_to_write(0, number + 1))).state)
            await driver.close()
        carried_out = [(address, values[0]) for function, address, values in unit.log if function == 6]
    assert len(carried_out) == len(set(carried_out))
    assert {WriteState.DONE, WriteState.UNKNOWN} == set(outcomes)
    done = {number for number, state in enumerate(outcomes) if state is WriteState.DONE}
    assert done <= {address for address, _value in carried_out}


async def test_write_without_confirmation_is_unknown_and_ends_the_connection() -> None:
    unit = numbered()
    async with serving([unit]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words([5]), timeout_ms=200))
        await driver.open()
        proxy.choose = lambda _request: Fault(Kind.DROP_WRITE_ACK)
        outcome = await driver.write(order_to_write(0, 99))
        assert outcome.state is WriteState.UNKNOWN
        assert "may have acted" in outcome.text
        assert [values for _function, _address, values in unit.log] == [[99]]
        with pytest.raises(LinkLost):
            await driver.read(driver.plan()[0])
        assert (await driver.write(order_to_write(0, 98))).state is WriteState.NOT_CONNECTED
        await driver.close()
    assert len(unit.log) == 1


async def test_wrong_confirmation_is_unknown() -> None:
    unit = numbered()
    async with serving([unit]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words([5]), identify=False))
        await driver.open()
        assert (await driver.write(order_to_write(0, 1))).state is WriteState.DONE
        proxy.choose = lambda _request: Fault(Kind.PREVIOUS_REPLY)
        assert (await driver.write(order_to_write(0, 2))).state is WriteState.UNKNOWN
        await driver.close()


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (1, WriteState.REFUSED),
        (2, WriteState.REFUSED),
        (3, WriteState.REFUSED),
        (4, WriteState.UNKNOWN),
        (5, WriteState.UNKNOWN),
        (6, WriteState.REFUSED),
        (0x0A, WriteState.REFUSED),
        (0x0B, WriteState.UNKNOWN),
    ],
)
async def test_MB_10_exception_to_a_write_is_never_repeated(code: int, state: WriteState) -> None:
    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words([5]), identify=False))
        await driver.open()
        proxy.requests.clear()
        proxy.choose = lambda _request: Fault(Kind.EXCEPTION, code=code)
        assert (await driver.write(order_to_write(0, 1))).state is state
        assert len(proxy.requests) == 1
        await driver.close()


async def test_three_malformed_answers_reset_the_connection() -> None:
    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words(range(4)), retries=0, identify=False))
        await driver.open()
        (block,) = driver.plan()
        proxy.choose = lambda _request: Fault(Kind.SHORT)
        for _read in range(2):
            batch = await driver.read(block)
            assert not batch.alive
        with pytest.raises(LinkLost, match="malformed"):
            await driver.read(block)
        assert driver.diagnostics()["violations"] == 3
        await driver.close()


async def test_frozen_device_loses_the_link_after_three_silent_requests() -> None:
    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words(range(4)), timeout_ms=200))
        await driver.open()
        (block,) = driver.plan()
        await driver.read(block)
        proxy.choose = lambda _request: Fault(Kind.BLACKOUT)
        batch = await driver.read(block)
        assert not batch.alive
        assert {value.status for _handle, value in batch.updates} == {quality.BAD_NO_COMMUNICATION}
        with pytest.raises(LinkLost, match="no longer answers"):
            await driver.read(block)
        await driver.close()


async def test_dead_gateway_is_told_from_a_dead_unit() -> None:
    silent: set[int] = set()
    points = [point for number in (1, 2, 3) for point in words(range(4), unit=number, first=number * 10)]

    def choose(request: Frame) -> Fault:
        return Fault(Kind.BLACKOUT) if request.unit in silent else Fault()

    units = [numbered(number) for number in (1, 2, 3)]
    async with serving(units) as port, ChaosProxy(port, choose) as proxy:
        driver = create(link(proxy.port, points, timeout_ms=150))
        await driver.open()
        await scan(driver)
        first = driver.plan()[0]
        silent |= {1}
        for _read in range(4):
            assert not (await driver.read(first)).alive
        assert driver.diagnostics()["silent_units"] == [1]
        silent |= {2, 3}
        with pytest.raises(LinkLost, match="no longer answers"):
            await scans(driver, 3)
        assert sum(1 for request in proxy.requests if request.unit == 3) <= 3
        await driver.close()


async def test_reset_in_the_middle_of_a_read_is_told_at_once() -> None:
    async with serving([numbered()]) as port, ChaosProxy(port) as proxy:
        driver = create(link(proxy.port, words(range(4)), timeout_ms=60_000))
        await driver.open()
        proxy.choose = lambda _request: Fault(Kind.BLACKOUT)
        reading = asyncio.create_task(driver.read(driver.plan()[0]))
        while not proxy.requests or proxy.requests[-1].pdu[0] != 3:
            await asyncio.sleep(0)
        proxy.reset_all()
        with pytest.raises(LinkLost):
            await asyncio.wait_for(reading, 30)
        await driver.close()


async def test_open_and_close_leave_no_task_behind() -> None:
    async with serving([numbered()]) as port:
        before = len(asyncio.all_tasks())
        for _turn in range(20):
            driver = create(link(port, words(range(4))))
            await driver.open()
            await scan(driver)
            await driver.close()
        assert len(asyncio.all_tasks()) <= before + 1
