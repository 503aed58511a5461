"""What travels between the runtime and a worker process, and how a worker ends."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from typing import Any

import pytest

from hmi.acquisition import IsolatedDriver
from hmi.acquisition import _wire as wire
from hmi.acquisition.port import Batch, Group, LinkSettings, Point
from hmi.acquisition.worker import Worker
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteRequest, WriteState
from hmi.core.conditions import ConditionAct, ConditionCall, ConditionUpdate, RefreshMark
from hmi.core.errors import CommunicationError
from hmi.core.values import DataValue, ValueType

NOWHERE = LinkSettings("opc", "opc.tcp://127.0.0.1:1/", {}, ())


def test_a_batch_survives_the_pipe_bit_for_bit() -> None:
    values = [True, 2**63 - 1, 2**64 - 1, -1, 0.1, "ä", b"\x00\xff", (1, (2.5, "x")), None]
    updates = [(i, DataValue(v, 0x40A40000, 123, 456)) for i, v in enumerate(values)]
    batch = Batch("g", updates, alive=False)
    data = wire.frame(wire.pack_batch(batch))
    reader = asyncio.run(_read(data))
    assert wire.unpack_batch(reader) == Batch("g", updates, alive=False)


def test_settings_and_groups_survive_the_pipe() -> None:
    points = (Point(3, "ns=2;s=a", ValueType.FLOAT32, 250, True, {"order": "CDAB"}),)
    settings = LinkSettings("opc", "opc.tcp://127.0.0.1:1/", {"policy": "none"}, points)
    assert wire.unpack_settings(wire.pack_settings(settings)) == settings
    groups = (Group("250ms", "", 250, (3, 4)),)
    assert wire.unpack_groups(wire.pack_groups(groups)) == groups


def test_a_frame_beyond_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        asyncio.run(_read((wire.MESSAGE_LIMIT + 1).to_bytes(4, "big")))


def test_a_closed_pipe_is_the_end() -> None:
    with pytest.raises(EOFError):
        asyncio.run(_read(b"\x00\x00"))


async def _read(data: bytes) -> dict[str, object]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await wire.read_message(reader)


@pytest.mark.asyncio
async def test_an_unreachable_device_is_one_sentence_from_the_worker() -> None:
    driver = IsolatedDriver("opcua", NOWHERE)
    try:
        with pytest.raises(CommunicationError) as refused:
            await driver.open()
        assert str(refused.value)
        assert "\n" not in str(refused.value)
    finally:
        await driver.close()
    assert driver.pid == 0


@pytest.mark.asyncio
async def test_a_write_to_an_ended_worker_is_not_connected_instead_of_unknown() -> None:
    driver = IsolatedDriver("opcua", NOWHERE)
    request = WriteRequest("c_1", "t_a", 0, 1.0, monotonic_ns() + 5_000_000_000)
    assert (await driver.write(request)).state is WriteState.NOT_CONNECTED


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="the address space limit is POSIX")
async def test_a_worker_beyond_its_memory_cap_ends_and_the_link_is_lost() -> None:
    driver = IsolatedDriver("opcua", NOWHERE, memory_cap_mb=8)
    try:
        with pytest.raises(CommunicationError, match="worker"):
            await driver.open()
    finally:
        await driver.close()


def test_conditions_and_calls_survive_the_pipe() -> None:
    full = ConditionUpdate(
        "ns=2;s=A", "00ff", 5, 6, "i=9", "TripAlarmType", "A", "i=1", "Boiler", "hot", "Process", 900, 0x80050000,
        False, True, None, False, None, True, False, None, "timed", 60.5, "seen", "bert", 7,
    )  # fmt: skip
    items = [RefreshMark.START, full, RefreshMark.LOST, ConditionUpdate("i=1", "", 1, 2), RefreshMark.END]
    message = asyncio.run(_read(wire.frame(wire.pack_conditions(items))))
    assert wire.unpack_conditions(message) == items
    call = ConditionCall("c", "dcs", "i=1", ConditionAct.SHELVE, 99, "00", "why", 1.5)
    (packed,) = asyncio.run(_read(wire.frame({"call": wire.pack_call(call)}))).values()
    assert wire.unpack_call(packed) == call  # type: ignore[arg-type]


@pytest.mark.parametrize("driver", ["modbus", "opcua"])
def test_a_worker_starts_with_its_driver_and_nothing_of_the_runtime(driver: str) -> None:
    code = (
        "import sys, hmi.acquisition.worker; from hmi.plugins.discovery import part; "
        f"part('drivers', {driver!r}, 'driver'); "
        "print(*{name for name in sys.modules if name.split('.')[0] == 'pydantic' "
        "or name.startswith(('hmi.project', 'hmi.alarms', 'hmi.tags'))})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not found.stdout.split()


@pytest.mark.asyncio
async def test_an_answer_that_cannot_be_sent_is_told_and_not_left_out() -> None:
    class Odd(Worker):
        async def _do(self, message: dict[str, Any]) -> dict[str, Any]:
            return {"time": -(2**64)}

    out = io.BytesIO()
    await Odd("opcua", 100, out)._answer({"t": "trace", "n": 7})
    answer = await _read(out.getvalue())
    assert answer["n"] == 7
    assert "opcua" in str(answer["error"])
