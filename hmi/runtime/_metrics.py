"""Figures as text that Prometheus reads (exposition format 0.0.4); pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
NO_LABELS: Final[Labels] = {}


@dataclass(slots=True)
class Family:
    """One figure with all its samples. ``name`` says its unit (``_seconds``, ``_bytes``) and, for what only grows,
    ends in ``_total``; ``kind`` is ``gauge`` or ``counter``.
    """

    name: str
    kind: str
    help: str
    samples: list[tuple[Labels, float]] = field(default_factory=list[tuple[Labels, float]])

    def add(self, value: float, **labels: str) -> None:
        """One sample; the same labels come once only."""
        self.samples.append((labels, value))


def gauge(name: str, help_: str, value: float | None = None) -> Family:
    """A figure that goes up and down; ``value``: its only sample."""
    return Family(name, "gauge", help_, [] if value is None else [(NO_LABELS, value)])


def counter(name: str, help_: str, value: float | None = None) -> Family:
    """A figure that only grows, and begins anew with the process."""
    return Family(name, "counter", help_, [] if value is None else [(NO_LABELS, value)])


class Histogram:
    """How long something took, in seconds, by ``bounds`` that rise."""

    def __init__(self, name: str, help_: str, bounds: tuple[float, ...]) -> None:
        self._name, self._help, self._bounds = name, help_, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def take(self, seconds: float) -> None:
        """One more."""
        place = next((at for at, bound in enumerate(self._bounds) if seconds <= bound), len(self._bounds))
        self._counts[place] += 1
        self._sum += seconds

    def lines(self) -> Iterable[str]:
        """As the format wants it: each bucket counts those below it too."""
        yield from _head(self._name, "histogram", self._help)
        total = 0
        for bound, count in zip((*self._bounds, math.inf), self._counts, strict=True):
            total += count
            yield f'{self._name}_bucket{{le="{_number(bound)}"}} {total}'
        yield f"{self._name}_sum {_number(self._sum)}"
        yield f"{self._name}_count {total}"


def rendered(families: Iterable[Family | Histogram]) -> str:
    """All of them; a family without a sample is left out."""
    lines: list[str] = []
    for family in families:
        if isinstance(family, Histogram):
            lines += family.lines()
        elif family.samples:
            lines += _head(family.name, family.kind, family.help)
            lines += [f"{family.name}{_labels(labels)} {_number(value)}" for labels, value in family.samples]
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, help_: str) -> tuple[str, str]:
    text = help_.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    text = value.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))
