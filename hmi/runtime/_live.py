"""The WebSocket /v1/live: one binary batch per client per 100 ms, and the lossless lane beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from hmi.core.clock import monotonic_ns
from hmi.runtime._fanout import EventLane, LatestLane
from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

BATCH_S = 0.1
SEND_S = 5.0
QUIET_TICKS = 5
TAG_LIMIT = 200_000
_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode = msgspec.msgpack.Decoder().decode


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
        runtime = self._runtime
        lane, events = LatestLane(), EventLane(runtime.alarm_list)
        runtime.lanes.add(lane)
        runtime.events.add(events)
        both = [
            asyncio.create_task(self._receive(socket, lane), name="live receiver"),
            asyncio.create_task(self._send(socket, lane, events), name="live sender"),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            runtime.lanes.discard(lane)
            runtime.events.discard(events)
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

    async def _receive(self, socket: WebSocket, lane: LatestLane) -> str:
        while True:
            message = await socket.receive()
            if message["type"] != "websocket.receive":
                return ""
            if problem := self._take(message.get("bytes"), lane):
                return problem

    def _take(self, data: bytes | None, lane: LatestLane) -> str:
        """Carry out one message of a client; a sentence when it is none. Unknown kinds are passed over."""
        if data is None:
            return "not a message of version 1: a text instead of msgpack"
        try:
            message = _decode(data)
            if message["t"] != "sub":
                return ""
            if type(message["tags"]) is not list:
                return "not a message of version 1: tags is not a list"
            names = [str(name) for name in message["tags"]][:TAG_LIMIT]
        except (msgspec.DecodeError, RecursionError, UnicodeError, KeyError, TypeError) as error:
            return f"not a message of version 1: {error}"
        lane.choose(names, self._runtime.handles)
        return ""

    async def _send(self, socket: WebSocket, lane: LatestLane, events: EventLane) -> str:
        """Until the client goes; one that does not read for 5 s is given up, it holds old values only."""
        quiet = 0
        while True:
            await self.next_tick()
            try:
                async with asyncio.timeout(SEND_S):
                    for event in events.drain():
                        await socket.send_bytes(_encode(event))
                    quiet += 1
                    if lane.has_news or quiet >= QUIET_TICKS:
                        await socket.send_bytes(_encode(self._batch(lane)))
                        quiet = 0
            except TimeoutError:
                log.warning("A station does not read its live connection; the connection is closed.")
                return "the station does not read"
            except (WebSocketDisconnect, RuntimeError, OSError):
                return ""

    def _batch(self, lane: LatestLane) -> dict[str, Any]:
        s = self._runtime.services
        fresh = lane.fresh
        message: dict[str, Any] = {
            "t": "snap" if fresh else "delta",
            "n": s.beats.number,
            "mono": monotonic_ns(),
            "ages": s.tags.ages_ms(),
            "time": s.clock.now_ns(),
            "rate": self._runtime.session_rate,
            **lane.drain(s.tags.latest),
        }
        if fresh:
            message["tags"] = list(lane.names)
            message["groups"] = [s.tags.group_of(h) if h >= 0 else "" for h in lane.handles]
            message["limits"] = s.tags.limits_ms()
        return message


def _reason(ended: asyncio.Task[str]) -> str:
    """What a task returned; a fault in it is logged here and costs this one connection."""
    if ended.cancelled():
        return ""
    fault = ended.exception()
    if fault is None:
        return ended.result()
    log.error("A live connection failed.", exc_info=fault)
    return "internal fault"
