"""A Sparkplug B 3.0 host application that judges every message of edge nodes by the specification's assertion ids.

It shares nothing with the product: the wire format of protobuf and the field numbers of chapter 6 are read here anew.
"""

from __future__ import annotations

import json
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

GOOD, BAD, STALE = 192, 0, 500


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, value) of a protobuf message; bytes and fixed fields stay bytes."""
    at = 0

    def number() -> int:
        nonlocal at
        shift = result = 0
        while True:
            byte = data[at]
            at += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while at < len(data):
        key = number()
        match key & 7:
            case 0:
                yield key >> 3, number()
                continue
            case 1:
                size = 8
            case 2:
                size = number()
            case 5:
                size = 4
            case kind:
                raise ValueError(f"wire type {kind}")
        if at + size > len(data):
            raise ValueError("the message is cut")
        yield key >> 3, data[at : at + size]
        at += size


@dataclass
class Metric:
    """``value`` by its field of the payload: what it means depends on ``datatype`` of the birth."""

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    value_field: int = 0

    @property
    def quality(self) -> int:
        return self.properties.get("Quality", GOOD)


VALUE_FIELD = {3: 10, 4: 11, 7: 10, 8: 11, 9: 12, 10: 13, 11: 14, 12: 15, 13: 11, 17: 16}
"""Data type code to the field its value is in."""


_PLAIN = {2: "alias", 3: "timestamp", 4: "datatype"}
_FLAGS = {5: "is_historical", 6: "is_transient", 7: "is_null"}
_VALUES: dict[int, Callable[[Any], Any]] = {
    10: int, 11: int, 12: lambda data: struct.unpack("<f", data)[0], 13: lambda data: struct.unpack("<d", data)[0],
    14: bool, 15: lambda data: data.decode(), 16: bytes,
}  # fmt: skip


def metric_of(data: bytes) -> Metric:
    metric = Metric()
    for number, value in fields(data):
        if number == 1:
            metric.name = value.decode()
        elif number in _PLAIN:
            setattr(metric, _PLAIN[number], value)
        elif number in _FLAGS:
            setattr(metric, _FLAGS[number], bool(value))
        elif number == 9:
            metric.properties = _properties(value)
        else:
            metric.value, metric.value_field = _VALUES[number](value), number
    return metric


def _properties(data: bytes) -> dict[str, Any]:
    names: list[str] = []
    values: list[Any] = []
    for number, content in fields(data):
        if number == 1:
            names.append(content.decode())
            continue
        found: dict[int, Any] = dict(fields(content))
        value = next((v for n, v in found.items() if n not in (1, 2)), None)
        if 6 in found:
            value = struct.unpack("<d", found[6])[0]
        elif 8 in found:
            value = found[8].decode()
        elif 7 in found:
            value = bool(found[7])
        if names and names[len(values)] == "Quality" and found.get(1) != 3:
            raise ValueError("tck-id-payloads-propertyset-quality-value-type")
        values.append(value)
    if len(names) != len(values):
        raise ValueError("tck-id-payloads-propertyset-keys-array-size")
    return dict(zip(names, values, strict=True))


@dataclass
class Payload:
    timestamp: int | None = None
    metrics: list[Metric] = field(default_factory=list)
    seq: int | None = None


def payload_of(data: bytes) -> Payload:
    payload = Payload()
    for number, value in fields(data):
        if number == 1:
            payload.timestamp = value
        elif number == 2:
            payload.metrics.append(metric_of(value))
        elif number == 3:
            payload.seq = value
        else:
            raise ValueError(f"payload field {number}")
    return payload


@dataclass
class Seen:
    """One message as it came."""

    kind: str
    edge: str
    device: str
    payload: Payload
    qos: int
    size: int


@dataclass
class Live:
    """What the host shows of one metric."""

    value: Any
    timestamp: int
    quality: int
    datatype: int


@dataclass
class NodeState:
    online: bool = False
    bd_seq: int = -1
    seq: int = -1
    devices: dict[str, bool] = field(default_factory=dict)
    aliases: dict[int, tuple[str, str]] = field(default_factory=dict)
    live: dict[tuple[str, str], Live] = field(default_factory=dict)
    history: list[tuple[str, str, int, Any, int]] = field(default_factory=list)
    """(device, name, ms, value, quality) of historical metrics."""
    backwards: list[str] = field(default_factory=list)


class Host:
    """``wrong``: assertion ids that were broken, with what was seen. ``primary``: its id, where it is one."""

    def __init__(self, port: int, group: str = "#", *, primary: str = "") -> None:
        self.seen: list[Seen] = []
        self.wrong: list[str] = []
        self.nodes: defaultdict[str, NodeState] = defaultdict(NodeState)
        self._lock = threading.RLock()
        self._primary, self._subscribed = primary, threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"host-{time.monotonic_ns()}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self.state_time = int(time.time() * 1000)
        if primary:
            self._client.will_set(f"spBv1.0/STATE/{primary}", self._state(online=False), 1, True)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port, 30)
        self._client.loop_start()
        topics = ["spBv1.0/#"] if group == "#" else [f"spBv1.0/{group}/#", "spBv1.0/STATE/#"]
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._subscribed.wait(10)
        if primary:
            self.say_state(online=True)

    # ------------------------------------------------------------------ acts

    def _state(self, *, online: bool) -> str:
        return json.dumps({"online": online, "timestamp": self.state_time})

    def say_state(self, *, online: bool) -> None:
        self._client.publish(
            f"spBv1.0/STATE/{self._primary}", self._state(online=online), 1, True
        ).wait_for_publish(10)

    def command(self, group: str, edge: str, name: str = "Node Control/Rebirth", *, device: str = "") -> None:
        """Writes true to a metric."""
        at = int(time.time() * 1000)
        body = (
            b"\x0a"
            + _varint(len(name.encode()))
            + name.encode()
            + b"\x18"
            + _varint(at)
            + b"\x20\x0b\x70\x01"
        )
        payload = b"\x08" + _varint(at) + b"\x12" + _varint(len(body)) + body
        kind = "DCMD" if device else "NCMD"
        topic = "/".join(filter(None, ("spBv1.0", group, kind, edge, device)))
        self._client.publish(topic, payload, 0).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait(self, condition: Callable[[], Any], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock, suppress(KeyError):
                if condition():
                    return
            time.sleep(0.01)
        raise AssertionError(f"not seen; kinds: {self.kinds()[-40:]}, wrong: {self.wrong[:5]}")

    def kinds(self) -> list[str]:
        with self._lock:
            return [one.kind for one in self.seen]

    def of(self, kind: str) -> list[Seen]:
        with self._lock:
            return [one for one in self.seen if one.kind == kind]

    # ------------------------------------------------------------------ judges

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with self._lock:
            try:
                self._judge(message)
            except (ValueError, IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
                self.wrong.append(f"{message.topic}: {error!r}")

    def _check(self, tck_id: str, holds: bool, text: object = "") -> None:
        if not holds:
            self.wrong.append(f"{tck_id}: {text}")

    def _judge(self, message: paho.MQTTMessage) -> None:
        levels = message.topic.split("/")
        self._check("tck-id-topic-structure-namespace-a", levels[0] == "spBv1.0", message.topic)
        if levels[1] == "STATE" or levels[2] in ("NCMD", "DCMD"):
            return
        kind, edge, device = levels[2], levels[3], levels[4] if len(levels) > 4 else ""
        self._check(
            "tck-id-topic-structure-namespace-device-id-associated-message-types",
            bool(device) == kind.startswith("D"),
        )
        seen = Seen(kind, edge, device, payload_of(bytes(message.payload)), message.qos, len(message.payload))
        self.seen.append(seen)
        name = f"tck-id-topics-{kind.lower()}-mqtt"
        self._check(
            name, not message.retain and (kind == "NDEATH" or message.qos == 0), (message.qos, message.retain)
        )
        node = self.nodes[edge]
        if kind == "NDEATH":
            self._on_death(node, seen)
            return
        self._check(f"tck-id-payloads-{kind.lower()}-timestamp", seen.payload.timestamp is not None)
        self._on_seq(node, seen)
        match kind:
            case "NBIRTH":
                self._on_node_birth(node, seen)
            case "DBIRTH":
                self._check("tck-id-payloads-dbirth-order", node.online, device)
                node.devices[device] = True
                node.aliases = {alias: of for alias, of in node.aliases.items() if of[0] != device}
                self._on_birth_metrics(node, seen, "tck-id-topics-dbirth-metrics")
            case "DDEATH":
                self._check("tck-id-topics-ddeath-seq-num", not seen.payload.metrics)
                self._check(
                    "tck-id-operational-behavior-device-ddeath", node.devices.get(device, False), device
                )
                node.devices[device] = False
                self._stale(node, lambda of: of == device, seen.payload.timestamp or 0)
            case "NDATA" | "DDATA":
                self._on_data(node, seen)
            case _:
                self._check("tck-id-topic-structure-namespace-valid-message-type", False, kind)

    def _on_seq(self, node: NodeState, seen: Seen) -> None:
        seq, kind = seen.payload.seq, seen.kind.lower()
        if kind == "nbirth":
            self._check("tck-id-topics-nbirth-seq-num", seq == 0, seq)
        else:
            expected = (node.seq + 1) % 256
            self._check(f"tck-id-payloads-{kind}-seq-inc", seq == expected, (seq, expected))
        node.seq = seq if seq is not None else -1

    def _on_node_birth(self, node: NodeState, seen: Seen) -> None:
        by_name = {one.name: one for one in seen.payload.metrics}
        bd_seq, rebirth = by_name.get("bdSeq"), by_name.get("Node Control/Rebirth")
        self._check("tck-id-topics-nbirth-bdseq-included", bd_seq is not None and bd_seq.alias is None)
        self._check(
            "tck-id-topics-nbirth-rebirth-metric",
            rebirth is not None and rebirth.datatype == 11 and rebirth.value is False,
        )
        self._check(
            "tck-id-operational-behavior-data-commands-rebirth-name-aliases",
            rebirth is not None and rebirth.alias is None,
        )
        node.online, node.bd_seq = True, bd_seq.value if bd_seq else -1
        node.devices.clear()
        node.aliases.clear()
        self._on_birth_metrics(node, seen, "tck-id-topics-nbirth-metrics")

    def _on_birth_metrics(self, node: NodeState, seen: Seen, tck_id: str) -> None:
        names = [one.name for one in seen.payload.metrics]
        self._check("tck-id-payloads-name-requirement", all(names) and len(set(names)) == len(names))
        for metric in seen.payload.metrics:
            there = metric.is_null or metric.value_field == VALUE_FIELD.get(metric.datatype or 0)
            self._check(tck_id, metric.datatype is not None and there, metric)
            self._check("tck-id-payloads-timestamp-in-UTC", metric.timestamp is not None, metric)
            self._check(
                "tck-id-payloads-metric-datatype-not-req", not (metric.is_null and metric.value_field)
            )
            if metric.alias is not None:
                self._check("tck-id-payloads-alias-uniqueness", metric.alias not in node.aliases, metric)
                node.aliases[metric.alias] = (seen.device, metric.name)
            quality = metric.quality
            self._check(
                "tck-id-payloads-propertyset-quality-value-value", quality in (GOOD, BAD, STALE), quality
            )
            value = None if metric.is_null else metric.value
            node.live[seen.device, metric.name] = Live(
                value, metric.timestamp or 0, quality, metric.datatype or 0
            )

    def _on_data(self, node: NodeState, seen: Seen) -> None:
        order = f"tck-id-payloads-{seen.kind.lower()}-order"
        self._check(
            order, node.online and (not seen.device or node.devices.get(seen.device, False)), seen.device
        )
        last = 0
        for metric in seen.payload.metrics:
            self._check("tck-id-payloads-name-birth-data-requirement", metric.timestamp is not None, metric)
            if metric.alias is not None:
                self._check("tck-id-payloads-alias-data-cmd-requirement", not metric.name, metric)
                device, name = node.aliases.get(metric.alias, ("?", "?"))
            else:
                device, name = seen.device, metric.name
            known = node.live.get((device, name))
            self._check(
                "tck-id-topics-nbirth-metric-reqs", known is not None and device == seen.device, metric
            )
            self._check("tck-id-payloads-metric-datatype-not-req", metric.datatype is None, metric)
            self._check(
                "tck-id-payloads-propertyset-quality-value-value", metric.quality in (GOOD, BAD, STALE)
            )
            if known is None:
                continue
            there = metric.is_null != (metric.value_field == VALUE_FIELD[known.datatype])
            self._check("tck-id-payloads-metric-datatype-value", there, metric)
            at, value = metric.timestamp or 0, None if metric.is_null else metric.value
            if metric.is_historical:
                node.history.append((device, name, at, value, metric.quality))
                continue
            self._check("tck-id-operational-behavior-data-publish-nbirth-order", at >= last, (name, at, last))
            last = at
            if at < known.timestamp and known.quality != STALE:
                node.backwards.append(f"{device}/{name}: {at} after {known.timestamp}")
            node.live[device, name] = Live(value, at, metric.quality, known.datatype)

    def _on_death(self, node: NodeState, seen: Seen) -> None:
        names = [one.name for one in seen.payload.metrics]
        self._check("tck-id-topics-ndeath-payload", names == ["bdSeq"], names)
        self._check("tck-id-topics-ndeath-seq", seen.payload.seq is None, seen.payload.seq)
        self._check("tck-id-payloads-ndeath-will-message-qos", seen.qos == 1, seen.qos)
        if seen.payload.metrics[0].value == node.bd_seq:
            node.online = False
            node.devices = dict.fromkeys(node.devices, False)
            self._stale(node, lambda _device: True, int(time.time() * 1000))

    def _stale(self, node: NodeState, concerns: Callable[[str], bool], at: int) -> None:
        for (device, _), live in node.live.items():
            if concerns(device):
                live.quality, live.timestamp = STALE, at


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))
