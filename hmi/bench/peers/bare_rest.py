"""A bare Starlette application on uvicorn that gives rows of samples as JSON, page by page, out of memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hmi.bench.peers.opcua_server import free_port

_START_S: Final = 20.0


class Row(msgspec.Struct, omit_defaults=True):
    """As the exporter gives it."""

    tag: str
    time: str
    value: float | None
    status: int
    flags: int = 0
    version: int = 0
    simulated: bool = False


class Columns(msgspec.Struct):
    """Rows in the order in which they are asked for: ``keys`` are texts, the others arrays."""

    keys: list[str]
    times: Any
    values: Any
    statuses: Any


@contextmanager
def bare_rest(columns: Columns) -> Iterator[int]:
    """The port of a server that answers ``/samples?offset=&limit=``."""
    port = free_port()
    options: dict[str, Any] = {"log_level": "warning", "access_log": False, "lifespan": "off", "http": "h11"}
    server = uvicorn.Server(uvicorn.Config(_app(columns), host="127.0.0.1", port=port, **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="bare rest", daemon=True)
    thread.start()
    waiting = threading.Event()
    for _ in range(int(_START_S / 0.02)):
        if server.started:
            break
        waiting.wait(0.02)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(_START_S)


def _app(columns: Columns) -> Starlette:
    encode = msgspec.json.Encoder().encode
    total = len(columns.keys)

    async def samples(request: Request) -> Response:
        begin, limit = int(request.query_params["offset"]), int(request.query_params["limit"])
        end = min(begin + limit, total)
        chosen = slice(begin, end)
        stamps = np.datetime_as_string(
            columns.times[chosen].view("M8[ns]"), unit="ns", timezone="UTC"
        ).tolist()
        values, statuses = columns.values[chosen].tolist(), columns.statuses[chosen].tolist()
        rows = list(map(Row, columns.keys[chosen], stamps, values, statuses))
        content = encode({"rows": rows, "next": end if end < total else None})
        return Response(content, media_type="application/json")

    return Starlette(routes=[Route("/samples", samples)])
