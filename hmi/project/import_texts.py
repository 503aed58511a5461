"""Files with lists that other programs wrote, as text and as a table: encoding, separator and decimal sign are found.

Every refusal is a ConfigurationError in one sentence, and a file that is too large is refused before it is read.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hmi.core.errors import ConfigurationError
from hmi.project._conflict_marks import DO, WHAT, conflict_line

MAX_BYTES: Final = 256 * 2**20
MAX_ROWS: Final = 1_000_000
MAX_CELLS: Final = 10_000_000
SEPARATORS: Final = (",", ";", "\t", "|")
HEADER_WITHIN: Final = 50
"""Rows among which a header is looked for, where a list begins with a title."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WORKBOOK_MARK: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_BLANK: Final = " ".join(SEPARATORS)
_WITH_COMMA: Final = re.compile(r"[+-]?(?:\d{1,3}(?:[. '\u00a0\u202f]\d{3})+|\d*),\d+(?:[eE][+-]?\d+)?")

_POINTED: Final = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!)")
_WHOLE_LETTERS: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)

IsHeader = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text with ``\\n`` line ends and no mark at its beginning; ``encoding`` is a name of Python's codecs."""

    text: str
    encoding: str

    def lines(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Number and text of each line."""
        for number, line in enumerate(self.text.split("\n"), 1):
            yield number, (line.strip(),)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table: ``header``, then rows with the line (of a workbook: the row) that each starts in, cells stripped.

    A row may be shorter or longer than the header; empty rows are left out. ``decimal`` is ``.`` or ``,``. ``above``:
    what stands above the header. ``doubts``: what was guessed of encoding and numbers, as notes for people.
    """

    header: tuple[str, ...]
    rows: Sequence[tuple[int, list[str]]]
    separator: str
    decimal: str
    encoding: str = ""
    header_line: int = 1
    above: str = ""
    doubts: tuple[str, ...] = ()

    def number(self, cell: str) -> str:
        """The cell with a decimal point where it is a number with a decimal comma; every other cell as it is."""
        if self.decimal != "," or not _WITH_COMMA.fullmatch(cell):
            return cell
        return re.sub(r"[. '\u00a0\u202f]", "", cell).replace(",", ".")


def read_source(path: Path) -> SourceText:
    """The text of a file: UTF-8, UTF-16 and UTF-32 with or without a mark, else CP1252.

    ConfigurationError when it is too large, no text, or holds the marks of a merge that was not finished.
    """
    return _decoded(path, read_bytes(path))


def read_table(path: Path, is_header: IsHeader | None = None, sheet: str = "") -> SourceTable:
    """A list with separated fields, or a sheet of an .xlsx workbook: ``sheet``, else the first that holds something.

    ``is_header`` tells the row of the header among the first ``HEADER_WITHIN``; without it, and where it finds none,
    the first row that is not empty is the header. ConfigurationError as of ``read_source``.
    """
    raw = read_bytes(path)
    if raw.startswith(WORKBOOK_MARK):
        from hmi.project._import_workbook import workbook_rows

        return _table(path, workbook_rows(path, sheet=sheet), "", "", is_header)
    if raw.startswith(_OLD_WORKBOOK):
        raise ConfigurationError(
            "is a workbook of the old form", file=str(path), do="save it as .xlsx or CSV"
        )
    source = _decoded(path, raw)
    separator, text, first = _separator(source.text, is_header)
    rows = _csv_rows(path, text, separator, first)
    return _table(path, rows, separator, source.encoding, is_header)


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of at most ``MAX_BYTES``."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise ConfigurationError("is not a file", file=str(path), do="name a file with a list of tags")
        if state.st_size > MAX_BYTES:
            raise _too_large(path, state.st_size)
        with path.open("rb") as stream:
            raw = stream.read(state.st_size + 1)  # as much memory as it asks for is taken
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror or error})", file=str(path)) from error
    if len(raw) > state.st_size:
        raise ConfigurationError("is being written at this moment", file=str(path), do="do it again")
    return raw


def _too_large(path: Path, size: int) -> ConfigurationError:
    what = f"is {size // 2**20} MiB, more than {MAX_BYTES // 2**20} are not read"
    return ConfigurationError(what, file=str(path), do="split it into several files")


