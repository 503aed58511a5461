"""Asks a device what it is (function 0x2B, MEI 0x0E) and compares the answer with what was expected."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping

from hmi.acquisition.port import DeviceIdentity
from hmi.core.errors import DeviceError, ProtocolViolation
from hmi.drivers.modbus._guard import IDENTIFY, check_exception

VENDOR, PRODUCT, REVISION, MODEL, USER_APPLICATION = 0x00, 0x01, 0x02, 0x05, 0x06
_BASIC, _REGULAR = 1, 2
_MEI = 0x0E
_MORE = 0xFF
_MAX_PAGES = 16

Ask = Callable[[bytes], Awaitable[bytes]]


async def identify(ask: Ask, unit: int) -> DeviceIdentity:
    """Regular identification, basic when the device has no more; empty when it has none at all."""
    for code in (_REGULAR, _BASIC):
        try:
            return _identity(await read_objects(ask, unit, code))
        except DeviceError:
            continue
    return DeviceIdentity()


def mismatch(identity: DeviceIdentity, expected: Mapping[str, str]) -> str:
    """Why the device is not the expected one; empty when it is."""
    for name, wanted in expected.items():
        found = getattr(identity, name, "")
        if found != wanted:
            return f"wrong device: {name} is {found!r} where {wanted!r} is expected"
    return ""


async def read_objects(ask: Ask, unit: int, code: int) -> dict[int, bytes]:
    """All objects, over as many answers as the device needs."""
    found: dict[int, bytes] = {}
    next_object = 0
    for _page in range(_MAX_PAGES):
        answer = await ask(struct.pack(">BBBB", IDENTIFY, _MEI, code, next_object))
        more, next_object, objects = parse_page(answer, unit, code)
        found |= objects
        if not more:
            return found
    raise ProtocolViolation(f"unit {unit} does not end its identification")


def parse_page(answer: bytes, unit: int, code: int) -> tuple[bool, int, dict[int, bytes]]:
    """More follows, next object and the objects of one answer; ProtocolViolation when it is malformed."""
    check_exception(IDENTIFY, answer, unit)
    if len(answer) < 7 or answer[1] != _MEI or answer[2] != code:
        raise ProtocolViolation(f"unit {unit} answered its identification with {answer[:8].hex()}")
    objects: dict[int, bytes] = {}
    position = 7
    for _number in range(answer[6]):
        if position + 2 > len(answer) or position + 2 + answer[position + 1] > len(answer):
            raise ProtocolViolation(f"unit {unit} cut its identification short")
        size = answer[position + 1]
        objects[answer[position]] = answer[position + 2 : position + 2 + size]
        position += 2 + size
    return answer[4] == _MORE, answer[5], objects


def _identity(objects: Mapping[int, bytes]) -> DeviceIdentity:
    def text(*numbers: int) -> str:
        values = (objects.get(number, b"") for number in numbers)
        return next((value.decode("utf-8", "replace") for value in values if value), "")

    return DeviceIdentity(text(VENDOR), text(PRODUCT), text(REVISION), text(USER_APPLICATION, MODEL))
