"""Sparkplug: NDATA as the edge node encodes and sends it, against the protobuf library and paho doing the same.

What paho would give with ready-made payloads, without any encoding, is told beside it.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final

from hmi.bench._export_files import scans
from hmi.bench._export_mqtt import GOAL, against_made, against_ready, figure, need_library, opened, package_of
from hmi.bench.figure import Figure
from hmi.core.quality import BAD
from hmi.export.port import Rows

if TYPE_CHECKING:
    from hmi.bench.peers.mosquitto_broker import Prepared

SCANS: Final = 40
_MOST: Final = 1_000


def figures() -> list[Figure]:
    """UsageError where a library or the broker is missing."""
    need_library()
    from hmi.bench.peers.mosquitto_broker import broker

    rows = scans(SCANS)
    package = package_of(rows)
    with broker() as port, tempfile.TemporaryDirectory(prefix="watchkeeper-sparkplug-") as folder:
        exporter = opened("sparkplug", port, rows, state=folder)
        exporter.idle()
        made = against_made(rows, lambda: exporter.deliver(package), lambda: _by_library(rows), port)
        ready = against_ready(exporter, rows, lambda: exporter.deliver(package), port)
        exporter.close()
    return [figure("sparkplug_vs_library", made, GOAL), figure("sparkplug_vs_ready", ready)]


def _by_library(rows: Rows) -> list[Prepared]:
    """The same metrics in messages of the same number."""
    from hmi.exporters.sparkplug._payload import Payload

    samples = rows.samples
    columns = list(
        zip(
            rows.places.tolist(),
            (samples.times // 1_000_000).tolist(),
            samples.statuses.tolist(),
            samples.numbers().tolist(),
            strict=True,
        )
    )
    messages: list[Prepared] = []
    for begin in range(0, len(columns), _MOST):
        payload = Payload(timestamp=0, seq=begin // _MOST % 256)
        for place, at, status, value in columns[begin : begin + _MOST]:
            metric = payload.metrics.add(alias=place + 128, timestamp=at, is_historical=True)
            if status < BAD:
                metric.double_value = value
                continue
            metric.is_null = True
            metric.properties.keys.extend(("Quality", "status"))
            metric.properties.values.add(type=3, int_value=0)
            metric.properties.values.add(type=7, int_value=status)
        messages.append(("spBv1.0/plant/NDATA/peer", payload.SerializeToString(), 0, False))
    return messages
