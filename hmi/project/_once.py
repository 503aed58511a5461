"""What a file names twice: one of the two would be lost without a word, so a difference or a merge does not read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def without_twice(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON (``object_pairs_hook``); ValueError for one that has a key twice."""
    found = dict(members)
    if len(found) != len(members):
        raise ValueError(f"one of its objects has the key {_first_twice([key for key, _ in members])} twice")
    return found


def header_of(cells: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns, '' for one without any; ValueError where one stands twice."""
    header = tuple(cell.strip() for cell in cells)
    names = [name for name in header if name]
    if len(set(names)) != len(names):
        raise ValueError(f"its header names the column {_first_twice(names)} twice")
    return header


def row_of(header: Sequence[str], cells: Sequence[str], line: int) -> Mapping[str, str]:
    """The cells by their column; ValueError for one that no column names."""
    if any(cells[len(header) :]):
        raise ValueError(f"line {line} has more cells than the header")
    if any(cell.strip() for name, cell in zip(header, cells, strict=False) if not name):
        raise ValueError(f"line {line} has a cell in a column without a name")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}


def _first_twice(names: Sequence[str]) -> str:
    return next(name for index, name in enumerate(names) if name in names[:index])
