"""Status codes against table 3.1 of the standards."""

from __future__ import annotations

import math

import pytest

from hmi.core import quality
from hmi.core.quality import Mark, QualityClass
from hmi.core.values import checked

TABLE = [
    (0x00000000, QualityClass.GOOD, Mark.NONE),
    (0x00960000, QualityClass.GOOD, Mark.FORCED),
    (0x00300000, QualityClass.GOOD, Mark.NONE),
    (0x002F0000, QualityClass.GOOD, Mark.NONE),
    (0x408F0000, QualityClass.UNCERTAIN, Mark.STALE),
    (0x40900000, QualityClass.UNCERTAIN, Mark.STALE),
    (0x40910000, QualityClass.UNCERTAIN, Mark.MANUAL),
    (0x40920000, QualityClass.UNCERTAIN, Mark.UNCERTAIN),
    (0x40930000, QualityClass.UNCERTAIN, Mark.UNCERTAIN),
    (0x40940000, QualityClass.UNCERTAIN, Mark.OUT_OF_RANGE),
    (0x40950000, QualityClass.UNCERTAIN, Mark.UNCERTAIN),
    (0x42080000, QualityClass.UNCERTAIN, Mark.MANUAL),
    (0x42090000, QualityClass.UNCERTAIN, Mark.SIMULATED),
    (0x420A0000, QualityClass.UNCERTAIN, Mark.UNCERTAIN),
    (0x420F0000, QualityClass.UNCERTAIN, Mark.UNCERTAIN),
    (0x80310000, QualityClass.BAD, Mark.COMMS),
    (0x80320000, QualityClass.BAD, Mark.WAITING),
    (0x80890000, QualityClass.BAD, Mark.CONFIG),
    (0x808A0000, QualityClass.BAD, Mark.CONFIG),
    (0x808B0000, QualityClass.BAD, Mark.DEVICE),
    (0x808C0000, QualityClass.BAD, Mark.SENSOR),
    (0x808D0000, QualityClass.BAD, Mark.OUT_OF_SERVICE),
    (0x80340000, QualityClass.BAD, Mark.CONFIG),
    (0x801F0000, QualityClass.BAD, Mark.CONFIG),
]


@pytest.mark.parametrize(("code", "klass", "mark"), TABLE)
def test_UA_01_every_listed_code_has_its_mark(code: int, klass: QualityClass, mark: Mark) -> None:
    seen = quality.quality_of(code)
    assert (seen.klass, seen.mark) == (klass, mark)


@pytest.mark.parametrize("code", [0x80FE0000, 0x40FE0000, 0x00FE0000, 0xC0000000])
def test_UA_01_unknown_codes_fall_back_to_the_severity_bits(code: int) -> None:
    assert quality.quality_of(code).klass == min(code >> 30, 2)


def test_UA_01_limit_bits_do_not_hide_the_cause() -> None:
    seen = quality.quality_of(quality.BAD_SENSOR_FAILURE | quality.LIMIT_LOW)
    assert (seen.mark, seen.limit) == (Mark.SENSOR, "low")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_not_a_number_is_bad_and_has_no_value(number: float) -> None:
    value = checked(number, quality.GOOD, 1, 2)
    assert value.is_bad
    assert value.value is None


def test_worst_keeps_the_first_of_equals() -> None:
    assert (
        quality.worst(quality.BAD_SENSOR_FAILURE, quality.BAD_NO_COMMUNICATION) == quality.BAD_SENSOR_FAILURE
    )
    assert quality.worst(quality.GOOD, quality.UNCERTAIN) == quality.UNCERTAIN
