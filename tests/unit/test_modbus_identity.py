"""Device identification: pages, dialects, and what counts as the wrong device."""

from __future__ import annotations

import pytest

from hmi.acquisition.port import DeviceIdentity
from hmi.core.errors import ProtocolViolation
from hmi.drivers.modbus._identity import identify, mismatch

pytestmark = pytest.mark.asyncio


def page(code: int, objects: dict[int, bytes], *, more: bool = False, following: int = 0) -> bytes:
    body = b"".join(bytes((number, len(value))) + value for number, value in objects.items())
    return bytes((0x2B, 0x0E, code, 0x83, 0xFF if more else 0, following, len(objects))) + body


class Device:
    """Answers by (read code, first object); everything else is exception 01."""

    def __init__(self, answers: dict[tuple[int, int], bytes]) -> None:
        self.answers, self.asked = answers, []

    async def ask(self, pdu: bytes) -> bytes:
        self.asked.append((pdu[2], pdu[3]))
        return self.answers.get((pdu[2], pdu[3]), b"\xab\x01")


async def test_simulator_states_its_session_over_two_pages() -> None:
    device = Device(
        {
            (2, 0): page(
                2, {0: b"Watchkeeper simulator", 1: b"waterworks", 2: b"1.0"}, more=True, following=5
            ),
            (2, 5): page(2, {5: b"model", 6: b"f00d"}),
        }
    )
    assert await identify(device.ask, 1) == DeviceIdentity(
        "Watchkeeper simulator", "waterworks", "1.0", "f00d"
    )
    assert device.asked == [(2, 0), (2, 5)]


async def test_model_name_stands_in_for_a_missing_application_name() -> None:
    device = Device({(2, 0): page(2, {0: b"V", 5: b"f00d"})})
    assert (await identify(device.ask, 1)).session == "f00d"


async def test_device_with_basic_identification_only() -> None:
    device = Device({(1, 0): page(1, {0: b"V", 1: b"P", 2: b"R"})})
    assert await identify(device.ask, 1) == DeviceIdentity("V", "P", "R")


async def test_device_without_identification_is_nobody() -> None:
    assert await identify(Device({}).ask, 1) == DeviceIdentity()


async def test_identification_that_never_ends_is_a_violation() -> None:
    device = Device({(2, 0): page(2, {0: b"V"}, more=True, following=0)})
    with pytest.raises(ProtocolViolation, match="does not end"):
        await identify(device.ask, 1)


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        ({}, ""),
        ({"vendor": "V", "product": "P"}, ""),
        ({"vendor": "V", "session": "1"}, "session is '2' where '1' is expected"),
        ({"product": "Q"}, "product is 'P' where 'Q' is expected"),
    ],
)
async def test_MB_11_every_expected_part_must_match(expected: dict, why: str) -> None:
    assert why in mismatch(DeviceIdentity("V", "P", "R", "2"), expected)
    assert bool(mismatch(DeviceIdentity("V", "P", "R", "2"), expected)) is bool(why)
