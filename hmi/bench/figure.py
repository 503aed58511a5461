"""One measured figure of a benchmark, with what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``figure`` is its dotted name, ``against`` what it is compared with in the same run, ``goal`` the bar.

    ``passed`` is None for a figure that is only reported.
    """

    figure: str
    value: float
    unit: str
    against: str = ""
    goal: str = ""
    passed: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON form; ``pass`` is a word of Python, so the field has another name."""
        return {
            "figure": self.figure,
            "value": round(self.value, 4),
            "unit": self.unit,
            "against": self.against,
            "goal": self.goal,
            "pass": self.passed,
        }
