"""Pages of a server's history: read fast and by the library alike, and never more than the message holds."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary

from hmi.acquisition.port import PastPage, PastRequest
from hmi.core import quality
from hmi.core.errors import ProtocolViolation
from hmi.drivers.opcua._past import PastReader
from hmi.drivers.opcua._times import TimeRule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_NS = 1_772_366_400_000_000_000
END = NOON_NS + 3_600 * 1_000_000_000
NODE = ua.NodeId("Past", 2)


def stored(place: int, value: Any, status: int = 0, **more: Any) -> ua.DataValue:
    at = NOON + timedelta(seconds=place)
    return ua.DataValue(ua.Variant(value), ua.StatusCode(status), SourceTimestamp=at, **more)


def response(values: list[ua.DataValue], status: int = 0, point: bytes | None = None) -> bytes:
    found = ua.HistoryReadResponse()
    result = ua.HistoryReadResult(ua.StatusCode(status), point, ua.HistoryData(values))
    found.Results = [result]
    return struct_to_binary(found)


def reader(answer: bytes) -> PastReader:
    async def send(_request: Any) -> Buffer:
        return Buffer(answer)

    link = SimpleNamespace(session=SimpleNamespace(_send_request=send), timeout_s=1.0)
    return PastReader(cast("Any", link), {0: NODE}, TimeRule(), 100, max_array=1_000)


async def page_of(answer: bytes, limit: int = 10) -> PastPage:
    return await reader(answer).page(PastRequest(0, NOON_NS, END, limit))


VALUES = [
    stored(1, 1.5),
    stored(2, True),
    stored(3, "open"),
    stored(4, [1.0, 2.0]),
    stored(5, 7, 0x40000000),
    stored(6, float("nan")),
    stored(7, None, quality.BAD_NO_COMMUNICATION),
]


@pytest.mark.asyncio
async def test_values_of_all_types_keep_their_status_and_their_source_time() -> None:
    page = await page_of(response(VALUES, point=b"more"))
    assert [one.value for one in page.values] == [1.5, True, "open", (1.0, 2.0), 7, None, None]
    assert [one.status for one in page.values[4:]] == [
        0x40000000,
        quality.BAD_DEVICE_FAILURE,
        quality.BAD_NO_COMMUNICATION,
    ]
    assert [one.source_time - NOON_NS for one in page.values] == [n * 1_000_000_000 for n in range(1, 8)]
    assert page.continuation == b"more"


def test_the_fast_way_and_the_library_say_the_same() -> None:
    answer = response(VALUES, point=b"more")
    made = reader(answer)
    fast = made._fast(Buffer(answer), 1)
    assert fast is not None
    assert fast == made._slow(Buffer(answer), 1)


@pytest.mark.asyncio
async def test_what_lies_outside_of_the_range_or_has_no_time_is_left_out() -> None:
    outside = [
        stored(-5, 1.0),
        stored(7_200, 2.0),
        ua.DataValue(ua.Variant(3.0)),
        stored(9, 4.0),
        stored(8, 5.0),
    ]
    page = await page_of(response(outside))
    assert [one.value for one in page.values] == [5.0, 4.0]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (ua.StatusCodes.BadHistoryOperationUnsupported, "bad history operation unsupported"),
        (ua.StatusCodes.BadUserAccessDenied, "bad user access denied"),
        (ua.StatusCodes.GoodNoData, ""),
        (ua.StatusCodes.BadNoData, ""),
    ],
)
async def test_a_refusal_is_a_sentence_and_no_data_is_an_empty_page(status: int, fault: str) -> None:
    assert await page_of(response([], status)) == PastPage(fault=fault)


@pytest.mark.asyncio
async def test_a_full_page_without_a_continuation_point_says_where_to_ask_again() -> None:
    page = await page_of(response([stored(n, float(n)) for n in range(1, 6)]), limit=5)
    assert (page.continuation, page.following) == (b"", NOON_NS + 5_000_000_000)


@pytest.mark.asyncio
async def test_a_continuation_point_of_any_size_is_not_taken() -> None:
    with pytest.raises(ProtocolViolation):
        await page_of(response([stored(1, 1.0)], point=b"x" * 10_000))


@pytest.mark.asyncio
async def test_a_damaged_answer_is_refused_or_gives_no_more_than_it_holds() -> None:
    answer, chance = response(VALUES, point=b"more"), random.Random(7)
    for _ in range(2_000):
        broken = bytearray(answer)
        for _byte in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.choice(
                (0, 1, 127, 128, 255, chance.randrange(256))
            )
        try:
            page = await page_of(bytes(broken[: chance.randint(30, len(broken))]))
        except (ProtocolViolation, ua.UaError):
            continue
        assert len(page.values) <= len(answer)
        assert all(NOON_NS <= one.source_time <= END for one in page.values)
