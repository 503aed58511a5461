"""The rows of an .xlsx workbook, read as a stream in bounded memory: what it would unpack to is looked at first.

Of a workbook that nobody here has made nothing is believed: neither what a sheet says of its size, nor that a part is
what its name says. A document type, without which there are no entities, is refused.
"""

from __future__ import annotations

import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from hmi.core.errors import ConfigurationError
from hmi.project._import_sheet import Row, SheetReader, Strings, Styles
from hmi.project.import_texts import MAX_ROWS

MAX_UNPACKED: Final = 128 * 2**20
MAX_PARTS: Final = 2_000
MAX_RATIO: Final = 200
"""A part that shrank more than this is made to fill the memory; sheets shrink to a tenth or a thirtieth."""
_CHUNK: Final = 64 * 1024
_DAMAGES: Final = (
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, expat.ExpatError, EOFError, ValueError,
    RuntimeError,
    LookupError,  # a part that is named and not there
)  # fmt: skip
_Attributes = Mapping[str, str]


def workbook_rows(path: Path, *, most: int = MAX_ROWS, sheet: str = "") -> Iterator[Row]:
    """Number and cells of the rows of a sheet; without its name of the first that holds something.

    One more than ``most`` at most, so that the reader knows that there are more.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(path, archive)
            yield from _rows(path, _Book(path, archive), most, sheet)
    except _DAMAGES as error:
        raise _unreadable(path) from error


def unread_sheets(path: Path, sheet: str = "") -> list[str]:
    """Names of the sheets that hold something beside the one that ``workbook_rows`` reads."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = _Book(path, archive)
            strings, styles = book.strings(), book.styles()
            held = [name for name, part in book.sheets if _sheet_rows(path, book, part, (strings, styles), 0)]
    except _DAMAGES:
        return []  # told when it is read
    return [name for name in held if name != sheet] if sheet else held[1:]


def _sheet_rows(path: Path, book: _Book, part: str, words: tuple[Strings, Styles], most: int) -> list[Row]:
    reader = SheetReader(path, *words, most)
    book.parse(part, reader.start, reader.end, reader.text, until=lambda: reader.is_full)
    return reader.rows


def _unreadable(path: Path) -> ConfigurationError:
    what = "is not a workbook that can be read"
    return ConfigurationError(what, file=str(path), do="save it anew, or as CSV in UTF-8")


def _check_parts(path: Path, archive: zipfile.ZipFile) -> None:
    """ConfigurationError for a workbook that unpacks to too much."""
    parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if size > MAX_UNPACKED or len(parts) > MAX_PARTS:
        what = f"unpacks to {size // 2**20} MiB in {len(parts)} parts, which is more than is read"
        raise ConfigurationError(what, file=str(path), do="split it, or save it as CSV")
    for part in parts:
        if part.file_size > 2**20 and part.file_size > MAX_RATIO * max(1, part.compress_size):
            times = part.file_size // max(1, part.compress_size)
            what = f"holds {part.filename!r}, which unpacks to {times} times its size"
            raise ConfigurationError(what, file=str(path), do="save it as CSV")


def _rows(path: Path, book: _Book, most: int, sheet: str) -> Iterator[Row]:
    sheets = [one for one in book.sheets if sheet in ("", one[0])]
    if sheet and not sheets:
        known = ", ".join(name for name, _ in book.sheets)
        raise ConfigurationError(f"has no sheet {sheet!r}", file=str(path), do=f"its sheets: {known}")
    strings, styles = book.strings(), book.styles()
    for _, part in sheets:
        if rows := _sheet_rows(path, book, part, (strings, styles), most):
            yield from rows[: most + 1]
            return


@dataclass(slots=True)
class _Book:
    """The parts of a workbook by what they are; ``sheets`` in their order, with the names of their parts."""

    path: Path
    archive: zipfile.ZipFile
    sheets: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _kinds: dict[str, str] = field(default_factory=dict[str, str])
    _from_1904: bool = False

    def __post_init__(self) -> None:
        root = next(
            (part for kind, part, _ in self._links("") if kind == "officeDocument"), "xl/workbook.xml"
        )
        targets: dict[str, str] = {}
        for kind, part, key in self._links(root):
            self._kinds.setdefault(kind, part)
            if kind == "worksheet":
                targets[key] = part

        def start(name: str, attributes: _Attributes) -> None:
            if name == "sheet":
                key = next((text for key, text in attributes.items() if key.rpartition(":")[2] == "id"), "")
                if key in targets:
                    self.sheets.append((attributes.get("name", ""), targets[key]))
            elif name == "workbookPr":
                self._from_1904 = attributes.get("date1904", "") in ("1", "true")

        self.parse(root, start)

    def _links(self, part: str) -> list[tuple[str, str, str]]:
        """Kind, part and key of what a part links to."""
        folder, name = posixpath.split(part)
        links = posixpath.join(folder, "_rels", f"{name}.rels")
        found: list[tuple[str, str, str]] = []

        def start(name: str, attributes: _Attributes) -> None:
            if name == "Relationship":
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
                found.append((attributes["Type"].rpartition("/")[2], target, attributes["Id"]))

        if links in self.archive.NameToInfo:
            self.parse(links, start)
        return found

    def strings(self) -> Strings:
        """The texts that cells share by number."""
        found = Strings()
        if (part := self._kinds.get("sharedStrings", "")) in self.archive.NameToInfo:
            self.parse(part, found.start, found.end, found.text)
        return found

    def styles(self) -> Styles:
        """Which styles are dates."""
        found = Styles(self._from_1904)
        if (part := self._kinds.get("styles", "")) in self.archive.NameToInfo:
            self.parse(part, found.start, found.end)
        return found

    def parse(
        self,
        part: str,
        start: Callable[[str, _Attributes], None],
        end: Callable[[str], None] = lambda _name: None,
        text: Callable[[str], None] = lambda _text: None,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        """Read a part in pieces until its end, or until nobody wants more."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype(part)
        parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
        parser.EndElementHandler = lambda name: end(_local(name))
        parser.CharacterDataHandler = text
        with self.archive.open(part) as stream:
            while (chunk := stream.read(_CHUNK)) and not until():
                parser.Parse(chunk)
            if not until():
                parser.Parse(b"", True)

    def _refuse_doctype(self, part: str) -> Callable[..., None]:
        def refuse(*_: Any) -> None:
            what = f"holds {part!r} with a document type, which no workbook has"
            raise ConfigurationError(what, file=str(self.path), do="save it as CSV")

        return refuse


def _local(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else name
