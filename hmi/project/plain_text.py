"""A file of the plant as lines that people read, one property a line: what git compares with its textconv."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from hmi.project._conflict_marks import conflict_line
from hmi.project._row_words import KEYS, called
from hmi.project.canonical import ELEMENT
from hmi.project.folder_diff import Unreadable, read_table


def plain_text(name: str, raw: bytes) -> str:
    """``name`` tells what it is: tags.csv, displays/overview.json …; what cannot be read comes as it is."""
    text = raw.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if conflict_line(text):
        return text
    path = PurePosixPath(name)
    lines: Iterator[str] | None = None
    try:
        if (table := next((key for key in KEYS if path.name.endswith(key)), "")) != "":
            lines = iter(list(_table(table, text)))
        elif path.suffix == ".json":
            lines = iter(list(_display(json.loads(text))))
    except (Unreadable, ValueError, RecursionError, TypeError, AttributeError):
        return text
    return text if lines is None else "".join(f"{line}\n" for line in lines)


def _table(file: str, text: str) -> Iterator[str]:
    for row in read_table(file, text).rows.values():
        yield called(file, row) + (f"  {row['id']}" if row.get("id") else "")
        named = ("kind", "name", "id") if file != "alarms.csv" else ("id",)
        yield from (f"    {column}: {cell}" for column, cell in row.items() if cell and column not in named)


def _display(document: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key}: {_said(value)}" for key, value in document.items() if key != "elements")
    for element in document.get("elements", ()):
        yield f"{element.get('type', 'element')} {element.get('id', '')}"
        keys = [key for key in (*ELEMENT, *sorted(element)) if key in element and key not in ("id", "type")]
        yield from (f"    {key}: {_said(element[key])}" for key in dict.fromkeys(keys))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
