"""Columns of calculations.csv, with what they hold."""

from __future__ import annotations

from hmi.project.calculation import KINDS

CALCULATION_HELP = {
    "id": "immutable; hmi format writes it",
    "name": "name of the calculated tag; with type the name of a signal that each instance gets",
    "type": "name of a type: every instance of it has this calculation",
    "kind": " ".join(KINDS),
    "of": "tag that it reads; with type the name of a signal",
    "every": "hour, day, month, or the beginnings of the shifts: 06:00 14:00 22:00; by default day",
    "base": "time base of the unit that a total is taken of: s, min or h",
    "state": "for state_hours: the value whose time is counted, by default 1",
    "expression": "for kpi: expression over calculated tags with the same every, in single quotes",
    "good": "percent of the time with Good values below which the result is Uncertain, by default 90",
    "description": "what people read; with type {description} is that of the instance",
    "unit": "engineering unit of the result",
    "low": "low end of the range",
    "high": "high end of the range",
    "format": "number format such as .1f",
}
