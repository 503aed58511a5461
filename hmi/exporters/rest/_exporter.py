"""The exporter: keeps the server in a thread with a loop of its own, and hands it what changes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from hmi.core.clock import wall_ns
from hmi.core.errors import ConfigurationError, StorageError, UsageError
from hmi.core.history import SampleFlag
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.export import EXPORTS_FOLDER
from hmi.export.loop_thread import LoopThread
from hmi.export.port import (
    ExportContext,
    Package,
    Rows,
    Schema,
    Stored,
    TargetRefused,
    TargetUnavailable,
    Watermark,
)
from hmi.exporters.rest._access import Access
from hmi.exporters.rest._answers import Answers
from hmi.exporters.rest._app import App, served_scopes
from hmi.exporters.rest._board import Board
from hmi.exporters.rest._cursor import Cursors, cursor_key
from hmi.exporters.rest._events import Events
from hmi.exporters.rest._stream import Streams
from hmi.exporters.rest._view import View
from hmi.exporters.rest._workers import Workers
from hmi.exporters.rest.definition import address
from hmi.historian.port import ArchiveReader
from hmi.security.it_tokens import ItTokens
from hmi.security.tls import TlsFolder
from hmi.serving import PatientServer, bound_socket

log = logging.getLogger(__name__)
START_S: Final = 30.0
ANSWER_S: Final = 30.0
LIFE_SIGN_S: Final = 1.0
LOOK_S: Final = 0.5
"""A token that was removed has ended everything after so long."""


class RestExporter:
    """One server; ``describe`` starts it, again with other series, and ``close`` ends it."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        if context.stored is None:
            raise ValueError("what is recorded cannot be read")
        self._settings, self._context, self._stored = settings, context, context.stored
        self._tls: TlsFolder | None = None
        self._thread: LoopThread | None = None
        self._running: _Running | None = None
        self._schema = ""
        self._told_at = 0.0

    def open(self) -> Watermark | None:
        """The certificate is looked at; the server itself holds nothing of the stream."""
        if self._settings["security"] == "tls":
            self._tls = TlsFolder(self._stored.data)
            try:
                self._tls.show()
                self._tls.context()
            except (UsageError, ConfigurationError) as error:
                raise TargetRefused(str(error)) from error
        return None

    def describe(self, schema: Schema) -> None:
        """Serve these series."""
        if self._running is not None and schema.digest == self._schema:
            return
        self.close()
        self._thread = LoopThread(f"rest-{self._context.job}", self._context.stop)
        try:
            self._running = _Running(self._settings, self._context, self._stored, schema, self._tls)
            self._thread.ask(self._running.begin(), START_S)
        except (UsageError, OSError, StorageError) as error:
            self.close()
            raise TargetRefused(tr("the REST server cannot listen: {why}", why=error)) from error
        except BaseException:
            self.close()
            raise
        self._schema = schema.digest

    def deliver(self, package: Package) -> None:
        """Nothing is kept: whoever asks is answered from the history itself."""
        self._live_sign()

    def live(self, rows: Rows) -> None:
        running, thread = self._at_work()
        simulated = rows.samples.flags & np.uint16(SampleFlag.SIMULATED) != 0
        self._told_at = time.monotonic()
        values = rows.samples.values()
        thread.ask(running.show(rows.places.tolist(), values, simulated.tolist()), ANSWER_S)

    def idle(self) -> None:
        self._live_sign()

    def close(self) -> None:
        """End the server; every client is disconnected."""
        running, thread = self._running, self._thread
        self._running = self._thread = None
        self._schema = ""
        if thread is None:
            return
        try:
            thread.end(running.end() if running is not None else None)
        except Exception as error:
            # The border to the library: its loop is ended all the same, and with it every socket.
            log.warning("The REST server did not end in order: %r", error)
        finally:
            if running is not None:
                running.release()

    def _live_sign(self) -> None:
        if time.monotonic() - self._told_at < LIFE_SIGN_S:
            return
        running, thread = self._at_work()
        self._told_at = time.monotonic()
        thread.ask(running.heard(), ANSWER_S)

    def _at_work(self) -> tuple[_Running, LoopThread]:
        if self._running is None or self._thread is None or not self._running.serves:
            raise TargetUnavailable(tr("the REST server is not running"))
        return self._running, self._thread


class _Running:
    """One server with all that it needs; its coroutines run in its own loop."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        context: ExportContext,
        stored: Stored,
        schema: Schema,
        tls: TlsFolder | None,
    ) -> None:
        self._ended = False
        cursors = Cursors(cursor_key(stored.data / EXPORTS_FOLDER))
        self._listening = bound_socket(*address(settings))
        try:
            self._reader: ArchiveReader = stored.archive()
        except BaseException:
            self._listening.close()
            raise
        self._events = Events(stored.journal)
        view = View(stored.plant, schema, is_simulated=context.is_simulated)
        self._board = Board(len(schema.tags), hears=context.hears)
        self._access = Access(ItTokens(stored.data), settings, wall_ns)
        answers = Answers(
            view, self._board, self._reader, self._events, cursors, stored.archive_name, wall_ns, self._is_ended
        )  # fmt: skip
        self._workers = Workers()
        streams = Streams(view, self._board, self._access, self._workers, wall_ns)
        served = served_scopes(settings["serves"])
        self._app = App(self._access, answers, streams, self._workers, served, schema.title)
        self._server = PatientServer(self._app, tls)
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def serves(self) -> bool:
        """False once the server has ended, for whatever reason."""
        return bool(self._tasks) and not self._tasks[0].done()

    async def begin(self) -> None:
        """Listening when it returns."""
        started = asyncio.Event()
        self._server.on_started = started.set
        serving = asyncio.create_task(self._server.serve(sockets=[self._listening]), name="rest server")
        self._tasks = [
            serving,
            asyncio.create_task(self._server.follow(), name="rest certificate"),
            asyncio.create_task(self._look(), name="rest tokens"),
        ]
        await asyncio.wait(
            {serving, asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        if serving.done():
            serving.result()

    async def show(
        self, places: Sequence[int], values: Sequence[DataValue], simulated: Sequence[bool]
    ) -> None:
        self._board.take(places, values, simulated)

    async def heard(self) -> None:
        self._board.heard()

    async def end(self) -> None:
        """Nobody is answered any more."""
        self._ended = True
        self._server.should_exit = True
        await asyncio.wait(self._tasks[:1])
        for task in self._tasks[1:]:
            task.cancel()
        await self._workers.close(self._events.close)

    def release(self) -> None:
        """Whatever became of the server."""
        self._ended = True
        self._listening.close()
        self._reader.close()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._access.look()

    def _is_ended(self) -> bool:
        return self._ended
