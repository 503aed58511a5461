"""Files: the exporter with its order, sums, manifests and durable names against a library that only writes the rows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from hmi.bench.figure import Figure
from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.errors import UsageError
from hmi.core.values import ValueType
from hmi.export.digest import schema_digest, sum_of, watermark_digest
from hmi.export.port import ExportContext, Exporter, ExportTag, Package, Rows, Watermark
from hmi.exporters.files._pieces import SamplePiece, sample_pieces
from hmi.historian.samples import Samples, ValueKind
from hmi.plugins.discovery import definition, part

GOAL: Final = 0.7
TAGS: Final = 5_000
ROUNDS: Final = {"parquet": 25, "csv": 5, "xlsx": 7}
SITE: Final = "plant"
_BEGIN: Final = 1_795_000_000 * NS_PER_S
_BAD_SHARE: Final = 0.01
Begin = Callable[[Path], Callable[[], object]]
"""Gets ready in a folder; what it gives back is measured."""


def figures() -> list[Figure]:
    """UsageError where a library is missing."""
    try:
        import openpyxl  # noqa: F401
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as error:
        raise UsageError(f'{error.name} is missing; pip install "watchkeeper[export]"') from error
    many, few = scans(100), scans(1)
    return [
        _figure("parquet", "pyarrow.parquet.write_table, zstd", many, _parquet_alone(_only_piece(many))),
        _figure("csv", "pyarrow.csv.write_csv", many, _csv_alone(_only_piece(many))),
        _figure("xlsx", "openpyxl, write-only", few, _xlsx_alone(_only_piece(few))),
    ]


def scans(count: int) -> Rows:
    """``count`` commits of all tags, a second apart: one decimal, each tag some ns late, one value of a hundred Bad."""
    rng = np.random.default_rng(1)
    rows = count * TAGS
    tags = tuple(
        ExportTag(
            f"t_{n:06d}", f"area/unit{n}.pv", ("plant", "area", f"unit{n}", "pv"), "area", ValueType.FLOAT64
        )
        for n in range(TAGS)
    )
    places = np.tile(np.arange(TAGS, dtype=np.int32), count)
    times = _BEGIN + np.repeat(np.arange(count), TAGS) * NS_PER_S + rng.integers(0, NS_PER_S // 2, rows)
    walk = np.cumsum(rng.normal(0, 0.3, (count, TAGS)), axis=0).reshape(-1)
    values, is_bad = np.round(50 + walk, 1), rng.random(rows) < _BAD_SHARE
    samples = Samples(
        times,
        np.where(is_bad, 0.0, values).view(np.uint64),
        np.where(is_bad, ValueKind.NONE, ValueKind.FLOAT).astype(np.uint8),
        np.where(is_bad, quality.BAD_NO_COMMUNICATION, quality.GOOD).astype(np.uint32),
        times,
        np.zeros(rows, np.uint16),
        np.zeros(rows, np.uint16),
        np.zeros(rows, np.uint32),
    )
    return Rows(tags, places, samples, np.repeat(np.arange(count) + 1, TAGS), np.zeros(rows, np.bool_))


def _figure(name: str, library: str, rows: Rows, alone: Begin) -> Figure:
    ours, theirs = _fastest([_exporting(name, rows), alone], ROUNDS[name])
    ratio = theirs / ours
    return Figure(
        f"export.{name}_vs_library",
        ratio,
        "ratio",
        f"{len(rows) / ours:,.0f} rows/s; {library} {len(rows) / theirs:,.0f} rows/s",
        f">= {GOAL}",
        ratio >= GOAL,
    )


def _fastest(begins: list[Begin], rounds: int) -> list[float]:
    """Seconds of the fastest round of each; they take turns, so that both see the same machine."""
    best = [float("inf")] * len(begins)
    for _ in range(rounds):
        for number, begin in enumerate(begins):
            with tempfile.TemporaryDirectory(prefix="watchkeeper-export-") as place:
                write = begin(Path(place))
                started = time.perf_counter()
                write()
                best[number] = min(best[number], time.perf_counter() - started)
    return best


def _exporting(name: str, rows: Rows) -> Begin:
    """The second package of a job: the first one, of one row, has made the folders."""
    first, second = _package(_first(rows), 1), _package(rows, 2)
    settings = {one.name: one.default for one in definition("exporters", "files").settings}

    def begin(folder: Path) -> Callable[[], object]:
        exporter: Exporter = part("exporters", "files", "exporter").create(
            {**settings, "folder": str(folder), "format": name}, _context()
        )
        exporter.open()
        exporter.deliver(first)
        return lambda: exporter.deliver(second)

    return begin


def _first(rows: Rows) -> Rows:
    return Rows(
        rows.tags, rows.places[:1], rows.samples.take(slice(0, 1)), rows.revisions[:1], rows.deleted[:1]
    )


def _package(rows: Rows, number: int) -> Package:
    digest = schema_digest(rows.tags)
    mark = Watermark("p/bench", number, "", 1, 100, len(rows), sum_of(rows), _BEGIN, digest, _BEGIN)
    return Package(replace(mark, digest=watermark_digest(mark)), rows)


def _context() -> ExportContext:
    return ExportContext(
        "bench", "p/bench", SITE, "Bench", False, "samples", str, lambda: datetime.now(UTC), lambda: False
    )


def _only_piece(rows: Rows) -> SamplePiece:
    return next(sample_pieces(rows))


def _parquet_alone(piece: SamplePiece) -> Begin:
    """The same table as a reader has it, sorted and complete, with the same compression."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    from hmi.exporters.files._parquet import sample_table, written

    table = pq.read_table(pa.BufferReader(written(sample_table(piece, SITE), {}))).combine_chunks()
    return lambda folder: lambda: pq.write_table(table, folder / "bare.parquet", compression="zstd")


def _csv_alone(piece: SamplePiece) -> Begin:
    """The same columns as a table of typed values."""
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import csv  # type: ignore[import-untyped]

    from hmi.exporters.files._csv import QUALITY, SAMPLE_COLUMNS
    from hmi.exporters.files._parquet import quality_numbers

    rows, samples = piece.rows, piece.rows.samples
    codes = pa.array(piece.codes)

    def texts(of: str) -> Any:
        return pa.array(piece.texts(of)).take(codes)

    columns = [
        pa.array(samples.times, pa.timestamp("ns", tz="UTC")),
        texts("key"),
        texts("name"),
        pa.array(samples.bits.view(np.float64), mask=samples.kinds == ValueKind.NONE),
        texts("unit"),
        pa.array(QUALITY).take(pa.array(quality_numbers(samples.statuses))),
        samples.statuses,
        samples.kinds,
        samples.flags,
        samples.versions,
        rows.revisions,
        rows.deleted.astype(np.uint8),
        pa.nulls(len(piece), pa.string()),
        pa.array([SITE]).take(pa.array(np.zeros(len(piece), np.int32))),
    ]
    table = pa.table(columns, names=list(SAMPLE_COLUMNS))
    return lambda folder: lambda: csv.write_csv(table, folder / "bare.csv")


def _xlsx_alone(piece: SamplePiece) -> Begin:
    """The same cells, ready made."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    from hmi.exporters.files._xlsx import cells, header

    zone = ZoneInfo("UTC")
    head, ready = header(piece, zone), list(cells(piece, SITE, zone))

    def write(folder: Path) -> None:
        book = Workbook(write_only=True)
        sheet: Any = book.create_sheet("Data")
        for row in (head, *ready):
            sheet.append(row)
        book.save(folder / "bare.xlsx")

    return lambda folder: lambda: write(folder)
