"""How a tag is recorded: what its files say, and what follows where they say nothing (standards 7.1, 7.2)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, TypeAlias

LINEAR: Final = "linear"
STEP: Final = "step"
INTERPOLATIONS: Final = (LINEAR, STEP)
DUPLICATES: Final = ("keep or replace", "replace", "keep first", "append")
COMPRESSION_SHARE: Final = 0.002
"""Of the span, where nothing is said: what the line through the kept points may be off."""
EXC_MAX_S: Final = 600.0
COMP_MAX_S: Final = 8 * 3_600.0


@dataclass(frozen=True, slots=True)
class Deviation:
    """A deviation as it is written: in EU, or as a share of the span (0.002 for ``0.2%``)."""

    size: float
    of_span: bool = False

    def in_units(self, span: float) -> float:
        """EU; 0 for a share of a span that is not known."""
        return self.size * span if self.of_span else self.size


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What the plant files say of the recording of a tag; None where they say nothing. Times in seconds."""

    exc_dev: Deviation | None = None
    exc_min_s: float | None = None
    exc_max_s: float | None = None
    comp_dev: Deviation | None = None
    comp_min_s: float | None = None
    comp_max_s: float | None = None
    interpolation: str = ""
    compression: bool | None = None
    duplicates: str = ""
    future: bool = False

    @property
    def text(self) -> str:
        """``comp_dev=0.5, compression=off``; '' where nothing is said."""
        said = {
            one.name.removesuffix("_s"): _said(getattr(self, one.name))
            for one in fields(self)
            if getattr(self, one.name) not in (None, "", False) or one.name == "compression"
        }
        return ", ".join(f"{name}={text}" for name, text in said.items() if text)


def _said(value: object) -> str:
    if isinstance(value, Deviation):
        return f"{value.size * 100:g}%" if value.of_span else f"{value.size:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """What holds for one tag. Deviations in EU, 0 = every change counts; times in seconds.

    ``compression``: the swinging door is used. ``future``: forecasts and schedules, whose samples may lie ahead.
    """

    exc_dev: float = 0.0
    exc_min_s: float = 0.0
    exc_max_s: float = EXC_MAX_S
    comp_dev: float = 0.0
    comp_min_s: float = 0.0
    comp_max_s: float = COMP_MAX_S
    interpolation: str = STEP
    compression: bool = False
    duplicates: str = DUPLICATES[0]
    future: bool = False

    @property
    def is_stepped(self) -> bool:
        """A value stands until the next one, and nothing is drawn between the two."""
        return self.interpolation == STEP


Key: TypeAlias = tuple[bool, bool, float]
"""(a measured number, a whole one as the device counts it, span of the range in EU or 0)."""

NOTHING_SAID: Final = RecordRules()


@lru_cache(maxsize=4_096)
def settings_of(rules: RecordRules, key: Key) -> RecordSettings:
    """Settings of a tag of this kind.

    States, setpoints, texts and whatever people enter are stepped. Whole numbers as the device gives them may be
    counters, whose every count is kept. A number without a range has no span: every change of it is kept too.
    """
    is_measured, is_count, span = key
    interpolation = rules.interpolation or (LINEAR if is_measured else STEP)
    usual = COMPRESSION_SHARE * span if is_measured and not is_count else 0.0
    comp_dev = usual if rules.comp_dev is None else rules.comp_dev.in_units(span)
    wanted = comp_dev > 0 if rules.compression is None else rules.compression
    compression = wanted and is_measured and interpolation == LINEAR and not rules.future
    exc_dev = _exc_dev(rules, span, comp_dev if wanted else 0.0)
    return RecordSettings(
        exc_dev=0.0 if rules.future else exc_dev,
        exc_min_s=rules.exc_min_s or 0.0,
        exc_max_s=EXC_MAX_S if rules.exc_max_s is None else rules.exc_max_s,
        comp_dev=comp_dev,
        comp_min_s=rules.comp_min_s or 0.0,
        comp_max_s=COMP_MAX_S if rules.comp_max_s is None else rules.comp_max_s,
        interpolation=interpolation,
        compression=compression,
        duplicates=rules.duplicates or DUPLICATES[0],
        future=rules.future,
    )


def _exc_dev(rules: RecordRules, span: float, comp_dev: float) -> float:
    if rules.exc_dev is not None:
        return rules.exc_dev.in_units(span)
    return comp_dev / 2
