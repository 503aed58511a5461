"""Reads the log that the exporter ``mqtt`` sends, as a receiver without the product would."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from hmi.export.export_checker import Found, Sum


class Receiver:
    """All messages of some topics, as they came."""

    def __init__(self, port: int, topic: str = "#", **tls: Any) -> None:
        self.messages: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.all: list[paho.MQTTMessage] = []
        ready: queue.Queue[None] = queue.Queue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"receiver-{time.monotonic_ns()}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        if "user" in tls:
            self._client.username_pw_set(tls["user"], tls["password"])
        self._client.on_message = lambda _c, _d, message: self.messages.put(message)
        self._client.on_subscribe = lambda *_: ready.put(None)
        self._client.connect("127.0.0.1", port, 30)
        self._client.loop_start()
        self._client.subscribe(topic, 1)
        ready.get(timeout=10)

    def wait(self, condition: Callable[[], Any], seconds: float = 60) -> None:
        """Until it holds of ``all``."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            assert left > 0, f"not seen; topics: {sorted({one.topic for one in self.all})}"
            try:
                self.all.append(self.messages.get(timeout=min(left, 0.2)))
            except queue.Empty:
                continue

    def last(self, topic: str) -> Any:
        """The newest content of a topic; None where there is none or it was cleared."""
        found = [one for one in self.all if one.topic == topic]
        return json.loads(found[-1].payload) if found and found[-1].payload else None

    def has(self, topic: str) -> bool:
        return any(one.topic == topic for one in self.all)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def lines_of(payloads: Iterable[bytes]) -> Iterator[Any]:
    for payload in payloads:
        for line in payload.decode().split("\n"):
            if line:
                yield json.loads(line)


def packages_in(lines: Iterable[Any]) -> Iterator[Found]:
    """Each whole transmission of a package. What is not whole counts nothing."""
    head: dict[str, Any] | None = None
    expected, total = 1, Sum()
    for line in lines:
        if isinstance(line, dict) and "part" in line:
            if line["part"] == 1:
                total = Sum()
            elif head is None or line["sent"] != head["sent"] or line["part"] != expected:
                head = None
                continue
            head, expected = line, line["part"] + 1
        elif head is None:
            continue
        elif isinstance(line, dict):
            yield Found(line["watermark"], total.rows, total.text(), f"package {head['number']}")
            head = None
        elif len(head["columns"]) == 9:
            key, time_ns, version, kind, value, status, flags, _rev, deleted = line
            total.add((key, time_ns, version, status, value, kind, flags, bool(deleted)))
        else:
            total.add_event(line)
