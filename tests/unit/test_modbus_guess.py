"""Guesses of Modbus types: right where there is evidence, honest where there is none, never an exception."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.bench._engineering_guess import Verdict, calibration_error, judge
from hmi.core.errors import AddressError, ConfigurationError
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._guess import SURE, Guess, Guessed, guess
from hmi.drivers.modbus._guess_expect import parse_expected
from hmi.drivers.modbus._guess_kinds import ORDERS, Samples
from hmi.drivers.modbus._guess_scale import twins
from hmi.drivers.modbus._guess_why import why
from hmi.testing.modbus_maps import in_order, random_map

Value = Callable[[float], bytes]


def watched(
    values: Sequence[Value], order: str = "ABCD", *, count: int = 30, start: int = 0
) -> list[Samples]:
    """Values one after the other, read ``count`` times in 20 s."""
    times = [20 * number / count for number in range(count)]
    rows = [b"".join(in_order(value(second), order) for value in values) for second in times]
    words = np.array([struct.unpack(f">{len(row) // 2}H", row) for row in rows], np.uint16)
    return [Samples(start, words, np.array([1_795_000_000.0 + second for second in times]))]


def wave(middle: float, swing: float, period: float = 30.0) -> Value:
    return lambda second: struct.pack(">f", middle + swing * math.sin(second * 6.28 / period))


def count(first: int, rate: float, form: str = ">I") -> Value:
    return lambda second: struct.pack(form, first + int(rate * second))


def still(raw: bytes) -> Value:
    return lambda _second: raw


def at(guessed: Guessed, offset: int) -> Guess:
    return next(item for item in guessed.items if item.offset == offset)


@pytest.mark.parametrize("order", ORDERS)
def test_float_orders_are_told_by_smoothness(order: str) -> None:
    guessed = guess([watched([wave(20, 2), wave(3.2, 0.1), wave(950, 40)], order)])
    assert [(item.offset, item.wire, item.order) for item in guessed.items] == [
        (0, "float32", order),
        (2, "float32", order),
        (4, "float32", order),
    ]
    assert all(item.confidence >= SURE for item in guessed.items)
    assert guessed.order == order


@pytest.mark.parametrize("order", ORDERS)
def test_carries_tell_a_counter_of_two_words(order: str) -> None:
    guessed = guess([watched([count(1_000_000, 20_000), count(77_000_000, 9_000)], order)])
    assert [(item.wire, item.order) for item in guessed.items] == [("uint32", order)] * 2
    assert "carries into the high word" in why(guessed.items[0], guessed)
    assert f"1 of 1 other values of the unit are {order}" in why(guessed.items[0], guessed)


@settings(max_examples=40, deadline=None)
@given(
    order=st.sampled_from(ORDERS),
    middles=st.lists(st.floats(0.5, 5000), min_size=3, max_size=6),
    share=st.floats(0.01, 0.3),
)
def test_living_floats_of_any_size_are_found(order: str, middles: list[float], share: float) -> None:
    values = [wave(middle, middle * share, 17 + 5 * place) for place, middle in enumerate(middles)]
    guessed = guess([watched(values, order)])
    found = [(item.offset, item.order) for item in guessed.items if item.wire == "float32"]
    assert found == [(2 * place, order) for place in range(len(middles))]


def test_a_float_that_goes_through_a_power_of_two_is_no_counter() -> None:
    """Also where a busy device answers late now and then: its bits count up all the way."""
    chance = random.Random(6)
    for _ in range(60):
        late = [0.025 * (20 if chance.random() < 0.03 else 1) for _ in range(195)]
        seconds = list(accumulate(late))
        begins = 120 + 8 * chance.random(), 1.9 + 0.1 * chance.random()
        rows = [struct.pack(">2f", *(begin * (1 + 0.01 * at) for begin in begins)) for at in seconds]
        words = np.array([struct.unpack(">4H", row) for row in rows], np.uint16)
        times = np.array([1_795_000_000.0 + at for at in seconds])
        guessed = guess([[Samples(0, words, times)]])
        assert [(item.wire, item.order) for item in guessed.items] == [("float32", "ABCD")] * 2


@settings(max_examples=40, deadline=None)
@given(words=st.lists(st.lists(st.integers(0, 65535), min_size=7, max_size=7), min_size=1, max_size=5))
def test_any_words_give_a_cut_without_overlaps_and_honest_numbers(words: list[list[int]]) -> None:
    samples = Samples(10, np.array(words, np.uint16), np.arange(len(words)) + 1_795_000_000.0)
    guessed = guess([[samples]])
    place = 10
    for item in guessed.items:
        assert item.offset >= place
        place = item.offset + item.words
        assert 0 <= item.confidence < 1
        assert why(item, guessed)
    assert place <= 17


def test_unused_words_get_no_guess_and_are_named() -> None:
    guessed = guess([watched([still(bytes(8)), wave(20, 2), still(b"\xff\xff" * 3)])])
    assert [item.offset for item in guessed.items] == [4]
    assert guessed.unused == ((0, 4), (6, 9))


@pytest.mark.parametrize(("swapped", "order"), [(False, "ABCD"), (True, "BADC")])
def test_text_is_read_in_the_order_in_which_it_makes_sense(swapped: bool, order: str) -> None:
    text = b"Pump station north\0\0\0\0"
    raw = b"".join(text[i : i + 2][::-1] for i in range(0, len(text), 2)) if swapped else text
    guessed = guess([watched([wave(20, 1), still(raw), wave(5, 0.2)], "ABCD")])
    found = at(guessed, 2)
    assert (found.wire, found.order, found.words) == ("string", order, 9)
    assert why(found, guessed) == "reads 'Pump station north'"


def test_two_texts_one_after_the_other_are_two() -> None:
    guessed = guess([watched([still(b"Boiler 2".ljust(16, b"\0")), still(b"V1.04.2 build 7 ")])])
    assert [(item.offset, item.wire) for item in guessed.items] == [(0, "string"), (8, "string")]


def test_words_of_flags_name_the_bits_that_change() -> None:
    def flags(second: float) -> bytes:
        return struct.pack(">H", 0x2100 | int(second / 3) % 2 << 3 | int(second / 5) % 2 << 9)

    guessed = guess([watched([flags, wave(20, 2)])])
    found = at(guessed, 0)
    assert (found.wire, found.flags) == ("uint16", (3, 9))
    assert why(found, guessed).startswith("single bits change: 3, 9")


def test_a_number_below_zero_has_a_sign_and_one_of_the_upper_half_may_be_either() -> None:
    def below(second: float) -> bytes:
        return struct.pack(">h", int(-3 + 10 * math.sin(second)))

    guessed = guess([watched([below, still(b"\xff\xff"), wave(20, 2), still(b"\xc0\x00")])])
    assert at(guessed, 0).wire == "int16"
    assert "below zero" in why(at(guessed, 0), guessed)
    assert at(guessed, 4).confidence < SURE


def test_a_clock_goes_with_the_clock() -> None:
    guessed = guess([watched([count(1_795_000_000, 1), wave(20, 2)])])
    assert at(guessed, 0).wire == "unix32"
    assert "goes with the clock: 2026-11-18" in why(at(guessed, 0), guessed)


def test_a_high_word_that_stays_zero_is_no_proof_of_two_words() -> None:
    guessed = guess([watched([count(1000, 3)])])
    found = guessed.items[-1]
    assert found.confidence < SURE
    assert "it may also be" in why(found, guessed)


def test_an_integer_that_follows_a_float_tells_its_scale() -> None:
    def tenths(second: float) -> bytes:
        return struct.pack(">h", round(10 * (20 + 2 * math.sin(second * 6.28 / 30))))

    guessed = guess([watched([wave(20, 2), wave(5, 1), tenths])])
    other, factor = twins(guessed.items)[4]
    assert (other.offset, factor) == (0, 10.0)


# --- values that the engineer knows ------------------------------------------------------------------------


def test_one_expected_value_settles_the_order_of_a_whole_device() -> None:
    values = [still(struct.pack(">f", number)) for number in (12.5, 7.25, 350.0)]
    expected = parse_expected(["HR1=12,5"], {})
    guessed = guess([watched(values, "DCBA")], expected)
    assert [(item.wire, item.order) for item in guessed.items] == [("float32", "DCBA")] * 3
    assert guessed.items[0].confidence >= 0.9
    assert why(guessed.items[0], guessed).startswith("shows the expected 12,5")


@pytest.mark.parametrize(
    ("raw", "shown", "scale"), [(125, "12.5", 0.1), (1250, "12.50", 0.01), (-40, "-4.0", 0.1)]
)
def test_an_expected_value_tells_the_scale(raw: int, shown: str, scale: float) -> None:
    values = [wave(20, 2), still(struct.pack(">h", raw)), wave(3, 0.2)]
    guessed = guess([watched(values, start=100)], parse_expected([f"HR103={shown}"], {}))
    assert at(guessed, 102).scale == scale
    assert at(guessed, 102).confidence >= 0.9


def test_an_expected_value_may_have_moved_since_it_was_read() -> None:
    expected = parse_expected(["HR1=20.9"], {})
    assert guess([watched([wave(20, 2), wave(3, 0.2)], "CDAB")], expected).items[0].expected == "20.9"


def test_an_expected_value_that_nothing_shows_is_told() -> None:
    expected = parse_expected(["HR1=4711", "HR900=1"], {})
    guessed = guess([watched([wave(20, 2), wave(3, 0.2)])], expected)
    assert {one.text for one in guessed.missed} == {"4711", "1"}


def test_expected_texts_and_units_are_read_as_the_connection_writes_addresses() -> None:
    one, two = parse_expected(["2.IR10=PUMP", "HR0=1"], {"zero_based": True, "unit": 7})
    assert (one.unit, one.table, one.offset, one.text, one.number) == (
        2,
        Table.INPUT_REGISTERS,
        10,
        "PUMP",
        None,
    )
    assert (two.unit, two.offset, two.number) == (7, 0, 1.0)


@pytest.mark.parametrize("text", ["HR10", "HR10=", "=5", "nonsense=5", "CO1=1", "HR10.3=1"])
def test_an_expectation_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises((ConfigurationError, AddressError)) as caught:
        parse_expected([text], {})
    assert "\n" not in caught.value.sentence


# --- how often they are right ------------------------------------------------------------------------------


def test_what_is_stated_as_sure_is_right_nineteen_times_of_twenty() -> None:
    verdicts = [verdict for seed in range(40) for verdict in judge(random_map(seed), seed).verdicts]
    sure = [verdict.is_right for verdict in verdicts if verdict.confidence >= SURE]
    assert len(sure) > 600
    assert sum(sure) / len(sure) >= 0.95
    assert calibration_error(verdicts) < 0.05


def test_calibration_error_is_the_distance_of_stated_from_right() -> None:
    half = [Verdict(0.75, is_right=place % 2 == 0) for place in range(10)]
    assert math.isclose(calibration_error(half), 0.25)


def test_values_are_not_torn_where_two_reads_meet() -> None:
    """A value that lies over the end of one read is whole in the next one, which overlaps."""
    rng = random.Random(5)
    values = [wave(rng.uniform(5, 500), 2) for _value in range(20)]
    (whole,) = watched(values, "CDAB")
    parts = [
        Samples(0, whole.words[:, :13], whole.times),
        Samples(10, whole.words[:, 10:25], whole.times + 0.3),
        Samples(22, whole.words[:, 22:], whole.times + 0.6),
    ]
    found = guess([parts]).items
    assert [(item.offset, item.order) for item in found] == [(2 * place, "CDAB") for place in range(20)]
