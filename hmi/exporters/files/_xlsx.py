"""One piece as an Excel workbook (columns and how to read them: ``hmi.exporters.files.exporter``)."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from openpyxl import Workbook  # type: ignore[import-untyped]

from hmi.core.clock import NS_PER_S
from hmi.core.texts import tr
from hmi.export.digest import canonical, object_text
from hmi.export.port import Package, RecordsRefused, TargetUnavailable
from hmi.exporters.files._csv import EVENT_COLUMNS, QUALITY, SAMPLE_COLUMNS, time_texts
from hmi.exporters.files._parquet import object_texts, quality_numbers
from hmi.exporters.files._pieces import EventPiece, Piece, SamplePiece
from hmi.exporters.files._texts import guarded, spelled
from hmi.historian.samples import ValueKind

SHEET_ROWS: Final = 1_048_576
MOST_TEXT: Final = 32_767
EXACT: Final = 2**53
"""A larger integer is a text: Excel keeps numbers as float64."""
_LOOK: Final = 1_000
_FIRST_YEAR: Final = 1901
"""Excel counts days from 1900, and has one too many in that year."""


def check_texts(package: Package) -> None:
    """RecordsRefused for rows with a text that no cell can hold."""
    reasons: dict[int, str] = {}
    for row, text in _long_texts(package):
        if len(_cell(text)) > MOST_TEXT:
            reasons[row] = tr(
                "a text of {count} characters does not fit into a cell of Excel", count=len(text)
            )
    if reasons:
        raise RecordsRefused(reasons)


def _long_texts(package: Package) -> Iterator[tuple[int, str]]:
    if package.rows is None:
        for row, event in enumerate(package.events):
            yield from ((row, text) for text in (event.kind, event.event, canonical(dict(event.fields))))
        return
    samples = package.rows.samples
    for row in np.flatnonzero(samples.kinds == ValueKind.OBJECT).tolist():
        yield row, object_text(samples.objects[int(samples.bits[row])])


def xlsx_chunks(piece: Piece, site: str, zone: ZoneInfo, stop: Callable[[], bool]) -> Iterator[Any]:
    """The file: one sheet for each 1,048,575 rows. TargetUnavailable once ``stop`` says so."""
    yield workbook(header(piece, zone), cells(piece, site, zone), stop)


def workbook(head: Sequence[str], rows: Iterator[Sequence[Any]], stop: Callable[[], bool]) -> bytes:
    """The rows with a header over those of each sheet."""
    book = Workbook(write_only=True)
    is_more, number = True, 0
    first = next(rows, None)
    while is_more:
        number += 1
        sheet: Any = book.create_sheet("Data" if number == 1 else f"Data {number}")
        sheet.freeze_panes = "A2"
        sheet.append(list(head))
        if first is not None:
            sheet.append(first)
        for count, row in enumerate(islice(rows, SHEET_ROWS - 2)):
            sheet.append(row)
            if not count % _LOOK and stop():
                sheet.close()
                raise TargetUnavailable(tr("stopped while a workbook was being written"))
        first = next(rows, None)
        is_more = first is not None
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def header(piece: Piece, zone: ZoneInfo) -> list[str]:
    names = list(SAMPLE_COLUMNS if isinstance(piece, SamplePiece) else EVENT_COLUMNS)
    return [names[0], f"local time ({zone.key})", *names[1:]]


def cells(piece: Piece, site: str, zone: ZoneInfo) -> Iterator[Sequence[Any]]:
    """A list of cells for each row."""
    place = _cell(site)
    times = zip(
        time_texts(piece.times, piece.day).to_pylist(),
        (_local(time, zone) for time in piece.times.tolist()),
        strict=True,
    )
    if isinstance(piece, EventPiece):
        for (text, local), event in zip(times, piece.events, strict=True):
            texts = (event.kind, event.event, canonical(dict(event.fields)))
            yield [text, local, _whole(event.number), *(_cell(one) for one in texts), place]
        return
    keys, names, units = ([_cell(text) for text in piece.texts(of)] for of in ("key", "name", "unit"))
    samples, rows = piece.rows.samples, piece.rows
    columns = (
        times, piece.codes.tolist(), samples.kinds.tolist(), samples.bits.tolist(), object_texts(piece).to_pylist(),
        samples.statuses.tolist(), quality_numbers(samples.statuses).tolist(), samples.flags.tolist(),
        samples.versions.tolist(), rows.revisions.tolist(), rows.deleted.tolist(),
    )  # fmt: skip
    for (text, local), code, kind, pattern, held, status, level, flags, seq, rev, deleted in zip(
        *columns, strict=True
    ):
        value, bits = _value(kind, pattern, held)
        yield [
            text, local, keys[code], names[code], value, units[code], QUALITY[level], status, kind, flags, seq,
            _whole(rev), int(deleted), bits, place,
        ]  # fmt: skip


def _value(kind: int, pattern: int, held: str | None) -> tuple[Any, str | None]:
    """The cell, and the 64 bits where the cell does not give the value again."""
    if kind == ValueKind.FLOAT:
        value = _float(pattern)
        if math.isfinite(value):
            # openpyxl writes 16 digits, and reads -0 as an integer
            is_same = float(f"{value:.16g}") == value and pattern != 1 << 63
            return value, None if is_same else f"{pattern:016x}"
        return str(value), f"{pattern:016x}"
    if kind == ValueKind.OBJECT:
        return _cell(held or ""), None
    if kind == ValueKind.NONE:
        return None, None
    number = pattern - 2**64 if kind == ValueKind.INT and pattern >= 2**63 else pattern
    return _whole(number), None


def _whole(number: int) -> int | str:
    return number if abs(number) <= EXACT else str(number)


def _float(pattern: int) -> float:
    return float(np.uint64(pattern).view(np.float64))


def _cell(text: str) -> str:
    return spelled(guarded(text))


def _local(time: int, zone: ZoneInfo) -> datetime | None:
    """Time of the plant's clock to the millisecond; None before Excel's first year."""
    seconds, rest = divmod(time, NS_PER_S)
    at = datetime.fromtimestamp(seconds, zone).replace(tzinfo=None, microsecond=rest // 1_000_000 * 1000)
    return at if at.year >= _FIRST_YEAR else None
