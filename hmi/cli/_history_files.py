"""Results of the history as a table, CSV, JSON lines, Parquet or a sheet: piece by piece, whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, Protocol
from zoneinfo import ZoneInfo

from hmi.cli._history_data import Piece
from hmi.core import quality
from hmi.core.errors import UsageError
from hmi.core.history import SampleFlag
from hmi.core.texts import tr
from hmi.core.values import DataValue, Value
from hmi.historian.samples import ValueKind
from hmi.project.plant import TagDef

FORMATS: Final = ("table", "csv", "parquet", "xlsx", "json")
SHEET_ROWS: Final = 1_000_000
"""A sheet takes 1,048,576 rows; what is more belongs into CSV or Parquet."""
HEADER: Final = ("time_utc", "time_local", "tag", "value", "unit", "status", "status_code", "flags")
MODIFIED: Final = ("changed_by", "changed_utc", "act", "reason")
EXACT: Final = 2**53
"""From here on a column of floating point numbers does not hold every integer."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INFO: Final = (
    (0x01, "calculated"), (0x02, "interpolated"), (0x04, "partial"), (0x08, "extra data"), (0x10, "multiple"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """Results of one tag."""

    tag: TagDef
    pieces: Iterable[Piece]


class Writer(Protocol):
    """Takes pieces one after the other; ``finish`` ends what was begun."""

    def add(self, tag: TagDef, piece: Piece) -> None: ...

    def finish(self) -> None: ...


class Rows:
    """Rows of text for people and sheets, in the zone of the plant."""

    def __init__(self, zone: str, *, modified: bool) -> None:
        self._zone, self._modified = ZoneInfo(zone), modified

    @property
    def header(self) -> tuple[str, ...]:
        return HEADER + MODIFIED if self._modified else HEADER

    def of(self, tag: TagDef, piece: Piece) -> Iterator[list[Any]]:
        """A number stays a number, everything else is text."""
        flags = piece.samples.flags.tolist()
        whys = piece.modifications or (None,) * len(flags)
        for value, flag, why in zip(piece.samples.values(), flags, whys, strict=True):
            row = [
                iso_utc(value.source_time), local_time(value.source_time, self._zone), tag.name, shown(value),
                tag.unit, status_text(value.status), f"0x{value.status:08X}", flags_text(flag),
            ]  # fmt: skip
            if self._modified:
                row += [why.user, iso_utc(why.time), why.act, why.reason] if why else [""] * 4
            yield row


def iso_utc(at_ns: int) -> str:
    """With as many digits as there are, nine at most."""
    whole, rest = divmod(at_ns, 10**9)
    text = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0").rstrip(".") + "Z"


def local_time(at_ns: int, zone: ZoneInfo) -> str:
    """With its offset, so that the hour that comes twice in autumn reads in one way only."""
    return (
        (_EPOCH + timedelta(microseconds=at_ns // 1_000)).astimezone(zone).isoformat(timespec="milliseconds")
    )


def shown(value: DataValue) -> Any:
    content = value.value
    if content is None or isinstance(content, bool | int | float | str):
        return content
    return str(content)


def status_text(status: int) -> str:
    """Severity, cause and how a calculated value came to be."""
    found = quality.quality_of(status)
    words = [found.klass.name.capitalize()]
    words += [found.sub] if found.sub else []
    words += [word for bit, word in _INFO if status & 0x0400 and status & bit]
    return ", ".join(words)


def flags_text(flags: int) -> str:
    return " ".join(one.name.lower() for one in SampleFlag if flags & one and one.name)


# ------------------------------------------------------------------------------------------ to a stream


class CsvWriter:
    """RFC 4180; a text that a spreadsheet would take for a formula begins with an apostrophe."""

    def __init__(self, out: IO[str], rows: Rows) -> None:
        self._rows, self._csv = rows, csv.writer(out, lineterminator="\r\n")
        self._csv.writerow(rows.header)

    def add(self, tag: TagDef, piece: Piece) -> None:
        for row in self._rows.of(tag, piece):
            self._csv.writerow([guarded(cell) for cell in row])

    def finish(self) -> None:
        """Nothing is held back."""


def guarded(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and cell.lstrip(" \n").startswith(_FORMULA)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"'{cell}" if is_formula else cell


class JsonWriter:
    """One object a line."""

    def __init__(self, out: IO[str], rows: Rows) -> None:
        self._out, self._rows = out, rows

    def add(self, tag: TagDef, piece: Piece) -> None:
        for row in self._rows.of(tag, piece):
            self._out.write(
                json.dumps(dict(zip(self._rows.header, row, strict=True)), ensure_ascii=False) + "\n"
            )

    def finish(self) -> None:
        """Nothing is held back."""


class TableWriter:
    """In columns on a screen, by tabs for another program."""

    def __init__(self, out: IO[str], rows: Rows) -> None:
        self._out, self._rows = out, rows
        self._is_begun = False

    def add(self, tag: TagDef, piece: Piece) -> None:
        if not self._is_begun and self._out.isatty():
            self._out.write(f"{'time':<29}  {'tag':<28}  {'value':>14}  {'unit':<8} status\n")
        self._is_begun = True
        for row in self._rows.of(tag, piece):
            self._out.write(self._line(row) + "\n")

    def _line(self, row: Sequence[Any]) -> str:
        _, local, tag, value, unit, status, _, flags, *why = (" ".join(str(cell).split()) for cell in row)
        value = "" if value == "None" else value
        more = " ".join(one for one in (flags, *why) if one)
        if self._out.isatty():
            return f"{local:<29}  {tag:<28}  {value:>14}  {unit:<8} {status}{'  ' + more if more else ''}"
        return "\t".join((local, tag, value, unit, status, more))

    def finish(self) -> None:
        """Nothing is held back."""


# ------------------------------------------------------------------------------------------ to a file


class ParquetWriter:
    """Zstd, sorted by tag and time; numbers in a column of numbers, everything else in a column of text.

    Integers that the column of numbers cannot hold exactly are text.
    """

    def __init__(self, path: Path, *, modified: bool) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [
            ("time", pa.timestamp("ns", tz="UTC")), ("tag", pa.dictionary(pa.int32(), pa.string())),
            ("value", pa.float64()), ("text", pa.string()), ("unit", pa.dictionary(pa.int32(), pa.string())),
            ("status_code", pa.uint32()), ("flags", pa.uint16()),
        ]  # fmt: skip
        fields += [(name, pa.string()) for name in MODIFIED] if modified else []
        self._pa, self._modified = pa, modified
        self._schema = pa.schema([pa.field(*one) for one in fields])
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, tag: TagDef, piece: Piece) -> None:
        samples, pa = piece.samples, self._pa
        count = len(samples)
        if not count:
            return
        import numpy as np

        numbers = samples.numbers()
        whole = np.isin(samples.kinds, (ValueKind.INT, ValueKind.UINT))
        missing = np.isnan(numbers) | (whole & (np.abs(numbers) >= EXACT))
        texts = [None] * count
        if missing.any():
            texts = [_text_of(one.value) for one in samples.values()]
        columns: list[Any] = [
            pa.array(samples.times, pa.timestamp("ns", tz="UTC")),
            pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([tag.name])),
            pa.array(numbers, mask=missing),
            pa.array(texts, pa.string()),
            pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([tag.unit])),
            pa.array(samples.statuses),
            pa.array(samples.flags),
        ]
        if self._modified:
            whys = piece.modifications
            columns += [
                pa.array(column, pa.string())
                for column in ([one.user for one in whys], [iso_utc(one.time) for one in whys],
                               [one.act for one in whys], [one.reason for one in whys])
            ]  # fmt: skip
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def finish(self) -> None:
        self._file.close()


def _text_of(value: Value) -> str | None:
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < EXACT):
        return None
    return str(value)


