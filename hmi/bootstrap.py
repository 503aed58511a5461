"""Builds the object graph of a runtime and runs it; headless, no Qt."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from hmi.acquisition import Acquisition, create_driver_with
from hmi.alarms import AlarmEngine
from hmi.client.kept_plant import KeptBytes, kept_bytes
from hmi.client.local import choose_endpoint, publish, withdraw
from hmi.core import heap
from hmi.core.clock import Clock, PlantClock, SessionClock
from hmi.core.collector import without_collector
from hmi.core.errors import StorageError, UsageError, WatchkeeperError
from hmi.core.identity import new_id
from hmi.core.principal import Mode
from hmi.historian import History, Opened
from hmi.historian.care import CheckedReader
from hmi.journal import SqliteJournal, check_sqlite_version
from hmi.project.compiled import kept_plant
from hmi.project.folder_files import Signature, signature_of
from hmi.project.plant import Plant
from hmi.runtime import (
    Api,
    DataFolder,
    EndpointsFile,
    HistoryFolder,
    LiveHub,
    Remote,
    Runtime,
    Services,
    SimulatorLink,
    api_server,
    check_listen,
    export_watch,
    keep_revision,
    newest_archive,
)
from hmi.runtime.compiling import LARGE_S, compile_later
from hmi.security.accounts import Accounts, accounts_of
from hmi.security.connection_secrets import ConnectionSecrets
from hmi.security.tls import TlsFolder
from hmi.security.trust import PKI_FOLDER
from hmi.serving import bound_socket
from hmi.tags import TagEngine

log = logging.getLogger(__name__)
JOURNAL_FILE = "journal.sqlite"


@dataclass(frozen=True, slots=True)
class Opening:
    """A plant that was opened. ``info``: as stations get it, where that was kept; ``slow``: worth to be kept;
    ``signature``: of the files that were read, None where one was saved meanwhile.
    """

    plant: Plant
    info: KeptBytes | None = None
    slow: bool = False
    signature: Signature | None = field(default=None, compare=False)


def opening(folder: Path, data: Path) -> Opening:
    """The plant as it was kept in its data folder, or of its files: read once more when one is saved meanwhile.

    ConfigurationError when it has errors.
    """
    before, found = signature_of(folder), _opened(folder, data)
    if (now := signature_of(folder)) != before:
        before, found = now, _opened(folder, data)
        now = signature_of(folder)
    return replace(found, signature=before) if now == before else found


def _opened(folder: Path, data: Path) -> Opening:
    if kept := kept_plant(folder, data):
        return Opening(kept.plant, kept_bytes(data, kept.key))
    from hmi.project import open_plant

    began = time.process_time()
    plant = open_plant(folder)
    return Opening(plant, slow=time.process_time() - began > LARGE_S)


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """What ``hmi serve`` was asked for. ``reason`` is why a supervisor started it again; with ``parent_pipe`` the
    runtime ends when its standard input closes. ``prepare`` is called with the plant and its data folder once nothing
    speaks against a start and before anything runs; it may ask a person. ``seals``: further folder for those of the
    journal. ``watch``: changed files of the plant are taken by themselves. ``opened``: the plant where it was
    read already.
    """

    plant: Path
    data: Path
    endpoints: Path | None = None
    listen: str = ""
    listen_anywhere: bool = False
    reason: str = ""
    parent_pipe: bool = False
    prepare: Callable[[Plant, Path], None] | None = None
    seals: Path | None = None
    watch: bool = False
    opened: Opening | None = None


def run_runtime(options: RuntimeOptions) -> int:
    """Run until asked to end; returns the exit code."""
    check_sqlite_version()
    opened = options.opened or opening(options.plant, options.data)
    plant = opened.plant
    listening = _listening_or_alone(plant, options)
    endpoints = EndpointsFile(options.endpoints) if options.endpoints else None
    data = DataFolder(options.data)
    data.open()
    try:
        if options.prepare is not None and endpoints is None:
            options.prepare(plant, data.path)
        with _runner() as runner:
            return runner.run(_run(opened, data, endpoints, options, listening))
    finally:
        data.close()
        if listening is not None:
            listening.close()


def _listening(plant: Plant, options: RuntimeOptions) -> socket.socket | None:
    """The socket for stations on other machines, None where none was asked for; UsageError while something speaks
    against it, before anything of the plant is touched.
    """
    if not options.listen:
        return None
    tls = TlsFolder(options.data)
    place = check_listen(
        options.listen,
        has_certificate=tls.is_ready,
        has_accounts=_has_accounts(plant, options.data),
        anywhere=options.listen_anywhere,
    )
    tls.context()  # files that cannot be used are told now
    try:
        return bound_socket(*place) if place else None
    except UsageError as error:
        raise UsageError(f"--listen {error}") from None


def _listening_or_alone(plant: Plant, options: RuntimeOptions) -> socket.socket | None:
    """A person at the start is told what is wrong. A runtime that its supervisor starts again goes on without the
    other machines: the control room must not lose its plant for a network that is down.
    """
    try:
        return _listening(plant, options)
    except (WatchkeeperError, OSError) as error:
        if not options.reason:
            raise
        log.error("Stations on other machines are not served until the next start: %s", error)
        return None


def _has_accounts(plant: Plant, data: Path) -> bool:
    accounts = accounts_of(plant, data)
    if not accounts.path.exists():  # a question makes no file
        return False
    accounts.open()
    try:
        return accounts.exists()
    finally:
        accounts.close()


def _runner() -> asyncio.Runner:
    if sys.platform == "win32":
        return asyncio.Runner()
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _run(
    opened: Opening,
    data: DataFolder,
    endpoints: EndpointsFile | None,
    options: RuntimeOptions,
    listening: socket.socket | None,
) -> int:
    plant = opened.plant
    with without_collector():
        services = build_services(plant, data, endpoints, reason=options.reason)
        heap.keep_all()
    services.seals, services.watch, services.kept_info = options.seals, options.watch, opened.info
    loop = asyncio.get_running_loop()
    kept = loop.run_in_executor(
        None, keep_revision, data.path, Path(plant.folder), plant.revision, opened.signature
    )
    await services.journal.open()
    _tell_without_accounts(services)
    try:
        with without_collector():
            runtime = Runtime(services)
            heap.keep_all()
        await kept
        compiling = loop.create_task(compile_later(options.plant, data.path)) if opened.slow else None
        try:
            await _serve(runtime, endpoints, data, listening, parent_pipe=options.parent_pipe)
        finally:
            if compiling is not None:
                compiling.cancel()
                await asyncio.wait((compiling,))
    finally:
        await services.journal.close()
        if services.accounts is not None:
            services.accounts.close()
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
    accounts, accounts_fault = _open_accounts(plant, data)
    return Services(
        plant=plant,
        mode=mode,
        clock=clock,
        data=data,
        run_id=run_id,
        tags=tags,
        alarms=AlarmEngine(plant, tags.latest, tags.values),
        history=_history(plant, data, clock, run_id, mode, goes_on=bool(reason)),
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
        accounts=accounts,
        accounts_fault=accounts_fault,
    )


def _history(
    plant: Plant, data: DataFolder, clock: Clock, run_id: str, mode: Mode, *, goes_on: bool
) -> History:
    simulated = mode is Mode.SIMULATOR
    folder = HistoryFolder(data.path, simulated=simulated, goes_on=goes_on)
    history: History

    def opened(run: str) -> Opened:
        return folder.open(run, stepped=history.is_number_stepped, fine=history.is_number_fine)

    history = History(plant, clock=clock, run_id=run_id, simulated=simulated, opener=opened)
    return history


def open_history(plant: Plant, data: Path) -> CheckedReader | None:
    """The archive of a data folder to read, without its runtime: of a simulated plant that of its newest run.

    None when there is none; StorageError when it cannot be read.
    """
    from hmi.stores.sqlite import open_reader

    folder = newest_archive(data)
    if folder is None:
        return None
    names: dict[int, str] = {}

    def stepped(number: int) -> bool:
        tag = plant.by_id.get(names.get(number, ""))
        return tag is None or tag.record.is_stepped

    reader = open_reader(folder, stepped=stepped)
    names.update({number: tag_id for tag_id, number in reader.tags().items()})
    return reader


def _open_accounts(plant: Plant, data: DataFolder) -> tuple[Accounts | None, str]:
    """The accounts, or why there are none: viewing has to go on with a broken file, signing in has not."""
    accounts = accounts_of(plant, data.path)
    try:
        accounts.open()
    except StorageError as error:
        log.error("%s. Nobody can sign in; viewing goes on.", error)
        return None, str(error)
    return accounts, ""


def _tell_without_accounts(services: Services) -> None:
    """One line that says how the first account is made; simulated plants have the identities of the demo."""
    if services.mode is Mode.SIMULATOR or services.accounts is None or services.accounts.exists():
        return
    log.warning(
        "No account exists: this runtime is for viewing only. The first one is made by: "
        'hmi user %s add USER --name "FULL NAME" --role security',
        services.plant.folder,
    )


async def _serve(
    runtime: Runtime,
    endpoints: EndpointsFile | None,
    data: DataFolder,
    listening: socket.socket | None,
    *,
    parent_pipe: bool,
) -> None:
    services = runtime.services
    acquisition = Acquisition(
        services.plant,
        runtime,
        mode=services.mode,
        endpoints=endpoints.connections if endpoints else None,
        session=endpoints.session if endpoints else "",
        clock=services.clock,
        create=create_driver_with(
            {"pki_dir": str(data.path / PKI_FOLDER), "data_dir": str(data.path)},
            {"plant": Path(services.plant.folder), "data": data.path},
        ),
        secrets=ConnectionSecrets(data.path, lambda: runtime.plant.connections.values()),
    )
    hub = LiveHub(runtime)
    endpoint = choose_endpoint(data.path)
    app = Api(runtime, hub).app()
    server, remote = api_server(app, endpoint), Remote(app, data.path, listening)
    server.on_started = partial(publish, data.path, endpoint)
    stop = _stop_event()
    if parent_pipe:
        _stop_with_parent(stop)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(acquisition))
            group.create_task(hub.run())
            group.create_task(export_watch(runtime).run())
            group.create_task(remote.follow(services.journal))
            group.create_task(remote.follow_tokens(services.journal))
            group.create_task(remote.follow_certificate())
            serving = [group.create_task(server.serve()), group.create_task(remote.serve())]
            await stop.wait()
            server.should_exit = True
            remote.stop()
            withdraw(data.path)
            await asyncio.wait(serving, timeout=3)
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
