"""Builds the object graph of a runtime and runs it; headless, no Qt."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hmi.acquisition import Acquisition, create_driver_with
from hmi.alarms import AlarmEngine
from hmi.client.local import choose_endpoint, publish, withdraw
from hmi.core.clock import Clock, PlantClock, SessionClock
from hmi.core.errors import UsageError
from hmi.core.identity import new_id
from hmi.core.principal import Mode
from hmi.historian import RecentHistory
from hmi.journal import SqliteJournal, check_sqlite_version
from hmi.project import open_plant
from hmi.project.plant import Plant
from hmi.runtime import (
    Api,
    DataFolder,
    EndpointsFile,
    LiveHub,
    Runtime,
    Services,
    SimulatorLink,
    api_server,
    check_listen,
    keep_revision,
)
from hmi.tags import TagEngine

log = logging.getLogger(__name__)
JOURNAL_FILE = "journal.sqlite"
PKI_FOLDER = "pki"


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """What ``hmi serve`` was asked for. ``reason`` is why a supervisor started it again; with ``parent_pipe`` the
    runtime ends when its standard input closes.
    """

    plant: Path
    data: Path
    endpoints: Path | None = None
    listen: str = ""
    reason: str = ""
    parent_pipe: bool = False


def run_runtime(options: RuntimeOptions) -> int:
    """Run until asked to end; returns the exit code."""
    check_listen(options.listen)
    check_sqlite_version()
    plant = open_plant(options.plant)
    data = DataFolder(options.data)
    data.open()
    try:
        with _runner() as runner:
            return runner.run(_run(plant, data, options))
    finally:
        data.close()


def _runner() -> asyncio.Runner:
    if sys.platform == "win32":
        return asyncio.Runner()
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _run(plant: Plant, data: DataFolder, options: RuntimeOptions) -> int:
    endpoints = EndpointsFile(options.endpoints) if options.endpoints else None
    services = build_services(plant, data, endpoints, reason=options.reason)
    keep_revision(data.path, Path(plant.folder), plant.revision)
    await services.journal.open()
    try:
        await _serve(Runtime(services), endpoints, data, parent_pipe=options.parent_pipe)
    finally:
        await services.journal.close()
    return 0


def build_services(
    plant: Plant, data: DataFolder, endpoints: EndpointsFile | None, *, reason: str = ""
) -> Services:
    """All services of one runtime. The mode follows from the plant and is fixed from here on."""
    mode = Mode.SIMULATOR if plant.simulated else Mode.PLANT
    if endpoints is not None and mode is Mode.PLANT:
        raise UsageError("--endpoints is for simulated plants; this plant has real connections")
    clock: Clock = SessionClock() if mode is Mode.SIMULATOR else PlantClock()
    run_id = new_id("run")
    simulator = None
    if endpoints is not None and endpoints.instructor and isinstance(clock, SessionClock):
        simulator = SimulatorLink(endpoints.instructor, clock, run_id)
    tags = TagEngine(plant, clock)
    return Services(
        plant=plant,
        mode=mode,
        clock=clock,
        data=data,
        run_id=run_id,
        tags=tags,
        alarms=AlarmEngine(plant, tags.latest, tags.values),
        history=RecentHistory(plant, run_id=run_id),
        journal=SqliteJournal(
            data.path / JOURNAL_FILE,
            clock=clock,
            runtime_id=data.runtime_id,
            run_id=run_id,
            plant_revision=plant.revision,
            simulated=mode is Mode.SIMULATOR,
        ),
        simulator=simulator,
        reason=reason,
    )


async def _serve(
    runtime: Runtime, endpoints: EndpointsFile | None, data: DataFolder, *, parent_pipe: bool
) -> None:
    services = runtime.services
    acquisition = Acquisition(
        services.plant,
        runtime,
        mode=services.mode,
        endpoints=endpoints.connections if endpoints else None,
        session=endpoints.session if endpoints else "",
        clock=services.clock,
        create=create_driver_with({"pki_dir": str(data.path / PKI_FOLDER)}),
    )
    hub = LiveHub(runtime)
    endpoint = choose_endpoint(data.path)
    server = api_server(Api(runtime, hub).app(), endpoint)
    server.on_started = partial(publish, data.path, endpoint)
    stop = _stop_event()
    if parent_pipe:
        _stop_with_parent(stop)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(acquisition))
            group.create_task(hub.run())
            serving = group.create_task(server.serve())
            await stop.wait()
            server.should_exit = True
            withdraw(data.path)
            await asyncio.wait([serving], timeout=3)
            await runtime.end_commands()
            raise _Ended
    except* _Ended:
        await runtime.stop()


class _Ended(Exception):
    """Leaves the task group on purpose: all tasks are cancelled and awaited."""


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        if sys.platform == "win32":  # its loop takes no signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    return stop


def _stop_with_parent(stop: asyncio.Event) -> None:
    """A thread reads standard input to its end; works with pipes on every platform."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(0, 4096):
            pass  # only its end says something
        with contextlib.suppress(RuntimeError):  # the loop is closed: the runtime has ended already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="parent pipe", daemon=True).start()
