"""Many points of one connection: what is judged once for all of a kind is what each would be judged by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.bench.peers.modbus_sim import link, words
from hmi.core.errors import AddressError
from hmi.core.values import ValueType
from hmi.drivers.modbus._item import resolve
from hmi.drivers.modbus._points import ModbusPoints
from hmi.drivers.modbus.driver import ModbusDriver

OPTIONS: tuple[dict[str, Any], ...] = ({}, {"wire": "int16"}, {"order": "CDAB"}, {"length": 8}, {"unit": 7})
ADDRESSES = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(["HR", "IR", "DI", "C", "CO"]), st.integers(0, 70_000),
              st.sampled_from(["", ".0", ".15", ".16"])),
    st.sampled_from(["40001", "2.HR5", "HR10[8]", "hr5", "Q1", "", "HR", "0 HR"]),
)  # fmt: skip
ONE = st.tuples(ADDRESSES, st.sampled_from(list(ValueType)), st.sampled_from(range(len(OPTIONS))))


@given(st.lists(ONE, min_size=1, max_size=12), st.booleans())
def test_points_together_are_judged_as_each_by_itself(
    given_points: list[tuple[str, ValueType, int]], zero_based: bool
) -> None:
    settings = {"zero_based": zero_based}
    points = ModbusPoints(settings)
    for address, kind, number in given_points:
        alone = told(lambda a=address, k=kind, n=number: resolve(a, k, settings, OPTIONS[n]))
        assert told(lambda a=address, k=kind, n=number: points.item(a, k, OPTIONS[n])) == alone
        checked = told(lambda a=address, k=kind, n=number: points.check(a, k, OPTIONS[n]))
        assert checked == (alone if isinstance(alone, str) else None)


def told(ask: Callable[[], Any]) -> Any:
    """What comes of a question, or what is wrong with it."""
    try:
        return ask()
    except AddressError as error:
        return error.what


def test_a_forbidden_range_that_is_none_is_told_at_the_first_point() -> None:
    with pytest.raises(AddressError):
        ModbusPoints({"forbidden": ["nonsense"]}).check("HR1", ValueType.UINT64, {})


def test_an_attempt_plans_nothing_before_a_device_was_met() -> None:
    driver = ModbusDriver(link(1, words(range(100))))
    assert driver.diagnostics()["blocks"] == 0
    assert len(driver.plan()) == 1
    assert driver.diagnostics()["blocks"] == 1
