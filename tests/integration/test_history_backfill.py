"""Holes of the history are filled with what a server of another maker kept of the past (UA-04, UA-13)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from fake_runtime import real_runtime
from foreign_server import ForeignServer, Installed
from opcua_plant import URI

from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.historian.coverage import Gap, gaps_of
from hmi.historian.samples import Samples, joined
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import Runtime
from hmi.runtime._backfill import MARGIN_NS
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio
TAG = "t_a/counter.pv"
WAIT_S = 40.0


def plant_of(url: str, **settings: Any) -> Plant:
    given = {"security": "none", "timeout_ms": 2000, "keep_alive_ms": 500, **settings}
    connection = ConnectionDef("opc", "opcua", (url,), given)
    options = {"queue": 200, "sampling_ms": 50}
    counter = make_tag(
        "a/counter.pv", connection="opc", address=f"nsu={URI};s=Counter", history=True, options=options
    )
    return make_plant([counter], connections={"opc": connection})


@asynccontextmanager
async def plant_behind_a_proxy(
    installed: Installed, folder: Path
) -> AsyncIterator[tuple[ForeignServer, CutProxy]]:
    with ForeignServer(installed, folder / "server", channel_ms=600_000) as server:
        async with CutProxy(server.port) as proxy:
            yield server, proxy


@asynccontextmanager
async def recorded(
    installed: Installed, folder: Path, **settings: Any
) -> AsyncIterator[tuple[Runtime, ForeignServer, CutProxy]]:
    async with (
        plant_behind_a_proxy(installed, folder) as (server, proxy),
        real_runtime(plant_of(proxy.url, **settings), folder / "data") as runtime,
    ):
        yield runtime, server, proxy


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not reached():
            await asyncio.sleep(0.05)


def samples_of(runtime: Runtime, begin: int) -> Samples:
    return joined(runtime.services.history.samples(TAG, begin, time.time_ns()))


def turns_of(runtime: Runtime, begin: int) -> list[int]:
    return [
        int(float(str(one.value))) for one in samples_of(runtime, begin).values() if one.value is not None
    ]


def gaps_now(runtime: Runtime, begin: int) -> tuple[Gap, ...]:
    """Those since the first sample."""
    history = runtime.services.history
    found = samples_of(runtime, begin)
    first, now = found.take(slice(0, 1)), time.time_ns()
    return gaps_of(first, history.samples(TAG, int(first.times[0]), now), int(first.times[0]), now, ()).gaps


async def notes_of(runtime: Runtime) -> list[Any]:
    records = await runtime.services.journal.last(200, kind="system")
    return [record.payload for record in records if record.event == "history.backfilled"]


async def filled(runtime: Runtime, since: int) -> Any:
    """The first note of a hole that ends after ``since``; a slow start may have left one before, and a hole that stays
    is looked at again.
    """
    async with asyncio.timeout(WAIT_S):
        while not (notes := [note for note in await notes_of(runtime) if note["to"] > since]):
            await asyncio.sleep(0.1)
    return notes[0]


async def seen(runtime: Runtime, begin: int, more: int = 10) -> None:
    """So many further values are recorded."""
    count = len(turns_of(runtime, begin))
    await until(lambda: len(turns_of(runtime, begin)) >= count + more)


async def lost_for(runtime: Runtime, proxy: CutProxy, seconds: float) -> None:
    assert runtime.acquisition is not None
    link = runtime.acquisition.links["opc"]
    proxy.cut()
    await until(lambda: link.state != "up")
    await asyncio.sleep(seconds)  # so many turns of the counter are missed
    proxy.mend()
    link.retry_now()
    await until(lambda: link.state == "up")


def missing(runtime: Runtime, note: Any) -> set[int]:
    """Turns of the counter that are not there from the last value before the hole to the first one after it.

    The live ones are not judged: a busy server may turn twice between two looks at the value.
    """
    values = [one for one in samples_of(runtime, 0).values() if one.value is not None]
    before = max(int(float(str(one.value))) for one in values if one.source_time < note["from"])
    after = min(int(float(str(one.value))) for one in values if one.source_time >= note["to"])
    return set(range(before, after)) - {int(float(str(one.value))) for one in values}


async def test_ua_04_what_was_missed_while_the_link_was_cut_is_filled_and_the_gap_is_gone(
    node_opcua: Installed, tmp_path: Path
) -> None:
    begin = time.time_ns()
    async with recorded(node_opcua, tmp_path) as (runtime, _, proxy):
        await seen(runtime, begin)
        lost_at = time.time_ns()
        await lost_for(runtime, proxy, 2.0)
        note = await filled(runtime, lost_at)
        await seen(runtime, begin)
        assert missing(runtime, note) == set()
        assert gaps_now(runtime, begin) == ()
        found = samples_of(runtime, begin)
        late = found.take(
            ((found.flags & SampleFlag.BACKFILL) != 0) & (found.times >= note["from"] - MARGIN_NS)
        )
        assert len(late) >= 15
        assert (late.flags & SampleFlag.MARK == 0).all()
        assert note["samples"] == len(late)
        assert (note["connection"], note["tags"], note["closed"], note["left"]) == (
            "opc",
            1,
            note["holes"],
            [],
        )
        assert note["from"] - MARGIN_NS <= late.times[0] <= late.times[-1] < note["to"]
        times = found.take(found.kinds != 0).times
        numbers = found.take(found.kinds != 0).numbers()
        assert (numbers[1:] >= numbers[:-1]).all(), "in the order of the source times (UA-13)"
        assert len(set(times.tolist())) == len(times)


async def test_what_was_missed_while_the_runtime_was_off_is_filled(
    node_opcua: Installed, tmp_path: Path
) -> None:
    begin = time.time_ns()
    async with plant_behind_a_proxy(node_opcua, tmp_path) as (_, proxy):
        async with real_runtime(plant_of(proxy.url), tmp_path / "data") as runtime:
            await seen(runtime, begin)
        lost_at = time.time_ns()
        await asyncio.sleep(2.0)  # so many turns of the counter are missed
        async with real_runtime(plant_of(proxy.url), tmp_path / "data") as runtime:
            note = await filled(runtime, lost_at)
            await seen(runtime, begin)
            assert note["samples"] >= 15
            assert missing(runtime, note) == set()
            assert gaps_now(runtime, begin) == ()


async def test_a_gap_stays_where_the_server_itself_did_not_run(node_opcua: Installed, tmp_path: Path) -> None:
    begin = time.time_ns()
    async with recorded(node_opcua, tmp_path) as (runtime, server, proxy):
        await seen(runtime, begin)
        assert runtime.acquisition is not None
        link = runtime.acquisition.links["opc"]
        lost_at = time.time_ns()
        proxy.cut()
        await until(lambda: link.state != "up")
        server.kill()
        await asyncio.to_thread(server.start)
        await asyncio.sleep(1.0)  # the server records before the link is back
        proxy.mend()
        note = await filled(runtime, lost_at)
        assert note["closed"] == 0, repr(note)
        assert "was started within" in note["left"][0]
        assert note["samples"] >= 5
        gaps = gaps_now(runtime, begin)
        assert len(gaps) == 1
        assert gaps[0].end - gaps[0].start > 0.2 * NS_PER_S


async def test_a_connection_that_does_not_want_it_keeps_its_gap(
    node_opcua: Installed, tmp_path: Path
) -> None:
    begin = time.time_ns()
    async with recorded(node_opcua, tmp_path, backfill=False) as (runtime, _, proxy):
        await seen(runtime, begin)
        await lost_for(runtime, proxy, 0.5)
        await seen(runtime, begin, 30)
        assert len(gaps_now(runtime, begin)) == 1
        assert await notes_of(runtime) == []
