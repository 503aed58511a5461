"""The widths of the characters of the bundled fonts, read from the font files: texts are measured without Qt.

``hmi generate`` writes them to ``resources/fonts/widths.json``. Figures have the widths of the feature ``tnum``, with
which every text of the product is drawn. Kerning is left out: a measured text is at most a few pixels too wide.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from hmi.mimics import FONTS
from hmi.project.shipped import shipped_path

FILE: Final = "widths.json"
_FILES: Final = {400: "Inter-Regular.otf", 600: "Inter-SemiBold.otf", 700: "Inter-Bold.otf"}
# Latin, Greek, Cyrillic, punctuation, superior and inferior figures, arrows and the signs of units
_RANGES: Final = (
    (0x20, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x2007, 0x203A), (0x2070, 0x208E), (0x20AC, 0x20AC),
    (0x2103, 0x2126), (0x2190, 0x21AF), (0x2202, 0x2265),
)  # fmt: skip
_COVERAGE_FORMAT_1, _DELTA = 1, 1


class FontFile:
    """An OpenType file: the width of each character in units of the em."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        (count,) = struct.unpack_from(">H", data, 4)
        records = (struct.unpack_from(">4sIII", data, 12 + 16 * n) for n in range(count))
        self._tables = {tag.decode("ascii"): offset for tag, _, offset, _ in records}
        (self.units_per_em,) = struct.unpack_from(">H", data, self._tables["head"] + 18)
        (self._measured,) = struct.unpack_from(">H", data, self._tables["hhea"] + 34)
        self._tabular = self._substitutes("tnum")

    def widths(self, characters: Iterable[int]) -> dict[str, int]:
        """Of every one of the characters that the font has, by character."""
        glyphs = self._glyphs()
        return {
            chr(code): self._width(self._tabular.get(glyphs[code], glyphs[code]))
            for code in characters
            if code in glyphs
        }

    def _width(self, glyph: int) -> int:
        place = self._tables["hmtx"] + 4 * min(glyph, self._measured - 1)
        return int(struct.unpack_from(">H", self._data, place)[0])

    def _glyphs(self) -> dict[int, int]:
        """Character code to glyph, from the groups of a cmap table of format 12."""
        start = self._tables["cmap"]
        (count,) = struct.unpack_from(">H", self._data, start + 2)
        for n in range(count):
            _, _, offset = struct.unpack_from(">HHI", self._data, start + 4 + 8 * n)
            (form,) = struct.unpack_from(">H", self._data, start + offset)
            if form == 12:
                return dict(self._groups(start + offset))
        raise ValueError("the font has no character map of format 12")

    def _groups(self, at: int) -> Iterable[tuple[int, int]]:
        (count,) = struct.unpack_from(">I", self._data, at + 12)
        for n in range(count):
            first, last, glyph = struct.unpack_from(">III", self._data, at + 16 + 12 * n)
            yield from ((code, glyph + code - first) for code in range(first, last + 1))

    def _substitutes(self, feature: str) -> dict[int, int]:
        """Glyph to glyph of the single substitutions of a feature."""
        start = self._tables["GSUB"]
        _, _, _, features, lookups = struct.unpack_from(">HHHHH", self._data, start)
        (count,) = struct.unpack_from(">H", self._data, start + features)
        found: dict[int, int] = {}
        for n in range(count):
            tag, offset = struct.unpack_from(">4sH", self._data, start + features + 2 + 6 * n)
            if tag.decode("ascii") == feature:
                for index in self._shorts(start + features + offset + 2):
                    (lookup,) = struct.unpack_from(">H", self._data, start + lookups + 2 + 2 * index)
                    found |= self._single(start + lookups + lookup)
                break
        return found

    def _shorts(self, at: int) -> tuple[int, ...]:
        """A counted list of 16-bit numbers."""
        (count,) = struct.unpack_from(">H", self._data, at)
        return struct.unpack_from(f">{count}H", self._data, at + 2)

    def _single(self, lookup: int) -> dict[int, int]:
        (kind,) = struct.unpack_from(">H", self._data, lookup)
        found: dict[int, int] = {}
        for offset in self._shorts(lookup + 4) if kind == 1 else ():
            table = lookup + offset
            form, coverage, delta = struct.unpack_from(">HHh", self._data, table)
            glyphs = self._covered(table + coverage)
            if form == _DELTA:
                found |= {glyph: (glyph + delta) & 0xFFFF for glyph in glyphs}
            else:
                found |= dict(zip(glyphs, self._shorts(table + 4), strict=True))
        return found

    def _covered(self, at: int) -> list[int]:
        (form,) = struct.unpack_from(">H", self._data, at)
        if form == _COVERAGE_FORMAT_1:
            return list(self._shorts(at + 2))
        (count,) = struct.unpack_from(">H", self._data, at + 2)
        ranges = (struct.unpack_from(">HHH", self._data, at + 4 + 6 * n) for n in range(count))
        return [glyph for first, last, _ in ranges for glyph in range(first, last + 1)]


def widths_text() -> str:
    """The file as it should be: widths in units of the em, by weight and character."""
    folder = shipped_path("resources") / "fonts"
    codes = [code for first, last in _RANGES for code in range(first, last + 1)]
    weights: dict[str, Mapping[str, Any]] = {}
    for weight in sorted({weight for _, weight in FONTS.values()}):
        font = FontFile((folder / _FILES[weight]).read_bytes())
        weights[str(weight)] = {"units_per_em": font.units_per_em, "widths": font.widths(codes)}
    lines = [
        f"{json.dumps(weight)}: {json.dumps(one, ensure_ascii=False, separators=(',', ':'))}"
        for weight, one in weights.items()
    ]
    return '{\n"schema": "widths/1",\n"weights": {\n' + ",\n".join(lines) + "\n}\n}\n"


def stale(folder: Path | None = None) -> tuple[Path, ...]:
    """The file when it is missing or differs from what the fonts say."""
    path = (folder or shipped_path("resources") / "fonts") / FILE
    current = path.read_text(encoding="utf-8") if path.is_file() else ""
    return () if current == widths_text() else (path,)


def generate(folder: Path | None = None) -> tuple[Path, ...]:
    """Write the file when it differs; returns what was written."""
    changed = stale(folder)
    for path in changed:
        path.write_text(widths_text(), encoding="utf-8", newline="\n")
    return changed
