"""Measures what a Modbus read costs: against bare pymodbus and a C client, and a poll of 20,000 tags.

CPU time of this process, best of several interleaved repeats; the C server runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from pymodbus.client import AsyncModbusTcpClient

from hmi.acquisition.port import LinkSettings, Point
from hmi.bench.figure import Figure
from hmi.bench.peers import modbus_c
from hmi.core.values import ValueType
from hmi.drivers.modbus.driver import ModbusDriver, create

REPEATS = 8
REQUESTS = 120
SCANS = 8
INTEGERS, FLOATS = 45, 40  # 125 registers as 85 tags


def block_points(block: int, first_handle: int) -> list[Point]:
    """85 points that fill 125 holding registers."""
    start = block * 125
    points = [
        Point(first_handle + place, f"{start + place} HR", ValueType.INT64, 1000, False, {"wire": "int16"})
        for place in range(INTEGERS)
    ]
    points += [
        Point(
            first_handle + INTEGERS + place,
            f"{start + INTEGERS + place * 2} HR",
            ValueType.FLOAT32,
            1000,
        )
        for place in range(FLOATS)
    ]
    return points


def driver_for(port: int, tags: int) -> ModbusDriver:
    """A driver for as many tags as asked for, in full blocks."""
    size = INTEGERS + FLOATS
    points = [point for block in range(-(-tags // size)) for point in block_points(block, block * size)]
    return create(
        LinkSettings("bench", f"tcp://127.0.0.1:{port}", {"gap_registers": 0}, tuple(points[:tags]))
    )


async def _ours(port: int) -> Callable[[], Awaitable[Any]]:
    driver = driver_for(port, INTEGERS + FLOATS)
    await driver.open()
    (block,) = driver.plan()
    return lambda: driver.read(block)


async def _bare(port: int) -> Callable[[], Awaitable[Any]]:
    """What a program does that follows the manual of the library."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    kinds = [(place, 1, client.DATATYPE.INT16) for place in range(INTEGERS)]
    kinds += [(INTEGERS + place * 2, 2, client.DATATYPE.FLOAT32) for place in range(FLOATS)]

    async def read() -> list[Any]:
        answer = await client.read_holding_registers(0, count=125)
        registers = answer.registers
        return [
            client.convert_from_registers(registers[start : start + size], kind)
            for start, size, kind in kinds
        ]

    return read


async def _cost(
    make: Callable[[int], Awaitable[Callable[[], Awaitable[Any]]]], port: int
) -> tuple[float, float]:
    """CPU microseconds and requests per second of one repeat."""
    read = await make(port)
    for _warm in range(20):
        await read()
    wall, cpu = time.perf_counter(), time.process_time()
    for _request in range(REQUESTS):
        await read()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / REQUESTS * 1e6, REQUESTS / wall


async def _poll(port: int, tags: int) -> float:
    """CPU seconds of the cheapest scan, which is the load of one core at 1 s."""
    driver = driver_for(port, tags)
    await driver.open()
    costs: list[float] = []
    for _scan in range(SCANS):
        cpu = time.process_time()
        for block in driver.plan():
            await driver.read(block)
        costs.append(time.process_time() - cpu)
    await driver.close()
    return min(costs[1:])


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """On the loop that the runtime uses."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def _interleaved(ports: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Best cost and rate of each client: ours for each load, bare pymodbus and C for one."""
    found: dict[str, list[tuple[float, float]]] = {}
    for _repeat in range(REPEATS):
        for load, port in ports.items():
            found.setdefault(f"ours_{load}", []).append(_run(_cost(_ours, port)))
        found.setdefault("pymodbus", []).append(_run(_cost(_bare, ports["changing"])))
        rate, cost = modbus_c.client(ports["changing"], REQUESTS * 10)
        found.setdefault("c", []).append((cost, rate))
    return {
        name: (min(cost for cost, _rate in pairs), max(rate for _cost_, rate in pairs))
        for name, pairs in found.items()
    }


def _request_figures(ports: dict[str, int]) -> list[Figure]:
    """Ratios to bare pymodbus for each load, and what each client costs."""
    found = _interleaved(ports)
    bare = "pymodbus with convert_from_registers, 125 registers as 85 tags, same loop"
    figures: list[Figure] = []
    for load, name, goal in (
        ("changing", "", 4),
        ("unchanged", "_unchanged", 8),
        ("all", "_all_changed", 4.0),
    ):
        ratio = found["pymodbus"][0] / found[f"ours_{load}"][0]
        passed = ratio >= goal
        figures.append(
            Figure(f"modbus.cpu_vs_pymodbus{name}", ratio, "times less CPU", bare, f">= {goal:g}", passed)
        )
    for name, (cost, rate) in found.items():
        figures.append(Figure(f"modbus.cpu_per_request_{name}", cost, "us", "C server"))
        figures.append(Figure(f"modbus.requests_per_s_{name}", rate, "1/s", "C server"))
    return figures


def _load(figure: str, port: int, tags: int, against: str, limit: float) -> Figure:
    """Share of a core that a poll each second needs."""
    share = _run(_poll(port, tags)) * 100
    return Figure(f"modbus.{figure}", share, "% of a core", against, f"< {limit:g}", share < limit)


def run() -> list[Figure]:
    """All figures; one that says why when the C peers cannot be built."""
    if reason := modbus_c.missing():
        return [Figure("modbus.skipped", 0, "", reason)]
    quarter = "each second, a quarter of the registers changed by every scan"
    with (
        modbus_c.server(step=4) as changing,
        modbus_c.server() as unchanged,
        modbus_c.server(step=1) as everything,
    ):
        return [
            *_request_figures({"changing": changing, "unchanged": unchanged, "all": everything}),
            _load("poll_20k_core", changing, 20_000, f"20,000 tags {quarter}", 30),
            _load("poll_20k_core_unchanged", unchanged, 20_000, "20,000 tags, nothing changes", 30),
            _load("poll_20k_core_all_changed", everything, 20_000, "20,000 tags, all change", 30),
            _load("poll_500_core", changing, 500, f"500 tags {quarter} (MB-17)", 10),
        ]


if __name__ == "__main__":
    print(json.dumps([figure.as_dict() for figure in run()], indent=1))
