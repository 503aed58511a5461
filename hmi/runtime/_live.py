"""The WebSocket /v1/live: one binary batch per client per 100 ms, and the lossless lane beside it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from hmi.runtime._fanout import EventLane, LatestLane
from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

BATCH_S = 0.1
QUIET_TICKS = 5
TAG_LIMIT = 200_000
MESSAGE_LIMIT = 32_000_000
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
        sender = asyncio.create_task(self._send(socket, lane, events))
        try:
            await self._receive(socket, lane)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            runtime.lanes.discard(lane)
            runtime.events.discard(events)
            sender.cancel()
            await asyncio.wait([sender])

    async def _receive(self, socket: WebSocket, lane: LatestLane) -> None:
        while True:
            data = await socket.receive_bytes()
            try:
                message = _decode(data)
                if message["t"] == "sub":
                    names = [str(name) for name in message["tags"]][:TAG_LIMIT]
                    lane.choose(names, self._runtime.handles)
            except (msgspec.DecodeError, KeyError, TypeError) as error:
                await socket.close(code=1003, reason=f"not a message of version 1: {error}"[:120])
                return

    async def _send(self, socket: WebSocket, lane: LatestLane, events: EventLane) -> None:
        quiet = 0
        try:
            while True:
                await self.next_tick()
                for event in events.drain():
                    await socket.send_bytes(_encode(event))
                quiet += 1
                if lane.has_news or quiet >= QUIET_TICKS:
                    await socket.send_bytes(_encode(self._batch(lane)))
                    quiet = 0
        except (WebSocketDisconnect, RuntimeError, OSError):
            return

    def _batch(self, lane: LatestLane) -> dict[str, Any]:
        s = self._runtime.services
        fresh = lane.fresh
        message: dict[str, Any] = {
            "t": "snap" if fresh else "delta",
            "n": s.beats.number,
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
