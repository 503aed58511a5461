"""The exporter: keeps the server in a thread with a loop of its own, and hands it what changes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import logging
import threading
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.export.port import (
    ExportContext,
    Haste,
    Package,
    Rows,
    Schema,
    TargetRefused,
    TargetUnavailable,
    Watermark,
)
from hmi.exporters.opcua_server._guard import Limits
from hmi.exporters.opcua_server._identity import RENEW_DAYS, Trust, own_certificate, passwords
from hmi.exporters.opcua_server._server import Identity, PlantServer
from hmi.security import certificates

log = logging.getLogger(__name__)
START_S: Final = 120.0
ANSWER_S: Final = 30.0
LOOK_S: Final = 0.2
LIFE_SIGN_S: Final = 1.0
CERTIFICATE_S: Final = 30.0
Result = TypeVar("Result")


class OpcuaServerExporter:
    """One server; ``describe`` starts it, again with other series, and ``close`` ends it."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        self._settings, self._context = settings, context
        self._identity: Identity | None = None
        self._passwords: dict[str, str] = {}
        self._server: PlantServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._schema = ""
        self._has_live = False
        self._newest: dict[int, int] = {}
        self._told_at = self._looked_at = 0.0

    def open(self) -> Watermark | None:
        """Certificate, trust list and passwords; the server itself holds nothing of the stream."""
        if self._settings["security"] == "encrypt":
            trust = Trust(Path(self._settings["pki"]))
            self._identity = Identity(
                own_certificate(self._settings), trust, tuple(self._settings["policies"])
            )
            self._passwords = passwords(self._settings, self._context)
        self._looked_at = time.monotonic()
        return None

    def describe(self, schema: Schema) -> None:
        """Serve these series: another list means another address space, in a new server."""
        if self._server is not None and schema.digest == self._schema:
            return
        self.close()
        self._begin(schema)
        self._schema = schema.digest

    def deliver(self, package: Package) -> None:
        """The history is not served; where there is no live channel, the newest rows are how the plant is."""
        rows = package.rows
        if rows is None or self._has_live or package.watermark.haste is not Haste.LIVE:
            self._live_sign()
            return
        kept = [at for at in range(len(rows)) if not rows.deleted[at] and self._is_newer(rows, at)]
        last = {int(rows.places[at]): at for at in kept}
        self._show(list(last), _values_at(rows, list(last.values())))

    def live(self, rows: Rows) -> None:
        self._has_live = True
        self._show(rows.places.tolist(), rows.samples.values())

    def idle(self) -> None:
        self._live_sign()
        if self._identity is None or time.monotonic() - self._looked_at < CERTIFICATE_S:
            return
        self._looked_at = time.monotonic()
        if certificates.days_left(self._identity.own.certificate) < RENEW_DAYS:
            raise TargetUnavailable(
                tr("the certificate of the OPC UA server ends soon; it starts again with a new one")
            )
        if not self._identity.own.certificate_file.exists():
            raise TargetUnavailable(
                tr("the certificate of the OPC UA server was taken away; it starts again with a new one")
            )

    def close(self) -> None:
        """End the server and its thread; every client is disconnected."""
        server, loop, thread = self._server, self._loop, self._thread
        self._server = self._loop = self._thread = None
        self._schema, self._has_live = "", False
        self._newest.clear()
        if loop is None or thread is None:
            return
        try:
            if server is not None:
                asyncio.run_coroutine_threadsafe(server.end(), loop).result(ANSWER_S)
        except Exception as error:
            # The border to the library: the loop is ended all the same, and with it every socket.
            log.warning("The OPC UA server did not end in order: %r", error)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(ANSWER_S)

    # ------------------------------------------------------------------ inside

    def _begin(self, schema: Schema) -> None:
        self._loop = loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=_run, args=(loop,), name=f"opcua-server-{self._context.job}", daemon=True
        )
        self._thread.start()
        try:
            self._server = self._ask(self._start(schema), START_S)
        except OSError as error:
            self.close()
            raise _refused(str(self._settings["endpoint"]), error) from error
        except BaseException:
            self.close()
            raise

    async def _start(self, schema: Schema) -> PlantServer:
        settings = self._settings
        bounds = Limits(
            settings["max_sessions"],
            settings["max_subscriptions"],
            settings["max_items"],
            settings["fastest_ms"],
        )
        server = PlantServer(str(settings["endpoint"]), self._identity, self._passwords, bounds)
        try:
            await server.begin(schema, is_simulated=self._context.is_simulated)
        except BaseException:
            await asyncio.gather(server.end(), return_exceptions=True)
            raise
        return server

    def _is_newer(self, rows: Rows, at: int) -> bool:
        place, time_ns = int(rows.places[at]), int(rows.samples.times[at])
        if time_ns < self._newest.get(place, time_ns):
            return False
        self._newest[place] = time_ns
        return True

    def _show(self, places: list[int], values: list[DataValue]) -> None:
        if self._server is None:
            raise TargetUnavailable(tr("the OPC UA server is not running"))
        self._told_at = time.monotonic()
        self._ask(self._server.show(places, values), ANSWER_S)

    def _live_sign(self) -> None:
        if self._server is None or time.monotonic() - self._told_at < LIFE_SIGN_S:
            return
        self._told_at = time.monotonic()
        self._ask(self._server.heard(), ANSWER_S)

    def _ask(self, work: Coroutine[Any, Any, Result], patience_s: float) -> Result:
        """Wait for the loop of the server, not for ever and not beyond the end of the job."""
        assert self._loop is not None
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        until = time.monotonic() + patience_s
        while True:
            try:
                return future.result(LOOK_S)
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise
                if time.monotonic() > until or self._context.stop():
                    future.cancel()
                    raise TargetUnavailable(tr("the OPC UA server did not answer in time")) from None


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    finally:
        loop.close()


def _values_at(rows: Rows, places: list[int]) -> list[DataValue]:
    return rows.samples.take(np.array(places, np.int64)).values()


def _refused(endpoint: str, error: OSError) -> TargetRefused:
    if error.errno == errno.EADDRINUSE:
        return TargetRefused(
            tr("{endpoint} is used by another program; give the job another port", endpoint=endpoint)
        )
    return TargetRefused(
        tr(
            "the OPC UA server cannot listen at {endpoint}: {why}",
            endpoint=endpoint,
            why=error.strerror or error,
        )
    )
