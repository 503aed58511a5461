"""The scale of a value axis: straight or logarithmic, round ends, labels; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from hmi.ui.trend.decimate import Floats, nice_scale

THIN_SPACE: Final = "\u2009"
MINUS: Final = "−"


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``low`` at the foot to ``high`` at the top, labelled every ``step``; ``log`` needs a positive ``low``."""

    low: float
    high: float
    step: float
    log: bool = False

    def place(self, values: Floats) -> Floats:
        """0 at the foot, 1 at the top; not finite where a logarithm has no place for it."""
        if not self.log:
            return (values - self.low) / ((self.high - self.low) or 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(values > 0, np.log10(values), np.nan)
        return (logs - math.log10(self.low)) / (math.log10(self.high / self.low) or 1.0)

    def place_one(self, value: float) -> float:
        return float(self.place(np.array([value]))[0])

    def value_at(self, share: float) -> float:
        """What stands at a height from 0 to 1."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share

    def ticks(self) -> list[tuple[float, str]]:
        """Values and their labels, from the foot up."""
        if self.log:
            return self._decades()
        first = math.ceil(self.low / self.step - 1e-6)
        last = math.floor(self.high / self.step + 1e-6)
        values = [n * self.step for n in range(first, min(last, first + 40) + 1)]
        digits = digits_of(self.step)
        return [(value, number_text(value, digits)) for value in values]

    def _decades(self) -> list[tuple[float, str]]:
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        factors = (1,) if len(exponents) > 4 else (1, 2, 5)
        found = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        inside = [value for value in found if self.low * 0.999 <= value <= self.high * 1.001]
        return [(value, f"{value:g}") for value in inside]

    def zoomed(self, share: float, factor: float) -> Scale:
        """``factor`` of the range, the value at height ``share`` where it was."""
        ends = [share + (end - share) * factor for end in (0.0, 1.0)]
        return made_scale(self.value_at(ends[0]), self.value_at(ends[1]), log=self.log)

    def moved(self, share: float) -> Scale:
        """The whole scale up by a share of its range."""
        return made_scale(self.value_at(share), self.value_at(1.0 + share), log=self.log)


def made_scale(low: float, high: float, *, log: bool = False) -> Scale:
    """Exactly these ends, labelled at round values."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        low, high = nice_scale(low, low)[:2] if math.isfinite(low) else (0.0, 1.0)
    return Scale(low, high, nice_scale(low, high)[2], log and low > 0)


def round_scale(low: float, high: float, *, log: bool = False) -> Scale:
    """Round ends around data; a logarithmic one only where all of it is positive."""
    if log and low > 0:
        return Scale(
            10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high) + 1e-9), 1.0, log=True
        )
    bottom, top, step = nice_scale(low, high)
    return Scale(bottom, top, step)


def digits_of(step: float) -> int:
    """Decimals that tell values of this step apart."""
    for digits in range(10):
        if abs(round(step, digits) - step) < step * 1e-6:
            return digits
    return 10


def number_text(value: float, digits: int) -> str:
    """With thin spaces between thousands and a true minus."""
    if abs(value) >= 1e9 or (value and abs(value) < 1e-6):
        return f"{value:.4g}".replace("-", MINUS)
    text = f"{value + 0.0:,.{digits}f}".replace(",", THIN_SPACE)
    if text.startswith("-") and not text.strip("-0." + THIN_SPACE):
        text = text[1:]
    return text.replace("-", MINUS)
