"""What a peer of the benchmarks puts together itself is what the library would have sent."""

from __future__ import annotations

from datetime import UTC, datetime

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from hmi.bench.peers.opcua_server import Notification

UTC_NS = 1_795_000_000_000_000_000


def as_the_library_sends(handles: list[int], turn: int) -> bytes:
    notification = ua.DataChangeNotification()
    for number, handle in enumerate(handles):
        ticks = (UTC_NS // 1000) - (len(handles) - number)
        at = datetime.fromtimestamp(ticks // 1_000_000, UTC).replace(microsecond=ticks % 1_000_000)
        item = ua.MonitoredItemNotification()
        item.ClientHandle = handle
        item.Value = ua.DataValue(
            ua.Variant(number + turn * 0.5, ua.VariantType.Double), SourceTimestamp=at, ServerTimestamp=at
        )
        notification.MonitoredItems.append(item)
    return struct_to_binary(notification)


def test_a_prepared_notification_is_byte_for_byte_that_of_the_library() -> None:
    handles = [7, 8, 4_000_000_000]
    prepared = Notification(handles)
    for turn in (1, 2):
        assert prepared.encoded(turn, UTC_NS) == as_the_library_sends(handles, turn)


def test_every_value_differs_from_the_one_before() -> None:
    prepared = Notification([1])
    assert prepared.encoded(1, UTC_NS) != prepared.encoded(2, UTC_NS)
    assert len(prepared) == 1
