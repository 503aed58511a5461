"""What is told of one read: a time that the server does not say is left out."""

# pyright: reportArgumentType=false
# the library types its times narrower than it means
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from hmi.acquisition._wire import frame, pack_trace
from hmi.acquisition.port import Point
from hmi.core.values import ValueType
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._trace import trace

POINT = Point(1, "ns=1;s=Speed", ValueType.FLOAT32, 1000)


class OneAnswer:
    """A link whose server answers with these times."""

    def __init__(self, source: datetime | None, server: datetime | None) -> None:
        self._answer = ua.DataValue(
            ua.Variant(20.0, ua.VariantType.Double), SourceTimestamp=source, ServerTimestamp=server
        )

    async def read(self, _what: Any) -> list[ua.DataValue]:
        return [self._answer]


@pytest.mark.asyncio
@pytest.mark.parametrize("unset", [datetime(1601, 1, 1), datetime(9999, 12, 31, 23, 59, 59), None])
async def test_a_time_that_says_nothing_is_left_out_and_the_value_is_told(unset: datetime | None) -> None:
    now = datetime.now(UTC)
    link: Any = OneAnswer(unset, now)
    found = await trace(link, POINT, ua.NodeId.from_string(POINT.address), TimeRule(), {})
    assert found.value.value == 20.0
    assert "source_time" not in found.device
    assert found.device["server_time"] == int(now.timestamp() * 1e6) * 1000
    assert frame(pack_trace(found))
