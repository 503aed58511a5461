"""Values that an engineer has read from the device's own display: they settle type, word order and scale; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hmi.core.errors import AddressError, ConfigurationError
from hmi.drivers.modbus._address import Table, parse_address
from hmi.drivers.modbus._guess_kinds import Kind, Samples
from hmi.drivers.modbus._guess_score import values_of
from hmi.drivers.modbus._guess_split import Costs
from hmi.drivers.modbus._guess_text import as_text

_MISSED = 18.0  # bits: a value that is not the expected one is hardly the right reading
_SCALES = {1.0: 0.6, 0.1: 2.5, 0.01: 3.5, 0.001: 4.5, 10.0: 6.0, 100.0: 7.0, 1000.0: 7.0}
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_EXAMPLE = "write HR10=12.5 or 2.HR10=12.5; a text as HR20=PUMP"


@dataclass(frozen=True, slots=True)
class Expected:
    """What item ``offset`` shows. ``tolerance``: half of the last place that the display has."""

    unit: int
    table: Table
    offset: int
    text: str
    number: float | None = None
    tolerance: float = 0.0


def parse_expected(texts: Sequence[str], settings: Mapping[str, Any]) -> tuple[Expected, ...]:
    """Each as ``ADDRESS=VALUE``; ConfigurationError for one that is none."""
    return tuple(_parse(text.strip(), settings) for text in texts if text.strip())


def _parse(text: str, settings: Mapping[str, Any]) -> Expected:
    address, equals, shown = (part.strip() for part in text.partition("="))
    if not equals or not shown:
        raise ConfigurationError(f"{text!r} says no value of an address", do=_EXAMPLE)
    zero_based, mappings = bool(settings.get("zero_based", False)), settings.get("mappings", ())
    place = parse_address(address, zero_based=zero_based, mappings=mappings)
    if place.table.is_bits or place.bit is not None:
        raise AddressError(f"{address!r} is one bit, of which nothing has to be guessed", do=_EXAMPLE)
    unit = int(settings.get("unit", 1)) if place.unit is None else place.unit
    if not _NUMBER.fullmatch(shown):
        return Expected(unit, place.table, place.offset, shown.strip("'\""))
    decimals = len(shown.replace(",", ".").partition(".")[2])
    return Expected(
        unit, place.table, place.offset, shown, float(shown.replace(",", ".")), 0.5 * 10.0**-decimals
    )


def expect(costs: Costs, span: Sequence[Samples], expected: Expected) -> None:
    """Make every reading dearer in which the item shows something else, and every cut in which it does not begin."""
    at = expected.offset - costs.start
    for kind, cost in costs.of.items():
        if at + kind.words <= costs.size:
            cost[at] += _told(kind, words_at(span, expected.offset, kind.words), expected)
        cost[max(0, at - kind.words + 1) : at] += _MISSED
    for cost in costs.goes_on.values():
        cost[at] += _MISSED


def words_at(span: Sequence[Samples], offset: int, words: int) -> Samples:
    """All answers that have the whole item; none when no part has it."""
    for part in span:
        if part.start <= offset and offset + words <= part.end:
            at = offset - part.start
            return Samples(offset, part.words[:, at : at + words], part.times)
    return Samples(offset, np.zeros((0, words), np.uint16), np.zeros(0))


def _told(kind: Kind, samples: Samples, expected: Expected) -> float:
    if kind.wire == "string":
        return 0.0 if expected.number is None and _begins(kind, samples, expected.text) else _MISSED
    scale = scale_of(kind, samples, expected)
    return _MISSED if scale is None else _SCALES[scale]


def _begins(kind: Kind, samples: Samples, text: str) -> bool:
    if not len(samples.words):
        return False
    return text.startswith(as_text(samples.words[-1], swapped=kind.order == "BADC") or "\0")


def scale_of(kind: Kind, samples: Samples, expected: Expected) -> float | None:
    """The factor with which the item shows what is expected; None when it does not with any."""
    if expected.number is None or kind.wire in ("unused", "bits", "string") or not len(samples.words):
        return None
    readings = [values_of(kind, samples.words)[:, 0].astype(float)]
    if kind.wire.startswith("integer") and kind.words < 4:
        readings.append(readings[0] % 2.0 ** (16 * kind.words))
    fitting = [scale for scale in _SCALES for values in readings if _fits(values * scale, expected)]
    return min(fitting, key=_SCALES.__getitem__, default=None)


def _fits(values: NDArray[np.float64], expected: Expected) -> bool:
    """Some answer shows it, or would: the display was read a little earlier."""
    if expected.number is None or not np.isfinite(values).all():
        return False
    drift = np.abs(np.diff(values)).max(initial=0.0)
    slack = 1.01 * expected.tolerance + min(drift, 0.05 * abs(expected.number))
    return bool((np.abs(values - expected.number) <= slack).any())
