"""A small table of tags: one row a quantity, one column a piece of equipment."""

from __future__ import annotations

from typing import Any

from hmi.mimics import ElementDefinition, Inputs, Property, show


def look(inputs: Inputs) -> tuple[object, ...]:
    return tuple(_row(inputs, row) for row in inputs.get("rows") or ())


def _row(inputs: Inputs, row: dict[str, Any]) -> tuple[object, ...]:
    form = str(row.get("format", ""))
    cells = tuple(show(inputs.tag(str(tag)), form=form) for tag in row.get("tags", ()))
    return str(row.get("label", "")), cells


DEFINITION = ElementDefinition(
    name="table",
    title="Table of tags",
    properties=(
        Property("rows", "list", [], 'each {"label": …, "tags": […], "format": …}'),
        Property("row_height", "number", 30, "pixels"),
        Property("first", "number", 60, "middle of the first column from the left edge"),
        Property("pitch", "number", 60, "pixels from column to column"),
    ),
    look=look,
    size=(390, 90),
    margin=(8, 8, 30, 8),
    clickable=True,
    group="values",
)
