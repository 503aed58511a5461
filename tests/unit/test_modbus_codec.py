"""Types and byte orders: vectors of the standard, round trips, refusals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.values import DataValue, ValueType
from hmi.drivers.modbus._codec import Undecodable, Unencodable, decode, encode
from hmi.drivers.modbus._decode import BitDecoder, RegisterDecoder
from hmi.drivers.modbus._item import DEFAULT_WIRE, ORDERS, ORDERS_64, Item, resolve
from hmi.drivers.modbus._values import good_values

V = ValueType


def item(kind: ValueType, address: str = "HR1", **options: object) -> Item:
    return resolve(address, kind, {}, options)


def registers(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


VECTORS = [
    (V.FLOAT32, {}, 123.456, ("42F6 E979", "E979 42F6", "F642 79E9", "79E9 F642")),
    (V.INT64, {"wire": "int32"}, -123456, ("FFFE 1DC0", "1DC0 FFFE", "FEFF C01D", "C01D FEFF")),
    (
        V.FLOAT64,
        {"wire": "float64"},
        123.456,
        ("405E DD2F 1A9F BE77", "BE77 1A9F DD2F 405E", "5E40 2FDD 9F1A 77BE", "77BE 9F1A 2FDD 5E40"),
    ),
]


@pytest.mark.parametrize(("kind", "options", "value", "rows"), VECTORS)
def test_MB_02_vectors_in_four_orders(
    kind: ValueType, options: dict, value: float, rows: tuple[str, ...]
) -> None:
    for order, row in zip(("ABCD", "CDAB", "BADC", "DCBA"), rows, strict=True):
        point = item(kind, order=order, **options)
        assert encode(point, value) == registers(row)
        assert decode(point, registers(row)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("order", "row"),
    [
        ("CDABGHEF", "DD2F 405E BE77 1A9F"),
        ("EFGHABCD", "1A9F BE77 405E DD2F"),
        ("DCBAHGFE", "2FDD 5E40 77BE 9F1A"),
        ("FEHGBADC", "9F1A 77BE 5E40 2FDD"),
    ],
)
def test_MB_02_words_and_double_words_are_swapped_apart(order: str, row: str) -> None:
    point = item(V.FLOAT64, wire="float64", order=order)
    assert encode(point, 123.456) == registers(row)
    assert decode(point, registers(row)) == 123.456
    updates = dict(RegisterDecoder([(1, point)], 0, 4).updates(registers(row), 7))
    assert updates[1].value == 123.456


@pytest.mark.parametrize(("order", "half"), ORDERS_64.items())
def test_MB_02_an_order_of_64_bit_suits_shorter_values_too(order: str, half: str) -> None:
    for kind, wire in ((V.FLOAT64, "float32"), (V.INT64, "int16"), (V.STRING, "string")):
        wide, narrow = (item(kind, wire=wire, length=6, order=chosen) for chosen in (order, half))
        assert wide == narrow


def test_MB_02_string_vectors() -> None:
    for order, row in (("ABCD", "5055 4D50 3100"), ("BADC", "5550 504D 0031")):
        point = item(V.STRING, length=6, order=order)
        assert encode(point, "PUMP1") == registers(row)
        assert decode(point, registers(row)) == "PUMP1"
    assert decode(item(V.STRING, length=6, hilo="low"), registers("5550 504D 0031")) == "PUMP1"
    assert decode(item(V.STRING, "HR1.5L"), registers("5550 504D 0031")) == "PUMP1"


@pytest.mark.parametrize(
    ("kind", "options", "value", "row"),
    [
        (V.INT64, {"wire": "bcd16"}, 1234, "1234"),
        (V.INT64, {"wire": "bcd32"}, 12345678, "1234 5678"),
        (V.INT64, {"wire": "m10k32"}, 12345678, "04D2 162E"),
        (V.TIME, {}, 1_700_000_000 * 10**9, "6553 F100"),
        (V.UINT64, {"wire": "uint64"}, 2**64 - 1, "FFFF FFFF FFFF FFFF"),
        (V.INT64, {"wire": "int64"}, -2, "FFFF FFFF FFFF FFFE"),
        (V.INT64, {}, -5, "FFFB"),
        (V.UINT64, {}, 65531, "FFFB"),
        (V.BYTES, {"length": 3}, b"\x00\x01\x02", "0001 0200"),
        (V.STRING, {"length": 4, "encoding": "utf-8"}, "Ä1", "C384 3100"),
        (V.STRING, {"length": 4, "encoding": "utf-16-be"}, "AB", "0041 0042"),
        (V.BOOL, {"wire": "uint16"}, True, "0001"),
    ],
)
def test_types_of_the_table(kind: ValueType, options: dict, value: object, row: str) -> None:
    point = item(kind, **options)
    assert encode(point, value) == registers(row)  # type: ignore[arg-type]
    assert decode(point, registers(row)) == value


def test_every_value_type_has_a_wire_type_or_none() -> None:
    assert set(V) - set(DEFAULT_WIRE) == {V.ARRAY, V.STRUCTURE}


@pytest.mark.parametrize("bit", [0, 7, 8, 15])
@pytest.mark.parametrize("order", ["ABCD", "BADC"])
def test_MB_05_bits_are_counted_from_the_lowest(bit: int, order: str) -> None:
    number = 1 << bit
    data = number.to_bytes(2, "big" if order == "ABCD" else "little")
    points = [(place, item(V.BOOL, f"HR1.{place}", order=order)) for place in range(16)]
    updates = dict(RegisterDecoder(points, 0, 1).updates(data, 1))
    assert [place for place, value in updates.items() if value.value is True] == [bit]


def test_bit_field() -> None:
    point = item(V.UINT64, wire="bitfield", first=4, count=3)
    assert decode(point, registers("FFDF")) == 5


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"wire": "uint16"}, 70_000),
        ({"wire": "uint16"}, -1),
        ({"wire": "int16"}, 32_768),
        ({"wire": "bcd16"}, 10_000),
        ({"wire": "m10k32"}, 10**8),
        ({"wire": "uint64"}, 2**64),
        ({"wire": "uint16"}, math.nan),
        ({"wire": "uint16"}, "5"),
        ({"wire": "float32"}, math.inf),
        ({"wire": "float32"}, 1e39),
        ({"wire": "float64"}, 10**400),
        ({"wire": "float32"}, None),
    ],
)
def test_MB_13_value_outside_its_wire_type_is_refused(options: dict, value: object) -> None:
    with pytest.raises(Unencodable):
        encode(item(V.FLOAT64, **options), value)  # type: ignore[arg-type]


def test_MB_13_message_names_the_range() -> None:
    with pytest.raises(Unencodable, match="70000 is outside the range 0 to 65535 of uint16"):
        encode(item(V.UINT64), 70_000)


def test_text_that_is_too_long_or_foreign_is_refused() -> None:
    for value in ("PUMP12", "Ä", 5, b"AB"):
        with pytest.raises(Unencodable):
            encode(item(V.STRING, length=5), value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("wire", "row"), [("bcd16", "12A4"), ("m10k32", "0001 2710")])
def test_bytes_that_are_no_value(wire: str, row: str) -> None:
    point = item(V.INT64, wire=wire)
    with pytest.raises(Undecodable):
        decode(point, registers(row))
    updates = dict(RegisterDecoder([(1, point)], 0, point.words).updates(registers(row), 7))
    assert updates[1].status == quality.BAD_DEVICE_FAILURE
    assert updates[1].value is None


NUMBERS = {
    "int16": st.integers(-(2**15), 2**15 - 1),
    "uint16": st.integers(0, 2**16 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "bcd16": st.integers(0, 9999),
    "bcd32": st.integers(0, 99_999_999),
    "m10k32": st.integers(0, 99_999_999),
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
}


@given(st.data(), st.sampled_from(sorted(NUMBERS)), st.sampled_from(ORDERS))
@settings(max_examples=400, deadline=None)
def test_MB_02_round_trip_of_every_type_and_order(data: st.DataObject, wire: str, order: str) -> None:
    point = item(V.FLOAT64, wire=wire, order=order)
    value = data.draw(NUMBERS[wire])
    assert decode(point, encode(point, value)) == value


@given(st.floats(-30_000, 30_000))
@settings(deadline=None)
def test_MB_12_whole_numbers_round_half_away_from_zero(value: float) -> None:
    written = decode(item(V.FLOAT64, wire="int16"), encode(item(V.FLOAT64, wire="int16"), value))
    assert isinstance(written, int)
    assert abs(written - value) <= 0.5


@pytest.mark.parametrize(
    ("value", "written"), [(2.5, 3), (-2.5, -3), (2.4999, 2), (-0.5, -1), (0.49999999999999994, 0)]
)
def test_MB_12_halves_go_away_from_zero(value: float, written: int) -> None:
    assert decode(item(V.INT64), encode(item(V.INT64), value)) == written


def test_MB_12_ten_thousand_scaled_values_come_back_within_half_a_step() -> None:
    import random

    rng = random.Random(12)
    point = item(V.INT64)
    for _value in range(10_000):
        eu = rng.uniform(-50.0, 150.0)
        raw = (eu + 50.0) * 32_000 / 200.0
        back = decode(point, encode(point, raw))
        assert abs(back * 200.0 / 32_000 - 50.0 - eu) <= 0.5 * 200.0 / 32_000 + 1e-9  # type: ignore[operator]


@st.composite
def mixed_blocks(draw: st.DrawFn) -> tuple[list[tuple[int, Item]], int]:
    """Points of every type and order at any places of one block, overlapping or not."""
    size = draw(st.integers(4, 40))
    placed: list[tuple[int, Item]] = []
    for handle in range(draw(st.integers(1, 25))):
        wire = draw(st.sampled_from([*NUMBERS, "bit", "bitfield", "string", "unix32"]))
        kind = {"bit": V.BOOL, "string": V.STRING, "unix32": V.TIME}.get(wire, V.FLOAT64)
        offset = draw(st.integers(0, size - 4))
        options: dict[str, object] = {"order": draw(st.sampled_from(ORDERS)), "length": 5}
        address = f"{offset} HR"
        if wire == "bit":
            address += f".{draw(st.integers(0, 15))}"
        else:
            options["wire"] = wire
        placed.append((handle, resolve(address, kind, {}, options | {"encoding": "latin-1"})))
    return placed, size


@given(mixed_blocks(), st.data())
@settings(max_examples=200, deadline=None)
def test_block_decoder_agrees_with_the_decoder_of_single_items(block, data: st.DataObject) -> None:
    placed, size = block
    decoder = RegisterDecoder(placed, 0, size)
    for _answer in range(2):
        raw = data.draw(st.binary(min_size=size * 2, max_size=size * 2))
        decoder.forget()
        updates = dict(decoder.updates(raw, 5))
        assert set(updates) == {handle for handle, _item in placed}
        for handle, point in placed:
            own = raw[point.offset * 2 : point.end * 2]
            try:
                expected = decode(point, own)
            except Undecodable:
                expected = math.nan
            if isinstance(expected, float) and not math.isfinite(expected):
                assert updates[handle].status == quality.BAD_DEVICE_FAILURE
                assert updates[handle].value is None
            else:
                assert (updates[handle].value, updates[handle].status) == (expected, 0)


def test_unchanged_answer_gives_no_updates_and_a_changed_one_only_its_change() -> None:
    placed = [(place, item(V.INT64, f"HR{place + 1}")) for place in range(4)]
    decoder = RegisterDecoder(placed, 0, 4)
    assert len(decoder.updates(bytes(8), 1)) == 4
    assert decoder.updates(bytes(8), 2) == []
    ((handle, value),) = decoder.updates(registers("0000 0000 0005 0000"), 3)
    assert (handle, value.value, value.receive_time) == (2, 5, 3)
    decoder.forget()
    assert len(decoder.updates(registers("0000 0000 0005 0000"), 4)) == 4


def test_coil_decoder_reports_changes_only() -> None:
    placed = [(place, item(V.BOOL, f"C{place + 101}")) for place in range(20)]
    decoder = BitDecoder(placed, 100)
    first = dict(decoder.updates(b"\x05\x00\x08", 1))
    assert [place for place, value in first.items() if value.value] == [0, 2, 19]
    assert [(place, value.value) for place, value in decoder.updates(b"\x04\x80\x08", 2)] == [
        (0, False),
        (15, True),
    ]


@pytest.mark.parametrize("size", [0, 1, 7, 8, 300])
def test_values_built_in_bulk_are_ordinary_values(size: int) -> None:
    values = [place if place % 3 else place / 2 for place in range(size)]
    assert good_values(values, 9) == [DataValue(value, 0, 9, 9) for value in values]
