"""A million forged writes at the borders of the drivers, and every function to every address: what reaches the wire?"""

from __future__ import annotations

import asyncio
import os

from hmi.bench import _fuzz_modbus, _fuzz_opcua
from hmi.bench._fuzz_modbus import Found
from hmi.bench.figure import Figure

ATTEMPTS = 1_000_000
OPCUA_SHARE = 10


def run() -> list[Figure]:
    """``WATCHKEEPER_BENCH_ROWS`` sets how many requests are forged; one of ten goes to the OPC UA driver."""
    attempts = int(os.environ.get("WATCHKEEPER_BENCH_ROWS", ATTEMPTS))
    return asyncio.run(_figures(attempts, seed=1, step=1))


async def _figures(attempts: int, *, seed: int, step: int) -> list[Figure]:
    forged = await _fuzz_modbus.forged_requests(attempts - attempts // OPCUA_SHARE, seed)
    forged.add(await _fuzz_opcua.forged_requests(attempts // OPCUA_SHARE, seed))
    every = await _fuzz_modbus.every_function_and_address(step)
    seen = f"{forged.attempts:,} forged requests, of which {forged.writes:,} were to be written and were"
    return [
        _none("writes.bytes_outside_allow_list", forged.outside, "bytes", seen),
        _none("writes.bytes_after_deadline", forged.late, "writes", seen),
        _none("writes.to_another_point", forged.elsewhere, "writes", seen),
        _none("writes.driver_raised", forged.raised, "", seen),
        _none("writes.bytes_of_every_function_and_address", every.outside, "bytes", _said(every)),
    ]


def _said(every: Found) -> str:
    return (
        f"{every.attempts:,} well-formed requests that are on no list: 256 functions, every address, 3 units"
    )


def _none(name: str, found: int, unit: str, against: str) -> Figure:
    return Figure(name, found, unit, against, "= 0", found == 0)
