"""Reads the files of a plant folder; whatever is in them, the outcome is data or one finding."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hmi.project._conflict_marks import DO, WHAT, conflict_line
from hmi.project._findings import FieldError, Findings
from hmi.project._lines import TomlLines

MAX_BYTES = {".toml": 4 * 2**20, ".json": 64 * 2**20, ".csv": 256 * 2**20}
MAX_DEPTH = 40
MAX_TOML_LINE = 4_000  # the parser's time grows with the square of the dots in one key
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(slots=True)
class TomlFile:
    """A parsed TOML file; ``shown`` is its path in messages."""

    path: Path
    shown: str
    data: dict[str, Any]
    lines: TomlLines
    text: str


@dataclass(slots=True)
class CsvFile:
    """A CSV file: header and rows with the line each row starts in. Cells are stripped texts."""

    path: Path
    shown: str
    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]


@dataclass(slots=True)
class JsonFile:
    """A parsed JSON file with its text, for line numbers."""

    path: Path
    shown: str
    data: dict[str, Any]
    text: str


def read_text(path: Path, findings: Findings) -> str | None:
    """UTF-8 text with ``\\n`` line ends, or None and a finding."""
    try:
        size = path.stat().st_size
        most = MAX_BYTES[path.suffix]
        if size > most:
            what = f"is {size // 2**20} MiB, more than {most // 2**20} are not read"
            findings.error(str(path), 0, what, rule="too-large")
            return None
        raw = path.read_bytes()
    except OSError as error:
        findings.error(str(path), 0, f"cannot be read ({error.strerror or error})", rule="unreadable")
        return None
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        findings.error(str(path), line, "is not UTF-8 text", "save it as UTF-8", rule="encoding")
        return None
    if line := conflict_line(text):
        findings.error(str(path), line, WHAT, DO, rule="merge-conflict")
        return None
    return text


def read_toml(path: Path, findings: Findings) -> TomlFile | None:
    """A TOML file, or None and a finding with the line."""
    text = read_text(path, findings)
    if text is None or _has_long_line(path, text, findings):
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        what = _TOML_PLACE.sub("", str(error))
        said = f"is not valid TOML: {what[:1].lower()}{what[1:]}"
        findings.error(str(path), line, said, _toml_hint(what), rule="syntax")
        return None
    except (ValueError, RecursionError):
        what = "is not valid TOML: a number is too long or tables are nested too deep"
        findings.error(str(path), 0, what, rule="syntax")
        return None
    if _is_too_deep(data):
        what = f"nests tables and lists deeper than {MAX_DEPTH} levels"
        findings.error(str(path), 0, what, rule="nesting")
        return None
    return TomlFile(path, str(path), data, TomlLines(text), text)


def _has_long_line(path: Path, text: str, findings: Findings) -> bool:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_TOML_LINE:
            what = f"the line is {len(line)} characters long, more than {MAX_TOML_LINE} are not read"
            findings.error(str(path), number, what, "break it into several lines", rule="too-large")
            return True
    return False


def _toml_hint(what: str) -> str:
    if what.startswith(("Invalid initial character for a key", "Unclosed inline table")):
        return "an inline table { } stands on one line; write a [table] for a long one"
    return "texts stand in double quotes" if what.startswith("Invalid value") else ""


def read_json(path: Path, findings: Findings) -> JsonFile | None:
    """A JSON object, or None and a finding with the line."""
    text = read_text(path, findings)
    if text is None:
        return None
    try:
        data = json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        what = f"is not valid JSON: {error.msg}, column {error.colno}"
        findings.error(str(path), error.lineno, what, rule="syntax")
        return None
    except FieldError as error:
        findings.error(str(path), 0, f"is not valid JSON: {error.text}", error.do, rule="syntax")
        return None
    except (ValueError, RecursionError):
        what = "is not valid JSON: a number is too long or lists are nested too deep"
        findings.error(str(path), 0, what, rule="syntax")
        return None
    if not isinstance(data, dict):
        do = 'start it with {"schema": "display/1", …'
        findings.error(str(path), 1, "holds no JSON object", do, rule="syntax")
        return None
    problem = _problem_of_json(data, text)
    if problem:
        findings.error(str(path), 0, problem, rule="nesting" if "deeper" in problem else "encoding")
        return None
    return JsonFile(path, str(path), data, text)


def _problem_of_json(data: dict[str, Any], text: str) -> str:
    if _is_too_deep(data):
        return f"nests objects and lists deeper than {MAX_DEPTH} levels"
    if _SURROGATE.search(text):
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"
    return ""


def _is_too_deep(data: Any) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for holder in level
            for child in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise FieldError(f"the key {twice!r} stands twice in one object")
    return out


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise FieldError(f"{text[:40]} is larger than any number", "write a smaller one")
    return number


def _no_constant(text: str) -> Any:
    raise FieldError(f"{text} is not a number", "use null or leave the key out")


def read_csv(path: Path, required: tuple[str, ...], findings: Findings) -> CsvFile | None:
    """A CSV file with the required columns, or None and a finding. Empty rows are left out."""
    text = read_text(path, findings)
    if text is None:
        return None
    if not text.strip():
        do = f"the first row names the columns: {', '.join(required)}, …"
        findings.error(str(path), 1, "is empty", do, rule="columns")
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(reader))
        if not _header_is_right(path, header, required, findings):
            return None
        rows = list(_rows(path, reader, len(header), findings))
    except csv.Error as error:
        findings.error(
            str(path),
            reader.line_num,
            f"is not valid CSV: {error}",
            "close the quotes in this row",
            rule="syntax",
        )
        return None
    return CsvFile(path, str(path), header, rows)


def _header_is_right(
    path: Path, header: tuple[str, ...], required: tuple[str, ...], findings: Findings
) -> bool:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        findings.error(
            str(path), 1, "is not separated by commas", "save it as CSV with commas", rule="columns"
        )
        return False
    missing = [name for name in required if name not in header]
    if missing:
        findings.error(
            str(path), 1, f"has no column {', '.join(missing)}", "add it to the first row", rule="columns"
        )
        return False
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        findings.error(
            str(path), 1, f"has the column {twice[0]} twice", "rename or remove one", rule="columns"
        )
        return False
    return True


def _rows(path: Path, reader: Any, width: int, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1
    for cells in reader:
        at, line = line, reader.line_num + 1
        if len(cells) > width and any(cells[width:]):
            findings.error(
                str(path),
                at,
                f"has {len(cells)} cells where the header has {width}",
                "quote texts with commas",
                rule="syntax",
            )
            continue
        if any(cells):
            yield at, cells
