"""An edge node for tests: a plant of two devices and how its exporter is run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from export_stream import BEGIN, Stream, context, good, rows_of, series
from mqtt_broker import Broker
from sparkplug_host import Host

from hmi.core.clock import NS_PER_S
from hmi.core.values import ValueType
from hmi.export.port import ExportError, ExportTag
from hmi.exporters.sparkplug._edge import SparkplugExporter
from hmi.exporters.sparkplug.definition import DEFINITION

MS = 1_000_000
PLANT = (
    *(series(n, connection="plc1") for n in range(3)),
    *(series(n, connection="plc2") for n in range(3, 5)),
    series(5, connection="", type=ValueType.STRING, unit="", unit_code=""),
)


def exporter(tmp_path: Path, *brokers: Broker, **more: Any) -> SparkplugExporter:
    settings = {one.name: one.default for one in DEFINITION.settings}
    settings |= {
        "servers": [one.url for one in brokers],
        "state": str(tmp_path / "state"),
        "edge": "line",
        "timeout_s": 5.0,
    }
    what = more.pop("what", "samples")
    settings |= more
    DEFINITION.check(settings)
    return SparkplugExporter(settings, context(what=what))


@contextmanager
def running(
    tmp_path: Path, *brokers: Broker, tags: tuple[ExportTag, ...] = PLANT, **more: Any
) -> Iterator[SparkplugExporter]:
    made = exporter(tmp_path, *brokers, **more)
    stream = Stream(tags)
    made.open()
    made.describe(stream.schema)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def watching(broker: Broker, **more: Any) -> Iterator[Host]:
    host = Host(broker.port, **more)
    try:
        yield host
    finally:
        host.close()


def all_good(step: int = 0) -> Any:
    at = BEGIN + step * NS_PER_S
    return rows_of(PLANT, [*((n, good(n + step / 10, at)) for n in range(5)), (5, good(f"text {step}", at))])


def raised(act: Callable[[], Any], kind: type[ExportError], seconds: float = 60) -> ExportError:
    """What ``act`` raises in the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            act()
        except kind as error:
            return error
        time.sleep(0.05)
    raise AssertionError(f"{kind.__name__} was never raised")
