"""MQTT: states and packages as the exporter makes and sends them.

States stand against paho sending the same messages ready-made. A package is mostly the making of its lines, so it
stands against the standard library's JSON and paho; what ready-made messages would give is told beside it. All end when
the broker has acknowledged everything; the peer's ready messages are those that the exporter sent before.
"""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hmi.bench._export_files import scans
from hmi.bench.figure import Figure
from hmi.core.errors import UsageError
from hmi.export.digest import schema_digest, sum_of, watermark_digest
from hmi.export.port import ExportContext, Haste, Package, Rows, Schema, Watermark
from hmi.plugins.discovery import definition, part

if TYPE_CHECKING:
    from hmi.bench.peers.mosquitto_broker import Prepared

GOAL: Final = 0.7
ROUNDS: Final = 5
STATE_SCANS: Final = 2
LOG_SCANS: Final = 40
_LINES: Final = 1_000


def figures() -> list[Figure]:
    """UsageError where the library or the broker is missing."""
    need_library()
    from hmi.bench.peers.mosquitto_broker import broker

    states, log = scans(STATE_SCANS), scans(LOG_SCANS)
    with broker() as port:
        exporter = opened("mqtt", port, log)
        live = against_ready(exporter, states, lambda: exporter.live(states), port)
        package = package_of(log)
        ready = against_ready(exporter, log, lambda: exporter.deliver(package), port)
        made = against_made(log, lambda: exporter.deliver(package), lambda: _as_json(log), port)
        exporter.close()
    return [
        figure("mqtt_vs_library", live, GOAL),
        figure("mqtt_log_vs_library", made, GOAL),
        figure("mqtt_log_vs_ready", ready),
    ]


def _as_json(rows: Rows) -> list[Prepared]:
    """The lines of the log by the standard library, in messages of the same number."""
    samples, keys = rows.samples, [tag.key for tag in rows.tags]
    columns = zip(
        (keys[place] for place in rows.places.tolist()),
        samples.times.tolist(), samples.versions.tolist(), samples.kinds.tolist(),
        (value.value for value in samples.values()),
        samples.statuses.tolist(), samples.flags.tolist(), rows.revisions.tolist(), rows.deleted.tolist(), strict=True,
    )  # fmt: skip
    lines = [json.dumps(row, separators=(",", ":")) for row in columns]
    pieces = [lines[begin : begin + _LINES] for begin in range(0, len(lines), _LINES)]
    return [("v1/_log/peer", "\n".join(piece).encode(), 1, False) for piece in pieces]


def need_library() -> None:
    for name, package in (("paho", "paho-mqtt"), ("google.protobuf", "protobuf")):
        if importlib.util.find_spec(name) is None:
            raise UsageError(f'{package} is missing; pip install "watchkeeper[export]"')


Rates = tuple[float, float, str]
"""Rows/s of the exporter and of the peer, and what the peer is."""


def figure(name: str, rates: Rates, goal: float | None = None) -> Figure:
    """Only reported where there is no goal."""
    ours, theirs, peer = rates
    ratio = ours / theirs
    text = f"{ours:,.0f} rows/s; {peer} {theirs:,.0f} rows/s"
    if goal is None:
        return Figure(f"export.{name}", ratio, "ratio", text)
    return Figure(f"export.{name}", ratio, "ratio", text, f">= {goal}", ratio >= goal)


def against_ready(exporter: Any, rows: Rows, act: Callable[[], None], port: int) -> Rates:
    """Against paho sending what ``act`` publishes, ready-made."""
    prepared = _recorded(exporter, act)
    size = sum(len(payload) for _, payload, _, _ in prepared) / len(prepared)
    ours, theirs, _ = against_made(rows, act, lambda: prepared, port)
    return ours, theirs, f"paho with ready messages of {size:,.0f} bytes"


def against_made(rows: Rows, act: Callable[[], None], make: Callable[[], list[Prepared]], port: int) -> Rates:
    """Against ``make`` and paho sending what it gives; the fastest of turns taken."""
    from hmi.bench.peers.mosquitto_broker import BareClient

    bare = BareClient(port)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        for times, run in ((ours, act), (theirs, lambda: bare.send(make()))):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    bare.close()
    return len(rows) / min(ours), len(rows) / min(theirs), "the library makes them, paho sends them"


def _recorded(exporter: Any, act: Callable[[], None]) -> list[Prepared]:
    """What the exporter publishes."""
    session = exporter._session
    publish, found = session.publish, list[tuple[str, bytes, int, bool]]()

    def recording(topic: str, payload: bytes, qos: int = 0, *, retain: bool = False) -> None:
        found.append((topic, payload, qos, retain))
        publish(topic, payload, qos, retain=retain)

    session.publish = recording
    try:
        act()
    finally:
        del session.publish
    return found


def opened(name: str, port: int, rows: Rows, **more: Any) -> Any:
    """An exporter with a session and a schema."""
    settings = {one.name: one.default for one in definition("exporters", name).settings}
    settings |= {"servers": [f"mqtt://127.0.0.1:{port}"], **more}
    context = ExportContext(
        "bench", "p/bench", "plant", "Bench", False, "samples", str, lambda: datetime.now(UTC), lambda: False
    )
    exporter = part("exporters", name, "exporter").create(settings, context)
    exporter.open()
    digest = schema_digest(rows.tags)
    exporter.describe(Schema("p/bench", digest, rows.tags, "plant", "Bench", "UTC", "", 0))
    return exporter


def package_of(rows: Rows) -> Package:
    """A package of the past."""
    digest = schema_digest(rows.tags)
    mark = Watermark("p/bench", 1, "", 1, 100, len(rows), sum_of(rows), 0, digest, 0, Haste.BACKFILL)
    return Package(replace(mark, digest=watermark_digest(mark)), rows)
