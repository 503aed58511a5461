"""Whatever bytes arrive, in whatever pieces: an exact answer, a clean error or nothing at all."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU

from hmi.core.errors import ProtocolViolation
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._guard import read_data
from hmi.drivers.modbus._transport import MAX_BUFFER, Channel, Line

ANSWER = bytes((3, 4, 1, 2, 3, 4))
UNIT = 7


def heard(framing: str, pieces: list[bytes]) -> list[bytes | Exception]:
    """What the request under way is told when the pieces arrive one after the other."""

    async def listen() -> list[bytes | Exception]:
        channel = Channel(Endpoint("tcp", framing, "127.0.0.1", 1), Line())
        channel._waiting = asyncio.get_running_loop().create_future()
        channel._unit, channel._tid, channel._pdu = UNIT, 0x1234, bytes((3, 0, 0, 0, 2))
        for piece in pieces:
            channel.data_received(piece)
            assert len(channel._buffer) <= MAX_BUFFER
        return [channel._waiting.result()] if channel._waiting.done() else []

    return asyncio.run(listen())


def framed(framing: str, pdu: bytes, *, unit: int = UNIT, tid: int = 0x1234) -> bytes:
    if framing == "mbap":
        return tid.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes((unit,)) + pdu
    framer = FramerRTU(DecodePDU(False)) if framing == "rtu" else FramerAscii(DecodePDU(False))
    return framer.encode(pdu, unit, 0)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if b > a]


FRAMINGS = pytest.mark.parametrize("framing", ["mbap", "rtu", "ascii"])


@FRAMINGS
@given(places=st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=60, deadline=None)
def test_answer_in_pieces_is_put_together(framing: str, places: list[int]) -> None:
    assert heard(framing, cut(framed(framing, ANSWER), places)) == [ANSWER]


@FRAMINGS
@given(pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=8))
@settings(max_examples=200, deadline=None)
def test_random_bytes_never_crash_and_are_never_an_answer(framing: str, pieces: list[bytes]) -> None:
    for told in heard(framing, pieces):
        assert isinstance(told, ProtocolViolation)


@FRAMINGS
@given(place=st.integers(0, 200), bit=st.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_flipped_bit_never_gives_another_value(framing: str, place: int, bit: int) -> None:
    data = bytearray(framed(framing, ANSWER))
    data[place % len(data)] ^= 1 << bit
    for told in heard(framing, [bytes(data)]):
        if framing == "mbap" and place % len(data) >= 7:
            continue  # the payload of TCP has the check sum of TCP only
        if isinstance(told, bytes) and told != ANSWER:
            with pytest.raises(ProtocolViolation):
                read_data(3, 2, told, UNIT)


@FRAMINGS
def test_answer_of_another_unit_is_not_taken(framing: str) -> None:
    told = heard(framing, [framed(framing, ANSWER, unit=8)])
    assert all(isinstance(one, ProtocolViolation) for one in told)


def test_answer_to_another_question_is_dropped_and_the_right_one_taken() -> None:
    stray, right = framed("mbap", b"\x03\x02\x00\x09", tid=0x1233), framed("mbap", ANSWER)
    assert heard("mbap", [stray + right + right]) == [ANSWER]
