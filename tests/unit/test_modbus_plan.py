"""How points become requests: gaps, spans, whole values, forbidden ranges."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.core.errors import AddressError, ProtocolViolation
from hmi.core.values import ValueType
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._forbidden import parse_forbidden
from hmi.drivers.modbus._item import Item, resolve
from hmi.drivers.modbus._plan import Limits, coalesce
from hmi.drivers.modbus._write import coils_frame, registers_frame
from hmi.drivers.modbus.definition import DEFINITION

V = ValueType


def word(offset: int, table: str = "HR", unit: int = 1, **options: object) -> Item:
    return resolve(f"{unit}.{offset} {table}", V.INT64, {}, options)


def spans(items: list[Item], limits: Limits = Limits()) -> list[tuple[int, int]]:
    return [(request.start, request.count) for request in coalesce(enumerate(items), limits)]


def test_MB_06_gap_of_sixteen_is_bridged() -> None:
    assert spans([word(offset) for offset in (0, 1, 2, 19)]) == [(0, 20)]


def test_MB_06_gap_of_seventeen_starts_a_new_request() -> None:
    assert spans([word(offset) for offset in (0, 1, 2, 20)]) == [(0, 3), (20, 1)]


def test_MB_06_value_that_would_pass_125_registers_starts_a_new_request() -> None:
    long = resolve("123 HR", V.FLOAT64, {}, {"wire": "float64"})
    items = [word(offset) for offset in range(0, 123, 10)]
    assert spans([*items, long]) == [(0, 121), (123, 4)]


def test_sparse_device_gets_no_gap() -> None:
    limits = Limits.of({"sparse": True})
    assert spans([word(0), word(1), word(3)], limits) == [(0, 2), (3, 1)]


def test_units_and_tables_are_never_mixed() -> None:
    items = [word(0), word(1, unit=2), word(2, "IR"), resolve("3 DO", V.BOOL, {}, {})]
    assert len(coalesce(enumerate(items), Limits())) == 4


def test_declared_range_is_never_read() -> None:
    limits = Limits.of({"forbidden": ["HR6-HR8"]})
    assert spans([word(0), word(4), word(8), word(9)], limits) == [(0, 5), (8, 2)]


def test_forbidden_range_knows_its_unit() -> None:
    part = parse_forbidden("2.40100-40109")
    assert (part.unit, part.first, part.last) == (2, 99, 108)
    for text in ("40109-40100", "40001-30002", "x"):
        with pytest.raises(AddressError):
            parse_forbidden(text)


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from(["int16", "float32", "float64"])),
        min_size=1,
        max_size=60,
    ),
    st.integers(4, 125),
    st.integers(0, 40),
)
@settings(deadline=None)
def test_every_value_lies_whole_in_one_request(places: list, longest: int, gap: int) -> None:
    items = [resolve(f"{offset} HR", V.FLOAT64, {}, {"wire": wire}) for offset, wire in places]
    requests = coalesce(enumerate(items), Limits(max_registers=longest, gap_registers=gap))
    seen = [handle for request in requests for handle in request.handles]
    assert sorted(seen) == list(range(len(items)))
    for request in requests:
        assert request.count <= longest
        for _handle, item in request.placed:
            assert request.start <= item.offset
            assert item.end <= request.start + request.count


@pytest.mark.parametrize(
    ("function", "offset", "count"),
    [
        (0x0F, 0, 1969),
        (0x10, 0, 124),
        (0x03, 65535, 2),
        (0x01, 0, 2001),
        (0x04, 0, 126),
        (0x03, 0, 0),
        (0x08, 0, 1),
    ],
)
def test_MB_03_request_beyond_the_limits_is_refused(function: int, offset: int, count: int) -> None:
    with pytest.raises(ProtocolViolation):
        _guard.check_request(function, offset, count)


def test_MB_03_longest_allowed_requests_pass() -> None:
    assert len(coils_frame(0, (True,) * 1968)) == 6 + 246
    assert len(registers_frame(0, bytes(246))) == 6 + 246
    with pytest.raises(ProtocolViolation):
        coils_frame(0, (True,) * 1969)
    with pytest.raises(ProtocolViolation):
        registers_frame(0, bytes(248))


def test_MB_03_point_past_the_last_register_is_refused() -> None:
    with pytest.raises(AddressError):
        resolve("465536", V.FLOAT32, {}, {})


def test_forbidden_range_that_is_none_is_found_when_the_plant_is_checked() -> None:
    with pytest.raises(AddressError):
        DEFINITION.check_address("HR1", V.INT64, {"forbidden": ["40001 to 40009"]}, {})
