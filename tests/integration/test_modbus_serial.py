"""A serial line through a pseudo terminal: its silences, its one master, its framing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hmi.acquisition.port import LinkSettings
from hmi.bench.peers.modbus_rtu import RtuSlave, virtual_line
from hmi.bench.peers.modbus_sim import number_at, scan, words
from hmi.core.errors import CommunicationError
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._transport import Channel, Line, NotSent
from hmi.drivers.modbus.driver import ModbusDriver, create

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal"),
]

READ_ONE = bytes((3, 0, 0, 0, 1))
FAST = Line(baudrate=115_200, parity="N")
HOLD_THE_PORT = """
import asyncio, sys
from hmi.bench.peers.modbus_sim import words
from hmi.acquisition.port import LinkSettings
from hmi.drivers.modbus.driver import create

async def main():
    await create(LinkSettings("line", sys.argv[1], {"parity": "N"}, tuple(words([0])))).open()
    print("open", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
NEVER_QUIET = """
import os, sys, time
while True:
    os.write(int(sys.argv[1]), b"x")
    time.sleep(0.002)
"""


def driver_on(port: str, *, scheme: str = "serial", **settings: object) -> ModbusDriver:
    """A pseudo terminal has eight bits and no parity."""
    plain = {"bytesize": 8, "parity": "N"}
    return create(LinkSettings("line", f"{scheme}://{port}", plain | settings, tuple(words(range(4)))))


async def channel_on(port: str, line: Line) -> Channel:
    channel = Channel(Endpoint("serial", "rtu", port), line)
    await channel.open()
    return channel


async def test_MB_16_serial_line_keeps_its_silence() -> None:
    with virtual_line(RtuSlave()) as line:
        driver = driver_on(line.name, baudrate=115_200)
        await driver.open()
        for _scan in range(50):
            await scan(driver)
        assert len(line.gaps) >= 50
        assert min(line.gaps) >= 0.00175
        assert (await driver.read_now([2]))[2].value == number_at(2)
        await driver.close()


async def test_MB_16_silence_is_counted_from_the_last_byte_of_anybody() -> None:
    with virtual_line(RtuSlave()) as line:
        channel = await channel_on(line.name, FAST)
        for turn in range(1, 11):
            await channel.exchange(1, READ_ONE)
            await asyncio.sleep(0.003)
            line.talk(b"\x09")
            async with asyncio.timeout(20):
                while channel.counters.strays < turn:
                    await asyncio.sleep(0)
            await channel.exchange(1, READ_ONE)
            assert line.gaps[-1] >= 0.00175
        channel.drop("done")


async def test_MB_16_line_that_is_never_quiet_is_given_up_and_nothing_is_sent() -> None:
    with virtual_line(RtuSlave()) as line:
        channel = await channel_on(line.name, Line(timeout_s=0.3, baudrate=300, parity="N"))
        arguments = [sys.executable, "-c", NEVER_QUIET, str(line.master)]
        with subprocess.Popen(arguments, pass_fds=[line.master]) as other:
            try:
                async with asyncio.timeout(20):
                    while not channel.counters.strays:
                        await asyncio.sleep(0.01)
                with pytest.raises(NotSent, match="never quiet"):
                    await channel.exchange(1, READ_ONE)
            finally:
                other.kill()
        assert line.frames == []
        assert channel.lost


async def test_port_in_use_by_another_process_is_one_plain_sentence_and_nothing_is_sent() -> None:
    with virtual_line(RtuSlave()) as line:
        arguments = [sys.executable, "-c", HOLD_THE_PORT, f"serial://{line.name}"]
        first = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE)
        try:
            assert first.stdout is not None
            assert await asyncio.wait_for(first.stdout.readline(), 30) == b"open\n"
            frames = len(line.frames)
            second = driver_on(line.name)
            with pytest.raises(CommunicationError, match=f"^serial port {line.name} is in use by another"):
                await second.open()
            await second.close()
            assert len(line.frames) == frames > 0
        finally:
            first.kill()
            await first.wait()
        third = driver_on(line.name)  # the lock ends with its process, even with a killed one
        await third.open()
        assert (await scan(third))[3].value == number_at(3)
        await third.close()


async def test_port_in_use_by_another_connection_of_the_plant_is_refused_too() -> None:
    with virtual_line(RtuSlave()) as line:
        first, second = driver_on(line.name), driver_on(line.name)
        await first.open()
        with pytest.raises(CommunicationError, match="in use by another program or connection"):
            await second.open()
        await second.close()
        assert (await scan(first))[0].value == number_at(0)
        await first.close()
        again = driver_on(line.name)
        await again.open()
        await again.close()


async def test_ascii_framing_on_a_serial_line() -> None:
    with virtual_line(RtuSlave(), framing="ascii") as line:
        driver = driver_on(line.name, scheme="ascii+serial")
        await driver.open()
        assert (await scan(driver))[3].value == number_at(3)
        await driver.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo terminal that refuses parity")
async def test_port_that_does_not_take_its_settings_is_one_plain_sentence() -> None:
    with virtual_line(RtuSlave()) as line:
        driver = driver_on(line.name, parity="E")
        with pytest.raises(CommunicationError, match="does not take its speed, parity"):
            await driver.open()
        await driver.close()


async def test_serial_port_that_is_not_there_is_one_plain_sentence(tmp_path: Path) -> None:
    driver = driver_on(f"{tmp_path}/none")
    with pytest.raises(CommunicationError, match="cannot be reached: there is no such port"):
        await driver.open()
    await driver.close()
