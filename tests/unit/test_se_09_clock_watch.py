"""SE-09: a difference of more than 1 s that lasts longer than 10 s is an alarm; it ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from hmi.core.clock import NS_PER_S
from hmi.runtime._clock_watch import ClockWatch, told

pytestmark = pytest.mark.asyncio


class Journal:
    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    async def append(self, *entries: Any) -> None:
        self.events += [(entry.event, entry.payload["text"]) for entry in entries]


class Clocks:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.apart: dict[str, int] = {}
        self.heard: list[tuple[str, bool]] = []
        self.journal: Any = Journal()
        self.watch = ClockWatch(
            self.journal,
            differences=lambda: self.apart,
            tell_failing=lambda name, is_off: self.heard.append((name, is_off)),
            monotonic=lambda: int(self.now_s * NS_PER_S),
        )

    async def stay(self, seconds: int, **apart: int) -> None:
        self.apart = apart
        for _ in range(seconds):
            self.now_s += 1
            await self.watch.look()


async def test_se_09_five_seconds_off_for_longer_than_ten_is_told_once_and_ends_by_itself() -> None:
    clocks = Clocks()
    await clocks.stay(11, plc1=5000)
    assert clocks.heard == []
    await clocks.stay(30, plc1=5000)
    assert clocks.heard == [("plc1", True)]
    await clocks.stay(20, plc1=-200)
    assert clocks.heard == [("plc1", True), ("plc1", False)]
    assert clocks.journal.events == [
        ("clock.off", "the clock of plc1 is 5.0 s ahead of the clock of this machine"),
        ("clock.agrees", "the clocks of plc1 and of this machine agree"),
    ]


async def test_se_09_what_does_not_last_is_no_wrong_clock() -> None:
    clocks = Clocks()
    for _ in range(5):
        await clocks.stay(8, plc1=-3000)
        await clocks.stay(1, plc1=0)
    assert ("plc1", True) not in clocks.heard


async def test_se_09_one_second_is_allowed_and_each_server_counts_for_itself() -> None:
    clocks = Clocks()
    await clocks.stay(15, plc1=1000, plc2=-1001)
    assert clocks.heard == [("plc1", False), ("plc2", True)]
    assert told("plc2", -1001).startswith("the clock of plc2 is 1.0 s behind")


async def test_se_09_a_lost_connection_says_nothing_of_its_clock() -> None:
    clocks = Clocks()
    await clocks.stay(15, plc1=5000)
    await clocks.stay(30)
    assert clocks.heard == [("plc1", True)]
