"""What a trend shows as a file: CSV, Parquet, a workbook or a picture. Written beside the Qt thread; no widgets.

Samples where the chart has samples; where it has rows of several, the least, greatest, first and last of each. Times
are UTC with their offset; every row carries its status.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from hmi.core.errors import UsageError
from hmi.core.texts import tr
from hmi.ui.sheets_out import safe_cell
from hmi.ui.times import local_time
from hmi.ui.trend.curve import Curve

HEAD: Final = (
    "tag",
    "unit",
    "time_utc",
    "time_plant",
    "value",
    "minimum",
    "maximum",
    "last",
    "status",
    "break",
    "rows",
)
FORMATS: Final = ("csv", "parquet", "xlsx", "png")
MOST_SHEET_ROWS: Final = 1_048_575


class Part(NamedTuple):
    """One pen to write: name, unit and what is in view of it."""

    tag: str
    unit: str
    curve: Curve


def parts_between(pens: Sequence[tuple[str, str, Curve]], start: int, end: int) -> list[Part]:
    """Only what lies between two instants (UTC ns), with the value that held at the start."""
    found: list[Part] = []
    for tag, unit, curve in pens:
        begin = max(int(np.searchsorted(curve.times, start, side="right")) - 1, 0)
        found.append(Part(tag, unit, curve.part(begin, int(np.searchsorted(curve.times, end, side="right")))))
    return found


def rows_of(part: Part, zone: tzinfo) -> Iterator[tuple[Any, ...]]:
    """Cells in the order of ``HEAD``; an empty cell where there is no number."""
    curve = part.curve
    kind = "sample" if curve.is_exact else "column"
    columns = (curve.times, curve.first, curve.low, curve.high, curve.last, curve.statuses, curve.breaks)
    for at, first, low, high, last, status, broken in zip(*(one.tolist() for one in columns), strict=True):
        numbers = [None if number != number else number for number in (first, low, high, last)]
        yield (
            part.tag, part.unit, local_time(at, UTC).isoformat(), local_time(at, zone).isoformat(), *numbers,
            f"0x{status:08X}", int(broken), kind,
        )  # fmt: skip


def write_rows(file: Path, parts: Sequence[Part], zone: tzinfo) -> Path:
    """By the ending of the name; OSError when it cannot be written, UsageError for an ending nobody knows."""
    writers: dict[str, Callable[[Path, Sequence[Part], tzinfo], None]] = {
        ".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx,
    }  # fmt: skip
    write = writers.get(file.suffix.lower())
    if write is None:
        raise UsageError(
            tr("{file} has no ending that is known; use .csv, .parquet, .xlsx or .png", file=file.name)
        )
    return whole(file, lambda fresh: write(fresh, parts, zone))


def whole(file: Path, write: Callable[[Path], None]) -> Path:
    """Whole or not at all: a full disk leaves no half of a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    try:
        write(fresh)
        os.replace(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)
    return file


def _write_csv(file: Path, parts: Sequence[Part], zone: tzinfo) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(HEAD)
        for part in parts:
            for row in rows_of(part, zone):
                writer.writerow(
                    [
                        safe_cell(row[0]),
                        safe_cell(row[1]),
                        *("" if cell is None else cell for cell in row[2:]),
                    ]
                )


def _write_parquet(file: Path, parts: Sequence[Part], zone: tzinfo) -> None:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError as error:
        raise _missing("pyarrow") from error
    schema = pa.schema([
        ("tag", pa.string()), ("unit", pa.string()), ("time", pa.timestamp("ns", "UTC")), ("value", pa.float64()),
        ("minimum", pa.float64()), ("maximum", pa.float64()), ("last", pa.float64()), ("status", pa.uint32()),
        ("break", pa.bool_()), ("rows", pa.string()),
    ])  # fmt: skip
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for part in parts:
            curve, count = part.curve, len(part.curve)
            numbers = [
                pa.array(one, from_pandas=True) for one in (curve.first, curve.low, curve.high, curve.last)
            ]
            kind = "sample" if curve.is_exact else "column"
            writer.write_table(pa.table([
                pa.array([part.tag] * count, pa.string()), pa.array([part.unit] * count, pa.string()),
                pa.array(curve.times, pa.timestamp("ns", "UTC")), *numbers, pa.array(curve.statuses, pa.uint32()),
                pa.array(curve.breaks, pa.bool_()), pa.array([kind] * count, pa.string()),
            ], schema=schema))  # fmt: skip


def _write_xlsx(file: Path, parts: Sequence[Part], zone: tzinfo) -> None:
    try:
        from openpyxl import Workbook  # type: ignore[import-untyped]
    except ImportError as error:
        raise _missing("openpyxl") from error
    if sum(len(part.curve) for part in parts) > MOST_SHEET_ROWS:
        raise UsageError(tr("a sheet has no room for so many rows; write CSV or Parquet, or show less time"))
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Trend")
    sheet.append(HEAD)
    for part in parts:
        for row in rows_of(part, zone):
            sheet.append([safe_cell(row[0]), safe_cell(row[1]), *row[2:]])
    book.save(file)


def _missing(package: str) -> UsageError:
    return UsageError(tr("this format needs {package}, which is not installed; write CSV", package=package))
