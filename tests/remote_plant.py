"""A runtime of this process that serves stations on other machines, at loopback with TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fake_runtime import fake_runtime
from quiet_port import quiet_port

from hmi.acquisition.port import DeviceIdentity
from hmi.client.remote import RemoteEndpoint, remember
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import Api, LiveHub, Remote, Runtime
from hmi.security.stations import Stations
from hmi.security.tls import TlsFolder
from hmi.serving import bound_socket
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag


def plant_of(*, simulated: bool) -> Plant:
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=simulated)
    return make_plant([make_tag("a/t.pv", address="0")], connections={"plc1": plc1})


@dataclass
class RemotePlant:
    """``token`` belongs to the station ``desk1``."""

    runtime: Runtime
    remote: Remote
    folder: Path
    port: int
    token: str
    stations: Stations
    tls: TlsFolder

    @property
    def endpoint(self) -> RemoteEndpoint:
        return RemoteEndpoint("127.0.0.1", self.port, self.token, str(self.tls.authority))

    def remembered(self, folder: Path, *, port: int = 0, token: str = "") -> Path:
        """A folder of a station on this plant."""
        remember(folder, "127.0.0.1", port or self.port, ca=self.tls.authority, token=token or self.token)
        return folder


@asynccontextmanager
async def remote_plant(folder: Path, *, simulated: bool = False) -> AsyncIterator[RemotePlant]:
    """Running until the block ends; looks at its files ten times a second."""
    stations, tls = Stations(folder), TlsFolder(folder)
    token = stations.add("desk1", by="console:test")
    tls.init(["127.0.0.1", "localhost"])
    plc = FakePlc(identity=SIMULATOR if simulated else DeviceIdentity("Maker"))
    plc.values = {0: 1.5}
    async with fake_runtime(plant_of(simulated=simulated), plc, folder) as runtime:
        listening = bound_socket("127.0.0.1", quiet_port())
        hub = LiveHub(runtime)
        remote = Remote(Api(runtime, hub).app(), folder, listening)
        follow = asyncio.create_task(remote.follow(runtime.services.journal))
        tasks = [
            asyncio.create_task(remote.serve()),
            follow,
            asyncio.create_task(hub.run()),
            asyncio.create_task(remote.follow_certificate()),
        ]
        try:
            async with asyncio.timeout(20):
                while not (remote.server and remote.server.started and remote.book.station_of(token)):
                    await asyncio.sleep(0.01)
            yield RemotePlant(runtime, remote, folder, listening.getsockname()[1], token, stations, tls)
        finally:
            remote.stop()
            await asyncio.wait(tasks[:1], timeout=5)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
