"""Row 42: whatever was confirmed hangs, is overridden, bypassed and controlled after the runtime was killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from holds_plant import DRY, LEVEL, START
from waterworks_session import Watcher

from hmi.client.people import HoldRequest
from hmi.client.socket import SocketClient
from hmi.core.commands import CommandState
from hmi.core.errors import CommunicationError
from hmi.core.holds import Holds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL")
PATIENCE_S = (2, 0, 0.002, 0.005, 0.01, 0.05)
"""How long after the requests were sent each kill comes; the first time all are answered."""
RUNTIME = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from fake_runtime import fake_runtime
from holds_plant import Signers, device, plant_of

async def live(folder):
    async with fake_runtime(plant_of(), device(), folder) as runtime:
        runtime.holds.signatures = Signers()
        sys.stdout.write("alive\\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

asyncio.run(live(Path(sys.argv[1])))
"""


@asynccontextmanager
async def station(folder: Path) -> AsyncIterator[tuple[SocketClient, Watcher, subprocess.Popen[str]]]:
    """A runtime of its own and a station; the runtime is killed at the end, if it was not before."""
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", RUNTIME, str(folder), tests]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "alive\n"
            watcher = Watcher()
            client = SocketClient(folder, watcher)
            try:
                await client.subscribe(["a/tank.level"])
                async with asyncio.timeout(20):
                    while not watcher.heartbeat:
                        await asyncio.sleep(0.02)
                yield client, watcher, process
            finally:
                await client.close()
        finally:
            process.kill()


async def asked(client: SocketClient, number: int, beat: int, act: str, **fields: Any) -> bool:
    """Whether it was confirmed; a runtime that is killed meanwhile says nothing."""
    try:
        result = await client.hold(HoldRequest(f"r{number}", act, heartbeat=beat, reason="works", **fields))
    except CommunicationError:
        return False
    return result.state is CommandState.CONFIRMED


def work_orders(holds: Holds) -> set[str]:
    return {one.work_order for one in holds.tags}


@pytest.mark.slow
@pytest.mark.asyncio
async def test_row_42_six_kills_lose_no_hold_that_was_confirmed(tmp_path: Path) -> None:
    promised, value = set[str](), 0.0
    async with station(tmp_path) as (client, watcher, _):
        beat = watcher.heartbeat
        assert await asked(client, 1, beat, "bypass", object_id=START, condition=DRY, signatures=["s"])
        assert await asked(client, 2, beat, "claim_area", area="a")
    for run, patience in enumerate(PATIENCE_S):
        async with station(tmp_path) as (client, watcher, process):
            holds = await client.holds()
            assert promised <= work_orders(holds)
            assert len(holds.tags) == len(work_orders(holds)), "none is there twice"
            assert [one.condition for one in holds.bypasses] == [DRY]
            assert [one.area for one in holds.areas] == ["a"]
            if value:
                assert holds.overrides[0].value == value
                assert watcher.values["a/tank.level"].value == value
            value = run + 1.0
            first = 100 * (run + 1)
            assert await asked(client, first, watcher.heartbeat, "override", object_id=LEVEL, value=value)
            asking = {
                f"w{number}": asyncio.create_task(
                    asked(
                        client, number, watcher.heartbeat, "place_tag", object_id=f"t_a/{tag}", kind="caution",
                        work_order=f"w{number}",
                    )
                )
                for number, tag in enumerate(("tank.level", "p1.start", "twice", "lab.ph"), first + 1)
            }  # fmt: skip
            await asyncio.wait(asking.values(), timeout=patience)
            process.kill()
            promised |= {name for name, task in asking.items() if await task}
    assert len(promised) >= 4