def _decoded(path: Path, raw: bytes) -> SourceText:
    encoding, start = encoding_of(path, raw)
    try:
        text = raw[start:].decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, start + error.start) + 1
        raise ConfigurationError(
            f"is not {encoding.upper()} text", file=str(path), line=line, do="save it as UTF-8"
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    refuse_conflict(path, text)
    return SourceText(text, encoding)


def refuse_conflict(path: Path, text: str) -> None:
    """ConfigurationError for the marks that a merge leaves where two people changed the same line."""
    if line := conflict_line(text):
        raise ConfigurationError(WHAT, file=str(path), line=line, do=DO)


def encoding_of(path: Path, raw: bytes) -> tuple[str, int]:
    """The encoding by a mark, by zero bytes, or else by trying; and where the text begins."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding, len(mark)
    start = raw[:4096]
    if zeros := start.count(0):
        even = start[::2].count(0)
        if even in (0, zeros) and zeros * 4 >= len(start):  # at least half of every second byte
            return ("utf-16-be" if even else "utf-16-le"), 0
        raise ConfigurationError("is not a text", file=str(path), do="save it as CSV in UTF-8")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(
            raw
        )  # a letter that is cut at the end is none that is wrong
    except UnicodeDecodeError:
        return ("utf-8" if _is_damaged(raw) else "cp1252"), 0
    return "utf-8", 0


def _is_damaged(raw: bytes) -> bool:
    """Whether a text is UTF-8 but for a few bytes; as Windows-1252 every letter of it would become two others."""
    whole = [len(found[0]) for found in _WHOLE_LETTERS.finditer(raw)]
    odd = len(raw.translate(None, bytes(range(128)))) - sum(whole)
    return bool(whole) and len(whole) >= odd


# ------------------------------------------------------------------------------------------ tables


def _separator(text: str, is_header: IsHeader | None) -> tuple[str, str, int]:
    """The separator, the text to read, and the number of its first line: Excel may write ``sep=;`` before it."""
    first, mark, rest = text.partition("\n")
    if (
        first.strip().lower().startswith("sep=")
        and len(first.strip()) == 5
        and first.strip()[4] in SEPARATORS
    ):
        return first.strip()[4], rest if mark else "", 2
    if first.rstrip("\n") == "sep=\t":
        return "\t", rest, 2
    return max(SEPARATORS, key=lambda one: _fits(text, one, is_header)), text, 1


def _fits(text: str, separator: str, is_header: IsHeader | None) -> tuple[bool, int]:
    """How well a separator does: whether it shows a header, and how many cells that has."""
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True):
            if any(cell.strip() for cell in cells):
                rows.append([cell.strip() for cell in cells])
            if len(rows) >= (HEADER_WITHIN if is_header else 1):
                break
    except csv.Error:
        pass  # told when the whole text is read
    if is_header and (found := next((row for row in rows if is_header(row)), None)):
        return True, len(found)
    return False, len(rows[0]) if rows else 0


def _csv_rows(path: Path, text: str, separator: str, first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    line = first
    try:
        for cells in reader:
            at, line = line, reader.line_num + first
            yield at, cells
    except csv.Error as error:
        raise ConfigurationError(
            f"is not valid CSV: {error}",
            file=str(path),
            line=reader.line_num + first - 1,
            do="close the quotes in this row",
        ) from error


def _table(
    path: Path,
    rows: Iterable[tuple[int, list[str]]],
    separator: str,
    encoding: str,
    is_header: IsHeader | None,
) -> SourceTable:
    kept = list(_bounded(path, rows))
    if not kept:
        raise ConfigurationError("is empty", file=str(path), do="the first row names the columns")
    at = 0
    if is_header is not None:
        at = next((i for i, (_, cells) in enumerate(kept[:HEADER_WITHIN]) if is_header(cells)), 0)
    line, header = kept[at]
    body = kept[at + 1 :]
    decimal = "," if _has_decimal_comma(separator, body) else "."
    above = " ".join(cell for _, cells in kept[:at] for cell in cells if cell)
    doubts = (*encoding_doubts(encoding, kept), *_number_doubts(decimal, body))
    return SourceTable(tuple(header), body, separator, decimal, encoding, line, above, doubts)


def encoding_doubts(encoding: str, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[str]:
    """A note where the encoding is a guess, with the first letters that it matters for."""
    if encoding != "cp1252":
        return
    for line, cells in rows:
        if odd := next((cell for cell in cells if not cell.isascii()), ""):
            what = f"the file is no UTF-8 and is read as Windows-1252: line {line} has {odd[:40]!r}"
            yield f"{what}; where that is wrong, save it as UTF-8"
            return


def _number_doubts(decimal: str, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[str]:
    """A note on ``1.500`` between decimal commas: one and a half, or one thousand five hundred."""
    if decimal != ",":
        return
    found = [(line, cell) for line, cells in rows for cell in cells if _POINTED.fullmatch(cell)]
    if found:
        line, cell = found[0]
        value = f"{float(cell):g}"
        yield (
            f"the list has decimal commas, and {len(found)} numbers with a point: {cell} in line {line} is read as "
            f"{value}; write {cell.replace('.', '')} or {cell.replace('.', ',')}"
        )


def error_cell(cells: Iterable[str]) -> str:
    """The first cell that is an error of a spreadsheet, such as ``#N/A``; empty when there is none."""
    return next((cell for cell in cells if cell.startswith("#") and _ERROR.fullmatch(cell)), "")


def _bounded(path: Path, rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    count = cells_read = 0
    for line, cells in rows:
        cells_read += len(cells)
        stripped = [cell.strip() for cell in cells]
        if not any(cell.strip(_BLANK) for cell in stripped):
            continue
        count += 1
        if count > MAX_ROWS or cells_read > MAX_CELLS:
            what = f"has more than {MAX_ROWS if count > MAX_ROWS else MAX_CELLS} "
            what += "rows" if count > MAX_ROWS else "cells"
            raise ConfigurationError(what, file=str(path), line=line, do="split it into several files")
        yield line, stripped


def _has_decimal_comma(separator: str, rows: Sequence[tuple[int, list[str]]]) -> bool:
    """Between semicolons every ``1,5`` is one; elsewhere ``1,500`` may be a thousand and a half."""
    if not separator:
        return False
    found = (cell for _, cells in rows for cell in cells if "," in cell and _WITH_COMMA.fullmatch(cell))
    return any(separator == ";" or not _THOUSANDS.fullmatch(cell) for cell in found)


def number_text(number: float) -> str:
    """A number of a spreadsheet as a cell of ours: without a needless ``.0``."""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)
