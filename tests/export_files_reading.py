"""Reads what the exporter to files delivered, as its docstring says, with the sums in plain Python."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from export_stream import Stream, context
from openpyxl import load_workbook

from hmi.export.port import ExportContext
from hmi.exporters.files import exporter
from hmi.exporters.files.definition import DEFINITION

SEEDS = (0x57617463686B6565, 0x706572206578706F)
WORD = 2**64
Row = dict[str, Any]


def exporter_to(folder: Path, given_context: ExportContext, **settings: Any) -> exporter.FilesExporter:
    """The exporter of a job with these settings."""
    given = {one.name: one.default for one in DEFINITION.settings} | {"folder": str(folder)} | settings
    DEFINITION.check(given)
    return exporter.create(given, given_context)


def opened(folder: Path, stream: Stream, **settings: Any) -> exporter.FilesExporter:
    """Ready to take packages of this stream."""
    made = exporter_to(folder, context(stream=stream.name), **settings)
    made.open()
    made.describe(stream.schema)
    return made


def manifests(job: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((job / "manifests").glob("*.json"))]


def parts(job: Path) -> set[str]:
    """Files with rows that are there, and those of a temporary name."""
    return {str(path.relative_to(job)) for path in job.glob("site=*/**/*") if path.is_file()}


def stated(job: Path) -> set[str]:
    """Those that manifests name."""
    return {one["path"] for manifest in manifests(job) for one in manifest["files"]}


def check_manifest(job: Path, manifest: Mapping[str, Any]) -> None:
    """Every file is there with its size, hash and rows, and together they are the rows of the statement."""
    for one in manifest["files"]:
        data = (job / one["path"]).read_bytes()
        assert len(data) == one["size"]
        assert hashlib.sha256(data).hexdigest() == one["sha256"]
        rows = list(read(job, one))
        times = [row["time"] for row in rows]
        assert (len(rows), min(times), max(times)) == (one["rows"], one["min_ts"], one["max_ts"])
        date = re.search(r"date=([^/]*)/", one["path"])
        assert date
        assert {str(datetime.fromtimestamp(time // 10**9, UTC).date()) for time in times} == {date[1]}
    assert sum(one["rows"] for one in manifest["files"]) == manifest["watermark"]["rows"]


def rows_of(job: Path, manifest: Mapping[str, Any]) -> list[Row]:
    return [row for one in manifest["files"] for row in read(job, one)]


def read(job: Path, file: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of one file of a manifest."""
    path = job / file["path"]
    if file["format"] == "parquet":
        yield from map(_from_parquet, pq.read_table(path).to_pylist())
    elif file["format"] == "csv":
        form = file["form"]
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.DictReader(stream, delimiter=form["delimiter"])
            if form["units_row"]:
                next(lines)
            for line in lines:
                yield _from_texts(line, form["decimal"], unguarded)
    else:
        for line in _sheet_rows(path):
            yield _from_texts(line, ".", lambda text: unguarded(unspelled(text)))


def _sheet_rows(path: Path) -> Iterator[dict[str, str]]:
    for sheet in load_workbook(path, read_only=True).worksheets:
        rows = sheet.iter_rows(values_only=True)
        names = [str(name) for name in next(rows)]
        for row in rows:
            yield {name: "" if cell is None else str(cell) for name, cell in zip(names, row, strict=True)}


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def unspelled(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def _from_parquet(row: Mapping[str, Any]) -> Row:
    at: datetime = row["ts"]
    seconds = round((at.replace(microsecond=0) - datetime.fromtimestamp(0, at.tzinfo)).total_seconds())
    time = seconds * 10**9 + at.microsecond * 1000 + row["ns"]
    if "number" in row:
        return {**row, "time": time}
    values = {1: row["value_d"], 2: row["value_i"], 4: row["value_i"], 5: row["value_s"]}
    value = values.get(row["kind"])
    if row["kind"] == 3:
        value = row["value_i"] if row["value_u"] is None else row["value_u"]
    texts = [row[name] for name in ("value_d", "value_i", "value_u", "value_s")]
    assert sum(text is not None for text in texts) == (row["kind"] != 0)
    return {
        "key": row["tag_id"], "time": time, "version": row["seq"], "status": row["status"], "kind": row["kind"],
        "flags": row["flags"], "rev": row["rev"], "deleted": row["deleted"],
        "bits": _bits(row["kind"], value), "value": value,
    }  # fmt: skip


def _from_texts(row: Mapping[str, str], decimal: str, plain: Callable[[str], str]) -> Row:
    time = _nanoseconds(row["time"])
    if "number" in row:
        texts = {name: plain(row[name]) for name in ("kind", "event", "fields")}
        return {**texts, "time": time, "number": int(row["number"])}
    kind = int(row["kind"])
    text = row["value"]
    readers: dict[int, Callable[[str], Any]] = {
        0: lambda text: None, 1: lambda text: float(text.replace(decimal, ".")), 2: int, 3: int, 4: int, 5: plain,
    }  # fmt: skip
    value = readers[kind](text)
    assert row["quality"] == ("Good", "Uncertain", "Bad", "Bad")[int(row["status"]) >> 30]
    return {
        "key": plain(row["tag_id"]), "name": plain(row["name"]), "time": time, "version": int(row["seq"]),
        "status": int(row["status"]), "kind": kind, "flags": int(row["flags"]), "rev": int(row["rev"]),
        "deleted": row["deleted"] == "1", "value": value,
        "bits": int(row["bits"], 16) if row["bits"] else _bits(kind, value),
    }  # fmt: skip


def _nanoseconds(text: str) -> int:
    whole, _, rest = text.removesuffix("Z").partition(".")
    assert text.endswith("Z")
    assert len(rest) == 9
    seconds = datetime.fromisoformat(f"{whole}+00:00") - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return round(seconds.total_seconds()) * 10**9 + int(rest)


def _word(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _bits(kind: int, value: Any) -> int:
    if kind == 0:
        return 0
    if kind == 1:
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    return _word(value) if kind == 5 else int(value) % WORD


def sum_of_rows(rows: Iterable[Row]) -> str:
    """As ``hmi.export.digest.sum_of``."""
    halves = [0, 0]
    for row in rows:
        words = (
            _word(row["key"]), row["time"] % WORD, row["version"], row["status"], row["bits"], row["kind"],
            row["flags"], int(row["deleted"]),
        )  # fmt: skip
        for half, seed in enumerate(SEEDS):
            state = seed
            for word in words:
                state = ((state ^ word) + 0x9E3779B97F4A7C15) % WORD
                state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WORD
                state = (state ^ (state >> 27)) * 0x94D049BB133111EB % WORD
                state ^= state >> 31
            halves[half] = (halves[half] + state) % WORD
    return f"{halves[0]:016x}{halves[1]:016x}"


def sum_of_event_rows(rows: Iterable[Row]) -> str:
    """As ``hmi.export.digest.sum_of_events``."""
    halves = [0, 0]
    for row in rows:
        head = json.dumps(
            [row["number"], row["time"], row["kind"], row["event"]], separators=(",", ":"), ensure_ascii=False
        )
        digest = hashlib.sha256(f"{head[:-1]},{row['fields']}]".encode()).digest()
        for half in (0, 1):
            halves[half] = (halves[half] + int.from_bytes(digest[8 * half : 8 * half + 8], "big")) % WORD
    return f"{halves[0]:016x}{halves[1]:016x}"
