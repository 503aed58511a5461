"""REST: rows of the history as pages of JSON, against a bare Starlette that has the same rows ready in memory.

Both answer one client that reads page after page of 10,000 rows and does nothing with them.
"""

from __future__ import annotations

import http.client
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from hmi.bench.figure import Figure
from hmi.bench.peers.bare_rest import Columns, bare_rest
from hmi.bench.peers.opcua_server import free_port
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.values import ValueType
from hmi.export import Stored
from hmi.export.digest import schema_digest
from hmi.export.port import ExportContext, ExportTag, Rows, Schema
from hmi.exporters.rest.definition import SETTINGS
from hmi.exporters.rest.exporter import create
from hmi.historian.samples import Batch, Samples, ValueKind
from hmi.journal import JournalReader
from hmi.security.it_tokens import HISTORY, ItTokens
from hmi.stores.sqlite import open_archive, open_reader
from hmi.testing.plant import make_plant, make_tag

GOAL: Final = 0.7
ROUNDS: Final = 3
TAGS: Final = 200
SECONDS: Final = 3_600
PAGE: Final = 10_000
_BEGIN: Final = 1_795_000_000 // SECONDS * SECONDS * NS_PER_S
_NEXT: Final = re.compile(rb'"next":"([^"]+)"')


def figures() -> list[Figure]:
    """The rate of the fastest of turns taken."""
    rows = _hour()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-rest-") as place:
        folder = Path(place)
        token = _written(folder, rows)
        with _served(folder, rows) as port, bare_rest(_columns(rows)) as bare:
            ours, theirs, feed = list[float](), list[float](), list[float]()
            for _ in range(ROUNDS):
                ours.append(_seconds(lambda: _paged(port, token, "/it/v1/samples")))
                theirs.append(_seconds(lambda: _bare(bare, len(rows))))
                feed.append(_seconds(lambda: _paged(port, token, "/it/v1/feed")))
    rates = [len(rows) / min(times) for times in (ours, theirs, feed)]
    told = f"{rates[0]:,.0f} rows/s; starlette, uvicorn and msgspec out of memory {rates[1]:,.0f} rows/s"
    feed_told = f"{rates[2]:,.0f} rows/s with proof; the same bare server {rates[1]:,.0f} rows/s"
    ratio = rates[0] / rates[1]
    return [
        Figure("export.rest_vs_library", ratio, "ratio", told, f">= {GOAL}", ratio >= GOAL),
        Figure("export.rest_feed_vs_library", rates[2] / rates[1], "ratio", feed_told),
    ]


def _hour() -> Rows:
    """An hour of some tags, a sample a second each: one decimal, some ns late, one value of a hundred Bad."""
    rng = np.random.default_rng(1)
    count = TAGS * SECONDS
    tags = tuple(
        ExportTag(
            f"t_{n:06d}", f"area/unit{n}.pv", ("plant", "area", f"unit{n}", "pv"), "area", ValueType.FLOAT64
        )
        for n in range(TAGS)
    )
    times = _BEGIN + np.repeat(np.arange(SECONDS), TAGS) * NS_PER_S + rng.integers(0, NS_PER_S // 2, count)
    walk = np.cumsum(rng.normal(0, 0.3, (SECONDS, TAGS)), axis=0).reshape(-1)
    values, is_bad = np.round(50 + walk, 1), rng.random(count) < 0.01
    samples = Samples(
        times,
        np.where(is_bad, 0.0, values).view(np.uint64),
        np.where(is_bad, ValueKind.NONE, ValueKind.FLOAT).astype(np.uint8),
        np.where(is_bad, quality.BAD_NO_COMMUNICATION, quality.GOOD).astype(np.uint32),
        times,
        np.zeros(count, np.uint16),
        np.zeros(count, np.uint16),
        np.zeros(count, np.uint32),
    )
    places = np.tile(np.arange(TAGS, dtype=np.int32), SECONDS)
    return Rows(tags, places, samples, np.repeat(np.arange(SECONDS) + 1, TAGS), np.zeros(count, np.bool_))


def _written(folder: Path, rows: Rows) -> str:
    """An archive of the rows, compacted as all but the newest hours are, and a token."""
    archive = open_archive(folder / "history")
    numbers = np.array([archive.number(tag.key) for tag in rows.tags], np.int32)
    for second in range(SECONDS):
        chosen = np.arange(second * TAGS, (second + 1) * TAGS)
        samples = rows.samples.take(chosen)
        archive.commit(Batch(numbers[rows.places[chosen]], samples), time=int(samples.times.max()) + 1)
    archive.compact(_BEGIN + SECONDS * NS_PER_S)
    archive.close()
    return ItTokens(folder).add("bench", [HISTORY], by="bench")


@contextmanager
def _served(folder: Path, rows: Rows) -> Iterator[int]:
    port = free_port()
    plant = make_plant([replace(make_tag(tag.name, history=True), id=tag.key) for tag in rows.tags])
    stored = Stored(
        plant,
        folder,
        "history",
        lambda: open_reader(folder / "history"),
        lambda: JournalReader(folder / "none"),
    )
    settings = {one.name: one.default for one in SETTINGS}
    settings |= {
        "listen": f"127.0.0.1:{port}",
        "security": "none",
        "requests_per_s": 1_000.0,
        "burst": 10_000,
    }
    context = ExportContext(
        "bench",
        "p/bench",
        "plant",
        "Bench",
        False,
        "samples",
        str,
        lambda: datetime.now(UTC),
        lambda: False,
        stored,
    )
    exporter: Any = create(settings, context)
    exporter.open()
    digest = schema_digest(rows.tags)
    exporter.describe(Schema("p/bench", digest, rows.tags, "plant", "Bench", "UTC", "", 0))
    try:
        yield port
    finally:
        exporter.close()


def _columns(rows: Rows) -> Columns:
    """By tag and time, as they are asked for."""
    order = np.lexsort((rows.samples.times, rows.places))
    samples = rows.samples.take(order)
    values = np.where(samples.kinds == 0, np.nan, samples.bits.view(np.float64))
    keys = [_key(rows.tags, place) for place in rows.places[order].tolist()]
    return Columns(keys, samples.times, values, samples.statuses)


def _key(tags: tuple[ExportTag, ...], place: int) -> str:
    return tags[place].key


def _seconds(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _paged(port: int, token: str, path: str) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    head = {"authorization": f"Bearer {token}"}
    cursor = ""
    while True:
        more = f"&cursor={quote(cursor)}" if cursor else ""
        link.request("GET", f"{path}?limit={PAGE}{more}", headers=head)
        answer = link.getresponse()
        content = answer.read()
        if answer.status == 204:
            break
        if answer.status != 200:
            raise RuntimeError(content.decode())
        found = _NEXT.search(content[-2_000:]) or _NEXT.search(content[:2_000])
        if found is None:
            break
        cursor = found[1].decode()
    link.close()


def _bare(port: int, total: int) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for begin in range(0, total, PAGE):
        link.request("GET", f"/samples?offset={begin}&limit={PAGE}")
        link.getresponse().read()
    link.close()
