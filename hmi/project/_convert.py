"""Cells and TOML values to numbers, truths and ranges; FieldError says which field is wrong."""

from __future__ import annotations

import math
from typing import Any

from hmi.core.values import EURange
from hmi.project._findings import FieldError

_TRUE = frozenset(("true", "yes", "1", "x"))
_FALSE = frozenset(("false", "no", "0", ""))


def number(raw: Any, name: str) -> float:
    """A finite number; FieldError says which field is wrong."""
    try:
        if isinstance(raw, bool):
            raise ValueError
        value = float(raw)
    except (TypeError, ValueError, OverflowError):
        raise FieldError(f"{name} {raw!r} is not a number", "write it as 12.5") from None
    if not math.isfinite(value):
        raise FieldError(f"{name} {raw!r} is not a number", "leave it empty when there is none")
    return value


def whole(raw: Any, name: str) -> int:
    """A number without decimals."""
    try:
        value = number(raw, name)
    except FieldError:
        raise FieldError(f"{name} {raw!r} is not a whole number") from None
    if value != int(value):
        raise FieldError(f"{name} {raw!r} is not a whole number")
    return int(value)


def truth(raw: Any, name: str) -> bool:
    """``true yes 1 x`` or ``false no 0`` and empty."""
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise FieldError(f"{name} {raw!r} is neither true nor false", "write true or false")


def pairs(text: str, name: str) -> dict[str, str]:
    """``a=1;b=2`` as a dict; texts keep their inner blanks."""
    out: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        key, mark, value = part.partition("=")
        key = key.strip()
        if not mark or not key:
            raise FieldError(f"{name} {part.strip()!r} has no =", f"write {name} as a=1;b=2")
        if key in out:
            raise FieldError(f"{name} names {key!r} twice")
        out[key] = value.strip()
    return out


def span(low: Any, high: Any, name: str) -> EURange | None:
    """A range whose low end is below its high end."""
    if low == "" and high == "":
        return None
    if low == "" or high == "":
        raise FieldError(f"the {name} has only one end", "give both low and high")
    ends = EURange(number(low, f"{name} low"), number(high, f"{name} high"))
    if ends.low >= ends.high:
        raise FieldError(f"the {name} runs from {ends.low:g} to {ends.high:g}", "low must be below high")
    return ends
