"""What stands in the parts of a workbook: shared texts, styles that are dates, and the rows of a sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hmi.core.errors import ConfigurationError
from hmi.project.import_texts import MAX_CELLS, MAX_ROWS, number_text

Row = tuple[int, list[str]]

MAX_COLUMNS: Final = 16_384
_DATES: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Built-in number formats of dates and times."""
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DAYS: Final = 2_958_466
"""The last day that a workbook can name lies before this one."""


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@dataclass(slots=True)
class Strings:
    """The texts that cells share; how one is spoken (``rPh``) is left out."""

    texts: list[str] = field(default_factory=list[str])
    _parts: list[str] = field(default_factory=list[str])
    _is_text: bool = False
    _spoken: int = 0

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._spoken += 1
        elif name == "t":
            self._is_text = not self._spoken

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._spoken -= 1
        elif name == "si":
            self.texts.append(_unescaped("".join(self._parts)))


@dataclass(slots=True)
class Styles:
    """Which numbers of styles show a date or a time."""

    from_1904: bool = False
    dates: set[str] = field(default_factory=set[str])
    _formats: set[str] = field(default_factory=set[str])
    _in_cells: bool = False
    _number: int = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            code = _QUOTED.sub("", attributes.get("formatCode", "")).lower()
            if any(letter in code for letter in "dmyhs"):
                self._formats.add(attributes.get("numFmtId", ""))
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            key = attributes.get("numFmtId", "0")
            if key in self._formats or (key.isdigit() and int(key) in _DATES):
                self.dates.add(str(self._number))
            self._number += 1

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def shown(self, text: str, style: str) -> str:
        """A number as it is meant: a day as ``2026-05-31``, a moment as ``2026-05-31T14:00:00``."""
        number = float(text)
        if style in self.dates and 0 <= number < _DAYS:
            first = datetime(1904, 1, 1) if self.from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
            moment = first + timedelta(seconds=round(number * 86_400))
            return moment.date().isoformat() if number == int(number) else moment.isoformat()
        return number_text(number)


class SheetReader:
    """Collects the rows of a sheet that hold something; ``is_full`` once there are more than ``most``."""

    def __init__(self, path: Path, strings: Strings, styles: Styles, most: int) -> None:
        self.rows: list[Row] = []
        self._path, self._strings, self._styles, self._most = path, strings.texts, styles, most
        self._number = 0
        self._cells: list[str] = []
        self._column = -1
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._is_text = False
        self._spoken = 0
        self._width = 0
        self._columns: dict[str, int] = {}

    @property
    def is_full(self) -> bool:
        return len(self.rows) > self._most

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._cells, self._column = [], -1
        elif name == "rPh":
            self._spoken += 1
        elif name in ("v", "t"):
            self._is_text = not self._spoken

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        place = attributes.get("r", "")
        self._column = self._place(place) if place else self._column + 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._parts = []

    def _place(self, reference: str) -> int:
        """Number of the column of a reference such as ``AB12``, from 0."""
        letters = reference.rstrip("0123456789")
        number = self._columns.get(letters)
        if number is None:
            number = 0
            for letter in letters[:4]:
                number = number * 26 + ord(letter.upper()) - 64
            if not 1 <= number <= MAX_COLUMNS or not letters.isalpha():
                raise ValueError(reference)
            self._columns[letters] = number
        return number - 1

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._is_text = False
        elif name == "c":
            self._end_cell()
        elif name == "rPh":
            self._spoken -= 1
        elif name == "row" and any(self._cells):
            self.rows.append((self._number, self._cells))

    def _end_cell(self) -> None:
        text = self._value("".join(self._parts))
        if not text:
            return
        missing = self._column - len(self._cells)
        if missing >= 0:
            self._width += missing + 1
            if self._width > MAX_CELLS or len(self.rows) > MAX_ROWS:
                what, do = "has too many rows or cells", "split it into several files"
                raise ConfigurationError(what, file=str(self._path), line=self._number, do=do)
            self._cells += [""] * (missing + 1)
        self._cells[self._column] = text

    def _value(self, text: str) -> str:
        match self._kind:
            case "s":
                return self._strings[int(text)] if text.isdecimal() else ""
            case "b":
                return {"1": "true", "0": "false"}.get(text, text)
            case "n":
                return self._styles.shown(text, self._style) if text else ""
        return _unescaped(text)
