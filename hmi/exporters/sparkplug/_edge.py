"""The session of an edge node: will, births, commands, primary host and the walk over the servers."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError

from hmi.core.texts import tr
from hmi.export._source import taken
from hmi.export.digest import canonical, watermark_content
from hmi.export.mqtt.access import access_of, level_of
from hmi.export.mqtt.session import Message, Session, Want, opened, password_of
from hmi.export.port import (
    ExportContext,
    ExportError,
    Haste,
    Package,
    RecordsRefused,
    Rows,
    Schema,
    TargetRefused,
    TargetUnavailable,
    Watermark,
)
from hmi.exporters.sparkplug._bdseq import BdSeq
from hmi.exporters.sparkplug._covered import Covered
from hmi.exporters.sparkplug._node import Node, newest
from hmi.exporters.sparkplug._payload import BD_SEQ, NAMESPACE, REBIRTH, Payload, death_payload

log = logging.getLogger(__name__)
TWIN_WAIT_S: Final = 3.0
_WARN_EVERY_S: Final = 1.0
_MARGIN: Final = 4_096
_MOST_BYTES: Final = 1 << 20


class SparkplugExporter:
    """One edge node."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        self._access, self._context = access_of(settings), context
        self._host, self._host_wait_s = settings["primary_host"], float(settings["host_wait_s"])
        ids = (settings["group"] or level_of(context.site), settings["edge"] or level_of(context.job))
        self._node = Node(
            ids,
            with_aliases=settings["aliases"],
            is_simulated=context.is_simulated,
            send=self._publish,
            attend=self._attend,
            now_ms=self._now_ms,
        )
        self._bd_seq = BdSeq(Path(settings["state"]) / f"{level_of(context.job)}.bdseq")
        self._session: Session | None = None
        self._place = 0
        self._covered, self._has_live = Covered(), False
        self._births: deque[bytes] = deque(maxlen=8)
        self._rebirth = self._is_refusing_twin = False
        self._host_time, self._host_online, self._host_seen = -1, False, False
        self._warned_at, self._unwarned = -_WARN_EVERY_S, 0

    # ------------------------------------------------------------------ the exporter

    def open(self) -> Watermark | None:
        servers = self._access.servers
        errors: list[ExportError] = []
        for step in range(len(servers)):
            place = (self._place + step) % len(servers)
            try:
                self._enter(place)
                return None
            except ExportError as error:
                errors.append(error)
                self.close()
                if self._context.stop():
                    break
        raise next((one for one in errors if isinstance(one, TargetUnavailable)), errors[0])

    def describe(self, schema: Schema) -> None:
        self._there()
        self._node.describe(schema.tags, level_of)
        self._covered.clear()

    def live(self, rows: Rows) -> None:
        session = self._there()
        self._attend()
        self._has_live = True
        self._show(self._node.placed(rows))
        session.flush()

    def deliver(self, package: Package) -> None:
        session = self._there()
        self._attend()
        if not self._node.is_born:
            self._node.births()
        rows = package.rows
        if rows is not None and len(rows):
            self._tell(self._node.placed(rows), package.watermark.haste)
        self._node.tell_watermark(canonical(watermark_content(package.watermark)))
        session.barrier(self._node.topic("NCMD"))

    def idle(self) -> None:
        session = self._there()
        self._attend()
        if not self._node.is_born:
            self._node.births()
        session.check()

    def close(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        says_death = self._node.is_born and not self._is_refusing_twin
        session.close([self._death()] if says_death else ())
        self._node.forget()

    # ------------------------------------------------------------------ data

    def _show(self, rows: Rows) -> None:
        self._node.show(rows)
        self._covered.add(newest(rows))

    def _tell(self, rows: Rows, haste: Haste) -> None:
        """RecordsRefused for what no metric can hold; nothing of the package was sent then."""
        index = np.arange(len(rows))
        now = np.zeros(len(rows), np.bool_)
        if haste is Haste.LIVE and self._has_live:
            index = index[~(self._covered.of(rows) | self._node.lost_now(rows))]
        elif haste is Haste.LIVE:
            candidates = np.flatnonzero(self._node.is_newer(rows) & ~rows.deleted)
            last = dict(zip(rows.places[candidates].tolist(), candidates.tolist(), strict=True))
            now[list(last.values())] = True
            index = index[~now]
        refused = self._node.tell_past(taken(rows, index)) if len(index) else {}
        if refused:
            raise RecordsRefused({int(index[place]): reason for place, reason in refused.items()})
        if now.any():
            self._node.show(taken(rows, now))

    def _publish(self, topic: str, payload: bytes) -> None:
        if topic == self._node.topic("NBIRTH"):
            self._births.append(payload)
        self._there().publish(topic, payload, 0)

    # ------------------------------------------------------------------ a session

    def _there(self) -> Session:
        if self._session is None:
            raise TargetUnavailable(tr("there is no session with the broker"))
        return self._session

    def _now_ms(self) -> int:
        return int(self._context.now().timestamp() * 1_000)

    def _death(self) -> Message:
        payload = death_payload(self._now_ms(), self._bd_seq.value)
        return Message(self._node.topic("NDEATH"), payload, 1)

    def _will(self) -> Message:
        self._bd_seq.advance()
        return self._death()

    def _enter(self, place: int) -> None:
        password = password_of(self._access, self._context.secret)
        want = Want(self._access, password, self._context.stop, self._will, self._bd_seq.back)
        self._node.forget()
        self._has_live, self._host_seen, self._host_online, self._host_time = False, False, False, -1
        session = self._session = opened(want, self._access.servers[place])
        self._place, self._node.bd_seq = place, self._bd_seq.value
        self._node.most_bytes = min(_MOST_BYTES, session.most_bytes - _MARGIN)
        own = [self._node.topic("NCMD"), f"{self._node.topic('DCMD')}/#"]
        session.subscribe([*own, self._node.topic("NBIRTH"), self._node.topic("NDEATH")])
        if self._host:
            session.subscribe([f"{NAMESPACE}/STATE/{self._host}", f"STATE/{self._host}"])
            self._await_host(session)
        if self._is_refusing_twin:
            self._look_for_twin(session)
        self._rebirth = False

    def _await_host(self, session: Session) -> None:
        end = time.monotonic() + self._host_wait_s
        while not self._host_online:
            left = end - time.monotonic()
            if left <= 0 or self._context.stop() or (self._host_seen and len(self._access.servers) > 1):
                raise TargetUnavailable(
                    tr(
                        "the primary host {host} is not online at {server}",
                        host=self._host,
                        server=session.server,
                    )
                )
            session.wait_for(left)
            self._read(session)

    def _look_for_twin(self, session: Session) -> None:
        """Asks the node of the same ids, which was seen before, to be born again."""
        payload = Payload(timestamp=self._now_ms())
        payload.metrics.add(name=REBIRTH, timestamp=payload.timestamp, datatype=11, boolean_value=True)
        session.publish(self._node.topic("NCMD"), payload.SerializeToString(), 0)
        end = time.monotonic() + TWIN_WAIT_S
        while (left := end - time.monotonic()) > 0 and not self._context.stop():
            session.wait_for(left)
            self._read(session)
        self._is_refusing_twin = False

    # ------------------------------------------------------------------ what others say

    def _attend(self) -> None:
        """Does what was commanded before the next message of data (IT-04)."""
        session = self._there()
        self._read(session)
        if self._host and not self._host_online:
            self._place = (self._place + 1) % len(self._access.servers)
            self.close()
            raise TargetUnavailable(tr("the primary host {host} went offline", host=self._host))
        if self._rebirth:
            self._rebirth = False
            if self._node.is_born:
                self._node.births()

    def _read(self, session: Session) -> None:
        while (message := session.take()) is not None:
            kind = self._kind_of(message.topic)
            try:
                if kind == "STATE":
                    self._on_state(message)
                elif kind == "NBIRTH":
                    self._on_birth(message)
                else:
                    self._on_payload(kind, message.topic, Payload.FromString(message.payload))
            except (DecodeError, ValueError, KeyError, TypeError) as error:
                self._warn(
                    tr("what came on {topic} is not understood: {why}", topic=message.topic, why=error)
                )

    def _kind_of(self, topic: str) -> str:
        levels = topic.split("/")
        if "STATE" in levels[:2]:
            return "STATE"
        return levels[2] if len(levels) > 2 else ""

    def _on_state(self, message: Message) -> None:
        """tck-id-operational-behavior-edge-node-termination-host-offline-timestamp; the plain text of older hosts has
        no time.
        """
        text = message.payload.decode("utf-8", "replace")
        if not message.topic.startswith(NAMESPACE):
            if text in ("ONLINE", "OFFLINE") and self._host_time < 0:
                self._host_seen, self._host_online = True, text == "ONLINE"
            return
        content = json.loads(text)
        is_online, at = content["online"], int(content["timestamp"])
        if not isinstance(is_online, bool):
            raise ValueError("online is no boolean")
        if at >= self._host_time:
            self._host_seen, self._host_online, self._host_time = True, is_online, at

    def _on_birth(self, message: Message) -> None:
        if message.payload in self._births or message.is_retained:
            return
        self._is_refusing_twin = True
        raise TargetRefused(
            tr(
                "another edge node {edge} of the group {group} is at {server}: give each its own edge id",
                edge=self._node.edge, group=self._node.group, server=self._there().server,
            )
        )  # fmt: skip

    def _on_payload(self, kind: str, topic: str, payload: Any) -> None:
        if kind == "NDEATH":
            numbers = [one.long_value for one in payload.metrics if one.name == BD_SEQ]
            # Hosts now take this node for dead, whoever said it.
            self._rebirth |= self._node.is_born and numbers == [self._bd_seq.value]
            return
        for metric in payload.metrics:
            if kind == "NCMD" and metric.name == REBIRTH and metric.boolean_value:
                self._rebirth = True
            elif not (kind == "NCMD" and metric.name == REBIRTH):
                name = metric.name or f"alias {metric.alias}"
                self._warn(
                    tr(
                        "a write of {name} by {topic} was refused: this is read-only",
                        name=repr(name),
                        topic=topic,
                    )
                )

    def _warn(self, text: str) -> None:
        """At most one a second: a flood of commands must not fill the log."""
        now = time.monotonic()
        if now - self._warned_at < _WARN_EVERY_S:
            self._unwarned += 1
            return
        more = tr(" ({count} more like this)", count=self._unwarned) if self._unwarned else ""
        log.warning("Export %s: %s%s", self._context.job, text, more)
        self._warned_at, self._unwarned = now, 0