class SheetWriter:
    """One sheet; UsageError beyond what a sheet can hold."""

    def __init__(self, path: Path, rows: Rows) -> None:
        from openpyxl import Workbook

        self._path, self._rows, self._count = path, rows, 0
        self._book = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet("History")
        self._sheet.append(list(rows.header))

    def add(self, tag: TagDef, piece: Piece) -> None:
        self._count += len(piece.samples)
        if self._count > SHEET_ROWS:
            raise UsageError(
                tr(
                    "a sheet takes {most} rows and there are more; write CSV or Parquet instead",
                    most=SHEET_ROWS,
                )
            )
        for row in self._rows.of(tag, piece):
            self._sheet.append([guarded(cell) if isinstance(cell, str) else cell for cell in row])

    def finish(self) -> None:
        self._book.save(self._path)


# ------------------------------------------------------------------------------------------ whole or not at all


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write to: it takes its place when all went well, and is gone when not."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise UsageError(
            tr("{path}: cannot be written ({why})", path=path, why=error.strerror or error)
        ) from error
    finally:
        part.unlink(missing_ok=True)


def write(parts: Iterable[Part], writer: Writer) -> int:
    """Everything through one writer; how many rows. How far it is goes to a terminal while it lasts."""
    progress, count = Progress(), 0
    for part in parts:
        for piece in part.pieces:
            writer.add(part.tag, piece)
            count += len(piece.samples)
            progress.tell(part.tag.name, count)
    writer.finish()
    progress.end()
    return count


class Progress:
    """One line on the terminal, now and then, and only where nothing else is written to it."""

    EVERY = 100_000

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty() and not sys.stdout.isatty()
        self._told = 0

    def tell(self, tag: str, count: int) -> None:
        if self._is_shown and count - self._told >= self.EVERY:
            self._told = count
            sys.stderr.write(f"\r{tr('{count} rows, {tag}', count=f'{count:,}', tag=tag)}\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        if self._told:
            sys.stderr.write("\r\x1b[K")
