"""The fixed set of functions of the language, with what each accepts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FORMAT_SPEC = re.compile(r"[+ ]?0?\d{0,2},?(\.\d{1,2})?[dfegx%]?")
MAX_DIGITS = 15


def _round(value: Any, digits: int = 0) -> Any:
    return round(value, digits) if digits else round(value)


def _format(value: Any, spec: str = "") -> str:
    if not spec:
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    if spec.endswith(("d", "x")):
        value = round(value)
    return format(value, spec)


@dataclass(frozen=True, slots=True)
class Function:
    """``least``/``most`` operands; ``literal`` = the second operand is fixed when the screen is written."""

    call: Callable[..., Any]
    least: int
    most: int
    result: str = "number"
    literal: str = ""


FUNCTIONS: dict[str, Function] = {
    "min": Function(min, 2, 50),
    "max": Function(max, 2, 50),
    "abs": Function(abs, 1, 1),
    "round": Function(_round, 1, 2, literal="digits"),
    "format": Function(_format, 1, 2, result="text", literal="spec"),
}
QUALITY_FUNCTIONS = ("good", "uncertain", "bad")
