"""``JOB/FIGURE``: which figure of which job a tag shows. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hmi.core.errors import AddressError
from hmi.core.values import ValueType

if TYPE_CHECKING:
    from hmi.export.figures import JobFigures

_JOB: Final = re.compile(r"[a-z0-9_-]{1,64}")
_MEASURES: Final = frozenset((ValueType.FLOAT32, ValueType.FLOAT64))
_COUNTS: Final = frozenset((ValueType.INT64, ValueType.UINT64, ValueType.FLOAT64))
_STATES: Final = frozenset((ValueType.ENUM, ValueType.INT64, ValueType.UINT64))


@dataclass(frozen=True, slots=True)
class Figure:
    """``of`` gives the number; ``is_measure``: it is known only of a job that has come to work."""

    of: Callable[[JobFigures], float | int]
    types: frozenset[ValueType]
    is_measure: bool = True


FIGURES: Final[Mapping[str, Figure]] = {
    "lag_s": Figure(lambda one: one.lag_s, _MEASURES),
    "backlog_s": Figure(lambda one: one.backlog_s, _MEASURES),
    "rate": Figure(lambda one: one.rate, _MEASURES),
    "condition": Figure(lambda one: one.condition.number, _STATES, is_measure=False),
    "quota_used": Figure(lambda one: one.quota_used, _MEASURES),
    "dropped": Figure(lambda one: one.dropped, _COUNTS),
    "quarantined": Figure(lambda one: one.quarantined, _COUNTS),
}


def job_and_figure(address: str) -> tuple[str, Figure]:
    """AddressError with one sentence for what is no address."""
    job, _, name = address.partition("/")
    figure = FIGURES.get(name)
    if figure is None or not _JOB.fullmatch(job):
        raise AddressError(
            f"{address!r} is no figure of an export",
            do=f"write JOB/FIGURE with a figure of: {', '.join(FIGURES)}",
        )
    return job, figure


def check_address(
    address: str, value_type: ValueType, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Raise AddressError for a point that could never be read, or whose type cannot hold its figure."""
    _, figure = job_and_figure(address)
    if value_type not in figure.types:
        names = ", ".join(sorted(one.value for one in figure.types))
        raise AddressError(f"{address} does not fit the type {value_type.value}", do=f"use {names}")


def number_as(value: float, value_type: ValueType) -> float | int:
    """The figure in the type of its tag."""
    return float(value) if value_type in (ValueType.FLOAT32, ValueType.FLOAT64) else int(value)
