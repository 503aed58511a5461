"""Paints a table of tags."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from hmi.mimics import Element, Shown
from hmi.ui.mimic.kit import CENTER, RIGHT, Kit

_HEAD = 24.0
_UNITS = 16.0
_FONT = "value.small"
Rows = tuple[tuple[str, tuple[Shown, ...]], ...]


def _head_height(element: Element) -> float:
    if not element.get("columns"):
        return 0.0
    return _HEAD + (_UNITS if element.get("units") == "column" else 0.0)


def static(painter: QPainter, element: Element, kit: Kit) -> None:
    """Head line and hairlines."""
    height, top = element.get("row_height"), element.y + _head_height(element)
    if top > element.y:
        kit.fill(painter, element.x, round(top), element.w, 1, "pipe.minor")
    for n, column in enumerate(element.get("columns")):
        x, align = _place(element, n)
        label = kit.fitted("text.word", str(column.get("label", "")), element.get("pitch") - 6)
        kit.text(painter, x, element.y + 14, label, font="text.word", align=align)
    for n in range(len(element.get("rows"))):
        kit.fill(painter, element.x, round(top + (n + 1) * height), element.w, 1, "panel.edge")


def _place(element: Element, column: int) -> tuple[float, float]:
    """Where the texts of a column stand, and with which of their ends."""
    x = element.x + element.get("first") + column * element.get("pitch")
    return x, RIGHT if element.get("align") == "decimal" else CENTER


def dynamic(painter: QPainter, element: Element, look: Rows, kit: Kit) -> None:
    height, top = element.get("row_height"), element.y + _head_height(element)
    units = element.get("units")
    if units == "column" and element.get("columns"):
        _column_units(painter, element, look, kit)
    rooms = _rooms(look, kit) if element.get("align") == "decimal" else {}
    for n, (label, cells) in enumerate(look):
        baseline = top + n * height + height / 2 + 6
        width = kit.text(painter, element.x, baseline, label, font="text.label", color="text.label")
        if units == "row" and cells:
            kit.text(
                painter, element.x + width + 6, baseline, cells[0].unit, font="text.small", color="text.label"
            )
        for column, shown in enumerate(cells):
            x, align = _place(element, column)
            x -= rooms.get(column, 0.0) - _fraction(shown, kit) if rooms else 0.0
            kit.value(
                painter,
                x,
                baseline,
                shown,
                font=_FONT,
                align=align,
                unit=False,
                alarm_mark=False,
                corner=True,
            )


def _column_units(painter: QPainter, element: Element, look: Rows, kit: Kit) -> None:
    cells = look[0][1] if look else ()
    for n, shown in enumerate(cells):
        x, align = _place(element, n)
        kit.text(painter, x, element.y + 30, shown.unit, font="text.small", color="text.label", align=align)


def _rooms(look: Rows, kit: Kit) -> dict[int, float]:
    """For each column the widest part behind the decimal point: that is where all points stand."""
    rooms: dict[int, float] = {}
    for _, cells in look:
        for column, shown in enumerate(cells):
            rooms[column] = max(rooms.get(column, 0.0), _fraction(shown, kit))
    return rooms


def _fraction(shown: Shown, kit: Kit) -> float:
    """Width of the decimal point and what follows it; nothing for a whole number, a word or no value."""
    _, point, digits = shown.text.partition(".")
    return kit.width(_FONT, point + digits) if digits.isdigit() else 0.0
