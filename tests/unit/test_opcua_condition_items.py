"""A server that refuses an item for events with a fault of the whole service is told like one that refuses the item."""

# pyright: reportPrivateImportUsage=false

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from asyncua import ua

from hmi.drivers.opcua._condition_items import EventItem, EventItems
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import Group

TOO_MANY = int(ua.StatusCodes.BadTooManyMonitoredItems)


class Refusing:
    """A session whose server makes no further item."""

    def __init__(self) -> None:
        self.asked = 0

    async def create_monitored_items(self, params: Any) -> Any:
        self.asked += 1
        raise ua.UaStatusCodeError(TOO_MANY)


def test_a_fault_of_the_service_is_the_status_of_the_item() -> None:
    session = Refusing()
    link = cast(Link, SimpleNamespace(session=session, timeout_s=1.0))
    items = EventItems(link, cast(Group, SimpleNamespace(id=1)))
    node = ua.NodeId.from_string("i=2253")

    async def both() -> tuple[EventItem | int, EventItem | int]:
        return await items.create(1, node, 100), await items.create_like(EventItem(1, node, 100), 2, (0, 500))

    assert asyncio.run(both()) == (TOO_MANY, TOO_MANY)
    assert session.asked == 2
