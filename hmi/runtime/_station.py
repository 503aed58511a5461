"""What one client of the live connection is sent: its subscription, live or of the past, and the events."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from hmi.client.port import Subscription
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.errors import StorageError
from hmi.runtime._fanout import EventLane, EveryLane, LatestLane, columns
from hmi.runtime._past_values import ShownPast
from hmi.runtime._replay import ReplayLane
from hmi.runtime._runtime import Runtime

log = logging.getLogger(__name__)

QUIET_NS = 500 * NS_PER_MS
MORE_S = 0.1
TAG_LIMIT = 200_000
_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode = msgspec.msgpack.Decoder().decode


class StationFeed:
    """Registered with the runtime from the start until ``close``. ``station``: the position that it shows."""

    def __init__(self, runtime: Runtime, station: str = "local") -> None:
        self._runtime, self._station = runtime, station
        self._lane, self._events = LatestLane(), EventLane(runtime.begin_with)
        self._replay: ReplayLane | None = None
        self._opening: asyncio.Task[None] | None = None
        self._past_at, self._past_revision = 0, ""
        self._sent_ns = 0
        runtime.events.add(self._events)
        runtime.lanes.add(self._lane)
        runtime.hold_effects.station_came(station)

    def close(self) -> None:
        """The client is gone."""
        self._runtime.events.discard(self._events)
        self._runtime.hold_effects.station_left(self._station)
        self._leave()
        self._runtime.scan.review()

    def take(self, data: bytes | None) -> str:
        """Carry out one message of the client; a sentence when it is none. Unknown kinds are passed over."""
        if data is None:
            return "not a message of version 1: a text instead of msgpack"
        try:
            message = _decode(data)
            if message["t"] != "sub":
                return ""
            wanted = msgspec.convert(message, Subscription)
        except (msgspec.MsgspecError, RecursionError, UnicodeError, KeyError, TypeError) as error:
            return f"not a message of version 1: {error}"
        self._subscribe(msgspec.structs.replace(wanted, tags=wanted.tags[:TAG_LIMIT]))
        return ""

    @property
    def is_busy(self) -> bool:
        """There is more to send at once, without waiting for the next tick."""
        if self._replay is not None:
            return self._replay.busy
        if self._past_at:
            return False
        return isinstance(self._lane, EveryLane) and self._lane.has_more

    async def more(self) -> None:
        """Until what is being read of the past is there, or a short time has passed."""
        reading = self._replay.reading if self._replay is not None else None
        if reading is None or reading.done():
            await asyncio.sleep(0)
        else:
            await asyncio.wait([asyncio.wrap_future(reading)], timeout=MORE_S)

    def due(self) -> list[bytes]:
        """The messages of now, in order and all of one moment."""
        if isinstance(self._lane, EveryLane) and (lost := self._lane.take_lost()):
            self._events.put("overrun", {"lost": lost, "of": "values"})
        messages = self._events.drain()
        values = self._values(monotonic_ns())
        return [_encode(message) for message in (*messages, *values)]

    def _subscribe(self, wanted: Subscription) -> None:
        runtime, s = self._runtime, self._runtime.services
        self._leave()
        self._replay, self._past_at, self._past_revision = None, 0, ""
        self._lane = EveryLane() if wanted.lane == "every" and wanted.at is None else LatestLane()
        if wanted.at is None:
            self._lane.choose(wanted.tags, runtime.handles)
        else:
            self._past_at, self._sent_ns = min(wanted.at, s.clock.now_ns()), monotonic_ns()
            self._opening = asyncio.create_task(self._open_past(wanted), name="the past of a station")
        runtime.lanes.add(self._lane)
        if isinstance(self._lane, EveryLane):
            runtime.every.add(self._lane)
        runtime.scan.review()

    async def _open_past(self, wanted: Subscription) -> None:
        """Names mean what they meant then: they are looked up in the plant of that time."""
        runtime, s = self._runtime, self._runtime.services
        try:
            revision = await s.journal.revision_at(self._past_at) or runtime.plant.revision
            ids = (await runtime.past_plants.of(revision, runtime.plant)).ids
        except StorageError as error:
            log.warning("The plant of that time cannot be opened: %s", error)
            revision, ids = "", {}
        self._past_revision = revision
        past = ShownPast(s.history, runtime.plant)
        self._replay = ReplayLane(wanted, ids, past, s.clock.now_ns(), runtime.past_reads.submit)

    def _leave(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        self._runtime.lanes.discard(self._lane)
        if isinstance(self._lane, EveryLane):
            self._runtime.every.discard(self._lane)

    def _values(self, now_ns: int) -> list[dict[str, Any]]:
        """The batch that is due; one without values when nothing was sent for half a second."""
        quiet = now_ns - self._sent_ns >= QUIET_NS
        if self._replay is not None:
            batch = self._replay.next(now_ns) or (self._replay.sign() if quiet else None)
        elif self._past_at:
            batch = self._sign_of_opening() if quiet else None
        else:
            batch = self._live_batch() if self._lane.has_news or quiet else None
        if batch is None:
            return []
        self._sent_ns = now_ns
        if batch["t"] == "snap":
            batch["rev"] = self._past_revision if self._past_at else self._runtime.plant.revision
        return [{"n": self._runtime.services.beats.number, "mono": now_ns, **batch}]

    def _sign_of_opening(self) -> dict[str, Any]:
        """The runtime lives, and no value of the past is known yet."""
        at = self._past_at
        return {"t": "delta", "ages": {}, "at": at, "time": at, "rate": 0.0, **columns(())}

    def _live_batch(self) -> dict[str, Any]:
        s, lane = self._runtime.services, self._lane
        snapshot = lane.sends_snapshot
        batch: dict[str, Any] = {
            "t": "snap" if snapshot else "delta",
            "ages": s.tags.ages_ms(),
            "time": s.clock.now_ns(),
            "rate": self._runtime.session_rate,
            **lane.drain(s.tags.latest),
        }
        if snapshot:
            batch["tags"] = list(lane.names)
            batch["groups"] = [s.tags.group_of(h) if h >= 0 else "" for h in lane.handles]
            batch["limits"] = s.tags.limits_ms()
        return batch
