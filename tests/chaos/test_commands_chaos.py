"""CM-05, CM-13, rows 39 and 40: a hundred commands of each protocol through a hostile network.

The runtime is a process of its own that is paused and killed. `make chaos-commands` runs ten thousand of each.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hmi.bench._storm import Answer, Kept, Storm, Story, Told, rage
from hmi.bench._storm_device import StormDevice, Written
from hmi.bench._storm_judge import Verdict, joined, judge
from hmi.bench.chaos_commands import figures_of, storms
from hmi.core.clock import NS_PER_S, monotonic_ns, wall_ns
from hmi.core.commands import CommandResult, CommandState
from hmi.testing.hostile import HostileProxy, ModbusFraming, Weather

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pauses with SIGSTOP")
COMMANDS = 100
STORMS = {
    "modbus": Storm("modbus", COMMANDS, seed=39, pause_every_s=3.0, kill_every_s=6.0, dark_every_s=3.0),
    "opcua": Storm("opcua", COMMANDS, seed=39, pause_every_s=8.0, kill_every_s=15.0, dark_every_s=10.0),
}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("protocol", ["modbus", pytest.param("opcua", marks=pytest.mark.soak)])
def test_CM_05_CM_13_row_39_row_40_no_command_twice_late_or_to_another_tag(
    protocol: str, tmp_path: Path
) -> None:
    story = asyncio.run(rage(STORMS[protocol], tmp_path))
    verdict = judge(story)
    assert verdict.broken == []
    assert [one.figure for one in figures_of(protocol, verdict) if one.passed is False] == []
    assert verdict.commands == COMMANDS
    assert verdict.pulses > 5
    assert verdict.executed > 5, "a storm in which nothing gets through shows nothing"


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


def written(value: int) -> bytes:
    return b"\0\1\0\0\0\6\1\6\0\7" + value.to_bytes(2, "big")


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[HostileProxy]:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    async with HostileProxy(server.sockets[0].getsockname()[1], ModbusFraming(), 1) as proxy:
        yield proxy
    server.close()


@pytest.mark.asyncio
async def test_row_39_the_proxy_says_what_it_sent_twice_itself(proxy: HostileProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    proxy.weather = Weather(twice=1.0)
    writer.write(written(77))
    for _copy in range(4):  # the request twice, and each of its answers twice
        assert await asyncio.wait_for(reader.readexactly(12), 10) == written(77)
    assert [value for _time, value in proxy.record.arrived] == [77]
    assert proxy.record.doubled == {77}
    writer.close()


def story_of(device: StormDevice, proxy: HostileProxy, **more: object) -> Story:
    return Story(STORMS["modbus"], more.pop("told", []), device, proxy, **more)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_row_39_the_judge_finds_what_was_done_twice_and_what_nobody_asked_for(
    proxy: HostileProxy,
) -> None:
    device = StormDevice(written=[Written(3, 1, 10), Written(3, 1, 20), Written(4, 9, 30)])
    proxy.record.arrived = [(9, 1), (19, 1)]
    verdict = judge(story_of(device, proxy, deadlines={1: 15, 9: 40}))
    assert (verdict.sent_twice, verdict.executed_twice) == ([1], [1])
    assert 9 in verdict.wrong_tag
    proxy.record.doubled = {1}
    verdict = judge(story_of(device, proxy, deadlines={1: 15, 9: 40}))
    assert (verdict.executed_twice, verdict.doubled) == ([], [1])


@pytest.mark.asyncio
async def test_row_40_the_judge_finds_what_was_sent_after_its_time_to_live(proxy: HostileProxy) -> None:
    verdict = judge(story_of(StormDevice(), proxy, deadlines={1: 15, 2: 15}, sent=[(1, 14), (2, 16)]))
    assert verdict.sent_late == [2]
    proxy.record.arrived = [(10**9, 1)]
    assert judge(story_of(StormDevice(), proxy, deadlines={1: 15})).sent_late == [1]


@pytest.mark.asyncio
async def test_row_39_the_judge_says_what_became_of_a_command_that_was_told_wrong(
    proxy: HostileProxy,
) -> None:
    begun = monotonic_ns()
    ahead = wall_ns() - begun

    def after(seconds: float) -> int:
        return begun + int(seconds * NS_PER_S)

    refused = CommandResult("c7", "t_n5", CommandState.REFUSED, "n5 is not live")
    told = Told(7, 5, [Answer(after(0), after(0.4), None), Answer(after(0.6), after(0.7), refused)])
    other = Told(8, 6, [Answer(after(0), after(0.1), refused)])
    story = story_of(
        StormDevice(written=[Written(5, 7, after(0.3))]), proxy, told=[told, other], deadlines={7: after(5)},
        kept=[Kept("c7", after(0.2) + ahead, "command.requested", "")], troubles=[(after(0.35), "kill")],
    )  # fmt: skip
    proxy.record.arrived = [(after(0.25), 7)]
    verdict = judge(story)
    assert verdict.told_wrong == [7]
    account = verdict.accounts[0].split("; ")
    assert account[0] == "c7 (set point n5): +0.000 s asked"
    assert [step.split(" s ")[1] for step in account[1:]] == [
        "journal: c7 command.requested", "c7 in the network", "c7 done by the device at n5", "kill", "told nothing",
        "asked", "told refused: n5 is not live", "c7 is too old from here on",
    ]  # fmt: skip
    figure = next(one for one in figures_of("modbus", verdict) if one.figure == "storm.modbus.told_wrong")
    assert figure.passed is False
    assert "told refused: n5 is not live" in figure.against


def test_row_39_storms_side_by_side_give_all_commands_and_one_verdict() -> None:
    side_by_side = storms("opcua", 10_001)
    numbers = [n for storm in side_by_side for n in range(storm.first, storm.first + storm.commands)]
    assert numbers == list(range(1, 10_002))
    assert len({storm.seed for storm in side_by_side}) == len(side_by_side) > 1
    both = joined([Verdict(commands=3, told_wrong=[1], latest_ms=7.0), Verdict(commands=4, told_wrong=[5])])
    assert (both.commands, both.told_wrong, both.latest_ms) == (7, [1, 5], 7.0)
