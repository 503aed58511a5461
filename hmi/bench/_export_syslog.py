"""Syslog: the exporter over TCP, confirmed by the collector, beside the handler of the standard library.

The peer does one thing: ``logging.handlers.SysLogHandler`` sends texts of the same length, ready in memory, over one
TCP connection, and nobody asks whether they were read. It makes no message of an event, which is nearly all of the
exporter's work, so the two are no ratio: they tell whether the exporter keeps up with what a plant has to say.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from datetime import UTC, datetime
from logging.handlers import SysLogHandler
from typing import Any, Final

from hmi.bench.figure import Figure
from hmi.export.digest import sum_of_events
from hmi.export.port import Event, ExportContext, Exporter, Package, Watermark
from hmi.plugins.discovery import definition, part

EVENTS: Final = 20_000
"""As many as a package holds at most."""
ROUNDS: Final = 3
_BEGIN: Final = 1_795_000_000_000_000_000


def figures() -> list[Figure]:
    """Both rates, each the best of ``ROUNDS``."""
    drain = _Drain()
    try:
        events = tuple(map(_event, range(1, EVENTS + 1)))
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(ROUNDS):
            before = drain.bytes
            ours.append(_ours(drain.port, events))
            length = (drain.bytes - before) // EVENTS
            theirs.append(_bare(drain.port, "x" * length))
    finally:
        drain.stop()
    rates = [EVENTS / min(times) for times in (ours, theirs)]
    told = f"{rates[0]:,.0f} events/s, confirmed; SysLogHandler, ready texts of the same length {rates[1]:,.0f}/s"
    return [Figure("export.syslog_events_s", rates[0], "events/s", told)]


class _Drain:
    """A collector that reads and forgets."""

    def __init__(self) -> None:
        self.bytes = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            with link:
                while piece := link.recv(1 << 20):
                    self.bytes += len(piece)


def _ours(port: int, events: tuple[Event, ...]) -> float:
    settings = {one.name: one.default for one in definition("exporters", "syslog").settings}
    settings |= {"port": port, "protocol": "tcp"}
    exporter: Exporter = part("exporters", "syslog", "exporter").create(settings, _context())
    exporter.open()
    mark = Watermark("p/bench", 1, "", 1, len(events), len(events), sum_of_events(events), 0, "", _BEGIN)
    package = Package(mark, None, events)
    begin = time.perf_counter()
    exporter.deliver(package)
    took = time.perf_counter() - begin
    exporter.close()
    return took


def _bare(port: int, text: str) -> float:
    handler = SysLogHandler(("127.0.0.1", port), socktype=socket.SOCK_STREAM)
    record = logging.makeLogRecord({"msg": text, "levelname": "INFO"})
    begin = time.perf_counter()
    for _ in range(EVENTS):
        handler.emit(record)
    took = time.perf_counter() - begin
    handler.close()
    return took


def _event(number: int) -> Event:
    payload: dict[str, Any] = {"user": "ada", "result": "refused", "why": "wrong name or password"}
    fields = {
        "object": "user:ada", "actor": "viewer", "station": "desk", "run": "run_aaaaaaaaaaaa", "simulated": False,
        "payload": payload, "hash": f"{number:064x}",
    }  # fmt: skip
    return Event(number, _BEGIN + number * 1_000_000, "audit", "session.refused", fields)


def _context() -> ExportContext:
    return ExportContext(
        job="bench", stream="p/bench", site="plant", title="Bench", is_simulated=False, what="security",
        secret=lambda name: name, now=lambda: datetime.now(UTC), stop=lambda: False,
    )  # fmt: skip
