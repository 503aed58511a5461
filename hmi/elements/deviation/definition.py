"""Deviation bars: values side by side over one zero line, so that all in line means normal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.mimics import Deviation, Element, ElementDefinition, FixedText, Inputs, Property, deviation


def look(inputs: Inputs) -> tuple[object, ...]:
    return tuple(_column(inputs, row) for row in inputs.get("rows") or ())


def _column(inputs: Inputs, row: Mapping[str, Any]) -> Deviation:
    tags = [str(tag) for tag in row.get("tags") or ()]
    reading = inputs.tag(tags[0] if tags else "")
    setpoint = inputs.tag(tags[1]) if len(tags) > 1 else None
    label, form = str(row.get("label", "")), str(row.get("format", ""))
    return deviation(reading, setpoint, label=label, form=form, span=row.get("span"))


def texts(element: Element) -> tuple[FixedText, ...]:
    return (FixedText("title", element.get("title"), "text.strong", element.w),)


DEFINITION = ElementDefinition(
    name="deviation",
    title="Deviation bars",
    properties=(
        Property(
            "rows", "list", [],
            'each {"label": …, "tags": [value, set point], "span": …}; without a set point the middle of the '
            "normal band, span is the deviation at the end of the bar",
        ),
        Property("title", "string", "", "head line"),
    ),
    look=look,
    size=(320, 170),
    margin=(30, 10, 34, 10),
    clickable=True,
    group="values",
    texts=texts,
)  # fmt: skip
