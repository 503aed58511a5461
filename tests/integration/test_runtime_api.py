"""The HTTP side of the API over the local socket, with a fake device: permissions, limits, plain refusals."""

from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fake_runtime import fake_runtime

from hmi.acquisition.port import DeviceIdentity
from hmi.client.local import find_endpoint
from hmi.core.errors import UsageError
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import DataFolder, Runtime
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket"),
]


def plant_of(*, simulated: bool) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=simulated)
    return make_plant([make_tag("a/t.pv", address="0")], connections={"plc1": plc1})


@asynccontextmanager
async def api(folder: Path, *, simulated: bool = True) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    plc = FakePlc(identity=SIMULATOR if simulated else DeviceIdentity("Maker"))
    plc.values = {0: 1.5}
    async with fake_runtime(plant_of(simulated=simulated), plc, folder) as runtime:
        transport = httpx.AsyncHTTPTransport(uds=find_endpoint(folder).path)
        async with httpx.AsyncClient(transport=transport, base_url="http://runtime") as client:
            yield runtime, client


async def test_every_verb_of_the_description_names_its_role(tmp_path: Path) -> None:
    async with api(tmp_path) as (_, client):
        document = (await client.get("/v1/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) >= 18
    assert all(operation["x-role"] for operation in operations)
    assert document["openapi"].startswith("3.1")


async def test_a_body_beyond_the_limit_is_refused_also_without_a_declared_length(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 100_000

    async with api(tmp_path) as (_, client):
        chunked = await client.post("/v1/commands", content=endless())
        declared = await client.post("/v1/commands", content=b" " * 2_000_000)
        assert (chunked.status_code, declared.status_code) == (400, 400)
        assert "larger than 1000000 bytes" in chunked.json()["error"]
        assert (await client.get("/v1/status")).status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id": 1}', b'{"id":"c","tag_id":"t","value":1}'])
async def test_a_command_that_is_no_command_is_one_sentence(tmp_path: Path, body: bytes) -> None:
    async with api(tmp_path) as (_, client):
        answer = await client.post("/v1/commands", content=body)
        assert answer.status_code == 400
        assert "\n" not in answer.json()["error"]


async def test_an_unknown_tag_is_named(tmp_path: Path) -> None:
    async with api(tmp_path) as (_, client):
        for path in ("/v1/values?tag=nothing", "/v1/history/raw?tag=nothing"):
            answer = await client.get(path)
            assert answer.status_code == 400
            assert "'nothing'" in answer.json()["error"]


async def test_on_a_real_plant_nobody_may_do_more_than_look(tmp_path: Path) -> None:
    async with api(tmp_path, simulated=False) as (_, client):
        status = (await client.get("/v1/status")).json()
        assert (status["mode"], status["roles"]) == ("plant", ["view"])
        assert status["commands_blocked"]
        acknowledged = await client.post("/v1/alarms/acknowledge", json={"occurrence_ids": []})
        instructed = await client.post("/v1/simulator", json={"verb": "freeze"})
        assert (acknowledged.status_code, instructed.status_code) == (403, 403)


async def test_the_start_is_the_first_record_and_the_socket_is_the_owners(tmp_path: Path) -> None:
    async with api(tmp_path) as (_, client):
        records = (await client.get("/v1/journal")).json()
        assert records[0]["event"] == "runtime.started"
        assert records[0]["payload"]["mode"] == "simulator"
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


async def test_a_second_runtime_is_turned_away_from_the_data_folder(tmp_path: Path) -> None:
    async with api(tmp_path):
        with pytest.raises(UsageError, match="hmi open"):
            DataFolder(tmp_path).open()


async def test_a_simulator_at_a_real_address_is_refused(tmp_path: Path) -> None:
    plc = FakePlc()
    plc.values = {0: 1.5}
    async with fake_runtime(plant_of(simulated=False), plc, tmp_path) as runtime:
        assert runtime.acquisition is not None
        link = runtime.acquisition.links["plc1"]
        while link.state == "connecting":
            link.retry_now()
            await asyncio.sleep(0)
        assert link.state == "refused"
        assert runtime.services.tags.values["a/t.pv"].value is None
