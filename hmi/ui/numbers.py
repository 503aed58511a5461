"""Reads a number that an operator typed, without guessing: what is ambiguous is refused.

Digits with at most one decimal mark, point or comma; thousands only with spaces. ``1,234`` is refused: it could
be a thousand as well as one and a bit. So is ``1.000``, unless the tag itself is written with so many decimals.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hmi.core.texts import tr

_SPACES = re.compile(r"(?<=\d)[  \u202f\u2009'](?=\d{3}(?!\d))")
_PLAIN = re.compile(r"[+\-−]?\d+(?:[.,]\d*)?|[+\-−]?[.,]\d+")
_AMBIGUOUS = re.compile(r"[+\-−]?[1-9]\d{0,2}[.,]\d{3}")
_MAX_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Typed:
    """The number, or None and one sentence why not. ``shown`` is how the product reads it back."""

    value: float | None
    problem: str = ""

    @property
    def shown(self) -> str:
        """The number with a decimal point and thin groups, as it will be sent."""
        if self.value is None:
            return ""
        text = f"{self.value:,.10f}".rstrip("0").rstrip(".")
        return text.replace(",", " ").replace("-", "−")


def parse_number(text: str, *, integer: bool = False, decimals: int = 3) -> Typed:
    """What ``text`` means as a number; a decimal comma counts like a decimal point.

    ``decimals`` are those that the tag is shown with: with three or more a point is sure to be a decimal point.
    """
    bare = text.strip()
    if not bare:
        return Typed(None, tr("Type a number."))
    if len(bare) > _MAX_LENGTH:
        return Typed(None, tr("This is too long for a number."))
    bare = _SPACES.sub("", bare)
    if not bare.isascii() and not all(c.isascii() or c == "−" for c in bare):
        return Typed(None, tr("Use the digits 0 to 9."))
    if not _PLAIN.fullmatch(bare):
        return Typed(None, tr("This is not a number; write it like 1234.5"))
    if _AMBIGUOUS.fullmatch(bare) and ("," in bare or decimals < 3):
        return Typed(None, _two_readings(bare))
    value = float(bare.replace("−", "-").replace(",", "."))
    if not math.isfinite(value):
        return Typed(None, tr("This is not a number; write it like 1234.5"))
    if integer and value != int(value):
        return Typed(None, tr("Type a whole number."))
    return Typed(value)


def _two_readings(bare: str) -> str:
    """Both things that it may mean, each as it can be typed without doubt."""
    whole, _, part = bare.replace("−", "-").replace(",", ".").partition(".")
    fraction = f"{whole}.{part.rstrip('0')}".rstrip(".")
    return tr(
        "Is that {thousands} or {fraction}? Write one of the two.", thousands=whole + part, fraction=fraction
    )


def limit_problem(value: float, low: float | None, high: float | None, unit: str) -> str:
    """One sentence when the value lies outside the limits of its command; the gate judges again."""
    if low is not None and value < low:
        return tr("Not below {limit} {unit}.", limit=f"{low:g}", unit=unit).replace(" .", ".")
    if high is not None and value > high:
        return tr("Not above {limit} {unit}.", limit=f"{high:g}", unit=unit).replace(" .", ".")
    return ""
