"""D11: nothing but a write to a writable point ever leaves a driver, whatever it is handed."""

from __future__ import annotations

import asyncio

import pytest

from hmi.bench import _fuzz_modbus, _fuzz_opcua
from hmi.bench._fuzz_modbus import Found
from hmi.drivers.modbus._allowed import Allowed


def assert_clean(found: Found) -> None:
    assert (found.outside, found.late, found.elsewhere, found.raised) == (0, 0, 0, 0)


def test_D11_ten_thousand_forged_writes_leave_no_byte_outside_the_allow_list() -> None:
    found = asyncio.run(_fuzz_modbus.forged_requests(9_000, 11))
    found.add(asyncio.run(_fuzz_opcua.forged_requests(1_000, 11)))
    assert_clean(found)
    assert found.attempts == 10_000
    assert found.writes > 500, "what may be written has to be written, else the fuzz shows nothing"


def test_D11_no_function_reaches_an_address_that_is_not_on_the_list() -> None:
    found = asyncio.run(_fuzz_modbus.every_function_and_address(step=61))
    assert found.attempts > 800_000
    assert (found.writes, found.outside, found.raised) == (0, 0, 0)


def test_D11_the_fuzz_finds_a_driver_without_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Allowed, "check", lambda *_: None)
    assert asyncio.run(_fuzz_modbus.forged_requests(400, 11)).outside > 0
