"""No answer that does not fit its question is ever used."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.errors import DeviceError, ProtocolViolation
from hmi.core.values import ValueType
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._identity import parse_page
from hmi.drivers.modbus._item import resolve
from hmi.drivers.modbus._write import MaskedBits, mask_frame, masked

READ3 = bytes((3, 6)) + bytes(range(6))


def test_fitting_answer_gives_its_data() -> None:
    assert _guard.read_data(3, 3, READ3, 1) == bytes(range(6))
    assert _guard.read_data(1, 9, b"\x01\x02\xff\x01", 1) == b"\xff\x01"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x03",
        b"\x04" + READ3[1:],
        READ3[:-1],
        READ3 + b"\0",
        bytes((3, 4)) + bytes(4),
        bytes((3, 8)) + bytes(8),
        bytes((3, 4)) + bytes(6),
        bytes((3, 8)) + bytes(6),
        b"\x83",
        b"\x83\x02\x00",
        b"\x84\x02",
    ],
)
def test_answer_that_does_not_fit_is_a_violation(answer: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        _guard.read_data(3, 3, answer, 1)


@given(st.binary(max_size=260), st.sampled_from([1, 2, 3, 4]), st.integers(1, 125))
@settings(max_examples=500, deadline=None)
def test_random_answer_is_data_of_the_right_size_or_an_error(
    answer: bytes, function: int, count: int
) -> None:
    try:
        data = _guard.read_data(function, count, answer, 1)
    except (ProtocolViolation, DeviceError):
        return
    size = count * 2 if function > 2 else (count + 7) // 8
    assert len(data) == size
    assert answer == bytes((function, size)) + data


@given(st.binary(max_size=260))
@settings(deadline=None)
def test_random_confirmation_is_exact_or_an_error(answer: bytes) -> None:
    request = bytes.fromhex("1000640002041122 3344")
    try:
        _guard.check_echo(request, answer, 1)
    except (ProtocolViolation, DeviceError):
        return
    assert answer == request[:5]


@pytest.mark.parametrize("code", sorted(_guard.EXCEPTIONS))
def test_MB_10_exception_names_unit_and_code(code: int) -> None:
    with pytest.raises(DeviceError, match=rf"unit 7 .*{code:02X}") as caught:
        _guard.read_data(3, 1, bytes((0x83, code)), 7)
    assert (caught.value.code, caught.value.status) == (code, _guard.EXCEPTIONS[code][1])


def test_MB_10_unknown_exception_is_a_device_error() -> None:
    with pytest.raises(DeviceError, match="exception 77"):
        _guard.read_data(3, 1, bytes((0x83, 77)), 1)


def test_MB_04_mask_write_vector() -> None:
    assert MaskedBits(keep=0xF2, bits=0x25).applied(0x12) == 0x17


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.booleans(), st.sampled_from(["ABCD", "BADC"]))
@settings(deadline=None)
def test_MB_04_bit_write_changes_one_bit(current: int, bit: int, on: bool, order: str) -> None:
    item = resolve(f"HR3.{bit}", ValueType.BOOL, {}, {"order": order})
    bits = masked(item, on)
    wire_bit = bit if order == "ABCD" else (bit + 8) % 16
    expected = current | 1 << wire_bit if on else current & ~(1 << wire_bit)
    assert bits.applied(current) == expected
    assert mask_frame(item, bits) == struct.pack(">BHHH", 0x16, 2, bits.keep, bits.bits)


@given(st.integers(0, 0xFFFF), st.integers(0, 7))
@settings(deadline=None)
def test_MB_04_bit_field_write_changes_its_bits_only(current: int, value: int) -> None:
    item = resolve("HR1", ValueType.UINT64, {}, {"wire": "bitfield", "first": 5, "count": 3})
    assert masked(item, value).applied(current) == (current & ~(7 << 5)) | value << 5


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_random_identification_never_crashes(answer: bytes) -> None:
    try:
        _more, _next, objects = parse_page(answer, 1, 2)
    except (ProtocolViolation, DeviceError):
        return
    assert all(len(value) <= len(answer) for value in objects.values())
