"""The columns that say how a tag is recorded, for tags.csv and the signals of types (standards 7.1, 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hmi.core.values import ValueType
from hmi.project._convert import number, truth
from hmi.project._findings import FieldError
from hmi.project.recording import DUPLICATES, INTERPOLATIONS, LINEAR, NOTHING_SAID, Deviation, RecordRules

RECORD_HELP: Final = {
    "exc_dev": "largest change that is left out, in the unit or as 0.1% of the range; 0 = every change counts",
    "exc_min": "seconds between two recorded changes at least",
    "exc_max": "seconds after which an unchanged value is recorded again; empty = 600",
    "comp_dev": "how far a line through the kept points may be off, in the unit or as 0.2% of the range",
    "comp_min": "seconds between two kept points at least",
    "comp_max": "seconds between two kept points at most; empty = 28800",
    "interpolation": "linear or step: what is drawn between two points; empty = by the kind of the tag",
    "compression": "on or off: leave out points that a line through the others shows",
    "duplicates": "a second value of one instant: " + ", ".join(DUPLICATES),
    "future": "true: forecasts and schedules, whose times may lie ahead",
}
RECORD_SOURCES: Final = tuple(RECORD_HELP)
_MEASURED: Final = frozenset((ValueType.INT64, ValueType.UINT64, ValueType.FLOAT32, ValueType.FLOAT64))


def record_rules(*raws: Any) -> RecordRules:
    """The rules of the cells in the order of ``RECORD_SOURCES``; FieldError for the first that does not fit."""
    given = dict(zip(RECORD_SOURCES, raws, strict=True))
    rules = RecordRules(
        exc_dev=_deviation(given, "exc_dev"),
        exc_min_s=_seconds(given, "exc_min"),
        exc_max_s=_seconds(given, "exc_max"),
        comp_dev=_deviation(given, "comp_dev"),
        comp_min_s=_seconds(given, "comp_min"),
        comp_max_s=_seconds(given, "comp_max"),
        interpolation=_choice(given, "interpolation", INTERPOLATIONS),
        compression=_switch(given),
        duplicates=_choice(given, "duplicates", DUPLICATES),
        future=truth(given["future"], "future"),
    )
    for least, most in (("exc_min_s", "exc_max_s"), ("comp_min_s", "comp_max_s")):
        low, high = getattr(rules, least), getattr(rules, most)
        if low is not None and high is not None and low > high:
            raise FieldError(
                f"{least[:-2]} {low:g} is above {most[:-2]} {high:g}", "write the smaller one first"
            )
    return NOTHING_SAID if rules == NOTHING_SAID else rules


def _deviation(given: Mapping[str, Any], name: str) -> Deviation | None:
    raw = given[name]
    if raw == "":
        return None
    of_span = isinstance(raw, str) and raw.strip().endswith("%")
    try:
        size = number(raw.strip().removesuffix("%") if isinstance(raw, str) else raw, name)
    except FieldError:
        raise FieldError(
            f"{name} {raw!r} is no deviation", "write it in the unit as 0.5, or as 0.2%"
        ) from None
    if size < 0:
        raise FieldError(f"{name} {raw} is below zero")
    return Deviation(size / 100, True) if of_span else Deviation(size)


def _seconds(given: Mapping[str, Any], name: str) -> float | None:
    if given[name] == "":
        return None
    value = number(given[name], name)
    if value < 0:
        raise FieldError(f"{name} {value:g} is below zero", "write seconds")
    return value


def _choice(given: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    if given[name] not in ("", *allowed):
        raise FieldError(f"{name} {given[name]!r} is not known", f"write {' or '.join(allowed)}")
    return str(given[name])


def _switch(given: Mapping[str, Any]) -> bool | None:
    raw = given["compression"]
    if raw == "":
        return None
    return {"on": True, "off": False}[raw] if raw in ("on", "off") else truth(raw, "compression")


def problem_of_record(fields: Mapping[str, Any]) -> FieldError | None:
    """What does not fit together in how a tag is recorded, or None."""
    rules: RecordRules = fields.get("recording", NOTHING_SAID)
    if rules is NOTHING_SAID:
        return None
    ends = fields.get("range")
    measured = fields.get("type", ValueType.FLOAT64) in _MEASURED and not fields.get("states")
    for name in ("exc_dev", "comp_dev"):
        deviation: Deviation | None = getattr(rules, name)
        if deviation is not None and deviation.of_span and ends is None:
            what = f"{name} is a share of a range, and the tag has none"
            return FieldError(what, "give low and high, or write it in the unit")
        if deviation is not None and ends is not None and deviation.in_units(ends.span) >= ends.span:
            return FieldError(f"{name} is as large as the whole range", "nothing of the tag would be kept")
    if not measured and (rules.compression or rules.interpolation == LINEAR):
        what = "compression" if rules.compression else "interpolation linear"
        return FieldError(f"{what} is for numbers only", "take it out; every change of this tag is kept")
    if rules.compression and rules.interpolation == "step":
        what = "a stepped tag has no line to compress"
        return FieldError(what, "write interpolation linear, or take compression out")
    if rules.compression and rules.comp_dev is None and ends is None:
        return FieldError("compression needs a comp_dev, for the tag has no range", "write it in the unit")
    return None
