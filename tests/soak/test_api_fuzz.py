"""A hundred thousand random requests give no internal fault (D14); a shorter run is in the normal tests."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest
from api_fuzz import Fuzzer
from fake_runtime import fake_runtime
from remote_plant import plant_of

from hmi.client.local import find_endpoint
from hmi.testing.driver import SIMULATOR, FakePlc

log = logging.getLogger(__name__)
pytestmark = pytest.mark.asyncio
SHORT, FULL = 2_000, 100_000


async def fuzz(folder: Path, count: int, seed: int) -> Fuzzer:
    plc = FakePlc(identity=SIMULATOR)
    plc.values = {0: 1.5}
    async with fake_runtime(plant_of(simulated=True), plc, folder):
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(folder).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime", timeout=60) as client:
            fuzzer = Fuzzer(client, seed)
            await fuzzer.learn()
            for _ in range(count // 8):
                await asyncio.gather(*(fuzzer.ask() for _ in range(8)))
            assert (await client.get("/v1/status")).status_code == 200
    return fuzzer


@pytest.mark.parametrize(
    "count", [SHORT, pytest.param(FULL, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)])]
)
async def test_d14_random_requests_give_no_internal_fault(tmp_path: Path, count: int) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    fuzzer = await fuzz(tmp_path, count, seed=20_261_128)
    log.warning("%s requests: %s", count, dict(sorted(fuzzer.answers.items())))
    assert fuzzer.faults == []
    assert fuzzer.answers[200]
    assert fuzzer.answers[400] > count // 20
