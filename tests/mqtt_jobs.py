"""Jobs of the MQTT exporter for tests, and a receiver of what they send."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from export_stream import Stream, context, series
from mqtt_broker import Broker
from mqtt_log import Receiver

from hmi.exporters.mqtt._publisher import MqttExporter
from hmi.exporters.mqtt.definition import DEFINITION

TAGS = tuple(series(n) for n in range(4))
LOG, MARK, ONLINE, SCHEMA = "v1/_log/job", "v1/_mark/job", "v1/_online/job", "v1/_schema/job"


def exporter(
    url: str, *, what: str = "samples", stop: Callable[[], bool] = lambda: False, **more: Any
) -> MqttExporter:
    settings = {one.name: one.default for one in DEFINITION.settings} | {
        "servers": [url],
        "timeout_s": 5.0,
        **more,
    }
    DEFINITION.check(settings)
    return MqttExporter(settings, context(what=what, stop=stop))


@contextmanager
def running(broker: Broker, stream: Stream, **more: Any) -> Iterator[MqttExporter]:
    made = exporter(broker.url, **more)
    made.open()
    made.describe(stream.schema)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def receiving(broker: Broker, topic: str = "#", **more: Any) -> Iterator[Receiver]:
    receiver = Receiver(broker.port, topic, **more)
    try:
        yield receiver
    finally:
        receiver.close()


def log_of(receiver: Receiver, number: int) -> list[bytes]:
    receiver.wait(lambda: (receiver.last(MARK) or {}).get("number") == number)
    return [bytes(one.payload) for one in receiver.all if one.topic == LOG]


def break_off(made: MqttExporter) -> None:
    """The connection is gone without a word."""
    made._there()._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
