"""What one client of the live connection is sent: its subscription, live or of the past, and the events."""

from __future__ import annotations

from typing import Any

import msgspec

from hmi.client.port import Subscription
from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.runtime._fanout import EventLane, EveryLane, LatestLane
from hmi.runtime._replay import ReplayLane
from hmi.runtime._runtime import Runtime

QUIET_NS = 500 * NS_PER_MS
TAG_LIMIT = 200_000
_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode = msgspec.msgpack.Decoder().decode


class StationFeed:
    """Registered with the runtime from the start until ``close``. ``station``: the position that it shows."""

    def __init__(self, runtime: Runtime, station: str = "local") -> None:
        self._runtime, self._station = runtime, station
        self._lane, self._events = LatestLane(), EventLane(runtime.begin_with)
        self._replay: ReplayLane | None = None
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
        return isinstance(self._lane, EveryLane) and self._lane.has_more

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
        self._replay = None
        self._lane = EveryLane() if wanted.lane == "every" and wanted.at is None else LatestLane()
        if wanted.at is None:
            self._lane.choose(wanted.tags, runtime.handles)
        else:
            ids = {tag.name: tag.id for tag in runtime.plant.tags}
            self._replay = ReplayLane(wanted, ids, s.history, s.clock.now_ns())
        runtime.lanes.add(self._lane)
        if isinstance(self._lane, EveryLane):
            runtime.every.add(self._lane)
        runtime.scan.review()

    def _leave(self) -> None:
        self._runtime.lanes.discard(self._lane)
        if isinstance(self._lane, EveryLane):
            self._runtime.every.discard(self._lane)

    def _values(self, now_ns: int) -> list[dict[str, Any]]:
        """The batch that is due; one without values when nothing was sent for half a second."""
        quiet = now_ns - self._sent_ns >= QUIET_NS
        if self._replay is not None:
            batch = self._replay.next(now_ns) or (self._replay.sign() if quiet else None)
        else:
            batch = self._live_batch() if self._lane.has_news or quiet else None
        if batch is None:
            return []
        self._sent_ns = now_ns
        if batch["t"] == "snap":
            batch["rev"] = self._runtime.plant.revision
        return [{"n": self._runtime.services.beats.number, "mono": now_ns, **batch}]

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
