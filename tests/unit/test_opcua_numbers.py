"""Numbers of the points of an OPC UA connection: one that was given back is nobody's, however late it comes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hmi.acquisition.port import Point
from hmi.core.values import DataValue, ValueType
from hmi.drivers.opcua._numbers import NONE, Numbers

VALUE = DataValue(1.0, 0, 1, 1)


def point(handle: int, address: str = "a", period_ms: int = 100) -> Point:
    return Point(handle, address, ValueType.FLOAT64, period_ms)


def test_numbers_are_handles_until_a_point_is_taken_from_its_place() -> None:
    numbers = Numbers([point(3), point(5)])
    updates = [(3, VALUE), (5, VALUE)]
    assert numbers.told(updates) is updates
    change = numbers.change_to([point(3), point(5), point(8)])
    assert (change.gone, [one.handle for one in change.fresh]) == (frozenset(), [8])
    assert numbers.told(updates) is updates
    assert [numbers.of(handle) for handle in (3, 5, 8, 9)] == [3, 5, 8, NONE]


def test_a_moved_point_gets_another_number_and_what_comes_for_the_old_one_is_left_out() -> None:
    numbers = Numbers([point(3), point(5)])
    change = numbers.change_to([replace(point(3), address="b"), point(5)])
    (fresh,) = change.fresh
    assert change.gone == {3}
    assert fresh.handle not in (3, 5)
    assert numbers.told([(3, VALUE), (5, VALUE), (fresh.handle, VALUE)]) == [(5, VALUE), (3, VALUE)]
    assert (numbers.handle(fresh.handle), numbers.handle(3)) == (3, NONE)


def test_a_point_that_comes_back_gets_a_number_that_nobody_had() -> None:
    numbers = Numbers([point(3)])
    numbers.change_to([point(4)])
    numbers.change_to([point(3), point(4)])
    assert numbers.of(3) not in (3, 4)
    assert numbers.told([(3, VALUE)]) == []


plans = st.dictionaries(st.integers(0, 6), st.sampled_from("abc"), max_size=6)


@given(st.lists(plans, min_size=1, max_size=8))
def test_every_number_belongs_to_one_place_of_one_point(changes: list[dict[int, str]]) -> None:
    numbers, owners = Numbers([]), dict[int, tuple[int, str]]()
    for plan in changes:
        before = {handle: numbers.of(handle) for handle in range(7)}
        known = {handle: numbers.points[n].address for handle, n in before.items() if n != NONE}
        change = numbers.change_to([point(handle, address) for handle, address in plan.items()])
        for handle, address in plan.items():
            number = numbers.of(handle)
            assert owners.setdefault(number, (handle, address)) == (handle, address)
            assert numbers.handle(number) == handle
            assert (number == before[handle]) == (known.get(handle) == address)
        assert numbers.points.keys() == {numbers.of(handle) for handle in plan}
        assert change.gone.isdisjoint(numbers.points)
