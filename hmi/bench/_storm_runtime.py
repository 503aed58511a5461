"""The runtime side of the storm: a real runtime with the real drivers, which notes when a write leaves it.

``python -m hmi.bench._storm_runtime DATA PLANT WRITES``: PLANT is a ``StormPlant`` as JSON. A line of WRITES is
"deadline VALUE NS" or "sent VALUE NS" (monotonic; right before the socket had the bytes); it outlives a kill.
Ends when its standard input closes.
"""

# pyright: reportPrivateUsage=false
# the last step of a driver is looked at from inside: only there is the time of the socket write known exactly
from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from hmi.acquisition import Acquisition
from hmi.bench._storm_plant import StormPlant
from hmi.bootstrap import build_services
from hmi.client.local import choose_endpoint, publish
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteOutcome, WriteRequest
from hmi.drivers.modbus._transport import Channel
from hmi.runtime import Api, DataFolder, LiveHub, Runtime, api_server
from hmi.testing.hostile import ModbusFraming


class Notes:
    """Appends to a file without a buffer."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, what: str, value: int, time_ns: int) -> None:
        os.write(self._file, f"{what} {value} {time_ns}\n".encode())


class NotedAcquisition(Acquisition):
    """Notes the deadline of each write that the gate lets through."""

    notes: Notes

    async def write(self, request: WriteRequest) -> WriteOutcome:
        assert isinstance(request.value, int | float)
        self.notes.write("deadline", int(request.value), request.deadline_ns)
        return await super().write(request)


class _NotedTransport:
    """Stands before a transport; notes a write right before the socket has it."""

    def __init__(self, transport: Any, notes: Notes) -> None:
        self._transport, self._notes, self._framing = transport, notes, ModbusFraming()

    def write(self, data: bytes) -> None:
        now = monotonic_ns()
        self._transport.write(data)
        if (value := self._framing.written(data)) is not None:
            self._notes.write("sent", value, now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def note_socket_writes(notes: Notes) -> None:
    """The Modbus driver writes to its sockets through a witness. (That of OPC UA has a process of its own.)"""
    connect = Channel._connect

    async def noted(self: Channel, **options: str) -> None:
        await connect(self, **options)
        self.transport = _NotedTransport(self.transport, notes)  # pyright: ignore[reportAttributeAccessIssue]

    Channel._connect = noted


async def _main(folder: Path, described: str, notes: Notes) -> None:
    plant, data = msgspec.json.decode(described, type=StormPlant).plant(), DataFolder(folder)
    data.open()
    services = build_services(plant, data, None)
    await services.journal.open()
    runtime = Runtime(services)
    links = NotedAcquisition(plant, runtime, mode=services.mode)
    links.notes = notes
    hub, endpoint = LiveHub(runtime), choose_endpoint(folder)
    server = api_server(Api(runtime, hub).app(), endpoint)
    server.on_started = lambda: publish(folder, endpoint)
    tasks = [asyncio.create_task(work) for work in (runtime.run(links), hub.run(), server.serve())]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await services.journal.close()
    data.close()


if __name__ == "__main__":
    its_notes = Notes(Path(sys.argv[3]))
    note_socket_writes(its_notes)
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], its_notes))
