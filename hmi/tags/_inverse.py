"""Engineering value back to the raw value that a write carries (standards 4.3)."""

from __future__ import annotations

import math

from hmi.core.commands import Reason, Refusal
from hmi.core.texts import tr
from hmi.core.values import Value, ValueType
from hmi.project.plant import Scaling, TagDef

_RANGES = {
    "int8": (-(2**7), 2**7 - 1),
    "uint8": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_BY_TYPE = {ValueType.INT64: _RANGES["int64"], ValueType.UINT64: _RANGES["uint64"]}
_FLOAT32_MAX = 3.4028234663852886e38
_FLOATS = (ValueType.FLOAT32, ValueType.FLOAT64)
SPAN_SHARE = 0.001


def raw_for(tag: TagDef, value: Value) -> Value | Refusal:
    """The value to send, or why it does not fit the item; nothing is ever clamped."""
    if tag.type is ValueType.BOOL:
        return _truth(value)
    if tag.type in (ValueType.STRING, ValueType.BYTES):
        return value if isinstance(value, str | bytes) else _unfit(tr("The tag takes a text."), value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _unfit(tr("The tag takes a number."), value)
    if not math.isfinite(value):
        return _unfit(tr("The value is not a finite number."), value)
    if tag.scaling is not None:
        return _fitting(tag, unscaled(tag.scaling, value), value)
    return _fitting(tag, value, value)


class OutOfTypeRange(ValueError):
    """The value cannot be carried by the item; the message is a sentence."""


def to_raw(tag: TagDef, value: Value) -> Value:
    """``raw_for`` for callers that hold an exception to be the clearer way."""
    raw = raw_for(tag, value)
    if isinstance(raw, Refusal):
        raise OutOfTypeRange(raw.text)
    return raw


def raw_step(tag: TagDef) -> float:
    """Engineering size of one step of the whole number on the wire; 0 for floats and discrete tags."""
    if tag.scaling is None or whole_range(tag) is None:
        return 0.0
    return abs(tag.scaling.eu.span / tag.scaling.raw.span)


def _truth(value: Value) -> Value | Refusal:
    if isinstance(value, bool):
        return value
    return (
        bool(value)
        if type(value) is int and value in (0, 1)
        else _unfit(tr("The tag takes on or off."), value)
    )


def unscaled(scaling: Scaling, value: float) -> float:
    """Inverse of the curve, unrounded."""
    share = (value - scaling.eu.low) / scaling.eu.span
    if scaling.kind == "sqrt":
        share = math.copysign(share * share, share)
    return scaling.raw.low + share * scaling.raw.span


def _fitting(tag: TagDef, raw: float, value: Value) -> Value | Refusal:
    limits = whole_range(tag)
    if limits is None:
        too_big = tag.type is ValueType.FLOAT32 and abs(raw) > _FLOAT32_MAX
        return _unfit(tr("The value does not fit the item."), value) if too_big else float(raw)
    if tag.scaling is None and raw != int(raw):
        return _unfit(tr("The tag takes a whole number."), value)
    number = raw if isinstance(raw, int) else half_away(raw)
    if limits[0] <= number <= limits[1]:
        return number
    return _unfit(tr("The value does not fit the item."), value)


def whole_range(tag: TagDef) -> tuple[int, int] | None:
    """Range of the whole number on the wire; None when the wire carries a float."""
    wire = str(tag.options.get("wire", ""))
    if wire.startswith("float"):
        return None
    found = _RANGES.get(wire) or _BY_TYPE.get(tag.type)
    if found is None and tag.type is ValueType.ENUM:
        return _RANGES["int64"]
    return found


def half_away(number: float) -> int:
    """Round half away from zero, as controllers and people do; Python's ``round`` goes to even."""
    return math.floor(number + 0.5) if number >= 0 else math.ceil(number - 0.5)


def tolerance(tag: TagDef) -> float:
    """How far a read-back may be from what was asked: max(½ raw step, 0.1 % span); 0 for discrete tags."""
    if tag.scaling is not None:
        return max(raw_step(tag) / 2, abs(tag.scaling.eu.span) * SPAN_SHARE)
    if tag.type in _FLOATS:
        return tag.range.span * SPAN_SHARE if tag.range is not None else 1e-6
    return 0.0


def _unfit(text: str, value: Value) -> Refusal:
    return Refusal(Reason.INCONSISTENT_PARAMETERS, text, value)
