"""A small table of tags: one row a quantity, one column a piece of equipment, or the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, Shown, show


def look(inputs: Inputs) -> tuple[object, ...]:
    return tuple(_row(inputs, row) for row in inputs.get("rows") or ())


def _row(inputs: Inputs, row: Mapping[str, Any]) -> tuple[str, tuple[Shown, ...]]:
    form = str(row.get("format", ""))
    formats = inputs.get("columns") or ()
    tags = row.get("tags") or ()
    cells = tuple(
        show(inputs.tag(str(tag)), form=form or _column_format(formats, n)) for n, tag in enumerate(tags)
    )
    return str(row.get("label", "")), cells


def _column_format(columns: Sequence[Mapping[str, Any]], number: int) -> str:
    return str(columns[number].get("format", "")) if number < len(columns) else ""


def texts(element: Element) -> tuple[FixedText, ...]:
    """The names of columns and of rows."""
    room = element.get("pitch") - 6
    columns = (str(c.get("label", "")) for c in element.get("columns") if isinstance(c, Mapping))
    rows = (str(r.get("label", "")) for r in element.get("rows") if isinstance(r, Mapping))
    first = element.get("first")
    return (
        *(FixedText("columns", name, "text.word", room) for name in columns),
        *(FixedText("rows", name, "text.label", first, "text.label") for name in rows),
    )


DEFINITION = ElementDefinition(
    name="table",
    title="Table of tags",
    properties=(
        Property("rows", "list", [], 'each {"label": …, "tags": […], "format": …}'),
        Property("columns", "list", [], 'head line: each {"label": …, "format": …}; empty for none'),
        Property(
            "align", "choice", "center", "of figures: middle, or point under point", ("center", "decimal")
        ),
        Property("units", "choice", "none", "where units stand", ("none", "row", "column")),
        Property("row_height", "number", 30, "pixels", low=12, high=400),
        Property("first", "number", 60, "middle (decimal: right end) of the first column from the left edge"),
        Property("pitch", "number", 60, "pixels from column to column"),
    ),
    look=look,
    size=(390, 90),
    margin=(8, 8, 30, 8),
    clickable=True,
    group="values",
    texts=texts,
)
