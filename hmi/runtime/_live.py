"""The WebSocket /v1/live: one binary batch per client per 100 ms, and the events beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from starlette.websockets import WebSocket, WebSocketDisconnect

from hmi.runtime._runtime import Runtime
from hmi.runtime._station import StationFeed

log = logging.getLogger(__name__)

BATCH_S = 0.1
SEND_S = 5.0
STATION, LOCAL = "watchkeeper.station", "local"
"""Key of the name of the station in the ASGI scope, and the name of a station that has none."""


class LiveHub:
    """Numbers the heartbeats and wakes every client's sender ten times a second."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tick = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._runtime.services.beats.next()
            self._runtime.flush_changes()
            tick, self._tick = self._tick, asyncio.Event()
            tick.set()
            await asyncio.sleep(BATCH_S)

    async def next_tick(self) -> None:
        await self._tick.wait()

    async def serve(self, socket: WebSocket) -> None:
        """One client, until it goes."""
        feed = StationFeed(self._runtime, str(socket.scope.get(STATION, LOCAL)))
        both = [
            asyncio.create_task(self._receive(socket, feed), name="live receiver"),
            asyncio.create_task(self._send(socket, feed), name="live sender"),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            feed.close()
            for task in both:
                task.cancel()
            await asyncio.wait(both)
        await self._close(socket, both)

    async def _close(self, socket: WebSocket, ended: Sequence[asyncio.Task[str]]) -> None:
        """Close with the reason of the side that ended; a client that went by itself is closed already."""
        reason = next((reason for task in ended if (reason := _reason(task))), "")
        if reason:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await socket.close(code=1003, reason=reason[:120])

    async def _receive(self, socket: WebSocket, feed: StationFeed) -> str:
        while True:
            message = await socket.receive()
            if message["type"] != "websocket.receive":
                return ""
            if problem := feed.take(message.get("bytes")):
                return problem

    async def _send(self, socket: WebSocket, feed: StationFeed) -> str:
        """Until the client goes; one that does not read for 5 s is given up, it holds old values only."""
        while True:
            await (feed.more() if feed.is_busy else self.next_tick())
            try:
                async with asyncio.timeout(SEND_S):
                    for message in feed.due():
                        await socket.send_bytes(message)
            except TimeoutError:
                log.warning("A station does not read its live connection; the connection is closed.")
                return "the station does not read"
            except (WebSocketDisconnect, RuntimeError, OSError):
                return ""


def _reason(ended: asyncio.Task[str]) -> str:
    """What a task returned; a fault in it is logged here and costs this one connection."""
    if ended.cancelled():
        return ""
    fault = ended.exception()
    if fault is None:
        return ended.result()
    log.error("A live connection failed.", exc_info=fault)
    return "internal fault"
