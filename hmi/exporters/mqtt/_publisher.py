"""The exporter itself; what it publishes is written down in ``exporter.py``."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hmi.core.texts import tr
from hmi.export.digest import watermark_content
from hmi.export.mqtt.access import access_of, level_of
from hmi.export.mqtt.session import Message, Session, Want, opened_in_turn, password_of
from hmi.export.port import (
    ExportContext,
    Package,
    RecordsRefused,
    Rows,
    Schema,
    TargetUnavailable,
    Watermark,
)
from hmi.exporters.mqtt._content import (
    Parts,
    Stamps,
    mark_of,
    schema_head,
    schema_parts,
    states_of,
    topics_of,
)

log = logging.getLogger(__name__)
_TOKEN_BYTES: Final = 6


class MqttExporter:
    """One job. Where two jobs show the same series, give them different prefixes."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        self._access, self._context = access_of(settings), context
        self._prefix, self._qos = settings["prefix"], settings["qos"]
        self._keeps_state = settings["state"] and context.what == "samples"
        self._sends_log, self._most = settings["log"], settings["most_kb"] * 1024
        self._place = 0
        self._session: Session | None = None
        self._topics: dict[str, str] = {}
        self._known: _Known = _Known()
        self._is_online = False
        self._stamps = Stamps()

    # ------------------------------------------------------------------ the exporter

    def open(self) -> Watermark | None:
        password = password_of(self._access, self._context.secret)
        want = Want(self._access, password, self._context.stop, lambda: self._online(is_online=False))
        session, self._place = opened_in_turn(want, self._place)
        self._session, self._is_online = session, False
        schema, mark = self._own("schema"), self._own("mark")
        found = session.retained([schema, f"{schema}/#", mark])
        self._known = _Known.of(schema, found)
        marks = [mark_of(one.payload) for one in found if one.topic == mark]
        return next((one for one in marks if one is not None and one.stream == self._context.stream), None)

    def describe(self, schema: Schema) -> None:
        session = self._there()
        topics = topics_of(self._prefix, schema.tags)
        self._topics = dict(zip((tag.key for tag in schema.tags), topics, strict=True))
        shown = topics if self._keeps_state else []
        own = self._own("schema")
        parts = schema_parts(schema, shown, min(self._most, session.most_bytes))
        if (schema.digest, set(shown)) != (self._known.digest, self._known.topics):
            for number, part in enumerate(parts, 1):
                session.publish(f"{own}/{number}", part, 1, retain=True)
            session.publish(own, schema_head(schema, len(parts), self._context.what), 1, retain=True)
            for number in range(len(parts) + 1, self._known.parts + 1):
                session.publish(f"{own}/{number}", b"", 1, retain=True)
            for topic in self._known.topics - set(shown):
                session.publish(topic, b"", 1, retain=True)
        session.flush()
        self._known = _Known(schema.digest, len(parts), set(shown))
        if not self._keeps_state:
            self._go_online(session)

    def deliver(self, package: Package) -> None:
        session = self._there()
        if not self._sends_log:
            return
        topic = self._own("log")
        parts = Parts(package, secrets.token_hex(_TOKEN_BYTES), min(self._most, session.most_bytes))
        for part in parts:
            if not parts.refused:
                session.publish(topic, part, 1)
        if parts.refused:
            raise RecordsRefused(parts.refused)
        session.flush()
        mark = msgspec.json.encode(watermark_content(package.watermark), enc_hook=str)
        session.publish(self._own("mark"), mark, 1, retain=True)
        session.flush()

    def live(self, rows: Rows) -> None:
        session = self._there()
        if not self._keeps_state:
            return
        topics = [self._topics.get(tag.key, "") for tag in rows.tags]
        for place, payload in states_of(rows, self._stamps):
            if topics[place]:
                session.publish(topics[place], payload, self._qos, retain=True)
        session.flush()
        if not self._is_online:
            self._go_online(session)

    def idle(self) -> None:
        session = self._there()
        while session.take() is not None:
            pass
        session.check()

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close([self._online(is_online=False)])

    # ------------------------------------------------------------------ parts

    def _there(self) -> Session:
        if self._session is None:
            raise TargetUnavailable(tr("there is no session with the broker"))
        return self._session

    def _own(self, kind: str) -> str:
        return f"{self._prefix}/_{kind}/{level_of(self._context.job)}"

    def _online(self, *, is_online: bool) -> Message:
        at = self._stamps.of(int(self._context.now().timestamp() * 1_000) * 1_000_000)
        content = {"online": is_online, "ts": at, "stream": self._context.stream}
        return Message(self._own("online"), msgspec.json.encode(content), 1, is_retained=True)

    def _go_online(self, session: Session) -> None:
        message = self._online(is_online=True)
        session.publish(message.topic, message.payload, message.qos, retain=True)
        session.flush()
        self._is_online = True


class _Known:
    """The schema that the broker keeps from before; with no digest where it is not whole."""

    def __init__(self, digest: str = "", parts: int = 0, topics: set[str] | None = None) -> None:
        self.digest, self.parts, self.topics = digest, parts, topics or set()

    @classmethod
    def of(cls, own: str, found: list[Message]) -> _Known:
        known, seen = cls(), set[int]()
        digests: set[str] = set()
        try:
            for message in found:
                if message.topic == own:
                    head = msgspec.json.decode(message.payload)
                    known.digest, known.parts = str(head["digest"]), int(head["parts"])
                elif message.topic.startswith(f"{own}/"):
                    part = msgspec.json.decode(message.payload)
                    seen.add(int(part["part"]))
                    digests.add(str(part["digest"]))
                    known.topics |= {str(one["topic"]) for one in part["series"] if one["topic"]}
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            log.warning("The schema at %s is not ours and is written anew: %r", own, error)
            known.digest = ""
        if seen != set(range(1, known.parts + 1)) or digests - {known.digest}:
            known.digest = ""
        known.parts = max(known.parts, *seen, 0)
        return known
