"""Canonical texts of plant files: the same content always gives the same bytes, unknown content stays."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ENVELOPE = ("$schema", "schema", "id", "name", "title", "level", "area", "size", "parameters")
ELEMENT = ("id", "type", "x", "y", "w", "h", "tag")


def display_text(document: Mapping[str, Any]) -> str:
    """A display: one envelope key a line, one element a line, keys in a fixed order."""
    keys = [key for key in ENVELOPE if key in document]
    keys += sorted(key for key in document if key not in ENVELOPE and key != "elements")
    head = [f"{_json(key)}: {_json(document[key], spaced=True)}" for key in keys]
    elements = ",\n".join(element_text(element) for element in document.get("elements", ()))
    body = f'"elements": [\n{elements}\n]' if elements else '"elements": [\n]'
    return "{\n" + ",\n".join([*head, body]) + "\n}\n"


def element_text(element: Mapping[str, Any]) -> str:
    """One element on one line: id, type, place, tag, then its properties by name."""
    keys = [key for key in ELEMENT if key in element]
    keys += sorted(key for key in element if key not in ELEMENT)
    return _json({key: element[key] for key in keys})


def _json(value: Any, *, spaced: bool = False) -> str:
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Comma separated, quotes only where needed, ``\\n`` line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def column_order(header: Sequence[str], known: Sequence[str]) -> list[str]:
    """Known columns that are present in their order, then the unknown ones as they stood."""
    present = [name for name in known if name in header]
    return present + [name for name in header if name and name not in known]


def unnamed_columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    """Places of columns without a name that hold something, such as remarks: they stay, behind all others."""
    places = [index for index, name in enumerate(header) if not name]
    kept: set[int] = set()
    for row in rows if places else ():
        kept.update(index for index in places if index < len(row) and row[index].strip())
    return sorted(kept)
